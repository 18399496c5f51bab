//! The members of calls for which LangChain has no key, and their place in the JSON of a message.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::dump::from_json;
use super::{InvalidToolCall, ToolCall, ToolCallChunk, ToolCallKind};
use crate::messages::{Content, ContentPart, Extra};

/// The key in `additional_kwargs` under which the JSON of a message holds these members, by the id of each call.
///
/// LangChain refuses a history in which a call has an unknown key, and keeps every value under this one. In memory the members are on the
/// calls and this key is gone, so that it is not sent to a server.
const KEY: &str = "__tool_call_extras__";

/// A flag and not a text, since LangChain joins the texts of two chunks and leaves equal flags as they are.
const CUSTOM: &str = "custom";
const EXTRAS: &str = "extras";

/// A call, or a piece of one, which may have members for which LangChain has no key.
pub(crate) trait Beside {
    fn id(&self) -> Option<&str>;

    /// Returns the number of a piece within its message.
    fn number(&self) -> Option<i64> {
        None
    }

    /// Returns the members for which LangChain has no key; mostly there are none.
    fn beside(&self) -> Map<String, Value>;

    /// Restores the members that [`beside`](Self::beside) returned.
    fn learn(&mut self, beside: &Map<String, Value>);
}

impl Beside for ToolCall {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn beside(&self) -> Map<String, Value> {
        known(self.kind, &self.extra)
    }

    fn learn(&mut self, beside: &Map<String, Value>) {
        self.kind = self.kind.or(kind_in(beside));
        learn_extra(&mut self.extra, beside);
    }
}

impl Beside for InvalidToolCall {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn beside(&self) -> Map<String, Value> {
        known(self.kind, &self.extra)
    }

    fn learn(&mut self, beside: &Map<String, Value>) {
        self.kind = self.kind.or(kind_in(beside));
        learn_extra(&mut self.extra, beside);
    }
}

impl Beside for ToolCallChunk {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn number(&self) -> Option<i64> {
        self.index
    }

    fn beside(&self) -> Map<String, Value> {
        known(self.kind, &self.extra)
    }

    fn learn(&mut self, beside: &Map<String, Value>) {
        if kind_in(beside) == ToolCallKind::Custom && self.kind == ToolCallKind::Function {
            self.kind = ToolCallKind::Custom;
            self.args = self.args.take().map(from_json);
        }
        learn_extra(&mut self.extra, beside);
    }
}

fn flag(kind: ToolCallKind) -> Map<String, Value> {
    let mut beside = Map::new();
    if !kind.is_function() {
        beside.insert(CUSTOM.to_owned(), true.into());
    }
    beside
}

fn known(kind: ToolCallKind, extra: &Extra) -> Map<String, Value> {
    let mut beside = flag(kind);
    if !extra.is_empty() {
        beside.insert(EXTRAS.to_owned(), extra.clone().into());
    }
    beside
}

fn learn_extra(extra: &mut Extra, beside: &Map<String, Value>) {
    if let (true, Some(Value::Object(known))) = (extra.is_empty(), beside.get(EXTRAS)) {
        *extra = known.clone().into();
    }
}

fn kind_in(beside: &Map<String, Value>) -> ToolCallKind {
    match beside.get(CUSTOM) {
        Some(Value::Bool(true)) => ToolCallKind::Custom,
        _ => ToolCallKind::Function,
    }
}

/// The `additional_kwargs` in the JSON of a message: its entries, and the members of its calls.
pub(crate) struct KwargsWithCalls<'a> {
    kwargs: &'a Extra,
    calls: Value,
}

impl<'a> KwargsWithCalls<'a> {
    pub(crate) fn new<'c>(kwargs: &'a Extra, content: &Content, calls: impl Iterator<Item = &'c dyn Beside>) -> Self {
        let mut keys = Keys::default();
        let mut known = Map::new();
        let told = custom_calls(content);
        for call in calls {
            let (key, mut beside) = (keys.next(call), call.beside());
            if call.id().is_some_and(|id| told.contains(id)) {
                beside.shift_remove(CUSTOM);
            }
            if !beside.is_empty() {
                known.insert(key, beside.into());
            }
        }
        Self {
            kwargs,
            calls: known.into(),
        }
    }
}

impl Serialize for KwargsWithCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { kwargs, calls } = self;
        let calls = calls.as_object().filter(|calls| !calls.is_empty());
        let own = kwargs.iter().map(|(key, value)| (key.as_str(), value));
        let own = own.filter(|(key, _)| calls.is_none() || *key != KEY);
        serializer.collect_map(own.chain(calls.map(|_| (KEY, &self.calls))))
    }
}

/// Restores the members of the calls of a message from its JSON.
pub(crate) fn restore<'c>(kwargs: &mut Extra, content: &Content, calls: impl Iterator<Item = &'c mut dyn Beside>) {
    let told = custom_calls(content);
    let known = match kwargs.get(KEY) {
        Some(Value::Object(_)) => kwargs.remove(KEY),
        _ => None,
    };
    if known.is_none() && told.is_empty() {
        return;
    }
    let known = known.unwrap_or_default();
    let custom = flag(ToolCallKind::Custom);
    let mut keys = Keys::default();
    for call in calls {
        if call.id().is_some_and(|id| told.contains(id)) {
            call.learn(&custom);
        }
        if let Some(Value::Object(beside)) = known.get(keys.next(call)) {
            call.learn(beside);
        }
    }
}

/// Returns the ids of the calls that the content marks as calls of custom tools, as an answer of OpenAI's Responses API does.
fn custom_calls(content: &Content) -> HashSet<&str> {
    let parts = match content {
        Content::Text(_) => &[],
        Content::Parts(parts) => parts.as_slice(),
    };
    let ids = parts.iter().filter_map(|part| match part {
        ContentPart::Block(block) if part.block_type() == Some("custom_tool_call") => block.get("call_id")?.as_str(),
        _ => None,
    });
    ids.collect()
}

