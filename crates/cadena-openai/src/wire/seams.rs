//! Characters that are cut in two between events.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::half::{Half, Halves};
use super::repair::marked;

/// Joins the halves of characters over the events of an answer: a server that cuts its text by UTF-16 sends `"\ud83d"` and then `"\ude00"`.
///
/// A half at the end of a text that grows waits for the next piece of it; any other one becomes U+FFFD. An event comes here only if it could not be read,
/// or while a half waits, so that it may be read and written again.
#[derive(Debug, Default)]
pub(crate) struct Seams {
    /// Halves that wait, by the place of their text.
    open: BTreeMap<String, Open>,
}

#[derive(Debug)]
struct Open {
    halves: Halves,
    /// An event that has U+FFFD in the same place, for an answer that ends before the other half.
    alone: Value,
}

/// The members that are a piece of a text.
const PIECES: [&str; 9] = [
    "arguments",
    "content",
    "delta",
    "input",
    "reasoning",
    "reasoning_content",
    "refusal",
    "text",
    "thinking",
];

/// A step on the way to a text.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    /// The number of an element, and whether it names itself.
    Element(u64, bool),
}

impl Seams {
    /// Whether a half waits, so that the next event has to be joined.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The event with every character whole. `None` if there is nothing to repair or to join.
    pub(crate) fn join(&mut self, event: &[u8]) -> Option<Vec<u8>> {
        let marked = marked(event);
        if marked.is_none() && self.open.is_empty() {
            return None;
        }
        let mut event: Value = serde_json::from_slice(marked.as_deref().unwrap_or(event)).ok()?;
        match response_text(&event) {
            Some(place) => self.of_response(&mut event, &place),
            None => self.value(&mut event, &mut Vec::new()),
        }
        serde_json::to_vec(&event).ok()
    }

    /// An event for the halves that still wait where the answer ends.
    pub(crate) fn close(&mut self) -> Option<Vec<u8>> {
        let choices = std::mem::take(&mut self.open).into_values().flat_map(|mut open| {
            match open.alone.get_mut("choices").map(Value::take) {
                Some(Value::Array(choices)) => choices,
                _ => Vec::new(),
            }
        });
        let choices: Vec<Value> = choices.collect();
        let event = json!({ "choices": choices });
        serde_json::to_vec(&event).ok().filter(|_| !choices.is_empty())
    }

    /// An event of the Responses API: its texts are whole, but for the piece.
    fn of_response(&mut self, event: &mut Value, place: &str) {
        let piece = event.get_mut("delta").map(Value::take);
        finish(event);
        if let (Some(Value::String(piece)), Some(event)) = (piece, event.as_object_mut()) {
            let piece = self.piece(&piece, place, || Value::Null);
            event.insert("delta".to_owned(), piece.into());
        }
    }

    fn value(&mut self, value: &mut Value, way: &mut Vec<Step>) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => {
                *text = match way.iter().rev().find_map(Step::key) {
                    Some(key) if PIECES.contains(&key) => self.piece(text, &place_of(way), || alone(way)),
                    _ => whole(text),
                }
            }
            Value::Array(list) => {
                for (place, element) in (0..).zip(list) {
                    let named = element.get("index").and_then(Value::as_u64);
                    way.push(Step::Element(named.unwrap_or(place), named.is_some()));
                    self.value(element, way);
                    way.pop();
                }
            }
            Value::Object(members) => {
                for (key, mut member) in std::mem::take(members) {
                    let key = whole(&key);
                    // Each token is a text that ends where it ends.
                    if key == "logprobs" {
                        finish(&mut member);
                    } else {
                        way.push(Step::Key(key.clone()));
                        self.value(&mut member, way);
                        way.pop();
                    }
                    members.insert(key, member);
                }
            }
        }
    }

    /// A piece of the text of a place.
    fn piece(&mut self, piece: &str, place: &str, alone: impl Fn() -> Value) -> String {
        let waiting = self.open.remove(place).map(|open| open.halves).unwrap_or_default();
        let (text, halves) = joined(waiting, piece, true);
        if !halves.is_empty() {
            let alone = alone();
            self.open.insert(place.to_owned(), Open { halves, alone });
        }
        text
    }
}

impl Step {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Element(..) => None,
        }
    }
}

/// The place of the text of an event of the Responses API; `None` for other events.
fn response_text(event: &Value) -> Option<String> {
    let kind = event.get("type")?.as_str()?.strip_prefix("response.")?;
    let members = ["item_id", "output_index", "content_index", "summary_index"].map(|key| event.get(key));
    Some(format!("{kind} {}", json!(members)))
}

