//! Tests of alignments: tokens that are the text, and tokens that are not.

use super::*;

fn token(text: &str) -> TokenLogprob {
    TokenLogprob::new(text, -1.0)
}

fn raw(bytes: &[u8]) -> TokenLogprob {
    let mut token = token("�");
    token.bytes = Some(bytes.to_vec());
    token
}

/// The texts that the tokens get, `-` for a token without a place.
#[track_caller]
fn check(text: &str, tokens: &[TokenLogprob], expect: &[&str], complete: bool) {
    let alignment = Alignment::new(text, tokens);
    let mut got = vec!["-"; tokens.len()];
    for aligned in alignment.tokens() {
        got[aligned.index] = text.get(aligned.range.clone()).unwrap_or("(part of a character)");
    }
    assert_eq!(got, expect);
    assert_eq!(alignment.is_complete(), complete);
}

#[test]
fn a_character_split_over_tokens_is_split_between_their_ranges() {
    let tokens = [token("a"), raw(&[0xf0, 0x9f]), raw(&[0xa6]), raw(&[0x80, b'!'])];
    let alignment = Alignment::new("a🦀!", &tokens);
    let ranges: Vec<_> = alignment.tokens().iter().map(|token| token.range.clone()).collect();
    assert_eq!(ranges, [0..1, 1..3, 3..4, 4..6]);
    assert!(alignment.is_exact());
    assert_eq!(alignment.logprob(1..5), Some(-3.0)); // the crab
}

#[test]
fn missing_bytes_are_those_of_the_token() {
    let mut tokens = [token("é"), token("t"), token("é")];
    tokens.iter_mut().for_each(|token| token.bytes = None);
    check("été", &tokens, &["é", "t", "é"], true);
}

#[test]
fn parts_of_characters_without_bytes_leave_a_gap() {
    let mut part = token("�");
    part.bytes = None;
    let tokens = [token("a "), part.clone(), part, token(" and"), token(" more")];
    check("a 🦀 and more", &tokens, &["a ", "-", "-", " and", " more"], false);
}

#[test]
fn special_tokens_have_no_place() {
    let tokens = [
        token("<|start|>"),
        token("Hi"),
        token("<|sep|>"),
        token(" you"),
        token("<|end|>"),
        raw(&[]),
    ];
    check("Hi you", &tokens, &["-", "Hi", "-", " you", "-", "-"], true);
}

#[test]
fn white_space_in_front_and_a_stop_sequence_behind_may_be_cut_off() {
    check(
        "Hi you",
        &[token("\n"), token(" Hi"), token(" you\n\n"), token("Human")],
        &["-", "Hi", " you", "-"],
        true,
    );
    check("Hi", &[token(" Hi\n")], &["Hi"], true);
    let tokens = [token("Hi"), token("\n")];
    assert!(!Alignment::new("Hi", &tokens).is_exact());
}

#[test]
fn text_without_tokens_is_passed_over() {
    let tokens = [token("One"), token(" two"), token(" five"), token(" six"), token(".")];
    check(
        "One two three four five six.",
        &tokens,
        &["One", " two", " five", " six", "."],
        false,
    );
    check("One (removed).", &[token("One"), token(".")], &["One", "."], false);
}

#[test]
fn tokens_of_another_text_have_no_place() {
    check("Hello", &[token("completely"), token(" different")], &["-", "-"], false);
    check("", &[token("a")], &["-"], true);
    check("a", &[], &[], false);
}

#[test]
fn a_span_with_a_token_without_a_value_has_no_probability() {
    let tokens = [token("ab"), TokenLogprob::new("cd", f64::NAN)];
    let alignment = Alignment::new("abcd", &tokens);
    assert!(alignment.is_exact());
    assert_eq!(
        (
            alignment.logprob(0..2),
            alignment.logprob(0..3),
            alignment.logprob(2..4)
        ),
        (Some(-1.0), None, None)
    );
}

#[test]
fn spans_outside_the_text_have_no_probability() {
    let tokens = [token("ab")];
    let alignment = Alignment::new("ab", &tokens);
    assert_eq!(alignment.logprob(0..3), None);
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
    let backwards = 2..1;
    assert_eq!(alignment.logprob(backwards), None);
    assert_eq!(alignment.logprob(1..1), Some(0.0));
}
