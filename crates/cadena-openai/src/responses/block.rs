//! Blocks of content, and what else a chunk holds, as this endpoint fills them.

use cadena_core::{AIMessageChunk, Content, ContentPart, JsonBlock};
use serde_json::{Map, Value};

use super::event::Words;
use super::item::{CUSTOM, FUNCTION};
use crate::convert::PROVIDER;

/// A block as JSON.
pub(super) type Block = Map<String, Value>;

/// The member with the progress of a tool of the server: the last state replaces the one before, and a finished message has none.
pub(super) const PROGRESS: &str = "tool_progress";

/// The type of the block that a text belongs to, and the member that it is.
pub(super) fn place_of(words: Words) -> (&'static str, &'static str) {
    match words {
        Words::Text => ("text", "text"),
        Words::Refusal => ("refusal", "refusal"),
        Words::Arguments => (FUNCTION, "arguments"),
        Words::Input => (CUSTOM, "input"),
        Words::McpArguments => ("mcp_call", "arguments"),
        Words::Code => ("code_interpreter_call", "code"),
        Words::Summary => ("reasoning", "summary"),
        Words::Thought => ("reasoning", "content"),
    }
}

/// A block for a text, still empty; `part` is its place in the list that a thought is. `None` for a plain text, which needs no map.
pub(super) fn empty(words: Words, index: i64, part: u32) -> Option<Block> {
    let (kind, key) = place_of(words);
    let text = |kind, index| with(kind, "text", Value::String(String::new()), index);
    let inner = match words {
        Words::Text => return None,
        Words::Summary => text("summary_text", part.into()),
        Words::Thought => text("reasoning_text", part.into()),
        _ => return Some(with(kind, key, Value::String(String::new()), index)),
    };
    Some(with(kind, key, Value::Array(vec![inner.into()]), index))
}

/// Writes its text into a block that [`empty`] made, which has it in the second place. To look for its key would hash it.
pub(super) fn fill(block: &mut Block, text: String) {
    match block.values_mut().nth(1) {
        Some(Value::Array(parts)) => {
            if let Some(Value::Object(part)) = parts.first_mut() {
                fill(part, text);
            }
        }
        Some(member) => *member = text.into(),
        None => {}
    }
}

/// A block with one member.
pub(super) fn with(kind: &str, key: &str, value: Value, index: i64) -> Block {
    let mut block = Map::with_capacity(3);
    block.insert("type".to_owned(), kind.into());
    block.insert(key.to_owned(), value);
    block.insert("index".to_owned(), index.into());
    block
}

/// Adds a block to the content of a chunk.
pub(super) fn push(chunk: &mut AIMessageChunk, block: impl Into<JsonBlock>) {
    let part = ContentPart::Block(block.into());
    match &mut chunk.content {
        Content::Parts(parts) => parts.push(part),
        Content::Text(_) => chunk.content = Content::Parts(vec![part]),
    }
}

/// Adds to the refusal where parsers look for that of Chat Completions.
pub(super) fn refuse(chunk: &mut AIMessageChunk, text: &str) {
    if let Some(Value::String(refusal)) = chunk.additional_kwargs.get_mut("refusal") {
        refusal.push_str(text);
    } else if !text.is_empty() {
        chunk.additional_kwargs.insert("refusal", text);
    }
}

/// Writes the provider into a chunk.
pub(super) fn provided(chunk: &mut AIMessageChunk) {
    if chunk.response_metadata.model_provider.is_none() {
        chunk.response_metadata.model_provider = Some(PROVIDER.into());
    }
}
