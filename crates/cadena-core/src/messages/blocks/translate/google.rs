//! Google's parts: an object whose only key names its kind, or a call of a function or of code.

use serde_json::Value;

use super::{Block, add_extras, object, text, text_block, without};
use crate::messages::blocks::ids::Ids;

pub(super) fn translate(block: Block, _: &mut Ids<'_>) -> Result<Block, Block> {
    let translated = if block.len() == 1 { only(&block) } else { None };
    translated.or_else(|| typed(&block)).ok_or(block)
}

/// Reads a part whose only key names its kind.
fn only(block: &Block) -> Option<Block> {
    if let Some(text) = text(block, "text").filter(|text| !text.is_empty()) {
        return Some(text_block(text));
    }
    if let Some(document) = block.get("document").and_then(Value::as_object) {
        let data = |key| document.get("source")?.as_object()?.get(key).cloned();
        let mut out = match text(document, "format")? {
            "pdf" => object([
                ("type", "file".into()),
                ("base64", data("bytes")?),
                ("mime_type", "application/pdf".into()),
            ]),
            "txt" => object([
                ("type", "text-plain".into()),
                ("text", data("text")?),
                ("mime_type", "text/plain".into()),
            ]),
            _ => return None,
        };
        add_extras(&mut out, without(document, &["format", "source"]));
        return Some(out);
    }
    let image = block.get("image")?.as_object()?;
    let mime_type = format!("image/{}", text(image, "format")?);
    let bytes = image.get("source")?.as_object()?.get("bytes")?.clone();
    let mut out = object([
        ("type", "image".into()),
        ("base64", bytes),
        ("mime_type", mime_type.into()),
    ]);
    add_extras(&mut out, without(image, &["format", "source"]));
    Some(out)
}

fn typed(block: &Block) -> Option<Block> {
    let or = |key: &str, default: Value| block.get(key).cloned().unwrap_or(default);
    Some(match text(block, "type")? {
        "file_data" => {
            let mut out = object([("type", "file".into()), ("url", block.get("file_uri")?.clone())]);
            if let Some(mime_type) = text(block, "mime_type").filter(|mime_type| !mime_type.is_empty()) {
                out.insert("mime_type".to_owned(), mime_type.into());
            }
            out
        }
        "function_call" => object([
            ("type", "tool_call".into()),
            ("name", block.get("name")?.clone()),
            ("args", or("args", Block::new().into())),
            ("id", or("id", "".into())),
        ]),
        "executable_code" => {
            let args = object([
                ("code", or("executable_code", "".into())),
                ("language", or("language", "python".into())),
            ]);
            object([
                ("type", "server_tool_call".into()),
                ("name", "code_interpreter".into()),
                ("args", args.into()),
                ("id", or("id", "".into())),
            ])
        }
        "code_execution_result" => {
            let outcome = or("outcome", 1.into());
            let status = if outcome.as_f64() == Some(1.0) {
                "success"
            } else {
                "error"
            };
            let mut out = object([
                ("type", "server_tool_result".into()),
                ("tool_call_id", or("tool_call_id", "".into())),
                ("status", status.into()),
                ("output", or("code_execution_result", "".into())),
            ]);
            if !outcome.is_null() {
                add_extras(&mut out, object([("outcome", outcome)]));
            }
            out
        }
        _ => return None,
    })
}
