//! JSON in pieces has the value that the same text has in one piece, whatever the text and wherever it is cut.

#![allow(clippy::unwrap_used, reason = "clippy knows only functions with `#[test]` as tests")]

use cadena_core::json::{
    PartialJson, PartialJsonMarkdown, parse_json_markdown, parse_partial_json, parse_partial_json_strict,
};
use cadena_core::{Error, ErrorKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c\"\\\\/\n\té😀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c\"é]{0,2}", inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A JSON text in one of its spellings.
fn any_json() -> impl Strategy<Value = (Value, String)> {
    (any_value(), any::<(bool, bool)>()).prop_map(|(value, (pretty, ascii))| {
        let text = if pretty {
            format!("{value:#}")
        } else {
            value.to_string()
        };
        let text = if ascii {
            text.chars().map(to_ascii).collect()
        } else {
            text
        };
        (value, text)
    })
}

fn to_ascii(c: char) -> String {
    if c.is_ascii() {
        return c.to_string();
    }
    c.encode_utf16(&mut [0; 2])
        .iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

const RUBBLE: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\n", "\t", "-", ".", "e", "0", "12", "true", "nul", "NaN", "\"a\"",
    "\"a\": ", "\\u00e9", "\\ud83d", "\\ude00", "\\u", "```", "json", "text", "é",
];

/// Text made of what JSON is made of, in any order.
fn any_rubble() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(RUBBLE), 0..24).prop_map(|parts| parts.concat())
}

/// The text as it arrives, in pieces whose lengths repeat.
fn pieces<'a>(mut text: &'a str, lengths: &'a [usize]) -> impl Iterator<Item = &'a str> {
    lengths.iter().cycle().map_while(move |length| {
        let cut = text.char_indices().nth(*length).map_or(text.len(), |(at, _)| at);
        let (piece, rest) = text.split_at(cut);
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn any_lengths() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..7_usize, 1..5)
}

/// After every piece, the value is the one that the text so far has at once.
fn check_pieces(text: &str, lengths: &[usize]) {
    let mut json = PartialJson::new();
    let mut strict = PartialJson::new().strict(true);
    let mut markdown = PartialJsonMarkdown::new();
    let mut arrived = 0;
    for piece in pieces(text, lengths) {
        json.push(piece).unwrap();
        strict.push(piece).unwrap();
        markdown.push(piece).unwrap();
        arrived += piece.len();
        let prefix = &text[..arrived];
        assert_eq!(json.value(), parse_partial_json(prefix).ok().as_ref(), "{prefix:?}");
        assert_eq!(
            strict.value(),
            parse_partial_json_strict(prefix).ok().as_ref(),
            "strict: {prefix:?}"
        );
        assert_eq!(
            markdown.value(),
            parse_json_markdown(prefix).ok().as_ref(),
            "Markdown: {prefix:?}"
        );
        assert_eq!(json.is_complete(), json.clone().finish().is_ok(), "{prefix:?}");
    }
    assert_eq!(arrived, text.len());
}

proptest! {
    #[test]
    fn a_complete_text_has_the_value_that_serde_json_reads((value, text) in any_json(), lengths in any_lengths()) {
        let mut json = PartialJson::new();
        for piece in pieces(&text, &lengths) {
            json.push(piece).unwrap();
        }
        prop_assert_eq!(json.finish().unwrap(), value);
    }

    #[test]
    fn pieces_of_json_have_the_value_of_the_text((_, text) in any_json(), lengths in any_lengths()) {
        check_pieces(&text, &lengths);
    }

    #[test]
    fn pieces_of_rubble_have_the_value_of_the_text(text in any_rubble(), lengths in any_lengths()) {
        check_pieces(&text, &lengths);
    }

    #[test]
    fn pieces_of_damaged_json_have_the_value_of_the_text(
        (_, text) in any_json(),
        damage in any_rubble(),
        place in any::<prop::sample::Index>(),
        lengths in any_lengths(),
    ) {
        let cuts: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        let (before, after) = text.split_at(*place.get(&cuts));
        check_pieces(&format!("{before}{damage}{after}"), &lengths);
    }

    #[test]
    fn a_fence_around_json_changes_nothing((value, text) in any_json(), tagged: bool) {
        let tag = if tagged { "json" } else { "" };
        prop_assert_eq!(parse_json_markdown(&format!("So:\n```{tag}\n{text}\n```\n")).unwrap(), value);
    }

    #[test]
    fn no_text_panics(text: String) {
        check_pieces(&text, &[1, 3]);
    }
}

#[test]
fn a_repeated_key_takes_its_new_value_when_the_escape_in_it_is_complete() {
    let mut json = PartialJson::new();
    json.push(r#"{"a": "old", "b": 0, "a": "new\u00"#).unwrap();
    assert_eq!(json.value().unwrap().to_string(), r#"{"a":"old","b":0}"#);
    json.push(r#"e9", "c": 1}"#).unwrap();
    assert_eq!(json.finish().unwrap().to_string(), r#"{"a":"newé","b":0,"c":1}"#);
}

#[test]
fn limits_are_errors_that_stay() {
    let kind = |result: Result<Value, Error>| result.unwrap_err().kind();
    assert!(parse_partial_json(&"[".repeat(128)).is_ok());
    assert_eq!(kind(parse_partial_json(&"[".repeat(129))), ErrorKind::LimitExceeded);
    assert_eq!(
        kind(parse_partial_json(&"{\"a\":".repeat(1_000_000))),
        ErrorKind::LimitExceeded
    );
    assert_eq!(kind(parse_partial_json(&"1".repeat(3000))), ErrorKind::LimitExceeded);

    let mut json = PartialJson::new().depth_limit(1);
    assert!(json.push("[1, [").is_err());
    assert!(json.push("]]").is_err());
    assert_eq!(json.value(), Some(&json!([1])));
    assert_eq!(kind(json.finish()), ErrorKind::LimitExceeded);
}
