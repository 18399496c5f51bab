//! JSON schemas in the dialect that OpenAI's strict mode knows.

use serde_json::{Map, Value, json};

use crate::merge::json::MAX_DEPTH;
use crate::{Error, ErrorKind, Result};

/// The formats of texts that strict mode knows. Any other format is only a note to readers, and no model keeps to it.
const FORMATS: [&str; 9] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
];

/// The keywords that strict mode knows, beside those that this module rewrites. <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>
const KNOWN: [&str; 20] = [
    "type",
    "description",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "$ref",
    "$defs",
    "definitions",
    "pattern",
    "format",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];

/// Keywords that narrow which values are valid, and that strict mode does not know. Dropping one would change the meaning of the schema, so they are errors. All other
/// keywords are notes, such as `title`, `default` and `examples`.
const REFUSED: [&str; 23] = [
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "unevaluatedProperties",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "minLength",
    "maxLength",
    "$dynamicRef",
];

/// How strict mode, in which every property is required, treats a property that may be left out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Optional {
    /// The property becomes required and may be null.
    Nullable,
    /// The property becomes required as it is, because the type that reads it may refuse null.
    Required,
}

/// The schema as OpenAI's strict mode demands it; an error of kind [`Unsupported`](ErrorKind::Unsupported) if strict mode cannot express it.
pub(crate) fn strict_schema(mut schema: Value, optional: Optional) -> Result<Value> {
    if has_merged_references(&schema, 0) {
        let root = schema.clone();
        merge_references(&mut schema, &root, 0)?;
    }
    let strict = Strict { optional };
    strict.schema(&mut schema, "", 0)?;
    Ok(schema)
}

struct Strict {
    optional: Optional,
}

impl Strict {
    fn schema(&self, schema: &mut Value, place: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let map = match schema {
            Value::Object(map) => map,
            Value::Bool(_) => return Err(unsupported(place, "takes any value or none")),
            _ => return Ok(()),
        };
        rewrite(map);
        self.refuse(map, place)?;
        map.retain(|key, _| KNOWN.contains(&key.as_str()));
        if map.get("format").is_some_and(|format| !is_format(format)) {
            map.shift_remove("format");
        }
        infer_type(map);
        for key in ["$defs", "definitions"] {
            for (name, part) in map.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
                self.schema(part, &format!("{place}/{key}/{name}"), depth + 1)?;
            }
        }
        if let Some(choices) = map.get_mut("anyOf").and_then(Value::as_array_mut) {
            for (at, part) in choices.iter_mut().enumerate() {
                self.schema(part, &format!("{place}/anyOf/{at}"), depth + 1)?;
            }
            let others = ["type", "properties", "items", "enum", "$ref"];
            if others.iter().any(|key| map.contains_key(*key)) {
                return Err(unsupported(place, "has choices beside what holds for all of them"));
            }
            return Ok(());
        }
        if map.contains_key("$ref") {
            return Ok(());
        }
        let Some(kind) = map.get("type") else {
            return Err(unsupported(place, "takes a value of any type"));
        };
        let is = |wanted: &str| names(kind).any(|name| name == wanted);
        let (is_object, is_array) = (is("object"), is("array"));
        if is_array {
            match map.get_mut("items") {
                Some(items) if !items.is_array() => self.schema(items, &format!("{place}/items"), depth + 1)?,
                _ => return Err(unsupported(place, "is a list without one schema for all items")),
            }
        }
        if is_object {
            self.object(map, place, depth)?;
        }
        Ok(())
    }

    fn refuse(&self, map: &mut Map<String, Value>, place: &str) -> Result<()> {
        // `uniqueItems` may go: a set reads an item that comes twice as one.
        let is_set = map.get("uniqueItems").is_some_and(|unique| *unique == true);
        if is_set && self.optional == Optional::Nullable {
            return Err(unsupported(place, "has `uniqueItems`"));
        }
        for key in REFUSED {
            let says_nothing = match map.get(key) {
                None => true,
                Some(Value::Number(least)) => key.starts_with("min") && least.as_u64() == Some(0),
                Some(_) => false,
            };
            if !says_nothing {
                return Err(unsupported(place, &format!("has `{key}`")));
            }
        }
        Ok(())
    }

    fn object(&self, map: &mut Map<String, Value>, place: &str, depth: usize) -> Result<()> {
        let properties = map.get("properties").and_then(Value::as_object);
        let has_properties = properties.is_some_and(|map| !map.is_empty());
        let is_map = match map.get("additionalProperties") {
            // The schema of a type without fields allows no property; a given schema without properties allows any.
            None => properties.is_none() && self.optional == Optional::Nullable,
            Some(Value::Bool(others)) => *others && !has_properties,
            Some(_) => true,
        };
        if is_map {
            return Err(unsupported(place, "is a map"));
        }
        let required = map.get("required").into_iter().flat_map(names);
        let required: Vec<String> = required.map(str::to_owned).collect();
        let properties = map.entry("properties").or_insert_with(|| Value::Object(Map::new()));
        let mut all = Vec::new();
        for (name, part) in properties.as_object_mut().into_iter().flatten() {
            self.schema(part, &format!("{place}/properties/{name}"), depth + 1)?;
            if self.optional == Optional::Nullable && !required.contains(name) {
                allow_null(part);
            }
            all.push(Value::from(name.as_str()));
        }
        if has_properties {
            map.insert("required".to_owned(), all.into());
        }
        map.insert("additionalProperties".to_owned(), false.into());
        Ok(())
    }
}

