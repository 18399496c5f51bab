//! The arguments of a call, as the model wrote them.

use std::io;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::json::Misread;
use crate::{Error, ErrorKind, Result};

/// Reads the arguments as the type that a tool takes.
pub(super) fn read<T: DeserializeOwned>(args: Map<String, Value>, schema: &Value) -> Result<T> {
    let mut args = Value::Object(args);
    drop_nulls(&mut args, schema, schema, 0);
    T::deserialize(&args).map_err(|_| {
        let misread = Misread::of::<T>(&args);
        Error::new(ErrorKind::Tool, "the arguments do not fit the tool").with_source(misread)
    })
}

/// Removes nulls of optional properties. In strict mode a model writes `null` for a property that it may leave out, and a field with `#[serde(default)]` refuses null.
fn drop_nulls(value: &mut Value, schema: &Value, root: &Value, depth: usize) {
    if depth > crate::merge::json::MAX_DEPTH {
        return;
    }
    let schema = resolve(schema, root);
    match value {
        Value::Object(map) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                return;
            };
            let required = schema.get("required").and_then(Value::as_array);
            let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
            map.retain(|name, value| !value.is_null() || is_required(name) || !properties.contains_key(name));
            for (name, value) in map {
                if let Some(schema) = properties.get(name) {
                    drop_nulls(value, schema, root, depth + 1);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                list.iter_mut()
                    .for_each(|item| drop_nulls(item, items, root, depth + 1));
            }
        }
        _ => {}
    }
}

/// The schema of a value that is present: follows a `$ref`, and takes the one choice beside null.
fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let choices = schema.get("anyOf").and_then(Value::as_array).map(Vec::as_slice);
    let schema = match choices {
        Some([one, null] | [null, one]) if null.get("type").is_some_and(|kind| kind == "null") => one,
        _ => schema,
    };
    let place = schema.get("$ref").and_then(Value::as_str);
    let place = place.and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| root.pointer(place)).unwrap_or(schema)
}

/// Whether the arguments are longer than `limit` bytes of JSON. It stops counting at the limit, so huge arguments cost no more.
pub(super) fn exceed(args: &Map<String, Value>, limit: usize) -> bool {
    serde_json::to_writer(Room(limit), args).is_err()
}

/// The number of bytes that may still be written.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
