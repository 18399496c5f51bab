//! Descriptions of functions in OpenAI's form, from the forms that others have.

use serde_json::{Map, Value, json};

use crate::{Error, ErrorKind, Result};

/// Tools that OpenAI's servers run themselves, and its own form of a function.
const KNOWN: [&str; 12] = [
    "function",
    "file_search",
    "computer",
    "computer_use_preview",
    "code_interpreter",
    "mcp",
    "image_generation",
    "web_search_preview",
    "web_search",
    "tool_search",
    "apply_patch",
    "namespace",
];

/// The type of a tool that takes a text, and the key of its description.
pub(crate) const CUSTOM: &str = "custom";

/// Describes a tool in OpenAI's form: `{"type": "function", "function": {…}}`.
///
/// A tool that has this form already, or that OpenAI's servers run themselves, such as `{"type": "web_search"}`, stays as it is. A custom
/// tool, which takes a text, becomes `{"type": "custom", "custom": {…}}`, also from the form of the Responses API.
///
/// # Examples
///
/// ```
/// use cadena_core::convert_to_openai_tool;
/// use serde_json::json;
///
/// let schema = json!({"title": "add", "description": "Adds.", "type": "object", "properties": {"x": {"type": "integer"}}});
/// let tool = convert_to_openai_tool(schema, None)?;
/// assert_eq!(tool["function"]["name"], "add");
/// assert_eq!(tool["function"]["parameters"]["properties"]["x"]["type"], "integer");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`convert_to_openai_function`].
pub fn convert_to_openai_tool(tool: impl Into<Value>, strict: Option<bool>) -> Result<Value> {
    let tool = tool.into();
    let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
    if KNOWN.contains(&kind) || kind.starts_with("web_search_preview") {
        return Ok(tool);
    }
    if kind == CUSTOM {
        return custom(tool);
    }
    Ok(json!({"type": "function", "function": convert_to_openai_function(tool, strict)?}))
}

/// Describes a function in OpenAI's form, `{"name", "description", "parameters"}`, from that form, a JSON schema with a `title`,
/// a tool of Anthropic's (`input_schema`) or one of Amazon's (`toolSpec`).
///
/// With `strict`, every property is required and no others are allowed, at every level, as OpenAI's strict mode wants it. A property
/// that was optional may then be null. A map, which is an object with values of one kind under any key, cannot be said in
/// strict mode, so it is an error and not an empty object. A type that refers to itself keeps its `$ref`; `oneOf` becomes `anyOf`.
///
/// # Examples
///
/// ```
/// use cadena_core::convert_to_openai_function;
/// use serde_json::json;
///
/// let schema = json!({"title": "add", "type": "object", "required": ["x"],
///     "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}});
/// let function = convert_to_openai_function(schema, Some(true))?;
/// assert_eq!(function["parameters"]["required"], json!(["x", "y"]));
/// assert_eq!(function["parameters"]["properties"]["y"]["type"], json!(["integer", "null"]));
///
/// let map = json!({"title": "count", "type": "object", "properties": {
///     "words": {"type": "object", "additionalProperties": {"type": "integer"}}}});
/// let error = convert_to_openai_function(map, Some(true)).unwrap_err();
/// assert!(error.to_string().contains("`/properties/words` is a map"));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] if it has none of these forms or says another `strict`, [`ErrorKind::Unsupported`] for what strict
/// mode cannot say, [`ErrorKind::LimitExceeded`] for a schema that is nested deeper than 128 levels.
pub fn convert_to_openai_function(function: impl Into<Value>, strict: Option<bool>) -> Result<Value> {
    let Value::Object(given) = function.into() else {
        return Err(invalid("a tool is an object"));
    };
    let mut function = read(given)?;
    let Some(strict) = strict else {
        return Ok(function.into());
    };
    if let Some(said) = function.get("strict").filter(|said| **said != Value::Bool(strict)) {
        return Err(invalid(format!(
            "the tool says `strict: {said}`, and the call `strict: {strict}`"
        )));
    }
    function.insert("strict".to_owned(), strict.into());
    if strict {
        let parameters = function
            .entry("parameters")
            .or_insert_with(|| json!({"type": "object", "properties": {}}));
        make_strict(parameters, Optional::Nullable, "", 0)?;
    }
    Ok(function.into())
}

/// The form of Chat Completions, where the Responses API has one level less.
fn custom(tool: Value) -> Result<Value> {
    let is_nested = tool.get(CUSTOM).is_some_and(Value::is_object);
    let described = tool.get(CUSTOM).filter(|_| is_nested).unwrap_or(&tool);
    if !described.get("name").is_some_and(Value::is_string) {
        return Err(invalid("a custom tool has a `name`"));
    }
    if is_nested {
        return Ok(tool);
    }
    let Value::Object(mut custom) = tool else {
        return Err(invalid("a tool is an object"));
    };
    custom.shift_remove("type");
    if let Some(Value::Object(format)) = custom.get_mut("format")
        && format.get("type").is_some_and(|kind| kind == "grammar")
        && !format.contains_key("grammar")
    {
        let mut grammar = std::mem::take(format);
        grammar.shift_remove("type");
        format.insert("type".to_owned(), "grammar".into());
        format.insert("grammar".to_owned(), grammar.into());
    }
    Ok(json!({"type": CUSTOM, "custom": custom}))
}

