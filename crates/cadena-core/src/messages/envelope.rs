//! LangChain's constructor envelopes, `{"lc": 1, "type": "constructor", …}`, of messages only.

use serde_json::{Map, Value};

use super::AnyMessage;
use super::fields::{Fields, Misfit};
use super::stored::{list, object};
use crate::Result;

/// The classes whose envelopes can be read, each with the type of its messages.
const CLASSES: [(&str, &str); 13] = [
    ("HumanMessage", "human"),
    ("SystemMessage", "system"),
    ("AIMessage", "ai"),
    ("ToolMessage", "tool"),
    ("ChatMessage", "chat"),
    ("FunctionMessage", "function"),
    ("RemoveMessage", "remove"),
    ("HumanMessageChunk", "HumanMessageChunk"),
    ("SystemMessageChunk", "SystemMessageChunk"),
    ("AIMessageChunk", "AIMessageChunk"),
    ("ToolMessageChunk", "ToolMessageChunk"),
    ("ChatMessageChunk", "ChatMessageChunk"),
    ("FunctionMessageChunk", "FunctionMessageChunk"),
];

/// LangChain's mark for data that only looks like one of its objects.
const ESCAPED: &str = "__lc_escaped__";

/// Reads messages that LangChain wrote with `dumps`: constructor envelopes of messages only.
///
/// Only messages are constructed, whatever an envelope asks for, and nothing is looked up: no secret, no environment variable, no path. An
/// envelope inside a message is refused. Data that LangChain escaped because it looks like an envelope (`__lc_escaped__`) is read as the data
/// that it was.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, messages_from_lc};
/// use serde_json::json;
///
/// let stored = json!([{
///     "lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],
///     "kwargs": {"content": "hi", "additional_kwargs": {"note": {"__lc_escaped__": {"lc": 2}}}},
/// }]);
/// let history: Vec<Message> = messages_from_lc(stored)?;
/// assert_eq!(history[0].additional_kwargs()["note"], json!({"lc": 2}));
///
/// let evil = json!([{"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}]);
/// let error = messages_from_lc::<Message>(evil).unwrap_err();
/// assert_eq!(error.detail(), "`[0]` is not the envelope of a message");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if an element is not the envelope of a message, holds another envelope, or has fields that do not
/// fit; [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded) for too many levels of nesting. The error names the place.
#[doc(alias = "loads")]
#[doc(alias = "load")]
pub fn messages_from_lc<M: From<AnyMessage>>(envelopes: Value) -> Result<Vec<M>> {
    let read = |(at, value)| read(value).map_err(|misfit| misfit.inside(format_args!("[{at}]")));
    let messages = list(envelopes)?.into_iter().enumerate().map(read);
    Ok(messages
        .map(|message| message.map(M::from))
        .collect::<Result<_, Misfit>>()?)
}

fn read(value: Value) -> Result<AnyMessage, Misfit> {
    let not_one = || Misfit::new("", "is not the envelope of a message");
    let (kind, kwargs) = unwrap(object(value, "an envelope")?).map_err(|_| not_one())?;
    let kwargs = kwargs.into_iter().map(|(key, mut value)| match unescape(&mut value) {
        Ok(()) => Ok((key, value)),
        Err(misfit) => Err(misfit.inside(key)),
    });
    let kwargs = kwargs
        .collect::<Result<Map<_, _>, _>>()
        .map_err(|misfit| misfit.inside("kwargs"))?;
    AnyMessage::read(kind, Fields::new(kwargs))
        .ok_or_else(not_one)?
        .map_err(|misfit| misfit.inside("kwargs"))
}

/// The type of the message in an envelope, and the arguments of its constructor.
type Unwrapped = (&'static str, Map<String, Value>);

/// Unwraps an envelope; returns any other object unchanged as the error.
///
/// Only the shape and the last word of the class's name are compared, as in LangChain. The name is looked up in a fixed list.
pub(super) fn unwrap(mut map: Map<String, Value>) -> Result<Unwrapped, Map<String, Value>> {
    let is_constructor = map.get("lc").is_some_and(|version| *version == 1)
        && map.get("type").is_some_and(|kind| kind == "constructor")
        && map.get("kwargs").is_some_and(Value::is_object);
    let class = map
        .get("id")
        .and_then(Value::as_array)
        .and_then(|id| id.last())
        .and_then(Value::as_str);
    let found = CLASSES.iter().find(|(name, _)| Some(*name) == class);
    match (is_constructor, found) {
        (true, Some((_, kind))) => match map.shift_remove("kwargs") {
            Some(Value::Object(kwargs)) => Ok((kind, kwargs)),
            _ => Err(map),
        },
        _ => Err(map),
    }
}

/// Returns the type of every message and of every chunk.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|(_, kind)| *kind)
}

/// Removes LangChain's marks, and refuses an object that looks like one of LangChain's and has no mark.
fn unescape(value: &mut Value) -> Result<(), Misfit> {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                unescape(item).map_err(|misfit| misfit.inside(format_args!("[{at}]")))?;
            }
        }
        Value::Object(map) if map.len() == 1 && map.contains_key(ESCAPED) => {
            // The value inside is the data as it was, including marks that it had itself.
            if let Some(inner) = map.shift_remove(ESCAPED) {
                *value = inner;
            }
        }
        Value::Object(map) if map.contains_key("lc") => {
            return Err(Misfit::new(
                "",
                "is another object of LangChain's: only messages are read",
            ));
        }
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                unescape(item).map_err(|misfit| misfit.inside(key))?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}
