//! Addition of JSON.

use cadena_core::merge::json;
use serde_json::{Map, Value};

use crate::errors::CaseError;

/// An argument of a case; a missing one is null.
pub(crate) fn arg<'a>(args: &'a Value, key: &str) -> &'a Value {
    args.get(key).unwrap_or(&Value::Null)
}

fn list(args: &Value, key: &str) -> impl Iterator<Item = Value> {
    arg(args, key).as_array().cloned().unwrap_or_default().into_iter()
}

pub(crate) fn merge_dicts(args: &Value) -> Result<Value, CaseError> {
    let mut sum = Map::new();
    for (at, dict) in list(args, "dicts").enumerate() {
        let dict: Map<String, Value> = serde_json::from_value(dict)?;
        if at == 0 {
            sum = dict;
        } else {
            json::merge_dicts(&mut sum, dict)?;
        }
    }
    Ok(sum.into())
}

/// Lists may be null, which is how `merge_obj` sees them too.
pub(crate) fn merge_lists(args: &Value) -> Result<Value, CaseError> {
    let mut sum = Value::Null;
    for list in list(args, "lists") {
        match (&mut sum, list) {
            (Value::Array(left), Value::Array(right)) => json::merge_lists(left, right)?,
            (left, right) => json::merge_obj(left, right)?,
        }
    }
    Ok(sum)
}

pub(crate) fn merge_obj(args: &Value) -> Result<Value, CaseError> {
    let mut sum = arg(args, "left").clone();
    json::merge_obj(&mut sum, arg(args, "right").clone())?;
    Ok(sum)
}

pub(crate) fn merge_content(args: &Value) -> Result<Value, CaseError> {
    let mut contents = list(args, "contents");
    let mut sum = contents
        .next()
        .filter(|first| !first.is_null())
        .unwrap_or_else(|| "".into());
    for content in contents {
        json::merge_content(&mut sum, content)?;
    }
    Ok(sum)
}
