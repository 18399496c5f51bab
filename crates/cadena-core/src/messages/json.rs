//! The JSON of messages: reading by `type`, and writing.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::bounded::Bounded;
use super::fields::{Fields, Misfit};
use super::spoken::Read;
use crate::Result;

/// Reads one kind of message, or its chunk.
pub(super) fn deserialize<'de, T: Read, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let Bounded(map) = Bounded::deserialize(deserializer)?;
    T::read(Fields::new(map)).map_err(D::Error::custom)
}

/// Reads a message whose `type` names its kind.
pub(super) fn deserialize_by_type<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    what: &str,
    read: fn(&str, Fields) -> Option<Result<T, Misfit>>,
) -> Result<T, D::Error> {
    let Bounded(map) = Bounded::deserialize(deserializer)?;
    let kind = match map.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(_) => return Err(D::Error::custom("`type` must be a text")),
        None => return Err(D::Error::missing_field("type")),
    };
    match read(&kind, Fields::new(map)) {
        Some(message) => message.map_err(D::Error::custom),
        None => Err(D::Error::custom(format_args!("`{kind}` is not the type of {what}"))),
    }
}

/// Returns the JSON of a message. Every field is text, numbers, lists and maps with text keys, which JSON can always hold.
pub(super) fn dump(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap_or_default()
}
