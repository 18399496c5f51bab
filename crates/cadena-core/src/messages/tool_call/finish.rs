//! Makes calls of pieces: while they grow, and after the last one.

use std::collections::HashSet;

use super::parse::{is_blank, read_arguments};
use super::{InvalidToolCall, ToolCall, ToolCallChunk, ToolCallKind};
use crate::json::parse_partial_json;

/// Returns the calls as far as they have arrived, with an open object closed: the calls that a growing chunk shows.
pub(crate) fn growing_calls(chunks: &[ToolCallChunk]) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
    split(chunks, |chunk| chunk.parse(|text| parse_partial_json(text).ok()))
}

/// Returns the calls of a finished message: only a name with a complete JSON object is a call. A cut call is never completed.
///
/// If the answer was `cut`, by its length or by a filter, then a call without any arguments was cut before them. A text that is the last piece
/// was cut within: unlike JSON, a text does not show its end.
pub(crate) fn finished_calls(chunks: &[ToolCallChunk], cut: bool) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
    let last = chunks.last().filter(|last| last.kind == ToolCallKind::Custom);
    let strays = Strays::among(chunks);
    split(chunks, |chunk| {
        let is_last = last.is_some_and(|last| std::ptr::eq(last, chunk));
        if cut && is_last {
            return Err(chunk.invalid(Some("the answer was cut within this text")));
        }
        if cut && !chunk.has_arguments() {
            return Err(chunk.invalid(None));
        }
        if is_unnamed(chunk) {
            return Err(chunk.invalid(Some("the call has no name")));
        }
        let call = chunk.parse(|text| read_arguments(text, false).ok())?;
        if strays.may_belong_to(chunk, &call) {
            return Err(chunk.invalid(Some(
                "arguments came in pieces that name no call, and this call has none",
            )));
        }
        Ok(call)
    })
}

/// Finds the invalid calls of a stored chunk among its pieces, so that a call that was known to be invalid does not become a call.
///
/// A piece whose JSON is not an object yet is left alone, since it may become one.
pub(crate) fn mark_invalid(chunks: &mut [ToolCallChunk], invalid: Vec<InvalidToolCall>) {
    let mut invalid = invalid.into_iter().peekable();
    for chunk in chunks {
        // Both lists have the order of the calls.
        let fits = |call: &InvalidToolCall| (&call.id, &call.name, &call.args) == (&chunk.id, &chunk.name, &chunk.args);
        let Some(call) = invalid.next_if(fits) else { continue };
        if call.error.is_some() || chunk.parse(|text| parse_partial_json(text).ok()).is_ok() {
            chunk.error = Some(call.error.unwrap_or_default());
        }
    }
}

fn split(
    chunks: &[ToolCallChunk],
    read: impl Fn(&ToolCallChunk) -> Result<ToolCall, InvalidToolCall>,
) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
    let (mut calls, mut invalid) = (Vec::new(), Vec::new());
    for chunk in chunks {
        match read(chunk) {
            Ok(call) => calls.push(call),
            Err(call) => invalid.push(call),
        }
    }
    (calls, invalid)
}

