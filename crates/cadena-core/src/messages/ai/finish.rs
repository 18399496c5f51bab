//! What becomes of the blocks of a message when its last piece has come.

use serde_json::{Map, Value};

use super::{AIMessageChunk, ChunkPosition};
use crate::messages::tool_call::finished_calls;
use crate::messages::{Content, ContentPart, ToolCall};

impl AIMessageChunk {
    /// Replaces the pieces of calls in the content by the calls, once the last piece is there: LangChain's rule for content
    /// in standard blocks (`output_version` `v1`).
    ///
    /// A call that was cut keeps its pieces: they are not a call.
    pub(super) fn finish_blocks(&mut self) {
        let in_blocks = self
            .response_metadata
            .extra
            .get("output_version")
            .is_some_and(|version| version == "v1");
        if self.chunk_position != Some(ChunkPosition::Last) || !in_blocks {
            return;
        }
        let Content::Parts(parts) = &mut self.content else {
            return;
        };
        let (calls, _) = finished_calls(&self.tool_call_chunks, self.response_metadata.ends_early());
        for part in parts {
            let ContentPart::Block(block) = part else { continue };
            match block.block_type() {
                Some("tool_call_chunk") => finish_call(block.as_map_mut(), &calls),
                Some("server_tool_call" | "server_tool_call_chunk") => finish_server_call(block.as_map_mut()),
                _ => {}
            }
        }
    }
}

/// The content of a message whose last piece has come: its blocks without the numbers by which their pieces found each other, and
/// without what a tool of the server was doing meanwhile.
///
/// Only whole numbers count pieces; an `index` of LangChain's standard blocks is a text.
pub(super) fn finished_content(mut content: Content) -> Content {
    if let Content::Parts(parts) = &mut content {
        for part in parts {
            let ContentPart::Block(block) = part else { continue };
            if block.get("index").is_some_and(Value::is_i64) {
                block.remove("index");
            }
            if block.get("tool_progress").is_some_and(Value::is_object) {
                block.remove("tool_progress");
            }
            // A thought of OpenAI's, or of Mistral's, has its text in parts of its own.
            let inner: &[_] = match block.block_type() {
                Some("reasoning") => &["summary", "content"],
                Some("thinking") => &["thinking"],
                _ => &[],
            };
            if !inner.is_empty() {
                for key in inner {
                    if let Some(Value::Array(inner)) = block.as_map_mut().get_mut(*key) {
                        inner.iter_mut().filter_map(Value::as_object_mut).for_each(take_number);
                    }
                }
            }
        }
    }
    content
}

fn take_number(block: &mut Map<String, Value>) {
    if block.get("index").is_some_and(Value::is_i64) {
        block.shift_remove("index");
    }
}

fn finish_call(block: &mut Map<String, Value>, calls: &[ToolCall]) {
    let id = block.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    // The last call wins where two have one id, as in a map by id.
    let Some(call) = id.and_then(|id| calls.iter().rev().find(|call| call.id.as_deref() == Some(id))) else {
        return;
    };
    let mut finished = Map::new();
    finished.insert("type".to_owned(), "tool_call".into());
    finished.insert("name".to_owned(), call.name.clone().into());
    finished.insert("args".to_owned(), call.args.clone().into());
    finished.insert("id".to_owned(), call.id.clone().into());
    finished.extend(block.shift_remove_entry("extras"));
    *block = finished;
}

fn finish_server_call(block: &mut Map<String, Value>) {
    let text = match block.get("args") {
        Some(Value::String(text)) if !text.is_empty() => text,
        None | Some(Value::Null | Value::String(_)) => "{}",
        Some(_) => return, // They have been parsed.
    };
    if let Ok(args @ Value::Object(_)) = serde_json::from_str(text) {
        block.insert("type".to_owned(), "server_tool_call".into());
        block.insert("args".to_owned(), args);
    }
}
