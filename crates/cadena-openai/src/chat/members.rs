//! Members that nobody knows, in pieces: what a server repeats leaves once, as pieces add up.

use cadena_core::Extra;
use serde_json::{Map, Value};

/// Members whose texts grow by each piece, also by one that is equal to all before it. A text of another name that is equal to the
/// whole so far is a repeat.
const GROWING: [&str; 14] = [
    "arguments",
    "content",
    "data",
    "delta",
    "input",
    "partial_json",
    "reasoning",
    "reasoning_content",
    "reasoning_text",
    "summary",
    "text",
    "thinking",
    "thought",
    "transcript",
];

/// Members by which the pieces of an element of a list find each other, and which stay in every piece.
const NAMES: [&str; 3] = ["index", "id", "type"];

/// The sum of the members that have been given away. Nothing is kept where a server sends none.
#[derive(Debug, Default)]
pub(super) struct Members(Option<Box<Map<String, Value>>>);

impl Members {
    /// Leaves in a piece what is new in it: added to the pieces before, it is the whole.
    ///
    /// A server repeats a member in every event, or sends it in pieces. Texts and lists grow; of another value the first one stays, as values do
    /// not add up.
    pub(super) fn keep_news(&mut self, piece: &mut Extra) {
        if piece.is_empty() {
            return;
        }
        let mut map = std::mem::take(piece).into_map();
        news_of_map(self.0.get_or_insert_default(), &mut map);
        *piece = map.into();
    }
}

fn news_of_map(sum: &mut Map<String, Value>, piece: &mut Map<String, Value>) {
    piece.retain(|key, value| match sum.get_mut(key) {
        Some(sum) => is_news(key, sum, value),
        None => {
            sum.insert(key.clone(), remembered(key, value));
            true
        }
    });
}

/// A value as far as it has to be remembered: of a text that grows, that it is a text.
fn remembered(key: &str, value: &Value) -> Value {
    match value {
        Value::String(_) if GROWING.contains(&key) => Value::String(String::new()),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), remembered(key, value)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| remembered("", item)).collect(),
        other => other.clone(),
    }
}

/// Takes a piece of a member into the sum. Whether something is left of it.
fn is_news(key: &str, sum: &mut Value, piece: &mut Value) -> bool {
    match (sum, piece) {
        (Value::String(_), Value::String(_)) if GROWING.contains(&key) => true,
        (Value::String(sum), Value::String(text)) => {
            let is_new = sum != text;
            if is_new {
                sum.push_str(text);
            }
            is_new
        }
        (Value::Object(sum), Value::Object(map)) => {
            news_of_map(sum, map);
            !map.is_empty()
        }
        (Value::Array(sum), Value::Array(items)) => {
            news_of_list(sum, items);
            !items.is_empty()
        }
        (sum @ Value::Null, value) => {
            *sum = remembered(key, value);
            true
        }
        // Equal, or of a kind that does not add up.
        _ => false,
    }
}

fn news_of_list(sum: &mut Vec<Value>, items: &mut Vec<Value>) {
    // A server that sends the list as far as it goes each time.
    if !items.iter().any(grows) && !sum.is_empty() && items.starts_with(sum) {
        items.drain(..sum.len());
    }
    items.retain_mut(|item| {
        let of_item = |known: &&mut Value| {
            index_of(item).is_some_and(|index| index_of(known) == Some(index)) && may_be_one(known, item)
        };
        match sum.iter_mut().find(of_item) {
            Some(known) => element_is_news(known, item),
            None => {
                sum.push(remembered("", item));
                true
            }
        }
    });
}

/// An element of which a piece has come before: what names it stays in it.
fn element_is_news(sum: &mut Value, piece: &mut Value) -> bool {
    let (Value::Object(sum), Value::Object(map)) = (sum, piece) else {
        return true;
    };
    let names: Vec<_> = NAMES.iter().filter_map(|name| map.remove_entry(*name)).collect();
    for (name, value) in &names {
        sum.entry(name.clone()).or_insert_with(|| value.clone());
    }
    news_of_map(sum, map);
    let is_new = !map.is_empty();
    map.extend(names);
    is_new
}

