//! LangChain's constructor envelopes, `{"lc": 1, "type": "constructor", …}`: of messages, and of nothing else.

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

/// LangChain's mark around data that only looks like one of its objects.
const ESCAPED: &str = "__lc_escaped__";

/// Reads messages that LangChain wrote with `dumps`: constructor envelopes of messages, and of nothing else.
///
/// Nothing is constructed but messages, whatever an envelope asks for, and nothing is looked up: no secret, no environment
/// variable, no path. An envelope inside a message is refused; data that LangChain escaped because it looks like one
/// (`__lc_escaped__`) comes back as the data that it is.
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

/// The type of the message in an envelope, and what it was made of.
type Unwrapped = (&'static str, Map<String, Value>);

/// Takes an envelope off; anything else comes back.
///
/// Only the shape is looked at and only the last word of the name, which is compared with a fixed list: as LangChain does it.
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

/// The type of every message and every chunk.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|(_, kind)| *kind)
}

/// Takes LangChain's marks off, and refuses what is not marked and looks like one of its objects.
fn unescape(value: &mut Value) -> Result<(), Misfit> {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                unescape(item).map_err(|misfit| misfit.inside(format_args!("[{at}]")))?;
            }
        }
        Value::Object(map) if map.len() == 1 && map.contains_key(ESCAPED) => {
            // What is inside is data as it was, marks of its own included.
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
