//! The JSON of an answer shows while it grows, at a linear cost.

use serde_json::json;

use super::*;

/// The value after each piece.
#[track_caller]
fn check(pieces: &[(&str, Option<Value>)]) {
    let mut answer = AnswerJson::default();
    for (piece, expect) in pieces {
        answer.push(piece);
        assert_eq!(answer.value(), expect.as_ref(), "after {piece:?}");
    }
}

#[test]
fn a_value_shows_while_it_grows() {
    check(&[
        ("<thi", None),
        ("nk>[\"a\"]</thi", None),
        ("nk>Here: {", None),
        ("\"a", None),
        ("\": 1", Some(json!({"a": 1}))),
        ("2} and {\"b\": 2}", Some(json!({"a": 12}))),
    ]);
    check(&[
        ("``", None),
        ("`js", None),
        ("on\n", None),
        ("[1", Some(json!([1]))),
        (", 2]", Some(json!([1, 2]))),
    ]);
    check(&[("I see [1", None), ("], {\"a\"", None), (": 2", Some(json!({"a": 2})))]);
    check(&[
        ("[1", Some(json!([1]))),
        ("]", Some(json!([1]))),
        (" is it", Some(json!([1]))),
    ]);
}

#[test]
fn a_lone_closing_tag_takes_back_what_was_shown() {
    check(&[
        ("Perhaps {\"a\": 1}", Some(json!({"a": 1}))),
        ("</think>", None),
        ("{\"a\": 2}", Some(json!({"a": 2}))),
    ]);
}

#[test]
fn reading_costs_what_the_text_is_long() {
    // Each would take minutes if a place were read again for each place before it.
    for part in [
        "{x} ",
        "[",
        "{\"",
        "`",
        "<",
        "```\n",
        "<think>",
        "</think>{\"",
        "{\"a\":\"</think>",
        "[1] ",
        "\"a\" ",
        "```\"",
        "{\"a\": x",
    ] {
        let text = part.repeat(2_000);
        let mut whole = AnswerJson::default();
        whole.push(&text);
        drop(whole.finish());
        let mut pieces = AnswerJson::default();
        for piece in text.as_bytes().chunks(5) {
            pieces.push(std::str::from_utf8(piece).unwrap_or_default());
        }
        drop(pieces.finish());
    }
}