/// Names the calls of a message one by one: by their ids, or by their numbers if the id is missing or used twice.
#[derive(Default)]
struct Keys {
    seen: HashSet<String>,
    position: i64,
}

impl Keys {
    fn next(&mut self, call: &dyn Beside) -> String {
        let number = call.number().unwrap_or(self.position);
        self.position += 1;
        match call.id() {
            Some(id) if !id.is_empty() && !id.starts_with('#') && self.seen.insert(id.to_owned()) => id.to_owned(),
            _ => format!("#{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{AIMessage, AIMessageChunk};

    fn message() -> AIMessage {
        let value = json!({
            "content": "",
            "tool_calls": [
                {"name": "f", "args": {"__arg1": "x"}, "id": "c0", "extras": {"extra_content": {"signature": "s"}}},
                {"name": "sql", "args": {"__arg1": "SELECT \"a\"\n"}, "id": "c1", "kind": "custom"},
                {"name": "sql", "args": {"__arg1": "1"}, "id": "c1"},
                {"name": "sql", "args": {"__arg1": "2"}, "id": null, "kind": "custom"},
                {"name": "sql", "args": {"__arg1": "3"}, "id": "#3", "kind": "custom"},
            ],
            "invalid_tool_calls": [{"name": "sql", "args": "SEL\"", "id": "c2", "error": "cut", "kind": "custom"}],
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_message_keeps_what_is_known_of_its_calls_beside_langchains_keys() {
        let dump = serde_json::to_value(message()).unwrap();
        for (list, known) in [
            ("tool_calls", &["name", "args", "id", "type"][..]),
            ("invalid_tool_calls", &["type", "id", "name", "args", "error"]),
        ] {
            for call in dump[list].as_array().unwrap() {
                assert!(call.as_object().unwrap().keys().eq(known), "{call}");
            }
        }
        let custom = json!({"custom": true});
        let signed = json!({"extras": {"extra_content": {"signature": "s"}}});
        let expect = json!({"c0": signed, "c1": custom, "#3": custom, "#4": custom, "c2": custom});
        assert_eq!(dump["additional_kwargs"], json!({KEY: expect}));
        let again: AIMessage = serde_json::from_value(dump).unwrap();
        assert_eq!(again, message());
        assert!(again.additional_kwargs.is_empty());
    }

    #[test]
    fn a_chunk_and_its_pieces_keep_the_texts_and_the_kinds_of_their_calls() {
        let whole = AIMessageChunk::from(message());
        let piece = |piece: ToolCallChunk| AIMessageChunk::new("").with_tool_call_chunk(piece);
        let pieces = [
            piece(
                ToolCallChunk::new(1)
                    .with_id("c")
                    .with_name("sql")
                    .with_args("{\"a\": ")
                    .custom(),
            ),
            piece(ToolCallChunk::new(1).with_args("{\"\n").custom()),
            piece(ToolCallChunk::new(1).with_args("\"}é\\").custom()),
            piece(ToolCallChunk::new(1).with_id("c").with_name("sql").custom()),
            piece(
                ToolCallChunk::new(1)
                    .with_id("c")
                    .with_name("sql")
                    .with_args("")
                    .custom(),
            ),
        ];
        for chunk in pieces.into_iter().chain([whole]) {
            let dump = serde_json::to_value(&chunk).unwrap();
            assert!(!dump["tool_call_chunks"].to_string().contains("kind"));
            assert_eq!(serde_json::from_value::<AIMessageChunk>(dump).unwrap(), chunk);
        }
    }

    #[test]
    fn what_the_content_says_of_a_call_is_not_said_again() {
        let item = json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "sql", "input": "x"});
        let call = json!({"name": "sql", "args": {"__arg1": "x"}, "id": "c1", "type": "tool_call"});
        let stored = json!({"content": [item], "tool_calls": [call]});
        let message: AIMessage = serde_json::from_value(stored).unwrap();
        assert_eq!(message.tool_calls[0].input(), Some("x"));
        let dump = serde_json::to_value(&message).unwrap();
        assert_eq!(
            (&dump["additional_kwargs"], &dump["tool_calls"]),
            (&json!({}), &json!([call]))
        );
        let chunk = AIMessageChunk::from(message.clone());
        let dump = serde_json::to_value(&chunk).unwrap();
        assert_eq!(dump["additional_kwargs"], json!({}));
        assert_eq!(serde_json::from_value::<AIMessageChunk>(dump).unwrap(), chunk);
    }

    #[test]
    fn a_call_that_is_known_to_be_broken_stays_invalid_in_a_chunk_that_was_stored() {
        for (args, error) in [
            ("{}", Some("not allowed")),
            ("{}", None),
            ("{\"a\"", None),
            ("SELECT", Some("cut")),
        ] {
            let kind = if args == "SELECT" { "custom" } else { "function" };
            let valid = json!({"name": "f", "args": {}, "id": "c0"});
            let broken = json!({"name": "f", "args": args, "id": "c", "error": error, "kind": kind});
            let message = json!({"content": "", "tool_calls": [valid], "invalid_tool_calls": [broken]});
            let message: AIMessage = serde_json::from_value(message).unwrap();
            let chunk = AIMessageChunk::from(message.clone());
            assert_eq!(AIMessage::from(chunk.clone()), message);
            let dump = serde_json::to_value(chunk).unwrap();
            let chunk: AIMessageChunk = serde_json::from_value(dump).unwrap();
            assert_eq!(AIMessage::from(chunk), message);
        }
    }
}