/// Whether two elements with one index are pieces of one: none has an id, or the same.
fn may_be_one(one: &Value, other: &Value) -> bool {
    let id = |value: &Value| value.get("id").filter(|id| !id.is_null()).cloned();
    match (id(one), id(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

fn index_of(item: &Value) -> Option<i64> {
    item.get("index")?.as_i64()
}

/// Whether an element has a text that grows, so that an equal one is another one.
fn grows(item: &Value) -> bool {
    let member = |(key, value): (&String, &Value)| value.is_string() && GROWING.contains(&key.as_str());
    item.as_object().is_some_and(|map| map.iter().any(member))
}

#[cfg(test)]
mod tests {
    use cadena_core::AIMessageChunk;
    use serde_json::json;

    use super::*;

    /// The sum of pieces as a message has it.
    #[track_caller]
    fn check(pieces: &[Value], expect: Value) {
        let mut members = Members::default();
        let chunks = pieces.iter().map(|piece| {
            let mut chunk = AIMessageChunk::default();
            chunk.additional_kwargs = piece.as_object().unwrap().clone().into();
            members.keep_news(&mut chunk.additional_kwargs);
            chunk
        });
        // Strictly, so that a conflict is seen.
        let mut sum = AIMessageChunk::default();
        for chunk in chunks {
            cadena_core::Merge::merge(&mut sum, chunk).unwrap();
        }
        assert_eq!(Value::from(sum.additional_kwargs), expect);
    }

    #[test]
    fn texts_and_lists_grow_and_repeats_do_not() {
        let thought = |text: &str| json!({"type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": 0, "id": null});
        let details = |item: Value| json!({"reasoning_details": [item]});
        check(
            &[
                details(thought("ha")),
                details(thought("ha")),
                details(
                    json!({"type": "reasoning.text", "signature": "sig", "format": "anthropic-claude-v1", "index": 0}),
                ),
                details(json!({"type": "reasoning.encrypted", "data": "gAAA", "index": 1, "id": "rs_1"})),
            ],
            json!({"reasoning_details": [
                {"type": "reasoning.text", "text": "haha", "format": "anthropic-claude-v1", "index": 0, "id": null, "signature": "sig"},
                {"type": "reasoning.encrypted", "data": "gAAA", "index": 1, "id": "rs_1"},
            ]}),
        );
        let signed = |signature: &str| json!({"extra_content": {"google": {"thought_signature": signature}}});
        check(&[signed("abc"), signed("abc"), signed("abc")], signed("abc"));
        check(&[signed("abc"), signed("def")], signed("abcdef"));
    }

    #[test]
    fn a_list_that_comes_as_far_as_it_goes_is_not_doubled() {
        let cited = |urls: &[&str]| json!({"citations": urls});
        check(
            &[cited(&["a"]), cited(&["a", "b"]), cited(&["a", "b"])],
            cited(&["a", "b"]),
        );
        check(&[cited(&["a"]), cited(&["b"])], cited(&["a", "b"]));
    }

    #[test]
    fn values_that_do_not_add_up_are_no_conflict() {
        for (first, second) in [
            (json!(1), json!(2)),
            (json!(true), json!(false)),
            (json!("a"), json!([1])),
            (json!({"a": 0.5}), json!(null)),
        ] {
            check(&[json!({"x": first}), json!({"x": second})], json!({"x": first}));
        }
        check(
            &[json!({"x": {"a": 1.5}}), json!({"x": {"a": 2.5, "b": 1}})],
            json!({"x": {"a": 1.5, "b": 1}}),
        );
        check(&[json!({"x": null}), json!({"x": "late"})], json!({"x": "late"}));
    }
}
