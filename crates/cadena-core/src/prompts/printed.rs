//! The text of a value.

use serde_json::Value;

use crate::messages::python;

/// Appends a value as Python's `str` prints it.
pub(super) fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => out.push_str(text),
        other => out.push_str(&python::repr(other)),
    }
}
