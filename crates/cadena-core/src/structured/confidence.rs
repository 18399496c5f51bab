//! Which tokens of a message wrote its value.

use serde_json::{Deserializer, Value};

use super::wrapper::{KEY, Stands};
use crate::{AIMessage, JsonConfidence};

/// How many places of the tokens' text are tried as the begin of a call's arguments, so that it costs linear time.
const TRIES: usize = 16;

/// How sure the model was of each part of a value: by the text, or by the tokens of the call if the value is of a call's arguments.
pub(super) fn of(message: &AIMessage, json: &Value, stands: Stands) -> Option<JsonConfidence> {
    let confidence = written(message, json, stands)?;
    Some(match stands {
        Stands::Alone => confidence,
        Stands::Wrapped => confidence.within(KEY),
    })
}

fn written(message: &AIMessage, json: &Value, stands: Stands) -> Option<JsonConfidence> {
    let is_call = |call: &&crate::ToolCall| match stands {
        Stands::Alone => json.as_object() == Some(&call.args),
        Stands::Wrapped => call.args.get(KEY) == Some(json),
    };
    let Some(call) = message.tool_calls.iter().find(is_call) else {
        return message.json_confidence();
    };
    // Servers that give tokens of a call give what the model wrote, such as `<tool_call>{"name": "f", "arguments": {…}}`.
    let tokens = message.logprobs()?.content.as_deref()?;
    let mut bytes = Vec::new();
    let ends: Vec<usize> = tokens
        .iter()
        .map(|token| {
            bytes.extend_from_slice(token.text_bytes());
            bytes.len()
        })
        .collect();
    let text = String::from_utf8(bytes).ok()?;
    let places = text.match_indices('{').map(|(at, _)| at).take(TRIES);
    let (start, end) = places.into_iter().find_map(|at| {
        let mut values = Deserializer::from_str(text.get(at..)?).into_iter::<Value>();
        let found = values.next()?.ok()?;
        (found.as_object() == Some(&call.args)).then(|| (at, at + values.byte_offset()))
    })?;
    let first = ends.partition_point(|token| *token <= start);
    let last = ends.partition_point(|token| *token < end);
    Some(JsonConfidence::new(text.get(start..end)?, tokens.get(first..=last)?))
}