fn place_of(way: &[Step]) -> String {
    let steps = way.iter().map(|step| match step {
        Step::Key(key) => format!("/{key}"),
        Step::Element(number, _) => format!("/{number}"),
    });
    steps.collect()
}

/// An event with U+FFFD at the end of a way.
fn alone(way: &[Step]) -> Value {
    let mut value = Value::String(char::REPLACEMENT_CHARACTER.to_string());
    for (at, step) in way.iter().enumerate().rev() {
        value = match step {
            Step::Key(key) => Value::Object(Map::from_iter([(key.clone(), value)])),
            Step::Element(number, named) => {
                let is_choice = at == 1;
                if let Some(element) = value.as_object_mut().filter(|_| *named || is_choice) {
                    element.insert("index".to_owned(), (*number).into());
                }
                Value::Array(vec![value])
            }
        };
    }
    value
}

/// Makes every text whole: no half waits.
fn finish(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => *text = whole(text),
        Value::Array(list) => list.iter_mut().for_each(finish),
        Value::Object(members) => {
            for (key, mut member) in std::mem::take(members) {
                finish(&mut member);
                members.insert(whole(&key), member);
            }
        }
    }
}

fn whole(text: &str) -> String {
    joined(Halves::default(), text, false).0
}

/// A text joined to the halves before it, and the halves that wait after it.
fn joined(mut halves: Halves, text: &str, more_may_follow: bool) -> (String, Halves) {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match Half::of_mark(character) {
            Some(half) => halves.push(half),
            None => {
                halves.write(&mut out, false);
                out.push(character);
            }
        }
    }
    halves.write(&mut out, more_may_follow);
    (out, halves)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events, as they are read.
    #[track_caller]
    fn check(events: &[&str], expect: &[&str], last: Option<&str>) {
        let mut seams = Seams::default();
        for (event, expect) in events.iter().zip(expect) {
            let joined = seams.join(event.as_bytes()).expect("it has halves");
            assert_eq!(String::from_utf8(joined).unwrap(), *expect);
        }
        let closed = seams.close().map(|event| String::from_utf8(event).unwrap());
        assert_eq!(closed.as_deref(), last);
    }

    #[test]
    fn halves_find_each_other_by_choice_and_member() {
        check(
            &[
                r#"{"choices":[{"index":1,"delta":{"content":"a\ud83d","refusal":"\ud83d"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"\ude00"}}]}"#,
                r#"{"choices":[{"index":1,"delta":{"content":"\ude00b","tool_calls":[{"index":2,"function":{"arguments":"\ud83d"}}]}}]}"#,
            ],
            &[
                r#"{"choices":[{"index":1,"delta":{"content":"a","refusal":""}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"�"}}]}"#,
                r#"{"choices":[{"index":1,"delta":{"content":"😀b","tool_calls":[{"index":2,"function":{"arguments":""}}]}}]}"#,
            ],
            Some(
                r#"{"choices":[{"delta":{"refusal":"�"},"index":1},{"delta":{"tool_calls":[{"function":{"arguments":"�"},"index":2}]},"index":1}]}"#,
            ),
        );
    }

    #[test]
    fn a_token_and_a_name_wait_for_nothing() {
        check(
            &[r#"{"id":"\ud83d","choices":[{"logprobs":{"content":[{"token":"\ud83d","text":"\ud83d"}]}}]}"#],
            &[r#"{"id":"�","choices":[{"logprobs":{"content":[{"token":"�","text":"�"}]}}]}"#],
            None,
        );
    }

    #[test]
    fn a_private_character_of_the_servers_own_stays() {
        check(
            &["{\"choices\":[{\"delta\":{\"content\":\"\u{10F03D}\\ud83d\\u0041\\udbfc\\udc00\"}}]}"],
            &["{\"choices\":[{\"delta\":{\"content\":\"\u{10F03D}�\\u0041\u{10F000}\"}}]}"].map(|expect| {
                // Text that is written again has no escapes.
                Box::leak(expect.replace("\\u0041", "A").into_boxed_str()) as &str
            }),
            None,
        );
    }

    #[test]
    fn the_pieces_of_a_response_are_joined_and_its_whole_texts_are_not() {
        check(
            &[
                r#"{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"\ud83d"}"#,
                r#"{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"\ude00"}"#,
                r#"{"type":"response.output_item.done","item":{"content":[{"text":"\ud83d"}]}}"#,
            ],
            &[
                r#"{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":""}"#,
                r#"{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"😀"}"#,
                r#"{"type":"response.output_item.done","item":{"content":[{"text":"�"}]}}"#,
            ],
            None,
        );
    }
}
