//! Log probabilities in the form of the older completions: four lists side by side.

use cadena_core::{Logprobs, TokenLogprob, TopLogprob};
use serde_json::Value;

/// Turns the four lists into tokens; what has no such lists stays as it is.
///
/// The first token of an echoed prompt has no probability, as nothing stands before it: it is left out.
pub(super) fn tokens(mut logprobs: Logprobs) -> Logprobs {
    if logprobs.content.is_some() || !logprobs.extra.get("tokens").is_some_and(Value::is_array) {
        return logprobs;
    }
    let mut list = |key: &str| match logprobs.extra.remove(key) {
        Some(Value::Array(list)) => list.into_iter(),
        _ => Vec::new().into_iter(),
    };
    let (tokens, mut values) = (list("tokens"), list("token_logprobs"));
    let (mut tops, mut offsets) = (list("top_logprobs"), list("text_offset"));
    let content = tokens.filter_map(|token| {
        let (value, top, offset) = (values.next(), tops.next(), offsets.next());
        let mut token = TokenLogprob::new(token.as_str()?, value?.as_f64()?);
        // What the token says may be a part of a character, whose bytes nobody sent.
        token.bytes = None;
        token.top_logprobs = top.as_ref().and_then(alternatives);
        if let Some(offset) = offset.filter(Value::is_number) {
            token.extra.insert("text_offset", offset);
        }
        Some(token)
    });
    let content = content.collect();
    logprobs.content = Some(content);
    logprobs
}

/// The alternatives at one place, the most probable first.
fn alternatives(top: &Value) -> Option<Vec<TopLogprob>> {
    let top = top.as_object()?.iter();
    let mut top: Vec<_> = top
        .filter_map(|(token, value)| {
            let mut top = TopLogprob::new(token, value.as_f64()?);
            top.bytes = None;
            Some(top)
        })
        .collect();
    top.sort_by(|one, other| other.logprob.total_cmp(&one.logprob));
    Some(top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(lists: Value) -> Value {
        let read = serde_json::from_value::<Logprobs>(lists).unwrap();
        serde_json::to_value(tokens(read)).unwrap()
    }

    #[test]
    fn four_lists_become_tokens() {
        let lists = json!({
            "tokens": [" I", "'m"], "token_logprobs": [-0.5, -0.25], "text_offset": [3, 5],
            "top_logprobs": [{" You": -1.5, " I": -0.5}, null],
        });
        let expected = json!({
            "content": [
                {"token": " I", "bytes": null, "logprob": -0.5, "text_offset": 3,
                    "top_logprobs": [{"token": " I", "bytes": null, "logprob": -0.5}, {"token": " You", "bytes": null, "logprob": -1.5}]},
                {"token": "'m", "bytes": null, "logprob": -0.25, "text_offset": 5},
            ],
            "refusal": null,
        });
        let mut found = read(lists);
        for token in found["content"].as_array_mut().unwrap() {
            let token = token.as_object_mut().unwrap();
            token.retain(|key, value| key == "bytes" || !value.is_null());
        }
        assert_eq!(found["content"], expected["content"]);
    }

    #[test]
    fn lists_of_other_lengths_and_values_lose_no_other_token() {
        let lists = json!({"tokens": ["echo", "a", 7, "b", "c"], "token_logprobs": [null, -1.0, -1.0, -2.0], "top_logprobs": null});
        let found = read(lists);
        let tokens: Vec<_> = found["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["token"].clone())
            .collect();
        assert_eq!(tokens, ["a", "b"]);
    }

    #[test]
    fn the_newer_form_stays_as_it_is() {
        let newer = json!({"content": [], "refusal": null, "tokens": ["x"]});
        assert_eq!(read(newer.clone()), newer);
    }
}
