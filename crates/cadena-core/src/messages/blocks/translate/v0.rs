//! The data blocks of LangChain 0.3, whose `source_type` names the form of the data.

use serde_json::Value;

use super::{Block, add_extras, object, text, with_id, without};
use crate::messages::blocks::ids::Ids;

pub(super) fn translate(block: Block, ids: &mut Ids<'_>) -> Result<Block, Block> {
    let kind = match text(&block, "type") {
        Some(kind @ ("image" | "audio" | "file")) => kind.to_owned(),
        _ => return Err(block),
    };
    match text(&block, "source_type") {
        Some("url") => translated(&block, &kind, "url", "url"),
        Some("base64") => translated(&block, &kind, "data", "base64"),
        Some("id") if kind == "file" => stored_file(&block, ids),
        Some("id") => stored(&block, &kind),
        Some("text") if kind == "file" => plain_text(&block),
        _ => None,
    }
    .ok_or(block)
}

/// Moves the data from the key `from` to the key `to`.
fn translated(block: &Block, kind: &str, from: &str, to: &str) -> Option<Block> {
    let mut out = object([("type", kind.into()), (to, block.get(from)?.clone())]);
    keep(&mut out, block, "mime_type");
    keep(&mut out, block, "id");
    add_known_extras(
        &mut out,
        without(block, &["type", "source_type", "mime_type", "id", from]),
    );
    Some(out)
}

/// Translates a block whose `id` is the id of the data.
fn stored(block: &Block, kind: &str) -> Option<Block> {
    let mut out = object([("type", kind.into()), ("file_id", block.get("id")?.clone())]);
    add_known_extras(&mut out, without(block, &["type", "source_type", "id"]));
    Some(out)
}

fn stored_file(block: &Block, ids: &mut Ids<'_>) -> Option<Block> {
    let out = object([("type", "file".into()), ("file_id", block.get("id")?.clone())]);
    Some(with_id(out, without(block, &["type", "source_type", "id"]), ids))
}

/// Translates a block whose text is under `url`.
fn plain_text(block: &Block) -> Option<Block> {
    let text = block.get("url")?.clone();
    let mut out = object([
        ("type", "text-plain".into()),
        ("text", text),
        ("mime_type", "text/plain".into()),
    ]);
    keep(&mut out, block, "mime_type");
    keep(&mut out, block, "id");
    add_known_extras(
        &mut out,
        without(block, &["type", "source_type", "mime_type", "id", "url"]),
    );
    Some(out)
}

fn keep(out: &mut Block, block: &Block, key: &str) {
    if let Some(value) = text(block, key).filter(|value| !value.is_empty()) {
        out.insert(key.to_owned(), value.into());
    }
}

fn add_known_extras(out: &mut Block, mut extras: Block) {
    extras.retain(|_, value| *value != Value::Null);
    add_extras(out, extras);
}
