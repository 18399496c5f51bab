//! Tokens laid over a text: the ranges cover it exactly when the bytes are the text.

use cadena_core::{AIMessageChunk, AlignedToken, Alignment, Logprobs, TokenLogprob, TokenLogprobsExt};
use proptest::collection::vec;
use proptest::prelude::*;

/// A text and where it is cut into tokens, characters included.
fn cut_text() -> impl Strategy<Value = (String, Vec<TokenLogprob>)> {
    (
        "[a-c é🦀\n]{0,24}",
        vec((any::<prop::sample::Index>(), -9.0..0.0f64), 0..12),
    )
        .prop_map(|(text, cuts)| {
            let bytes = text.as_bytes();
            let mut ends: Vec<_> = cuts.iter().map(|(cut, _)| cut.index(bytes.len() + 1)).collect();
            ends.push(bytes.len());
            ends.sort_unstable();
            let mut start = 0;
            let logprobs = cuts.iter().map(|(_, logprob)| *logprob).chain([-0.5]);
            let tokens = ends.into_iter().zip(logprobs).map(|(end, logprob)| {
                let piece = bytes.get(start..end).unwrap_or_default();
                start = end;
                let mut token = TokenLogprob::new(String::from_utf8_lossy(piece), logprob);
                token.bytes = Some(piece.to_vec());
                token
            });
            let tokens = tokens.collect();
            (text, tokens)
        })
}

fn any_tokens() -> impl Strategy<Value = Vec<TokenLogprob>> {
    vec(("[a-c é🦀\n]{0,3}|<.>", any::<bool>()), 0..12).prop_map(|tokens| {
        let token = |(text, with_bytes): (String, bool)| {
            let mut token = TokenLogprob::new(text, -1.0);
            token.bytes = token.bytes.filter(|_| with_bytes);
            token
        };
        tokens.into_iter().map(token).collect()
    })
}

proptest! {
    #[test]
    fn tokens_that_spell_the_text_cover_it_exactly((text, tokens) in cut_text()) {
        let alignment = Alignment::new(text.as_str(), &tokens);
        prop_assert!(alignment.is_complete() && alignment.is_exact());
        let mut at = 0;
        for aligned in alignment.tokens() {
            prop_assert_eq!(aligned.range.start, at);
            prop_assert_eq!(&text.as_bytes()[aligned.range.clone()], aligned.token.text_bytes());
            at = aligned.range.end;
        }
        prop_assert_eq!(at, text.len());
        let written: Vec<_> = alignment.tokens().iter().map(|aligned| aligned.token.clone()).collect();
        prop_assert_eq!(alignment.logprob(0..text.len()), Some(written.sum_logprob()));
    }

    #[test]
    fn ranges_ascend_and_never_overlap_whatever_the_tokens(text in "[a-c é🦀\n]{0,24}", tokens in any_tokens()) {
        let alignment = Alignment::new(text.as_str(), &tokens);
        let (mut at, mut next, mut covered) = (0, 0, 0);
        for aligned in alignment.tokens() {
            prop_assert!(aligned.range.start >= at && !aligned.range.is_empty());
            prop_assert!(aligned.index >= next);
            let piece = &text.as_bytes()[aligned.range.clone()];
            let token = aligned.token.text_bytes();
            prop_assert!(token.windows(piece.len()).any(|part| part == piece), "a token stands where it is written");
            (at, next) = (aligned.range.end, aligned.index + 1);
            covered += aligned.range.len();
        }
        prop_assert!(at <= text.len());
        prop_assert_eq!(alignment.is_complete(), covered == text.len());
        let spelt: Vec<u8> = tokens.iter().flat_map(|token| token.text_bytes().to_vec()).collect();
        prop_assert_eq!(alignment.is_exact(), spelt == text.as_bytes());
    }

    #[test]
    fn a_span_is_as_probable_as_the_tokens_that_hold_it((text, tokens) in cut_text(), a in 0..40usize, b in 0..40usize) {
        let span = a.min(b)..a.max(b);
        let alignment = Alignment::new(text.as_str(), &tokens);
        let expect = tokens_over(&alignment, span.clone());
        prop_assert_eq!(alignment.logprob(span.clone()), (span.end <= text.len()).then_some(expect));
    }

    #[test]
    fn the_sum_of_chunks_aligns_as_the_whole_does((text, tokens) in cut_text()) {
        // Chunks carry whole characters, tokens do not: the text comes at once and the tokens one by one.
        let mut sum = AIMessageChunk::new(text.as_str());
        for token in &tokens {
            sum += AIMessageChunk::new("").with_logprobs(Logprobs::content(vec![token.clone()]));
        }
        prop_assert_eq!(sum.alignment(), Some(Alignment::new(text.as_str(), &tokens)));
    }
}

fn tokens_over(alignment: &Alignment<'_>, span: std::ops::Range<usize>) -> f64 {
    let over = |range: &std::ops::Range<usize>| range.clone().any(|byte| span.contains(&byte));
    let tokens = alignment.tokens().iter().filter(|aligned| over(&aligned.range));
    tokens.fold(0.0, |sum, aligned| sum + aligned.token.logprob)
}

#[test]
fn tokens_of_another_text_cost_linear_time() {
    let text = "abcdefghij ".repeat(10_000);
    let tokens: Vec<_> = (0..10_000)
        .map(|n| TokenLogprob::new(format!("xyz{n} "), -1.0))
        .collect();
    let start = std::time::Instant::now();
    let alignment = Alignment::new(text.as_str(), &tokens);
    assert!(alignment.tokens().is_empty() && !alignment.is_complete());
    // 100 KB searched once for each token would be 1 GB.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn a_token_without_a_place_leaves_the_numbers_of_the_others() {
    let tokens = ["<|start|>", "Mad", "<|sep|>", "rid"].map(|text| TokenLogprob::new(text, -0.5));
    let alignment = Alignment::new("Madrid", &tokens);
    let place = |AlignedToken { index, range, .. }: &AlignedToken<'_>| (*index, range.clone());
    assert_eq!(
        alignment.tokens().iter().map(place).collect::<Vec<_>>(),
        [(1, 0..3), (3, 3..6)]
    );
}
