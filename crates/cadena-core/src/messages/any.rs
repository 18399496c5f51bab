//! A message or a chunk: an element of a stored history.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::fields::{Fields, Misfit};
use super::{Message, MessageChunk};

/// A message or a chunk: an element of a stored history.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::AnyMessage;
/// use cadena_core::{Message, messages_from_dict};
/// use serde_json::json;
///
/// let stored = json!([{"type": "AIMessageChunk", "data": {"content": "Hel"}}]);
/// let kept: Vec<AnyMessage> = messages_from_dict(stored)?;
/// assert_eq!(kept[0].kind(), "AIMessageChunk");
/// assert_eq!(Message::from(kept[0].clone()).kind(), "ai");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AnyMessage {
    /// A whole message. As JSON: `{"type": "human", "content": "hi", …}`.
    Message(Message),
    /// A chunk. As JSON: `{"type": "AIMessageChunk", "content": "Hel", …}`.
    Chunk(MessageChunk),
}

impl AnyMessage {
    /// Returns the word for the kind: `human`, `AIMessageChunk` and so on.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::AnyMessage;
    /// use cadena_core::{AIMessageChunk, Message, MessageChunk};
    ///
    /// assert_eq!(AnyMessage::from(Message::from("hi")).kind(), "human");
    /// assert_eq!(AnyMessage::from(MessageChunk::from(AIMessageChunk::new("Hel"))).kind(), "AIMessageChunk");
    /// ```
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Message(message) => message.kind(),
            Self::Chunk(chunk) => chunk.kind(),
        }
    }

    pub(crate) fn read(kind: &str, fields: Fields) -> Option<Result<Self, Misfit>> {
        // The `type` of a chunk is the name of its class, which ends like this; no kind of a message does.
        if kind.ends_with("Chunk") {
            return Some(MessageChunk::read(kind, fields)?.map(Self::Chunk));
        }
        Some(Message::read(kind, fields)?.map(Self::Message))
    }
}

impl<'de> Deserialize<'de> for AnyMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::json::deserialize_by_type(deserializer, "a message", Self::read)
    }
}

impl From<Message> for AnyMessage {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

impl From<MessageChunk> for AnyMessage {
    fn from(chunk: MessageChunk) -> Self {
        Self::Chunk(chunk)
    }
}

/// A chunk is finished.
impl From<AnyMessage> for Message {
    fn from(any: AnyMessage) -> Self {
        match any {
            AnyMessage::Message(message) => message,
            AnyMessage::Chunk(chunk) => chunk.into(),
        }
    }
}

impl From<AnyMessage> for Value {
    fn from(any: AnyMessage) -> Self {
        super::json::dump(&any)
    }
}