/// What becomes of a property that may be left out, in strict mode, where none may.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Optional {
    /// It may be null.
    Nullable,
    /// It is required as it is: the type behind the schema may not know null.
    Required,
}

/// The schema as OpenAI's strict mode wants it.
pub(crate) fn strict_schema(mut schema: Value, optional: Optional) -> Result<Value> {
    make_strict(&mut schema, optional, "", 0)?;
    Ok(schema)
}

fn read(mut given: Map<String, Value>) -> Result<Map<String, Value>> {
    if given.contains_key("name") && given.contains_key("input_schema") {
        return Ok(describe(&mut given, "input_schema"));
    }
    if let Some(spec) = given.get_mut("toolSpec").map(Value::take) {
        let Value::Object(mut spec) = spec else {
            return Err(invalid("`toolSpec` must be an object"));
        };
        let schema = spec
            .get_mut("inputSchema")
            .and_then(|schema| schema.get_mut("json"))
            .map(Value::take);
        let schema = schema.ok_or_else(|| invalid("`toolSpec` has no `inputSchema.json`"))?;
        if !spec.contains_key("name") {
            return Err(invalid("`toolSpec` has no `name`"));
        }
        spec.insert("schema".to_owned(), schema);
        return Ok(describe(&mut spec, "schema"));
    }
    if given.contains_key("name") {
        given.retain(|key, _| matches!(key.as_str(), "name" | "description" | "parameters" | "strict"));
        return Ok(given);
    }
    let Some(title) = given.shift_remove("title") else {
        return Err(invalid(
            "a tool has a `name`, or is a JSON schema with a `title` for its name, or has a `toolSpec`",
        ));
    };
    let mut function = Map::from_iter([("name".to_owned(), title)]);
    if let Some(description) = given.shift_remove("description") {
        function.insert("description".to_owned(), description);
    }
    if given.contains_key("properties") {
        function.insert("parameters".to_owned(), given.into());
    }
    Ok(function)
}

fn describe(given: &mut Map<String, Value>, schema: &str) -> Map<String, Value> {
    let keys = [("name", "name"), ("description", "description"), (schema, "parameters")];
    let found = keys
        .into_iter()
        .filter_map(|(key, name)| Some((name.to_owned(), given.shift_remove(key)?)));
    found.collect()
}

fn make_strict(schema: &mut Value, optional: Optional, place: &str, depth: usize) -> Result<()> {
    if depth > crate::merge::json::MAX_DEPTH {
        return Err(Error::new(ErrorKind::LimitExceeded, "the schema is nested too deeply"));
    }
    let Value::Object(schema) = schema else { return Ok(()) };
    allow_in_strict_mode(schema);
    for key in ["anyOf", "allOf", "prefixItems"] {
        for (at, part) in schema
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .enumerate()
        {
            make_strict(part, optional, &format!("{place}/{key}/{at}"), depth + 1)?;
        }
    }
    if let Some(items) = schema.get_mut("items") {
        make_strict(items, optional, &format!("{place}/items"), depth + 1)?;
    }
    for key in ["$defs", "definitions"] {
        for (name, part) in schema.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
            make_strict(part, optional, &format!("{place}/{key}/{name}"), depth + 1)?;
        }
    }
    let is_object = schema
        .get("type")
        .is_some_and(|kind| names(kind).any(|name| name == "object"));
    let has_properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(|map| !map.is_empty());
    if !is_object && !schema.contains_key("properties") {
        return Ok(());
    }
    let is_map = match schema.get("additionalProperties") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => !has_properties,
        Some(_) => true,
    };
    if is_map {
        let detail = format!("`{place}` is a map, and strict mode has no maps");
        return Err(Error::new(ErrorKind::Unsupported, detail)
            .with_hint("use a list of objects with a key and a value, or leave strict mode"));
    }
    let required: Vec<String> = schema
        .get("required")
        .into_iter()
        .flat_map(names)
        .map(str::to_owned)
        .collect();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, part) in properties.iter_mut() {
            make_strict(part, optional, &format!("{place}/properties/{name}"), depth + 1)?;
            if optional == Optional::Nullable && !required.contains(name) {
                allow_null(part);
            }
        }
        let all: Value = properties.keys().cloned().collect();
        if has_properties {
            schema.insert("required".to_owned(), all);
        }
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    Ok(())
}

/// OpenAI's strict mode has no `oneOf`, and nothing may stand beside a `$ref`. Both can be said with `anyOf`.
fn allow_in_strict_mode(schema: &mut Map<String, Value>) {
    if schema.contains_key("anyOf") {
        return;
    }
    if let Some(choices) = schema.shift_remove("oneOf") {
        schema.insert("anyOf".to_owned(), choices);
    } else if schema.len() > 1
        && let Some(place) = schema.shift_remove("$ref")
    {
        schema.insert("anyOf".to_owned(), json!([{"$ref": place}]));
    }
}

/// A text, or the texts of a list.
fn names(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
}

/// What could be left out may be null, as everything has to be there.
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
    let refers = ["$ref", "allOf", "oneOf"].iter().any(|key| map.contains_key(*key));
    match map.get_mut("anyOf") {
        Some(Value::Array(choices)) if choices.contains(&null) => {}
        Some(Value::Array(choices)) => choices.push(null),
        // An empty schema and a mere list of values take null already.
        _ if !refers => {}
        _ => {
            let before = std::mem::take(map);
            map.insert("anyOf".to_owned(), json!([before, null]));
        }
    }
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidInput, detail)
}