/// Pieces of arguments whose call is not known. No call to which they may belong must run without them.
#[derive(Default)]
struct Strays<'a> {
    /// Whether one of these pieces has no name.
    nameless: bool,
    /// The ids and names in the pieces without an index, which would join them to their call.
    named: HashSet<Named<'a>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Named<'a> {
    Id(&'a str),
    /// The name of the tool, with or without an id.
    Name(&'a str),
    NameAlone(&'a str),
}

impl<'a> Strays<'a> {
    fn among(chunks: &'a [ToolCallChunk]) -> Self {
        let mut strays = Self::default();
        // A single piece cannot miss the arguments of another piece.
        if chunks.len() < 2 {
            return strays;
        }
        // A piece with an error was found to be broken before, and so was the call to which it may belong.
        for piece in chunks
            .iter()
            .filter(|piece| piece.error.is_none() && piece.has_arguments())
        {
            strays.nameless |= is_unnamed(piece);
            if piece.index.is_none() {
                let (id, name) = (known(&piece.id), known(&piece.name));
                strays.named.extend(id.map(Named::Id));
                strays.named.extend(name.map(Named::Name));
                strays.named.extend(name.filter(|_| id.is_none()).map(Named::NameAlone));
            }
        }
        strays
    }

    /// Returns whether the arguments of a call may be among these pieces, as the call has none.
    fn may_belong_to(&self, chunk: &ToolCallChunk, call: &ToolCall) -> bool {
        if chunk.has_arguments() && !call.args.is_empty() {
            return false;
        }
        self.nameless || (chunk.index.is_none() && !chunk.has_arguments() && self.repeat(chunk))
    }

    fn repeat(&self, chunk: &ToolCallChunk) -> bool {
        let has = |named: Named<'_>| self.named.contains(&named);
        let (id, name) = (known(&chunk.id), known(&chunk.name));
        id.is_some_and(|id| has(Named::Id(id)))
            || name.is_some_and(|name| has(Named::NameAlone(name)) || (id.is_none() && has(Named::Name(name))))
    }
}

impl ToolCallChunk {
    fn has_arguments(&self) -> bool {
        self.args.as_deref().is_some_and(|args| !is_blank(args))
    }
}

fn is_unnamed(chunk: &ToolCallChunk) -> bool {
    known(&chunk.name).is_none()
}

fn known(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{AIMessage, AIMessageChunk};

    /// The finished message of pieces, as a provider without numbers for its calls makes it.
    fn finish(pieces: Value) -> AIMessage {
        let pieces: Vec<ToolCallChunk> = serde_json::from_value(pieces).unwrap();
        let chunks = pieces
            .into_iter()
            .map(|piece| AIMessageChunk::new("").with_tool_call_chunk(piece));
        AIMessage::from(chunks.sum::<AIMessageChunk>())
    }

    #[test]
    fn a_call_without_arguments_is_invalid_while_arguments_are_without_a_call() {
        for call in [
            json!({"id": "k1", "name": "remove", "args": ""}),
            json!({"name": "remove"}),
            json!({"name": "remove", "args": " null "}),
            json!({"name": "remove", "args": "{}"}),
            json!({"index": 0, "id": "k1", "name": "remove", "args": ""}),
        ] {
            for stray in [
                json!({"args": "{\"path\":"}),
                json!({"index": 7, "args": "{}"}),
                json!({"id": "k1", "name": "", "args": "x"}),
            ] {
                let message = finish(json!([call, stray, {"name": "other", "args": "{\"a\":1}"}]));
                let names: Vec<_> = message.tool_calls.iter().map(|call| call.name.as_str()).collect();
                assert_eq!(names, ["other"], "{call} {stray}");
                assert_eq!(message.invalid_tool_calls.len(), 2);
                assert_eq!(AIMessage::from(AIMessageChunk::from(message.clone())), message);
            }
        }
    }

    #[test]
    fn a_call_without_arguments_is_invalid_if_another_piece_repeats_its_id_or_name_with_arguments() {
        let args = "{\"path\":\"old\"}";
        for (first, second, valid) in [
            (
                json!({"id": "k", "name": "f"}),
                json!({"id": "k", "name": "f", "args": args}),
                1,
            ),
            (json!({"name": "f"}), json!({"name": "f", "args": args}), 1),
            (json!({"id": "k", "name": "f"}), json!({"name": "f", "args": args}), 1),
            (json!({"name": "f"}), json!({"id": "k", "name": "f", "args": args}), 1),
            (
                json!({"id": "k", "name": "f"}),
                json!({"id": "l", "name": "f", "args": args}),
                2,
            ),
            (json!({"name": "f"}), json!({"name": "g", "args": args}), 2),
            (
                json!({"name": "f", "index": 0}),
                json!({"name": "f", "args": args, "index": 1}),
                2,
            ),
        ] {
            assert_eq!(
                finish(json!([first, second])).tool_calls.len(),
                valid,
                "{first} {second}"
            );
        }
    }

    #[test]
    fn a_call_without_a_name_is_invalid() {
        for name in [Value::Null, json!("")] {
            let message = finish(json!([{"index": 0, "id": "z9", "name": name, "args": "{}"}]));
            assert_eq!((message.tool_calls.len(), message.invalid_tool_calls.len()), (0, 1));
        }
    }

    #[test]
    fn blank_arguments_are_none() {
        for blank in [Value::Null, json!(""), json!(" \n"), json!("null"), json!(" null\n")] {
            let message = finish(json!([{"index": 0, "name": "now", "args": blank}]));
            assert_eq!(message.tool_calls[0].args, serde_json::Map::new(), "{blank}");
        }
    }
}
