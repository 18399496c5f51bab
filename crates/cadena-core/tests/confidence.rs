//! The confidence of a JSON answer has exactly its values, and each value exactly its tokens.

#![allow(clippy::unwrap_used, reason = "clippy knows only functions with `#[test]` as tests")]

use std::ops::Range;

use cadena_core::json::parse_json_markdown;
use cadena_core::{AIMessageChunk, FieldConfidence, JsonConfidence, Logprobs, TokenLogprob};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "[a-c\"\\\\/\n\té😀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-b~/\"é]{0,2}", inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A document in one of its spellings, bare or in a fence.
fn any_document() -> impl Strategy<Value = (Value, String)> {
    (any_value(), any::<(bool, bool, bool)>()).prop_map(|(value, (pretty, ascii, fenced))| {
        let mut text = if pretty {
            format!("{value:#}")
        } else {
            value.to_string()
        };
        if ascii {
            text = text.chars().map(to_ascii).collect();
        }
        if fenced {
            text = format!("Sure:\n```json\n{text}\n```\nAnything else?");
        }
        (value, text)
    })
}

fn to_ascii(c: char) -> String {
    if c.is_ascii() {
        return c.to_string();
    }
    let mut units = [0; 2];
    let units = c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
    units.collect()
}

/// A document and the tokens that it was written in, cut anywhere, characters included.
fn any_answer() -> impl Strategy<Value = (Value, String, Vec<TokenLogprob>)> {
    let cuts = vec((any::<prop::sample::Index>(), -9.0..0.0f64), 0..40);
    (any_document(), cuts).prop_map(|((value, text), cuts)| {
        let mut ends: Vec<_> = cuts.iter().map(|(cut, _)| cut.index(text.len() + 1)).collect();
        ends.push(text.len());
        ends.sort_unstable();
        let mut start = 0;
        let logprobs = cuts.iter().map(|(_, logprob)| *logprob).chain([-0.5]);
        let tokens = ends.into_iter().zip(logprobs).map(|(end, logprob)| {
            let piece = text.as_bytes().get(start..end).unwrap_or_default();
            start = end;
            let mut token = TokenLogprob::new(String::from_utf8_lossy(piece), logprob);
            token.bytes = Some(piece.to_vec());
            token
        });
        let tokens = tokens.collect();
        (value, text, tokens)
    })
}

/// The values of a document with their pointers, each container before what is in it.
fn values<'v>(pointer: String, value: &'v Value, out: &mut Vec<(String, &'v Value)>) {
    out.push((pointer.clone(), value));
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                values(format!("{pointer}/{at}"), item, out);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                values(format!("{pointer}/{key}"), item, out);
            }
        }
        _ => {}
    }
}

fn pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    values(String::new(), value, &mut found);
    found.into_iter().map(|(pointer, _)| pointer).collect()
}

fn own(value: &Value, span: Range<usize>) -> Range<usize> {
    match value {
        Value::String(text) if !text.is_empty() => span.start + 1..span.end - 1,
        _ => span,
    }
}

/// The tokens that hold one of these bytes, counted one by one.
fn sum_over(tokens: &[TokenLogprob], own: &Range<usize>) -> (usize, f64) {
    let mut at = 0;
    let over = tokens.iter().filter(|token| {
        let start = at;
        at += token.bytes.as_ref().unwrap().len();
        start < own.end && at > own.start && start < at
    });
    over.fold((0, 0.0), |(count, sum), token| (count + 1, sum + token.logprob))
}

proptest! {
    #[test]
    fn confidence_of_a_random_document_covers_exactly_its_values((value, text, tokens) in any_answer()) {
        let answer = JsonConfidence::new(&text, &tokens);
        let mut expect = Vec::new();
        values(String::new(), &value, &mut expect);
        let found: Vec<(String, FieldConfidence)> = answer.values().collect();
        prop_assert_eq!(found.len(), expect.len());
        for ((pointer, confidence), (place, value)) in found.into_iter().zip(expect) {
            prop_assert_eq!(&pointer, &place);
            prop_assert_eq!(answer.confidence(&pointer), Some(confidence.clone()));
            let written: Value = serde_json::from_str(&text[confidence.span.clone()]).unwrap();
            prop_assert_eq!(&written, value);
            let (count, sum) = sum_over(&tokens, &own(value, confidence.span.clone()));
            prop_assert_eq!((confidence.tokens, confidence.logprob()), (count, Some(sum)));
        }
    }

    #[test]
    fn an_answer_that_grows_has_the_values_that_its_json_has((_, text, _) in any_answer(), cut in any::<prop::sample::Index>()) {
        let mut cut = cut.index(text.len() + 1);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let text = &text[..cut];
        let answer = JsonConfidence::new(text, &[]);
        let found: Vec<String> = answer.values().map(|(pointer, _)| pointer).collect();
        let expect = parse_json_markdown(text).map(|value| pointers(&value)).unwrap_or_default();
        prop_assert_eq!(found, expect, "{}", text);
    }

    #[test]
    fn any_text_is_read_without_harm(text in "[{}\\[\\]\",:a0-9\\\\u`ntrue -]{0,40}") {
        let tokens = [TokenLogprob::new(text.as_str(), -1.0)];
        for (pointer, value) in JsonConfidence::new(&text, &tokens).values() {
            prop_assert!(text.get(value.span.clone()).is_some(), "{pointer} of {text}");
        }
    }
}

#[test]
fn a_message_without_logprobs_has_no_confidence() {
    assert!(AIMessageChunk::new("[1]").json_confidence().is_none());
}

#[test]
fn a_value_without_all_of_its_tokens_has_no_probability_but_says_what_is_known() {
    let tokens = Logprobs::content(vec![TokenLogprob::new("[1, 2", -0.5)]);
    let answer = AIMessageChunk::new("[1, 23]")
        .with_logprobs(tokens)
        .json_confidence()
        .unwrap();
    let second = answer.confidence("/1").unwrap();
    assert!(!second.is_covered);
    assert_eq!((second.probability(), second.mean_logprob()), (None, Some(-0.5)));
    assert_eq!(answer.probability("/0"), Some((-0.5_f64).exp()));
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"":null,"/0":0.6065306597126334,"/1":null}"#
    );
}

#[test]
fn debug_prints_no_key_of_the_answer() {
    let answer = JsonConfidence::new("{\"a secret\": 1}", &[]);
    assert_eq!(format!("{answer:?}"), "JsonConfidence(2 values, 0 tokens)");
}

#[test]
fn many_values_cost_linear_time() {
    let text = format!("[{}]", "\"abc\", ".repeat(50_000) + "1");
    let tokens: Vec<_> = text
        .as_bytes()
        .chunks(3)
        .map(|piece| TokenLogprob::new(String::from_utf8_lossy(piece), -0.1))
        .collect();
    let start = std::time::Instant::now();
    let answer = JsonConfidence::new(&text, &tokens);
    assert_eq!(answer.values().filter(|(_, value)| value.is_covered).count(), 50_002);
    // A quadratic walk would look at ten thousand million pairs.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
