//! Descriptions of tools in OpenAI's form, from the forms of other providers.

use serde_json::{Map, Value, json};

use super::strict::{Optional, strict_schema};
use crate::{Error, ErrorKind, Result};

/// The types of tools that OpenAI's servers run, and of a function in its form.
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
/// A tool that has this form already, or that OpenAI's servers run, such as `{"type": "web_search"}`, stays as it is. A custom
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
/// Those of [`convert_to_openai_function`].
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

/// Describes a function in OpenAI's form, `{"name", "description", "parameters"}`.
///
/// It takes that form, a JSON schema with a `title`, Anthropic's form (`input_schema`) and Amazon's (`toolSpec`).
///
/// With `strict`, every property is required and no others are allowed, at every level, because OpenAI's strict mode demands it. A property
/// that was optional may then be null. A type that refers to itself keeps its `$ref`; `oneOf` becomes `anyOf`, and `const` an `enum` of one. Keywords that do not change which values are valid,
/// such as `title` and `default`, are left out. A schema with more than [OpenAI's strict mode knows] is an error, and is never changed into one that means something else:
/// a map, which is an object with values of one kind under any key, a tuple (`prefixItems`), a value of any type, `allOf`, `not`, `patternProperties`, `minLength` and the like.
///
/// [OpenAI's strict mode knows]: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
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
/// [`ErrorKind::InvalidInput`] if the description has no such form or sets another `strict`, [`ErrorKind::Unsupported`] for a schema that strict
/// mode cannot express, [`ErrorKind::LimitExceeded`] for a schema that is nested deeper than 128 levels.
pub fn convert_to_openai_function(function: impl Into<Value>, strict: Option<bool>) -> Result<Value> {
    let Value::Object(given) = function.into() else {
        return Err(invalid("a tool is an object"));
    };
    let mut function = read(given)?;
    let Some(strict) = strict else {
        return Ok(function.into());
    };
    if let Some(own) = function.get("strict").filter(|own| **own != Value::Bool(strict)) {
        return Err(invalid(format!(
            "the tool sets `strict: {own}`, and the call `strict: {strict}`"
        )));
    }
    function.insert("strict".to_owned(), strict.into());
    if strict {
        let parameters = function
            .entry("parameters")
            .or_insert_with(|| json!({"type": "object", "properties": {}}));
        *parameters = strict_schema(parameters.take(), Optional::Nullable)?;
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

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidInput, detail)
}
