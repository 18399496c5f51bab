//! Histories as LangChain stores them: `{"type": …, "data": …}`.

use serde_json::{Map, Value, json};

use super::bounded::{is_too_deep, name_of};
use super::fields::{Fields, Misfit};
use super::{AnyMessage, Message, MessageChunk};
use crate::merge::json::{MAX_DEPTH, discard};
use crate::{ErrorKind, Result};

impl Message {
    /// Returns the message as LangChain's `message_to_dict` does: its type, and beside it all of its fields.
    ///
    /// # Examples
    ///
    /// ```
    /// let stored = cadena_core::Message::from("hi").to_dict();
    /// assert_eq!((&stored["type"], &stored["data"]["content"]), (&"human".into(), &"hi".into()));
    /// ```
    #[doc(alias = "message_to_dict")]
    #[must_use]
    pub fn to_dict(&self) -> Value {
        json!({"type": self.kind(), "data": self})
    }
}

impl MessageChunk {
    /// Returns the chunk as LangChain's `message_to_dict` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, MessageChunk};
    ///
    /// let stored = MessageChunk::from(AIMessageChunk::new("Hel")).to_dict();
    /// assert_eq!(stored["type"], "AIMessageChunk");
    /// ```
    #[doc(alias = "message_to_dict")]
    #[must_use]
    pub fn to_dict(&self) -> Value {
        json!({"type": self.kind(), "data": self})
    }
}

impl AnyMessage {
    /// Returns the message or the chunk as LangChain's `message_to_dict` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Message;
    /// use cadena_core::messages::AnyMessage;
    ///
    /// assert_eq!(AnyMessage::from(Message::from("hi")).to_dict()["type"], "human");
    /// ```
    #[doc(alias = "message_to_dict")]
    #[must_use]
    pub fn to_dict(&self) -> Value {
        json!({"type": self.kind(), "data": self})
    }
}

/// Returns a history as LangChain stores it: a list of `{"type": …, "data": …}`.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, messages_from_dict, messages_to_dict};
///
/// let history: Vec<Message> = vec!["hi".into(), ("ai", "Hello!").into()];
/// let stored = messages_to_dict(&history);
/// assert_eq!(stored[1]["type"], "ai");
/// assert_eq!(messages_from_dict::<Message>(stored)?, history);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[must_use]
pub fn messages_to_dict(messages: &[Message]) -> Value {
    messages.iter().map(Message::to_dict).collect()
}

/// Reads a history that [`messages_to_dict`] or LangChain stored, as [`Message`]s or as [`AnyMessage`]s.
///
/// A stored history of LangChain may hold chunks. A chunk read as a [`Message`] is finished, and read as an [`AnyMessage`] it stays a chunk. Fields that
/// a type does not know are kept.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, messages_from_dict};
/// use serde_json::json;
///
/// let history: Vec<Message> = messages_from_dict(json!([{"type": "human", "data": {"content": "hi"}}]))?;
/// assert_eq!(history, [Message::from("hi")]);
///
/// let error = messages_from_dict::<Message>(json!([{"type": "human", "data": {"content": [5]}}])).unwrap_err();
/// assert_eq!(error.detail(), "`[0].data.content[0]` must be a text or an object, not a number");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] if an element has no known type, no data, or data that does not fit its type;
/// [`ErrorKind::LimitExceeded`] for more than [`MAX_DEPTH`] levels of nesting. The error names the place.
pub fn messages_from_dict<M: From<AnyMessage>>(dicts: Value) -> Result<Vec<M>> {
    let read = |(at, dict)| read(dict).map_err(|misfit| misfit.inside(format_args!("[{at}]")));
    let messages = list(dicts)?.into_iter().enumerate().map(read);
    Ok(messages
        .map(|message| message.map(M::from))
        .collect::<Result<_, Misfit>>()?)
}

fn read(dict: Value) -> Result<AnyMessage, Misfit> {
    let mut fields = Fields::new(object(dict, "an object with `type` and `data`")?);
    let kind = fields.required_text("type")?;
    let data = fields.take("data").ok_or_else(|| Misfit::missing("data"))?;
    let data = object(data, "an object").map_err(|misfit| misfit.inside("data"))?;
    AnyMessage::read(&kind, Fields::new(data))
        .ok_or_else(|| Misfit::new("type", format!("is `{kind}`, which is not the type of a message")))?
        .map_err(|misfit| misfit.inside("data"))
}

pub(super) fn object(value: Value, expected: &str) -> Result<Map<String, Value>, Misfit> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err(Misfit::of_type("", expected, &other)),
    }
}

/// Returns the elements of a list, if no element is nested too deep. A list that is refused is dropped without recursion.
pub(super) fn list(value: Value) -> Result<Vec<Value>, Misfit> {
    let items = match value {
        Value::Array(items) => items,
        other => {
            let problem = format!("the messages must be a list, not {}", name_of(&other));
            discard(other);
            return Err(Misfit::new("", problem));
        }
    };
    match items.iter().position(is_too_deep) {
        None => Ok(items),
        Some(at) => {
            discard(Value::Array(items));
            let problem = format!("has more than {MAX_DEPTH} levels of nesting");
            Err(Misfit::new(format!("[{at}]"), problem).with_kind(ErrorKind::LimitExceeded))
        }
    }
}
