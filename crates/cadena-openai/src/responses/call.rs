//! Calls of the caller's tools: what their items add to them.

use cadena_core::ToolCallChunk;
use serde_json::Value;

use super::item::Item;
use super::slot::Slot;

/// A call of a function, by its type on the wire.
pub(super) const FUNCTION: &str = "function_call";
/// A call of a tool whose input is free text, by its type on the wire.
pub(super) const CUSTOM: &str = "custom_tool_call";
/// LangChain's name for a single argument that has none.
const ONLY_ARGUMENT: &str = "{\"__arg1\":\"";
/// What ends this argument.
pub(super) const ARGUMENT_END: &str = "\"}";

/// What an item of a call adds to its call, or `None` if it is of another kind. `rest` is what is new of its text.
pub(super) fn call(slot: &mut Slot, item: &Item<'_>, rest: &str, index: i64) -> Option<ToolCallChunk> {
    let kind = item.text("type").filter(|kind| [FUNCTION, CUSTOM].contains(kind))?;
    let new = |key| item.text(key).filter(|_| !slot.has_sent(key)).map(str::to_owned);
    let mut piece = ToolCallChunk::new(index);
    (piece.name, piece.id) = (new("name"), new("call_id"));
    piece.args = Some(arguments(slot, kind == CUSTOM, rest));
    Some(piece)
}

/// A piece of a call's arguments. The input of a custom tool is a text, and goes into the only argument.
pub(super) fn arguments(slot: &mut Slot, custom: bool, text: &str) -> String {
    if !custom {
        return text.to_owned();
    }
    let is_open = std::mem::replace(&mut slot.opened, true);
    let begin = if is_open { "" } else { ONLY_ARGUMENT };
    format!("{begin}{}", escaped(text))
}

/// A text as it stands inside of a JSON text.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}
