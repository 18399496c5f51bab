//! Calls of the caller's tools: what their items add to them.

use cadena_core::ToolCallChunk;

use super::item::{CUSTOM, FUNCTION, Item};
use super::slot::Slot;

/// Whether an item is such a call, by its type.
pub(super) fn is_call(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| [FUNCTION, CUSTOM].contains(&kind))
}

/// The piece that an item of a call adds to its call, or `None` if it is of another kind. `rest` is the new part of its text.
pub(super) fn call(slot: &Slot, item: &Item<'_>, rest: &str, index: i64) -> Option<ToolCallChunk> {
    let kind = item.text("type").filter(|kind| is_call(Some(kind)))?;
    let new = |key| item.text(key).filter(|_| !slot.has_sent(key)).map(str::to_owned);
    let mut piece = piece(index, kind == CUSTOM, rest);
    (piece.name, piece.id) = (new("name"), new("call_id"));
    Some(if slot.differs { broken(piece) } else { piece })
}

/// Marks the call of a piece as one that must not run, as its pieces differ from its whole.
pub(super) fn broken(piece: ToolCallChunk) -> ToolCallChunk {
    piece.with_error("the arguments came otherwise in pieces than whole")
}

/// A piece of a call's arguments, or of the text for a custom tool.
pub(super) fn piece(index: i64, custom: bool, text: &str) -> ToolCallChunk {
    let piece = ToolCallChunk::new(index).with_args(text);
    if custom { piece.custom() } else { piece }
}
