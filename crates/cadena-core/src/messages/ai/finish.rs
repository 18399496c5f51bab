//! The blocks of a message after its last piece.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{AIMessageChunk, ChunkPosition};
use crate::messages::tool_call::finished_calls;
use crate::messages::{Content, ContentPart, ToolCall};

impl AIMessageChunk {
    /// Replaces the pieces of calls in the content with the calls, after the last piece. This is LangChain's rule for content in standard
    /// blocks (`output_version` `v1`).
    ///
    /// A call that was cut keeps its pieces, since they are not a call.
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
        // Of two calls with one id the last one wins, as in LangChain's dictionary by id.
        let calls: HashMap<&str, &ToolCall> = calls
            .iter()
            .filter_map(|call| Some((call.id.as_deref()?, call)))
            .collect();
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

/// Returns the content of a message after its last piece: without the numbers that join the pieces of a block, and without the progress of a
/// server's tools.
///
/// Only whole numbers join pieces; an `index` of LangChain's standard blocks is a text.
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
            // OpenAI and Mistral write a thought as a list of parts, and each part has an index too.
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

fn finish_call(block: &mut Map<String, Value>, calls: &HashMap<&str, &ToolCall>) {
    let id = block.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let Some(call) = id.and_then(|id| calls.get(id)) else {
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
        Some(_) => return, // The arguments have been parsed already.
    };
    if let Ok(args @ Value::Object(_)) = serde_json::from_str(text) {
        block.insert("type".to_owned(), "server_tool_call".into());
        block.insert("args".to_owned(), args);
    }
}
