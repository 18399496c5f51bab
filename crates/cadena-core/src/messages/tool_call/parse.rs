//! Reads tool calls as OpenAI writes them: the name of a function, and its arguments as JSON text.

use serde_json::{Map, Value};

use super::{InvalidToolCall, ToolCall, ToolCallChunk, ToolCallKind, ToolCallParsing};
use crate::json::{PartialJson, parse_partial_json, parse_partial_json_strict};
use crate::messages::Extra;
use crate::{Error, ErrorKind, Result};

/// Reads a tool call that OpenAI wrote. `None` if it does not call a function, or has no readable arguments yet.
///
/// Missing arguments (`null`, as JSON or as its text, or a blank text) are an empty object. Arguments that a server writes as an object
/// instead of a text are read too. `NaN` and infinities are errors, since JSON has neither and no tool could receive them.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{ToolCallParsing, parse_tool_call};
/// use serde_json::json;
///
/// let raw = json!({"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}});
/// let call = parse_tool_call(&raw, ToolCallParsing::new())?.expect("it calls a function");
/// assert_eq!((call.name.as_str(), &call.args["a"]), ("add", &json!(1)));
///
/// let raw = json!({"id": "c1", "function": {"name": "pay", "arguments": "{\"amount\": 10"}});
/// let error = parse_tool_call(&raw, ToolCallParsing::new()).unwrap_err();
/// assert_eq!(
///     error.detail(),
///     "the arguments of function `pay` are not valid JSON: the text ends at line 1 column 14, where `,` or `}` is expected"
/// );
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Parse`](ErrorKind::Parse) if the arguments are not a JSON object; keep the call with [`make_invalid_tool_call`]. JSON that is false in
/// Python, such as `[]` or `0`, is not an object either.
/// [`InvalidInput`](ErrorKind::InvalidInput) if the function has no `name`, an empty one or no `arguments`, or if they are of another type.
/// [`LimitExceeded`](ErrorKind::LimitExceeded) if the JSON is nested too deep.
pub fn parse_tool_call(raw: &Value, parsing: ToolCallParsing) -> Result<Option<ToolCall>> {
    let Some(function) = raw.get("function") else {
        return Ok(None);
    };
    let name = match function.get("name") {
        Some(Value::String(name)) if !name.is_empty() => name.clone(),
        // The name of a growing call may still come.
        Some(Value::String(_) | Value::Null) if parsing.partial => return Ok(None),
        _ => return Err(misses("name")),
    };
    let args = match function.get("arguments") {
        Some(Value::Null) if parsing.partial => return Ok(None),
        Some(Value::Null) => Value::Null,
        Some(Value::String(text)) if parsing.partial => match read_growing(text, parsing.strict) {
            Some(args) => args,
            None => return Ok(None),
        },
        Some(Value::String(text)) if is_blank(text) => Value::Null,
        Some(Value::String(text)) => read_arguments(text, parsing.strict).map_err(|error| {
            let detail = format!(
                "the arguments of function `{name}` are not valid JSON: {}",
                error.detail()
            );
            Error::new(error.kind(), detail)
        })?,
        Some(Value::Object(args)) => Value::Object(args.clone()),
        _ => return Err(misses("arguments")),
    };
    let args = match args {
        Value::Object(args) => args,
        Value::Null => Map::new(),
        _ if parsing.partial => return Ok(None),
        other => {
            let detail = format!(
                "the arguments of function `{name}` are {}, not an object",
                kind_of(&other)
            );
            return Err(Error::new(ErrorKind::Parse, detail));
        }
    };
    let id = raw.get("id").and_then(Value::as_str).filter(|_| parsing.return_id);
    Ok(Some(ToolCall {
        name,
        args,
        id: id.map(str::to_owned),
        kind: ToolCallKind::Function,
        extra: unknown_members(raw),
    }))
}

/// Reads a list of tool calls that OpenAI wrote. An entry that does not call a function is left out.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{ToolCallParsing, parse_tool_calls};
/// use serde_json::json;
///
/// let raw = [json!({"function": {"name": "now", "arguments": ""}}), json!({"type": "custom"})];
/// assert_eq!(parse_tool_calls(&raw, ToolCallParsing::new())?[0].name, "now");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`parse_tool_call`]: one error that names every unreadable call.
pub fn parse_tool_calls(raw: &[Value], parsing: ToolCallParsing) -> Result<Vec<ToolCall>> {
    let mut calls = Vec::new();
    let mut failed: Option<(ErrorKind, String)> = None;
    for call in raw {
        match (parse_tool_call(call, parsing), &mut failed) {
            (Ok(call), _) => calls.extend(call),
            (Err(error), None) => failed = Some((error.kind(), error.detail().to_owned())),
            (Err(error), Some((_, detail))) => {
                detail.push_str("; ");
                detail.push_str(error.detail());
            }
        }
    }
    match failed {
        None => Ok(calls),
        Some((kind, detail)) => Err(Error::new(kind, detail)),
    }
}

/// Keeps an unreadable tool call: name, arguments and id as the server wrote them, and the reason.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::make_invalid_tool_call;
/// use serde_json::json;
///
/// let raw = json!({"id": "c1", "function": {"name": "pay", "arguments": "{\"amount\": 10"}});
/// let call = make_invalid_tool_call(&raw, Some("cut off".to_owned()));
/// assert_eq!(call.args.as_deref(), Some("{\"amount\": 10"));
/// assert_eq!(call.error.as_deref(), Some("cut off"));
/// ```
#[must_use]
pub fn make_invalid_tool_call(raw: &Value, error: Option<String>) -> InvalidToolCall {
    let function = raw.get("function");
    InvalidToolCall {
        extra: unknown_members(raw),
        name: text(function.and_then(|function| function.get("name"))),
        args: text(function.and_then(|function| function.get("arguments"))),
        id: text(raw.get("id")),
        error,
        kind: ToolCallKind::Function,
    }
}

