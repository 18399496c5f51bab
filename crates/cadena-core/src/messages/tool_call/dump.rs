//! The JSON of calls: alone with all of their members, in a message with LangChain's keys only.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::kind::ONLY_ARGUMENT;
use super::{InvalidToolCall, ToolCall, ToolCallChunk, ToolCallKind};
use crate::Result;
use crate::json::parse_partial_json;
use crate::messages::Extra;

/// The calls of a message, with LangChain's keys and no others: [`Beside`](super::Beside) holds the other members.
pub(crate) struct Plain<'a, T>(pub(crate) &'a [T]);

macro_rules! dump {
    ($type:ident as $dump:ident { $($field:ident: $of:ty,)* }) => {
        #[derive(Serialize)]
        struct $dump<'a> {
            $($field: $of,)*
            #[serde(skip_serializing_if = "ToolCallKind::is_function")]
            kind: ToolCallKind,
            #[serde(skip_serializing_if = "Option::is_none")]
            extras: Option<&'a Extra>,
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $dump::of(self).serialize(serializer)
            }
        }

        impl Serialize for Plain<'_, $type> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().map($dump::plain))
            }
        }
    };
}

dump!(ToolCall as ToolCallDump {
    name: &'a str,
    args: &'a Map<String, Value>,
    id: &'a Option<String>,
    r#type: &'static str,
});

impl<'a> ToolCallDump<'a> {
    fn of(call: &'a ToolCall) -> Self {
        Self {
            name: &call.name,
            args: &call.args,
            id: &call.id,
            r#type: "tool_call",
            kind: call.kind,
            extras: Some(&call.extra).filter(|extra| !extra.is_empty()),
        }
    }

    fn plain(call: &'a ToolCall) -> Self {
        Self {
            kind: ToolCallKind::Function,
            extras: None,
            ..Self::of(call)
        }
    }
}

dump!(InvalidToolCall as InvalidToolCallDump {
    r#type: &'static str,
    id: &'a Option<String>,
    name: &'a Option<String>,
    args: &'a Option<String>,
    error: &'a Option<String>,
});

impl<'a> InvalidToolCallDump<'a> {
    fn of(call: &'a InvalidToolCall) -> Self {
        Self {
            r#type: "invalid_tool_call",
            id: &call.id,
            name: &call.name,
            args: &call.args,
            error: &call.error,
            kind: call.kind,
            extras: Some(&call.extra).filter(|extra| !extra.is_empty()),
        }
    }

    fn plain(call: &'a InvalidToolCall) -> Self {
        Self {
            kind: ToolCallKind::Function,
            extras: None,
            ..Self::of(call)
        }
    }
}

dump!(ToolCallChunk as ToolCallChunkDump {
    name: &'a Option<String>,
    args: Option<Cow<'a, str>>,
    id: &'a Option<String>,
    index: Option<i64>,
    r#type: &'static str,
});

impl<'a> ToolCallChunkDump<'a> {
    fn of(piece: &'a ToolCallChunk) -> Self {
        Self {
            name: &piece.name,
            args: piece.args.as_deref().map(Cow::Borrowed),
            id: &piece.id,
            index: piece.index,
            r#type: "tool_call_chunk",
            kind: piece.kind,
            extras: Some(&piece.extra).filter(|extra| !extra.is_empty()),
        }
    }

    /// Makes the dump of a piece in a message. LangChain parses the arguments of every call as JSON, so the text of a custom tool becomes JSON.
    fn plain(piece: &'a ToolCallChunk) -> Self {
        let plain = Self {
            kind: ToolCallKind::Function,
            extras: None,
            ..Self::of(piece)
        };
        match (piece.kind, &piece.args) {
            (ToolCallKind::Custom, Some(text)) => {
                let first = piece.name.as_deref().is_some_and(|name| !name.is_empty());
                Self {
                    args: Some(to_json(text, first).into()),
                    ..plain
                }
            }
            _ => plain,
        }
    }
}

/// Converts a piece of the text for a custom tool to a piece of the JSON of its arguments; the first piece opens the JSON.
///
/// No piece closes the JSON, since a piece does not know whether it is the last one; LangChain completes an open object.
fn to_json(text: &str, first: bool) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let opening = if first { opening() } else { String::new() };
    opening + inner.unwrap_or_default()
}

fn opening() -> String {
    format!("{{\"{ONLY_ARGUMENT}\": \"")
}

/// Returns the text of which such JSON is a piece or the whole.
pub(super) fn from_json(json: String) -> String {
    let only_text = |mut args: Value| match args.get_mut(ONLY_ARGUMENT).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let read = if json.starts_with("{\"") {
        parse_partial_json(&json).ok().and_then(only_text)
    } else {
        serde_json::from_str(&format!("\"{json}\"")).ok()
    };
    read.unwrap_or(json)
}
