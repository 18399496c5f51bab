//! Messages from JSON in every form that LangChain accepts.

use serde_json::{Map, Value};

use super::envelope;
use super::fields::{Fields, Misfit};
use super::spoken::Read;
use super::stored::list;
use super::tool_call::unknown_members;
use super::{
    AIMessage, AnyMessage, FunctionMessage, HumanMessage, Message, PromptValue, RemoveMessage, SystemMessage,
    ToolMessage,
};
use crate::json::PartialJson;
use crate::{Error, Result};

/// Reads messages from JSON in every form that LangChain accepts.
///
/// The input is a list of
/// - texts, which are human messages;
/// - pairs of a role and content;
/// - objects with `role` or `type` and `content`: `name`, `id`, `tool_calls` (also in OpenAI's form), `tool_call_id`, `status`, `artifact`,
///   `response_metadata` and `usage_metadata` are fields, and other keys go to `additional_kwargs`. A `content` of null is empty;
/// - messages in the form in which they serialise, with all their fields; a chunk is finished;
/// - LangChain's constructor envelopes, `{"lc": 1, "type": "constructor", …}`, of messages only.
///
/// The roles are `human` and `user`, `ai` and `assistant`, `system`, `developer`, `tool`, `function`, `remove`. A single text or object
/// counts as a list of one, and so does the output of a prompt, `{"messages": […]}`.
///
/// # Examples
///
/// ```
/// use cadena_core::convert_to_messages;
/// use serde_json::json;
///
/// let messages = convert_to_messages(json!([
///     "hi",
///     ["ai", "Hello!"],
///     {"role": "user", "content": "And now?", "name": "Ann"},
/// ]))?;
/// assert_eq!(messages.iter().map(|message| message.kind()).collect::<Vec<_>>(), ["human", "ai", "human"]);
///
/// let error = convert_to_messages(json!(["hi", {"role": "alien", "content": "!"}])).unwrap_err();
/// assert!(error.detail().starts_with("`messages[1].role` is `alien`"));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if an element has none of these forms or does not fit; [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded)
/// for more than [`MAX_DEPTH`](crate::merge::json::MAX_DEPTH) levels of nesting. The error names the place.
pub fn convert_to_messages(messages: impl Into<Value>) -> Result<Vec<Message>> {
    let value = match messages.into() {
        Value::Object(mut map) if map.len() == 1 && map.contains_key("messages") => {
            map.shift_remove("messages").unwrap_or_default()
        }
        one @ (Value::String(_) | Value::Object(_)) => Value::Array(vec![one]),
        other => other,
    };
    let read = |(at, item)| message(item).map_err(|misfit| misfit.inside(format_args!("messages[{at}]")));
    let items = list(value).map_err(|misfit| misfit.inside("messages"))?;
    Ok(items.into_iter().enumerate().map(read).collect::<Result<_, Misfit>>()?)
}

/// One message in any of the forms of [`convert_to_messages`].
impl TryFrom<Value> for Message {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        let one = list(Value::Array(vec![value])).map_err(|misfit| misfit.inside("messages"))?;
        let read = |(at, item)| message(item).map_err(|misfit| misfit.inside(format_args!("messages[{at}]")));
        let mut messages = one.into_iter().enumerate().map(read);
        Ok(messages.next().unwrap_or_else(|| Err(Misfit::missing("messages[0]")))?)
    }
}

/// A conversation in any of the forms of [`convert_to_messages`].
impl TryFrom<Value> for PromptValue {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        convert_to_messages(value).map(Self::new)
    }
}

fn message(value: Value) -> Result<Message, Misfit> {
    match value {
        Value::String(text) => Ok(text.into()),
        Value::Array(items) => pair(items),
        Value::Object(map) => object(map),
        other => Err(Misfit::of_type(
            "",
            "a text, a pair of role and content, or an object",
            &other,
        )),
    }
}

fn pair(items: Vec<Value>) -> Result<Message, Misfit> {
    let Ok([role, content]) = <[Value; 2]>::try_from(items) else {
        return Err(Misfit::new("", "is a list, and not a pair of role and content"));
    };
    let Value::String(role) = role else {
        return Err(Misfit::of_type("[0]", "a role", &role));
    };
    build(&role, "[0]", content, Fields::new(Map::new()))
}

fn object(map: Map<String, Value>) -> Result<Message, Misfit> {
    match envelope::unwrap(map) {
        Ok((kind, kwargs)) => from_envelope(kind, kwargs).map_err(|misfit| misfit.inside("kwargs")),
        Err(map) => match dump_type(&map) {
            Some(kind) => from_dump(kind, map),
            None => from_fields(Fields::new(map)),
        },
    }
}

/// Returns the type of a message with all of its fields, as it serialises; an object that a person wrote lacks some of them.
fn dump_type(map: &Map<String, Value>) -> Option<&'static str> {
    let is_dump = ["content", "additional_kwargs", "response_metadata", "name", "id"]
        .into_iter()
        .all(|key| map.contains_key(key));
    let kind = map.get("type").and_then(Value::as_str).filter(|_| is_dump)?;
    envelope::kinds().find(|known| *known == kind)
}

fn from_dump(kind: &str, map: Map<String, Value>) -> Result<Message, Misfit> {
    let read = AnyMessage::read(kind, Fields::new(map)).ok_or_else(|| Misfit::missing("type"))?;
    read.map(Message::from)
}

