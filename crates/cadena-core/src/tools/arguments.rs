//! The arguments of a call, as the model wrote them.

use std::io;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Result};

/// Reads the arguments as the type that a tool takes.
pub(super) fn read<T: DeserializeOwned>(mut args: Map<String, Value>, schema: &Value) -> Result<T> {
    drop_nulls(&mut args, schema, schema, 0);
    serde_json::from_value(Value::Object(args))
        .map_err(|error| Error::new(ErrorKind::Tool, "the arguments do not fit the tool").with_source(error))
}

/// In strict mode a model writes `null` for what it may leave out, and a field with a default does not take null.
fn drop_nulls(args: &mut Map<String, Value>, schema: &Value, root: &Value, depth: usize) {
    let schema = resolve(schema, root);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    args.retain(|name, value| !value.is_null() || is_required(name) || !properties.contains_key(name));
    if depth < crate::merge::json::MAX_DEPTH {
        for (name, value) in args {
            if let (Value::Object(inner), Some(schema)) = (value, properties.get(name)) {
                drop_nulls(inner, schema, root, depth + 1);
            }
        }
    }
}

/// The part of the schema that a `$ref` names.
fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let place = schema.get("$ref").and_then(Value::as_str);
    let place = place.and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| root.pointer(place)).unwrap_or(schema)
}

/// Whether the arguments, as JSON, are longer than `limit` bytes. Stops counting there.
pub(super) fn exceed(args: &Map<String, Value>, limit: usize) -> bool {
    serde_json::to_writer(Room(limit), args).is_err()
}

/// How many bytes may still be written.
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