/// Rewrites keywords for which strict mode has others.
fn rewrite(map: &mut Map<String, Value>) {
    if let Some(Value::Array(all)) = map.get_mut("allOf")
        && let [Value::Object(part)] = all.as_mut_slice()
    {
        let part = std::mem::take(part);
        map.shift_remove("allOf");
        // A keyword that both have must hold twice, which only `allOf` can express.
        let differs =
            |(key, value): &(String, Value)| map.get(key).is_some_and(|own| key != "description" && own != value);
        let (twice, once): (Vec<_>, Vec<_>) = part.into_iter().partition(differs);
        for (key, value) in once {
            map.entry(key).or_insert(value);
        }
        if !twice.is_empty() {
            map.insert("allOf".to_owned(), json!([Map::from_iter(twice)]));
        }
    }
    if let Some(value) = map.shift_remove("const") {
        map.insert("enum".to_owned(), json!([value]));
    }
    if map.contains_key("anyOf") {
        return;
    }
    if let Some(choices) = map.shift_remove("oneOf") {
        map.insert("anyOf".to_owned(), choices);
    } else if map.len() > 1
        && let Some(place) = map.shift_remove("$ref")
    {
        // Strict mode allows no keyword beside a reference.
        map.insert("anyOf".to_owned(), json!([{"$ref": place}]));
    }
}

/// The type of a schema without `type`, if its keywords leave only one.
fn infer_type(map: &mut Map<String, Value>) {
    if ["type", "anyOf", "$ref"].iter().any(|key| map.contains_key(*key)) {
        return;
    }
    let kind = match map.get("enum") {
        Some(Value::Array(values)) => {
            let mut kinds: Vec<&str> = Vec::new();
            for kind in values.iter().map(type_of) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            match kinds.as_slice() {
                [] => return,
                [kind] => json!(kind),
                kinds => json!(kinds),
            }
        }
        _ if map.contains_key("properties") => json!("object"),
        _ if map.contains_key("items") => json!("array"),
        _ => return,
    };
    map.insert("type".to_owned(), kind);
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_format(format: &Value) -> bool {
    format.as_str().is_some_and(|format| FORMATS.contains(&format))
}

/// Whether an object has a reference beside its properties, as schemars writes an enum with its tag inside.
fn has_merged_references(schema: &Value, depth: usize) -> bool {
    match schema {
        _ if depth > MAX_DEPTH => false,
        Value::Object(map) => is_merged(map) || map.values().any(|part| has_merged_references(part, depth + 1)),
        Value::Array(items) => items.iter().any(|part| has_merged_references(part, depth + 1)),
        _ => false,
    }
}

fn is_merged(map: &Map<String, Value>) -> bool {
    map.get("$ref").is_some_and(Value::is_string) && map.get("properties").is_some_and(Value::is_object)
}

/// Replaces such a reference by the properties of its definition.
fn merge_references(schema: &mut Value, root: &Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    match schema {
        Value::Object(map) => {
            if is_merged(map) {
                merge_reference(map, root)?;
            }
            map.values_mut()
                .try_for_each(|part| merge_references(part, root, depth + 1))
        }
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|part| merge_references(part, root, depth + 1)),
        _ => Ok(()),
    }
}

fn merge_reference(map: &mut Map<String, Value>, root: &Value) -> Result<()> {
    let Some(Value::String(place)) = map.shift_remove("$ref") else {
        return Ok(());
    };
    let target = place.strip_prefix('#').and_then(|path| root.pointer(path));
    let Some(Value::Object(target)) = target else {
        return Err(unsupported(&place, "is referred to, and is no definition"));
    };
    for (key, part) in target {
        match (map.get_mut(key), part) {
            (None, part) => drop(map.insert(key.clone(), part.clone())),
            (Some(Value::Object(own)), Value::Object(others)) if key == "properties" => {
                for (name, part) in others {
                    if own.insert(name.clone(), part.clone()).is_some() {
                        return Err(unsupported(&place, "has a property that another schema has too"));
                    }
                }
            }
            (Some(Value::Array(own)), Value::Array(others)) if key == "required" => {
                let new: Vec<_> = others.iter().filter(|name| !own.contains(name)).cloned().collect();
                own.extend(new);
            }
            (Some(own), part) if own == part || key == "description" => {}
            // The definition closes itself, and would refuse the properties beside the reference. The merged object is closed again.
            (Some(_), _) if key == "additionalProperties" => {}
            _ => return Err(unsupported(&place, "differs from the schema that refers to it")),
        }
    }
    Ok(())
}

/// Lets an optional property be null, because strict mode requires every property.
fn allow_null(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    if let Some(Value::Array(choices)) = map.get_mut("enum")
        && !choices.contains(&Value::Null)
    {
        choices.push(Value::Null);
    }
    if let Some(kind) = map.get_mut("type") {
        if !names(kind).any(|name| name == "null") {
            let mut kinds: Vec<Value> = names(kind).map(Value::from).collect();
            kinds.push("null".into());
            *kind = kinds.into();
        }
        return;
    }
    let null = json!({"type": "null"});
    match map.get_mut("anyOf") {
        Some(Value::Array(choices)) if choices.contains(&null) => {}
        Some(Value::Array(choices)) => choices.push(null),
        _ => {
            let before = std::mem::take(map);
            map.insert("anyOf".to_owned(), json!([before, null]));
        }
    }
}

/// The text, or the texts of the list.
fn names(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
}

fn unsupported(place: &str, what: &str) -> Error {
    let place = if place.is_empty() {
        "the root"
    } else {
        &format!("`{place}`")
    };
    let detail = format!("{place} {what}, which strict mode cannot say");
    Error::new(ErrorKind::Unsupported, detail)
        .with_hint("leave strict mode, or say it otherwise: a map as a list of objects with a key and a value, a tuple as a struct")
}

fn too_deep() -> Error {
    Error::new(ErrorKind::LimitExceeded, "the schema is nested too deeply")
}

#[cfg(test)]
mod tests;
