//! Probabilities as llama.cpp writes them: not as logarithms, and in lists under other names.

use cadena_core::{Extra, Logprobs, TokenLogprob, TopLogprob};
use serde::Deserialize;
use serde_json::Value;

/// Lists of tokens by their names.
const LISTS: [&str; 2] = ["completion_probabilities", "probs"];

/// Lists of alternatives by their names.
const TOPS: [&str; 2] = ["top_probs", "probs"];

/// Texts of tokens by their names.
const TEXTS: [&str; 3] = ["tok_str", "content", "text"];

/// Puts the list where it belongs, if it has another name.
pub(super) fn list(mut logprobs: Logprobs) -> Logprobs {
    if logprobs.content.is_some() || logprobs.extra.is_empty() {
        return logprobs;
    }
    for name in LISTS {
        if let Some(tokens) = logprobs.extra.get(name).and_then(tokens) {
            logprobs.extra.remove(name);
            logprobs.content = Some(tokens);
            break;
        }
    }
    logprobs
}

/// A list of objects.
fn tokens(value: &Value) -> Option<Vec<TokenLogprob>> {
    let list = value.as_array().filter(|list| list.iter().all(Value::is_object))?;
    list.iter().map(|token| TokenLogprob::deserialize(token).ok()).collect()
}

/// Completes a token by the members beside it.
pub(super) fn complete(token: &mut TokenLogprob) {
    token.top_logprobs.iter_mut().flatten().for_each(complete_top);
    // So it is where a server keeps to OpenAI's form.
    if token.extra.is_empty() {
        return;
    }
    if token.token.is_empty() {
        token.token = text(&token.extra);
    }
    if token.top_logprobs.is_none() {
        token.top_logprobs = TOPS.iter().find_map(|name| {
            let tops = alternatives(token.extra.get(name)?)?;
            token.extra.remove(name);
            Some(tops)
        });
    }
    if token.known_logprob().is_none() {
        let mut tops = token.top_logprobs.iter().flatten();
        let same = || tops.find(|top| top.token == token.token)?.known_logprob();
        token.logprob = logarithm(&token.extra).or_else(same).unwrap_or(f64::NAN);
    }
}

fn complete_top(top: &mut TopLogprob) {
    if top.extra.is_empty() {
        return;
    }
    if top.token.is_empty() {
        top.token = text(&top.extra);
    }
    if top.known_logprob().is_none() {
        top.logprob = logarithm(&top.extra).unwrap_or(f64::NAN);
    }
}

/// Alternatives: a list of objects.
fn alternatives(value: &Value) -> Option<Vec<TopLogprob>> {
    let list = value.as_array().filter(|list| list.iter().all(Value::is_object))?;
    let tops = list.iter().map(|top| {
        let mut top = TopLogprob::deserialize(top).ok()?;
        complete_top(&mut top);
        Some(top)
    });
    tops.collect()
}

/// The text of a token by another name.
fn text(extra: &Extra) -> String {
    let mut texts = TEXTS.iter().filter_map(|name| extra.get(name)?.as_str());
    texts.next().unwrap_or_default().to_owned()
}

/// The logarithm of a probability.
fn logarithm(extra: &Extra) -> Option<f64> {
    let probability = match extra.get("prob")? {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    (0.0..=1.0).contains(&probability).then(|| probability.ln())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn probabilities_become_logarithms() {
        let half = 0.5_f64.ln();
        let newer = json!({"id": 7, "token": "a", "bytes": [97], "prob": 0.5, "top_probs": [{"id": 7, "token": "a", "prob": 0.5}, {"id": 8, "token": "b", "prob": 0}]});
        let older = json!({"content": "a", "probs": [{"tok_str": "a", "prob": 0.5}, {"tok_str": "b", "prob": "0.0"}]});
        for token in [newer, older] {
            for list in [
                json!({ "content": [token] }),
                json!({ "probs": [token] }),
                json!({ "completion_probabilities": [token] }),
            ] {
                let mut logprobs = self::list(Logprobs::deserialize(&list).unwrap());
                let tokens = logprobs.content.as_mut().unwrap();
                tokens.iter_mut().for_each(complete);
                assert_eq!((tokens[0].token.as_str(), tokens[0].logprob), ("a", half), "{list}");
                let top: Vec<_> = tokens[0].top_logprobs.iter().flatten().collect();
                assert_eq!((top[0].token.as_str(), top[0].logprob), ("a", half));
                assert_eq!((top[1].token.as_str(), top[1].logprob), ("b", f64::NEG_INFINITY));
            }
        }
    }

    #[test]
    fn what_is_no_probability_is_no_value() {
        for prob in [json!(1.5), json!(-0.1), json!("many"), json!(null), json!([0.5])] {
            let mut token = TokenLogprob::deserialize(json!({"token": "a", "prob": prob})).unwrap();
            complete(&mut token);
            assert_eq!((token.token.as_str(), token.known_logprob()), ("a", None), "{prob}");
            assert_eq!(token.extra["prob"], prob);
        }
    }
}