fn from_envelope(kind: &'static str, mut kwargs: Map<String, Value>) -> Result<Message, Misfit> {
    // `role` is a field of a chat message. In every other object it names the kind.
    if kind == "chat" || kind.ends_with("Chunk") {
        return from_dump(kind, kwargs);
    }
    kwargs.insert("type".to_owned(), kind.into());
    from_fields(Fields::new(kwargs))
}

fn from_fields(mut fields: Fields) -> Result<Message, Misfit> {
    let key = if fields.has("role") { "role" } else { "type" };
    let role = match fields.take(key) {
        Some(Value::String(role)) => role,
        Some(other) => return Err(Misfit::of_type(key, "a text", &other)),
        None => return Err(Misfit::new("", "needs `role` and `content`, and has no `role`")),
    };
    let content = match fields.take("content") {
        None => return Err(Misfit::new("", "needs `role` and `content`, and has no `content`")),
        // OpenAI writes null for the content of a message that only calls tools.
        Some(Value::Null) => "".into(),
        Some(Value::Array(items)) if items.is_empty() => "".into(),
        Some(content) => content,
    };
    build(&role, key, content, fields)
}

/// Makes a message of a role, its content, and the other members of the object.
fn build(role: &str, place: &str, content: Value, mut fields: Fields) -> Result<Message, Misfit> {
    let tool_calls = match fields.take_some("tool_calls") {
        None => Value::Null,
        Some(Value::Array(calls)) => calls.into_iter().enumerate().map(tool_call).collect::<Result<_, _>>()?,
        Some(other) => return Err(Misfit::of_type("tool_calls", "a list", &other)),
    };
    let mut known = Known::default();
    for key in ["name", "id", "tool_call_id"] {
        known.keep(&mut fields, key);
    }
    if let Some(metadata) = fields.take_some("response_metadata") {
        known.insert("response_metadata", metadata);
    }
    let is_ai = matches!(role, "ai" | "assistant");
    if is_ai {
        known.keep(&mut fields, "usage_metadata");
        known.keep(&mut fields, "invalid_tool_calls");
    }
    if !tool_calls.is_null() {
        known.insert("tool_calls", tool_calls);
    }
    if role == "tool" {
        known.keep(&mut fields, "artifact");
        known.keep(&mut fields, "status");
    }
    if is_ai || matches!(role, "human" | "user") {
        // LangChain's messages once had the field `example`, and still keep it beside the others.
        let example = fields.take("example").filter(|example| *example == Value::Bool(true));
        known.0.extend(example.map(|example| ("example".to_owned(), example)));
    }
    let inner = fields.object("additional_kwargs")?;
    let mut kwargs = fields.into_map();
    kwargs.extend(inner);
    if role == "developer" {
        kwargs.insert("__openai_role__".to_owned(), "developer".into());
    }
    known.insert("additional_kwargs", kwargs.into());
    // The marker has no content, and LangChain ignores the content of such an object.
    known.insert("content", if role == "remove" { Value::Null } else { content });
    let fields = Fields::new(known.0);
    Ok(match role {
        "human" | "user" => HumanMessage::read(fields)?.into(),
        "ai" | "assistant" => AIMessage::read(fields)?.into(),
        "system" | "developer" => SystemMessage::read(fields)?.into(),
        "function" => FunctionMessage::read(fields)?.into(),
        "tool" => ToolMessage::read(fields)?.into(),
        "remove" => RemoveMessage::read(fields)?.into(),
        other => {
            let roles = "human, user, ai, assistant, system, developer, tool, function or remove";
            return Err(Misfit::new(place, format!("is `{other}`: use {roles}")));
        }
    })
}

/// The fields of the message.
#[derive(Default)]
struct Known(Map<String, Value>);

impl Known {
    fn insert(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    fn keep(&mut self, fields: &mut Fields, key: &str) {
        self.0
            .extend(fields.take_some(key).map(|value| (key.to_owned(), value)));
    }
}

/// Converts a tool call in LangChain's form or in OpenAI's, whose arguments are JSON text.
fn tool_call((at, call): (usize, Value)) -> Result<Value, Misfit> {
    read_call(call).map_err(|misfit| misfit.inside(format_args!("tool_calls[{at}]")))
}

fn read_call(call: Value) -> Result<Value, Misfit> {
    let extra = unknown_members(&call);
    let mut call = Fields::new(super::stored::object(call, "an object")?);
    let Some(function) = call.take("function") else {
        return Ok(call.into_map().into());
    };
    let id = call.take("id").ok_or_else(|| Misfit::missing("id"))?;
    let (name, args) = function_of(function).map_err(|misfit| misfit.inside("function"))?;
    let fields = [("name", Value::String(name)), ("args", args), ("id", id)];
    let extras = (!extra.is_empty()).then(|| ("extras", extra.into()));
    Ok(fields
        .into_iter()
        .chain(extras)
        .map(|(key, value)| (key.to_owned(), value))
        .collect())
}

fn function_of(function: Value) -> Result<(String, Value), Misfit> {
    let mut function = Fields::new(super::stored::object(function, "an object")?);
    let name = function.required_text("name")?;
    let args = match function.take("arguments").ok_or_else(|| Misfit::missing("arguments"))? {
        Value::String(text) => {
            parse(&text).map_err(|error| Misfit::new("arguments", format!("is not JSON: {}", error.detail())))?
        }
        other => other,
    };
    match args {
        args @ Value::Object(_) => Ok((name, args)),
        other => Err(Misfit::of_type("arguments", "an object", &other)),
    }
}

/// Parses complete JSON whose strings may hold unescaped control characters, as models write them.
fn parse(text: &str) -> Result<Value> {
    let mut json = PartialJson::new();
    json.push(text)?;
    json.finish()
}