impl ToolCallChunk {
    /// Reads a call that OpenAI wrote, or a piece of one. Arguments that are not a text are kept as JSON.
    pub(crate) fn of_openai(raw: &Value) -> Self {
        // A server may write both keys, with null for the kind that the call is not.
        let custom = raw.get("custom").filter(|custom| custom.is_object());
        let (called, key, kind) = match custom {
            Some(custom) => (Some(custom), "input", ToolCallKind::Custom),
            None => (raw.get("function"), "arguments", ToolCallKind::Function),
        };
        Self {
            name: text(called.and_then(|called| called.get("name"))),
            args: text(called.and_then(|called| called.get(key))),
            id: text(raw.get("id")),
            index: raw.get("index").and_then(Value::as_i64),
            kind,
            extra: unknown_members(raw),
            error: None,
        }
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    }
}

/// Returns the members of a call, and of its function, that have no field in [`ToolCall`].
pub(crate) fn unknown_members(raw: &Value) -> Extra {
    let rest_of = |value: &Value, known: &[&str]| -> Map<String, Value> {
        let members = value.as_object().into_iter().flatten();
        let rest = members.filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
        rest.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut unknown = Extra::from(rest_of(raw, &["id", "type", "index", "function", "custom"]));
    if let Some(kind) = raw.get("type").and_then(Value::as_str)
        && !["", "function", "custom"].contains(&kind)
    {
        unknown.insert("type", kind);
    }
    for key in ["function", "custom"] {
        let rest = raw
            .get(key)
            .map(|called| rest_of(called, &["name", "arguments", "input"]));
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            unknown.insert(key, rest);
        }
    }
    unknown
}

/// Returns whether a text stands for no arguments: servers write an empty text or `null` for a tool without parameters.
pub(crate) fn is_blank(arguments: &str) -> bool {
    matches!(arguments.trim(), "" | "null")
}

/// Parses complete JSON. Unless it is strict, line ends and other control characters may be unescaped in strings.
pub(crate) fn read_arguments(text: &str, strict: bool) -> Result<Value> {
    let error = match serde_json::from_str(text) {
        Ok(args) => return Ok(args),
        Err(error) => error,
    };
    if strict {
        return Err(Error::new(ErrorKind::Parse, error.to_string()));
    }
    let mut json = PartialJson::new();
    json.push(text)?;
    json.finish()
}

fn read_growing(text: &str, strict: bool) -> Option<Value> {
    let read = if strict {
        parse_partial_json_strict
    } else {
        parse_partial_json
    };
    read(text).ok()
}

fn misses(key: &str) -> Error {
    let detail = format!("`function.{key}` of a tool call is missing or not a text");
    Error::new(ErrorKind::InvalidInput, detail)
}

