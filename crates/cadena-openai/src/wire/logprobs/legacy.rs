//! Log probabilities in the form of the older completions, which Together and others have for chats too: lists side by side.

use cadena_core::{Extra, Logprobs, TokenLogprob};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A list beside that of the texts: its name, and what an element of it is of its token.
const LISTS: [(&str, &str); 4] = [
    ("token_logprobs", "logprob"),
    ("top_logprobs", "top_logprobs"),
    ("text_offset", "text_offset"),
    ("token_ids", "token_id"),
];

/// Turns the lists into tokens; what has no such lists stays as it is.
///
/// The first token of an echoed prompt has no probability, as no token precedes it: it is left out. Any other one without a probability stays, as it is a
/// piece of the text.
pub(super) fn tokens(mut logprobs: Logprobs) -> Logprobs {
    if logprobs.content.is_some() || logprobs.extra.is_empty() {
        return logprobs;
    }
    let Some(texts) = texts(&mut logprobs.extra) else {
        return logprobs;
    };
    let mut lists = LISTS.map(|(list, key)| (key, take_list(&mut logprobs.extra, list, texts.len()).into_iter()));
    let is_prompt = texts.len() > 1;
    let tokens = texts.into_iter().enumerate().filter_map(|(place, text)| {
        let mut members = Map::from_iter([("token".to_owned(), text)]);
        for (key, list) in &mut lists {
            // Here a null is what nobody computed.
            if let Some(value) = list.next().filter(|value| !value.is_null()) {
                members.insert((*key).to_owned(), value);
            }
        }
        let is_first_of_prompt = place == 0 && is_prompt && !members.contains_key("logprob");
        let token = TokenLogprob::deserialize(Value::Object(members)).ok()?;
        (!is_first_of_prompt).then_some(token)
    });
    logprobs.content = Some(tokens.collect());
    logprobs
}

/// The texts, if every one of them is a text or a number.
fn texts(extra: &mut Extra) -> Option<Vec<Value>> {
    let texts = extra.get("tokens")?.as_array()?;
    if !texts.iter().all(|text| text.is_string() || text.is_number()) {
        return None;
    }
    match extra.remove("tokens") {
        Some(Value::Array(texts)) => Some(texts),
        _ => None,
    }
}

/// A list as long as that of the texts, or shorter; an object may replace one element. Another value stays where it is.
fn take_list(extra: &mut Extra, name: &str, length: usize) -> Vec<Value> {
    match extra.get(name) {
        Some(Value::Array(list)) if list.len() <= length => {}
        Some(Value::Object(_)) if length == 1 => {}
        _ => return Vec::new(),
    }
    match extra.remove(name) {
        Some(Value::Array(list)) => list,
        Some(object) => vec![object],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(lists: Value) -> Value {
        let read = serde_json::from_value::<Logprobs>(lists).unwrap();
        serde_json::to_value(tokens(read)).unwrap()
    }

    /// The texts of the tokens with their logarithms.
    #[track_caller]
    fn pairs(lists: Value) -> Vec<(String, Option<f64>)> {
        let read = tokens(serde_json::from_value::<Logprobs>(lists).unwrap());
        let content = read.content.unwrap();
        content
            .into_iter()
            .map(|token| (token.token.clone(), token.known_logprob()))
            .collect()
    }

    #[test]
    fn four_lists_become_tokens() {
        let lists = json!({
            "tokens": [" I", "'m"], "token_logprobs": [-0.5, -0.25], "text_offset": [3, 5],
            "top_logprobs": [{" You": -1.5, " I": -0.5}, null],
        });
        let expected = json!([
            {"token": " I", "bytes": null, "logprob": -0.5, "text_offset": 3,
                "top_logprobs": [{"token": " I", "bytes": null, "logprob": -0.5}, {"token": " You", "bytes": null, "logprob": -1.5}]},
            {"token": "'m", "bytes": null, "logprob": -0.25, "text_offset": 5, "top_logprobs": null},
        ]);
        assert_eq!(read(lists), json!({"content": expected, "refusal": null}));
    }

    #[test]
    fn every_token_keeps_its_text_but_the_first_of_an_echoed_prompt() {
        let lists = json!({"tokens": ["echo", "a", 7, "b", "c", "d"], "token_logprobs": [null, -1.0, "-0.5", "-inf", null], "top_logprobs": null});
        let expect = [
            ("a", Some(-1.0)),
            ("7", Some(-0.5)),
            ("b", Some(f64::NEG_INFINITY)),
            ("c", None),
            ("d", None),
        ];
        assert_eq!(pairs(lists), expect.map(|(text, value)| (text.to_owned(), value)));
        for lists in [
            json!({"tokens": ["a"]}),
            json!({"tokens": ["a"], "token_logprobs": [null]}),
            json!({"tokens": ["a"], "token_logprobs": ["NaN"]}),
            json!({"tokens": ["a"], "token_logprobs": -0.5}),
        ] {
            assert_eq!(pairs(lists.clone()), [("a".to_owned(), None)], "{lists}");
        }
        assert_eq!(
            pairs(json!({"tokens": [42], "token_logprobs": [-0.1]})),
            [("42".to_owned(), Some(-0.1))]
        );
    }

    #[test]
    fn numbers_of_tokens_stand_with_their_texts() {
        let lists = json!({"tokens": ["a", "b"], "token_logprobs": [-0.5, -1], "token_ids": [17, 3], "top_logprobs": [{"a": -0.5}]});
        let found = read(lists);
        assert_eq!(
            (&found["content"][0]["token_id"], &found["content"][1]["token_id"]),
            (&json!(17), &json!(3))
        );
        assert_eq!(found["content"][0]["top_logprobs"][0]["token"], "a");
        let one = json!({"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": {"a": -0.5}});
        assert_eq!(read(one)["content"][0]["top_logprobs"][0]["logprob"], -0.5);
    }

    #[test]
    fn lists_that_do_not_fit_stay_as_they_are() {
        for lists in [
            json!({"content": null, "refusal": null, "tokens": [["a"]], "token_logprobs": [-0.5]}),
            json!({"content": null, "refusal": null, "tokens": "a", "token_logprobs": [-0.5]}),
            json!({"content": null, "refusal": null, "token_ids": [1], "token_logprobs": [-0.5]}),
        ] {
            let found = read(lists.clone());
            assert_eq!(
                (&found["token_logprobs"], &found["content"]),
                (&json!([-0.5]), &Value::Null),
                "{lists}"
            );
        }
        let longer = json!({"tokens": ["a"], "token_logprobs": [-0.5, -1.0]});
        assert_eq!(read(longer)["token_logprobs"], json!([-0.5, -1.0]));
    }

    #[test]
    fn the_newer_form_stays_as_it_is() {
        let newer = json!({"content": [], "refusal": null, "tokens": ["x"]});
        assert_eq!(read(newer.clone()), newer);
    }
}
