//! Answers of Anthropic's models: thoughts, calls, the work of Anthropic's own tools, and citations.

use serde_json::{Map, Value};

use super::super::{
    Block, ById, Calls, add_extras, block_type, call_block, invalid_block, non_standard, object, piece_block, text,
    text_block, without,
};
use super::citation::annotation;
use crate::messages::tool_call::{growing_calls, is_falsy};
use crate::messages::{Content, ContentPart, ToolCall, ToolCallChunk};

/// Returns the standard blocks of an answer; `pieces` are the pieces of a chunk's calls.
pub(in crate::messages::blocks) fn spoken(
    content: &Content,
    calls: &Calls<'_>,
    pieces: Option<&[ToolCallChunk]>,
) -> Vec<Block> {
    let parts = match content {
        Content::Text(text) => return vec![text_block(text)],
        Content::Parts(parts) => parts,
    };
    let growing = match calls {
        Calls::Pieces(pieces) if pieces.len() > 1 => growing_calls(pieces).0,
        _ => Vec::new(),
    };
    let answer = Answer {
        calls,
        pieces,
        open: matches!(calls, Calls::Pieces(_)),
        by_id: match calls {
            Calls::Whole { .. } => calls.by_id(),
            Calls::Pieces(_) => ById::of(&growing, &[]),
        },
        growing: &growing,
    };
    let block = |part: &ContentPart| match part {
        ContentPart::Text(text) => text_block(text),
        ContentPart::Block(block) => answer.block(&block.to_map()),
    };
    parts.iter().map(block).collect()
}

struct Answer<'a> {
    calls: &'a Calls<'a>,
    /// The pieces of a chunk's calls, also of the last chunk; `None` for a message.
    pieces: Option<&'a [ToolCallChunk]>,
    /// Whether more chunks may come.
    open: bool,
    /// The calls of a chunk as far as they have arrived, if there are several.
    growing: &'a [ToolCall],
    /// The whole calls, or the growing ones.
    by_id: ById<'a>,
}

impl Answer<'_> {
    fn block(&self, block: &Block) -> Block {
        let mut out = match block_type(block) {
            Some("text") => words(block),
            Some("thinking") => thought(block),
            Some("tool_use") => self.call(block),
            Some("input_json_delta") if self.pieces.is_some() => self.arguments(block),
            Some("server_tool_use") => self.server_call(block, false),
            Some("mcp_tool_use") => self.server_call(block, true),
            Some(kind) if kind.ends_with("_tool_result") => result(kind, block),
            _ => non_standard(without(block, &["index"])),
        };
        let has_own = block_type(&out) == Some("tool_call_chunk");
        if let Some(index) = block.get("index").filter(|_| !has_own) {
            out.insert("index".to_owned(), index.clone());
        }
        out
    }

    /// Returns the call to which the block belongs; the message has the call in `tool_calls`.
    fn call(&self, block: &Block) -> Block {
        let mut out = match self.calls {
            Calls::Pieces([piece]) => piece_block(piece),
            Calls::Pieces(_) => self.known(block, self.growing),
            Calls::Whole { valid, .. } => {
                let id = text(block, "id").unwrap_or_default();
                match self.by_id.invalid.get(id) {
                    Some(call) if !self.by_id.valid.contains_key(id) => invalid_block(call),
                    _ => self.known(block, valid),
                }
            }
        };
        let more = ["caller", "toolset_name"];
        let more = more
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), block.get(*key)?.clone())));
        add_extras(&mut out, more.collect());
        out
    }

    fn known(&self, block: &Block, calls: &[ToolCall]) -> Block {
        let by_id = self.by_id.valid.get(text(block, "id").unwrap_or_default()).copied();
        match (by_id, calls) {
            (Some(call), _) | (None, [call]) => call_block(call),
            (None, _) => object([
                ("type", "tool_call".into()),
                ("name", value(block, "name", "")),
                ("args", value(block, "input", Map::new())),
                ("id", value(block, "id", "")),
            ]),
        }
    }

    /// Returns a piece of the arguments of a call, or of the arguments of a tool that the server runs.
    fn arguments(&self, block: &Block) -> Block {
        if let Some([piece]) = self.pieces {
            return piece_block(piece);
        }
        object([
            ("type", "server_tool_call_chunk".into()),
            ("args", value(block, "partial_json", "")),
        ])
    }

    /// Returns a call of a tool that the server runs: Anthropic's own tool, or a tool of an MCP server.
    fn server_call(&self, block: &Block, remote: bool) -> Block {
        let input = block.get("input");
        let is_empty = input.and_then(Value::as_object).is_some_and(Map::is_empty);
        let begins = self.open && is_empty && !block.contains_key("partial_json");
        let name = match text(block, "name") {
            _ if remote => "remote_mcp".into(),
            Some("code_execution") => "code_interpreter".into(),
            _ => value(block, "name", ""),
        };
        let (kind, args) = if begins {
            ("server_tool_call_chunk", "".into())
        } else {
            let streamed = text(block, "partial_json").filter(|_| is_empty);
            let streamed = streamed.and_then(|json| serde_json::from_str(json).ok());
            let args = streamed.filter(Value::is_object);
            (
                "server_tool_call",
                args.unwrap_or_else(|| value(block, "input", Map::new())),
            )
        };
        let mut out = object([
            ("type", kind.into()),
            ("name", name),
            ("args", args),
            ("id", value(block, "id", "")),
        ]);
        if let Some(name) = block.get("name").filter(|_| remote) {
            add_extras(&mut out, object([("tool_name", name.clone())]));
        }
        let known = ["type", "name", "input", "id", "index", "partial_json"];
        add_extras(&mut out, without(block, &known));
        out
    }
}

fn value(block: &Block, key: &str, missing: impl Into<Value>) -> Value {
    block.get(key).cloned().unwrap_or_else(|| missing.into())
}

fn words(block: &Block) -> Block {
    let mut out = object([("type", "text".into()), ("text", value(block, "text", ""))]);
    if let Some(Value::Array(citations)) = block.get("citations").filter(|citations| !is_falsy(citations)) {
        let annotations: Vec<Value> = citations.iter().map(annotation).collect();
        out.insert("annotations".to_owned(), annotations.into());
    }
    out
}

fn thought(block: &Block) -> Block {
    let mut out = object([
        ("type", "reasoning".into()),
        ("reasoning", value(block, "thinking", "")),
    ]);
    add_extras(&mut out, without(block, &["type", "thinking", "index"]));
    out
}

fn result(kind: &str, block: &Block) -> Block {
    let output = block.get("content").filter(|output| !is_falsy(output));
    let failed = output
        .and_then(|output| output.get("error_code"))
        .is_some_and(|code| !is_falsy(code))
        || block.get("is_error").is_some_and(|error| !is_falsy(error));
    let mut out = object([
        ("type", "server_tool_result".into()),
        ("tool_call_id", value(block, "tool_use_id", "")),
        ("status", if failed { "error" } else { "success" }.into()),
        ("extras", object([("block_type", kind.into())]).into()),
    ]);
    if let Some(output) = output {
        out.insert("output".to_owned(), output.clone());
    }
    add_extras(
        &mut out,
        without(block, &["type", "tool_use_id", "content", "is_error", "index"]),
    );
    out
}
