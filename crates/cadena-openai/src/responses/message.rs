//! A message of the output as blocks of content.

use cadena_core::AIMessageChunk;
use serde_json::{Map, Value};

use super::block::{Block, push, refuse, with};
use super::item::{Item, Part};
use super::slot::{Piece, Slot};

/// The member of a block that holds the unknown members of its message. It also marks a block of an unknown type as a part of one.
pub(super) const OF_MESSAGE: &str = "message";

/// Adds what the whole message has and its pieces had not.
pub(super) fn close(
    slot: &mut Slot,
    item: Item<'_>,
    blocks: &mut i64,
    chunk: &mut AIMessageChunk,
) -> serde_json::Result<()> {
    let parts = item.parts.unwrap_or_default();
    if parts.is_empty() && slot.parts.is_empty() {
        // Without a part there is no block that could hold its id: it is one itself.
        let mut block = item.members;
        block.insert("content".to_owned(), Value::Array(Vec::new()));
        block.insert("index".to_owned(), slot.number(blocks).into());
        push(chunk, block);
        return Ok(());
    }
    let (known, mut unknown) = split(item.members);
    for (place, part) in (0..).zip(parts) {
        let piece = slot.part(place, blocks);
        let mut block = close_part(part, piece, chunk)?;
        let is_marked = block.contains_key(OF_MESSAGE);
        if is_marked || !unknown.is_empty() {
            block.insert(OF_MESSAGE.to_owned(), std::mem::take(&mut unknown).into());
        }
        block.extend(known.clone());
        push(chunk, block);
    }
    Ok(())
}

/// The members of a message that each of its blocks repeats, and the unknown ones, which the first block holds.
fn split(members: Map<String, Value>) -> (Block, Block) {
    let (mut known, mut unknown) = (Map::new(), Map::new());
    for (key, value) in members {
        match (key.as_str(), value.as_str()) {
            ("type", _) | ("role", Some("assistant")) | ("status", Some("completed")) => {}
            ("id" | "phase" | "status", text) if value.is_null() || text == Some("") => {}
            ("id" | "phase" | "status", _) => drop(known.insert(key, value)),
            _ => drop(unknown.insert(key, value)),
        }
    }
    (known, unknown)
}

fn close_part(part: Part<'_>, piece: &Piece, chunk: &mut AIMessageChunk) -> serde_json::Result<Block> {
    let kind = match part.members.get("type").and_then(Value::as_str) {
        Some("output_text" | "text") => "text",
        Some("refusal") => "refusal",
        _ => {
            let mut block = part.members;
            block.insert("index".to_owned(), piece.block.into());
            block.insert(OF_MESSAGE.to_owned(), Value::Null);
            return Ok(block);
        }
    };
    let rest = piece.rest(part.text.known().unwrap_or_default());
    match kind {
        "refusal" => refuse(chunk, rest),
        _ if piece.tokens == 0 => part.tokens()?.add_to(chunk),
        // Where the pieces brought tokens they brought all of them: reading them again would double what they cost.
        _ => {}
    }
    let mut block = with(kind, kind, rest.into(), piece.block);
    for (key, mut value) in part.members {
        if let ("annotations", Value::Array(all)) = (key.as_str(), &mut value) {
            all.drain(..piece.cited.min(all.len()));
        }
        // The members of the message that a block repeats have these names.
        if !["type", "index", "id", "phase", "status", OF_MESSAGE].contains(&key.as_str()) {
            block.insert(key, value);
        }
    }
    Ok(block)
}
