//! The confidence of a value: the tokens of the message that wrote it.

use serde_json::{Deserializer, Value};

use super::wrapper::{KEY, Wrapping};
use crate::{AIMessage, JsonConfidence};

/// How many braces of the tokens' text are tried as the begin of a call's arguments. The bound keeps the time linear.
const TRIES: usize = 16;

/// How sure the model was of each part of a value: from the text, or from the tokens of the call if the value is in a call's arguments.
pub(super) fn of(message: &AIMessage, json: &Value, wrapping: Wrapping) -> Option<JsonConfidence> {
    let confidence = written(message, json, wrapping)?;
    Some(match wrapping {
        Wrapping::Bare => confidence,
        Wrapping::Wrapped => confidence.within(KEY),
    })
}

fn written(message: &AIMessage, json: &Value, wrapping: Wrapping) -> Option<JsonConfidence> {
    let is_call = |call: &&crate::ToolCall| match wrapping {
        Wrapping::Bare => json.as_object() == Some(&call.args),
        Wrapping::Wrapped => call.args.get(KEY) == Some(json),
    };
    let Some(call) = message.tool_calls.iter().find(is_call) else {
        return message.json_confidence();
    };
    // Servers that send the tokens of a call send the model's raw text, such as `<tool_call>{"name": "f", "arguments": {…}}`.
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