/// Returns whether a value is false in Python, and so counts as no value in LangChain.
pub(crate) fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AIMessage, AIMessageChunk, ToolCallChunk};
    use serde_json::json;

    fn raw(arguments: impl Into<Value>) -> Value {
        json!({"id": "c", "function": {"name": "f", "arguments": arguments.into()}})
    }

    #[track_caller]
    fn check_error(raw: &Value, parsing: ToolCallParsing, kind: ErrorKind, detail: &str) {
        let error = parse_tool_call(raw, parsing).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (kind, detail));
    }

    #[test]
    fn line_ends_in_strings_are_refused_only_when_strict() {
        let call = raw("{\"a\": \"x\ny\"}");
        let parsed = parse_tool_call(&call, ToolCallParsing::new()).unwrap().unwrap();
        assert_eq!(parsed.args["a"], "x\ny");
        let detail = "the arguments of function `f` are not valid JSON: \
                      control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0";
        check_error(&call, ToolCallParsing::new().strict(true), ErrorKind::Parse, detail);
    }

    #[test]
    fn a_finished_call_may_have_line_ends_in_its_strings_and_is_still_never_a_cut_one() {
        let finish = |args| {
            let piece = ToolCallChunk::new(0).with_name("f").with_args(args);
            AIMessage::from(AIMessageChunk::new("").with_tool_call_chunk(piece))
        };
        assert_eq!(finish("{\"a\": \"x\ny\"}").tool_calls[0].args["a"], "x\ny");
        for cut in ["{\"a\": \"x\ny", "{\"a\": 1", "{\"a\": NaN}", "{\"a\": 1} and", "[1]"] {
            let message = finish(cut);
            assert!(message.tool_calls.is_empty(), "{cut}");
            assert_eq!(message.invalid_tool_calls[0].args.as_deref(), Some(cut));
        }
    }

    #[test]
    fn arguments_of_other_types_are_errors_that_name_them() {
        let parsing = ToolCallParsing::new();
        check_error(
            &raw("[1]"),
            parsing,
            ErrorKind::Parse,
            "the arguments of function `f` are a list, not an object",
        );
        check_error(
            &raw("\"x\""),
            parsing,
            ErrorKind::Parse,
            "the arguments of function `f` are a text, not an object",
        );
        let missing = "`function.arguments` of a tool call is missing or not a text";
        check_error(&raw(5), parsing, ErrorKind::InvalidInput, missing);
        check_error(
            &json!({"function": {"name": "f"}}),
            parsing,
            ErrorKind::InvalidInput,
            missing,
        );
        let missing = "`function.name` of a tool call is missing or not a text";
        check_error(
            &json!({"function": {"arguments": ""}}),
            parsing,
            ErrorKind::InvalidInput,
            missing,
        );
        assert_eq!(parse_tool_call(&raw("[1"), parsing.partial(true)).unwrap(), None);
    }

    #[test]
    fn all_failures_are_named_in_one_error() {
        let error = parse_tool_calls(&[raw("{x"), raw("{}"), raw("[1]")], ToolCallParsing::new()).unwrap_err();
        assert_eq!(
            error.detail(),
            "the arguments of function `f` are not valid JSON: expected a key or `}` at line 1 column 2, got \"x\"; \
             the arguments of function `f` are a list, not an object"
        );
    }

    #[test]
    fn nothing_is_no_arguments() {
        for nothing in ["", " \n", "null", " null ", "{}"] {
            let call = parse_tool_call(&raw(nothing), ToolCallParsing::new()).unwrap().unwrap();
            assert_eq!(call.args, Map::new(), "{nothing}");
        }
        assert!(
            parse_tool_call(&raw(Value::Null), ToolCallParsing::new())
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn what_counts_as_nothing_in_python_is_not_taken_for_no_arguments() {
        for other in ["0", "0.0", "false", "\"\"", "[]", "\"{\\\"a\\\":1}\""] {
            let error = parse_tool_call(&raw(other), ToolCallParsing::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Parse, "{other}");
            let piece = ToolCallChunk::new(0).with_name("f").with_args(other);
            let message = AIMessage::from(AIMessageChunk::new("").with_tool_call_chunk(piece));
            assert_eq!(message.tool_calls, [], "{other}");
            assert_eq!(message.invalid_tool_calls[0].args.as_deref(), Some(other));
        }
    }

    #[test]
    fn a_call_without_a_name_is_an_error_and_not_yet_one_while_it_grows() {
        for name in [Value::Null, json!("")] {
            let raw = json!({"id": "c", "function": {"name": name, "arguments": "{}"}});
            let parsing = ToolCallParsing::new();
            assert_eq!(
                parse_tool_call(&raw, parsing).unwrap_err().kind(),
                ErrorKind::InvalidInput
            );
            assert_eq!(parse_tool_call(&raw, parsing.partial(true)).unwrap(), None);
        }
    }

    #[test]
    fn unknown_members_of_a_call_are_kept_where_it_can_be_read_and_where_it_cannot() {
        let raw = |arguments| {
            json!({"id": "c", "index": 0, "type": "builtin_function", "extra_content": {"google": {"thought_signature": "s"}}, "none": null,
            "function": {"name": "f", "arguments": arguments, "strict": true}})
        };
        let kept = json!({"extra_content": {"google": {"thought_signature": "s"}}, "type": "builtin_function", "function": {"strict": true}});
        let call = parse_tool_call(&raw("{}"), ToolCallParsing::new()).unwrap().unwrap();
        assert_eq!(Value::from(call.extra), kept);
        assert_eq!(Value::from(make_invalid_tool_call(&raw("{"), None).extra), kept);
    }
}
