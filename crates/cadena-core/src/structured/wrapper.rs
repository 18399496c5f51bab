//! The wrapper `{"value": …}` around a value that is not an object, because providers take schemas of objects only.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::json::Misread;

/// The member of the wrapper that has the value.
pub(super) const KEY: &str = "value";

/// Whether the model wrote the value in the wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// The value is the whole JSON.
    Bare,
    /// The value is the member of the wrapper.
    Wrapped,
}

/// Whether a provider takes a schema as that of an object: its root has the type, and no alternatives.
pub(super) fn is_object(schema: &Map<String, Value>) -> bool {
    let choices = ["anyOf", "oneOf", "allOf", "not", "enum", "const", "$ref"];
    if choices.iter().any(|key| schema.contains_key(*key)) {
        return false;
    }
    match schema.get("type") {
        Some(kind) => kind == "object",
        None => ["properties", "additionalProperties", "patternProperties"]
            .iter()
            .any(|key| schema.contains_key(*key)),
    }
}

/// The schema of a wrapper with a value of this schema in it. Definitions stay at the root, to which the references point.
pub(super) fn wrap(mut schema: Value) -> Value {
    let mut definitions = Vec::new();
    if let Value::Object(root) = &mut schema {
        let keys = ["$defs", "definitions"].into_iter();
        definitions.extend(keys.filter_map(|key| Some((key.to_owned(), root.shift_remove(key)?))));
    }
    let mut rebased = false;
    let mut name = KEY.to_owned();
    while definitions.iter().any(|(_, named)| named.get(&name).is_some()) {
        name.push('_');
    }
    let place = format!("#/$defs/{name}");
    rebase(&mut schema, &place, &mut rebased);
    for (_, named) in &mut definitions {
        rebase(named, &place, &mut rebased);
    }
    if rebased {
        let body = std::mem::replace(&mut schema, json!({"$ref": place}));
        match definitions.iter_mut().find(|(key, _)| key == "$defs") {
            Some((_, Value::Object(named))) => drop(named.insert(name, body)),
            _ => definitions.push(("$defs".to_owned(), Map::from_iter([(name, body)]).into())),
        }
    }
    let mut wrapper = Map::new();
    wrapper.insert("type".to_owned(), "object".into());
    wrapper.insert(
        "properties".to_owned(),
        Map::from_iter([(KEY.to_owned(), schema)]).into(),
    );
    wrapper.insert("required".to_owned(), json!([KEY]));
    wrapper.insert("additionalProperties".to_owned(), false.into());
    wrapper.extend(definitions);
    wrapper.into()
}

/// Changes references to the old root, or to a place in it that is not a definition, so that they point to its new place.
fn rebase(schema: &mut Value, place: &str, rebased: &mut bool) {
    match schema {
        Value::Object(map) => {
            for (key, part) in map {
                match part {
                    Value::String(target) if key == "$ref" => {
                        let stays = ["#/$defs/", "#/definitions/"]
                            .iter()
                            .any(|root| target.starts_with(root));
                        if let Some(path) = target.strip_prefix('#').filter(|_| !stays) {
                            *target = format!("{place}{path}");
                            *rebased = true;
                        }
                    }
                    part => rebase(part, place, rebased),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|part| rebase(part, place, rebased)),
        _ => {}
    }
}

/// Replaces a root that is only a reference to an object by the object.
pub(super) fn resolve(schema: &mut Value) {
    let target = |schema: &Value| {
        let root = schema.as_object()?;
        // Any other keyword beside the reference would have to hold too.
        let only = |key: &String| matches!(key.as_str(), "$ref" | "$defs" | "definitions");
        let path = root.get("$ref")?.as_str()?.strip_prefix('#')?;
        let target = schema.pointer(path).and_then(Value::as_object)?;
        (root.keys().all(only) && is_object(target)).then(|| target.clone())
    };
    if let (Some(target), Value::Object(root)) = (target(schema), schema) {
        root.shift_remove("$ref");
        let definitions = std::mem::replace(root, target);
        root.extend(definitions);
    }
}

/// A value with its JSON.
pub(super) type Taken<T> = (Value, T, Wrapping);

/// Takes the value out of the JSON that a model wrote. Models leave the wrapper out sometimes: then the JSON is the value.
pub(super) fn take<T: DeserializeOwned>(mut json: Value, wrapped: bool) -> std::result::Result<Taken<T>, Misread> {
    let members = json.as_object().filter(|_| wrapped);
    let Some((inner, others)) = members.and_then(|map| Some((map.get(KEY)?, map.len() > 1))) else {
        return match T::deserialize(&json) {
            Ok(value) => Ok((json, value, Wrapping::Bare)),
            Err(_) => Err(Misread::of::<T>(&json)),
        };
    };
    // An object with other members is a wrapper only if the type cannot be read from the whole object.
    if others && let Ok(value) = T::deserialize(&json) {
        return Ok((json, value, Wrapping::Bare));
    }
    match T::deserialize(inner) {
        Ok(value) => {
            let inner = json.get_mut(KEY).map(Value::take).unwrap_or_default();
            Ok((inner, value, Wrapping::Wrapped))
        }
        Err(_) => match T::deserialize(&json) {
            Ok(value) => Ok((json, value, Wrapping::Bare)),
            Err(_) => Err(Misread::of::<T>(inner)),
        },
    }
}

/// The value in JSON that still grows, and the same as the type if it can be read. `None` until it is known whether there is a wrapper.
pub(super) fn peek<T: DeserializeOwned>(json: &Value, wrapped: bool) -> Option<(&Value, Option<T>)> {
    let read = |json| T::deserialize(json).ok();
    let Some(members) = json.as_object().filter(|_| wrapped) else {
        return Some((json, read(json)));
    };
    match (members.get(KEY), members.len()) {
        (_, 0) => None,
        (Some(inner), others) => {
            let whole = |inner| read(json).map_or(inner, |value| (json, Some(value)));
            match read(inner) {
                Some(value) if others == 1 => Some((inner, Some(value))),
                value => Some(whole((inner, value))),
            }
        }
        (None, _) => Some((json, read(json))),
    }
}
