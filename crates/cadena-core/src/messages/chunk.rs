//! A piece of a message of any kind.

use std::borrow::Cow;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::fields::{Fields, Misfit};
use super::spoken::{Base, Read, merge_kwargs};
use super::{
    AIMessageChunk, ChatMessageChunk, Content, FunctionMessageChunk, HumanMessageChunk, Message, SystemMessageChunk,
    ToolMessageChunk,
};
use crate::merge::conflict;
use crate::{Error, ErrorKind, Merge, Result};

/// A piece of a message of any kind.
///
/// Two pieces of one kind add up by the rules of that kind. A piece of another kind adds its content, `additional_kwargs` and
/// `response_metadata` to the left piece, whose kind stays; only the answers of tools and functions take nothing from other kinds.
/// `+` keeps the left value where two values cannot be added, and [`Merge::merge`] also returns the error.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessageChunk, HumanMessageChunk, Message, MessageChunk};
///
/// let sum = MessageChunk::from(AIMessageChunk::new("a")) + HumanMessageChunk::new("b").into();
/// assert_eq!(sum.kind(), "AIMessageChunk");
/// assert_eq!(Message::from(sum).text(), "ab");
/// ```
#[doc(alias = "BaseMessageChunk")]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum MessageChunk {
    /// A piece of a human message. As JSON: `{"type": "HumanMessageChunk", "content": "hi", …}`.
    Human(HumanMessageChunk),
    /// A piece of a system message. As JSON: `{"type": "SystemMessageChunk", "content": "Be brief.", …}`.
    System(SystemMessageChunk),
    /// A piece of a model's message. As JSON: `{"type": "AIMessageChunk", "content": "Hel", "tool_call_chunks": [], …}`.
    AI(AIMessageChunk),
    /// A piece of a tool's answer. As JSON: `{"type": "ToolMessageChunk", "content": "3", "tool_call_id": "call_1", …}`.
    Tool(ToolMessageChunk),
    /// A piece of a message in another role. As JSON: `{"type": "ChatMessageChunk", "role": "critic", "content": "Too", …}`.
    Chat(ChatMessageChunk),
    /// A piece of a function's answer. As JSON: `{"type": "FunctionMessageChunk", "name": "add", "content": "3", …}`.
    Function(FunctionMessageChunk),
}

impl MessageChunk {
    /// Returns the word for the kind of the piece: `HumanMessageChunk` and so on.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, MessageChunk};
    ///
    /// assert_eq!(MessageChunk::from(AIMessageChunk::new("Hel")).kind(), "AIMessageChunk");
    /// ```
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Human(_) => "HumanMessageChunk",
            Self::System(_) => "SystemMessageChunk",
            Self::AI(_) => "AIMessageChunk",
            Self::Tool(_) => "ToolMessageChunk",
            Self::Chat(_) => "ChatMessageChunk",
            Self::Function(_) => "FunctionMessageChunk",
        }
    }

    /// Returns the content: a text or a list of parts.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Content, MessageChunk};
    ///
    /// assert_eq!(MessageChunk::from(AIMessageChunk::new("Hel")).content(), &Content::from("Hel"));
    /// ```
    #[must_use]
    pub fn content(&self) -> &Content {
        match self {
            Self::Human(chunk) => &chunk.content,
            Self::System(chunk) => &chunk.content,
            Self::AI(chunk) => &chunk.content,
            Self::Tool(chunk) => &chunk.content,
            Self::Chat(chunk) => &chunk.content,
            Self::Function(chunk) => &chunk.content,
        }
    }

    /// Returns the text of the content.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, MessageChunk};
    ///
    /// assert_eq!(MessageChunk::from(AIMessageChunk::new("Hel")).text(), "Hel");
    /// ```
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.content().text()
    }

    pub(crate) fn read(kind: &str, fields: Fields) -> Option<Result<Self, Misfit>> {
        Some(match kind {
            "HumanMessageChunk" => Read::read(fields).map(Self::Human),
            "SystemMessageChunk" => Read::read(fields).map(Self::System),
            "AIMessageChunk" => Read::read(fields).map(Self::AI),
            "ToolMessageChunk" => Read::read(fields).map(Self::Tool),
            "ChatMessageChunk" => Read::read(fields).map(Self::Chat),
            "FunctionMessageChunk" => Read::read(fields).map(Self::Function),
            _ => return None,
        })
    }

    fn into_base(self) -> Base {
        match self {
            Self::Human(chunk) => chunk.into_base(),
            Self::System(chunk) => chunk.into_base(),
            Self::AI(chunk) => chunk.into_base(),
            Self::Tool(chunk) => chunk.into_base(),
            Self::Chat(chunk) => chunk.into_base(),
            Self::Function(chunk) => chunk.into_base(),
        }
    }

    fn merge_base(&mut self, base: Base) -> Result<()> {
        let kind = self.kind();
        let (content, kwargs, metadata) = match self {
            Self::Human(left) => (
                &mut left.content,
                &mut left.additional_kwargs,
                &mut left.response_metadata,
            ),
            Self::System(left) => (
                &mut left.content,
                &mut left.additional_kwargs,
                &mut left.response_metadata,
            ),
            Self::AI(left) => (
                &mut left.content,
                &mut left.additional_kwargs,
                &mut left.response_metadata,
            ),
            Self::Chat(left) => (
                &mut left.content,
                &mut left.additional_kwargs,
                &mut left.response_metadata,
            ),
            Self::Tool(_) | Self::Function(_) => {
                return Err(conflict(&format!("a {kind} adds up with its own kind only")));
            }
        };
        let results = [
            content.merge(base.content),
            merge_kwargs(kwargs, base.additional_kwargs),
            metadata.merge(base.response_metadata),
        ];
        results.into_iter().collect()
    }
}

impl Merge for MessageChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        match (self, next) {
            (Self::Human(left), Self::Human(right)) => left.merge(right),
            (Self::System(left), Self::System(right)) => left.merge(right),
            (Self::AI(left), Self::AI(right)) => left.merge(right),
            (Self::Tool(left), Self::Tool(right)) => left.merge(right),
            (Self::Chat(left), Self::Chat(right)) => left.merge(right),
            (Self::Function(left), Self::Function(right)) => left.merge(right),
            (left, right) => left.merge_base(right.into_base()),
        }
    }
}

/// As [`Merge`], but where two values cannot be added the left one stays.
impl AddAssign for MessageChunk {
    fn add_assign(&mut self, next: Self) {
        let _ = self.merge(next);
    }
}

impl Add for MessageChunk {
    type Output = Self;
    fn add(mut self, next: Self) -> Self {
        self += next;
        self
    }
}

impl Extend<Self> for MessageChunk {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, iter: I) {
        iter.into_iter().for_each(|chunk| *self += chunk);
    }
}

impl<'de> Deserialize<'de> for MessageChunk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::json::deserialize_by_type(deserializer, "a message chunk", Self::read)
    }
}

impl From<MessageChunk> for Message {
    /// Finishes the message: of a model's tool calls only those with complete arguments are calls.
    fn from(chunk: MessageChunk) -> Self {
        match chunk {
            MessageChunk::Human(chunk) => Self::Human(chunk.into()),
            MessageChunk::System(chunk) => Self::System(chunk.into()),
            MessageChunk::AI(chunk) => Self::AI(chunk.into()),
            MessageChunk::Tool(chunk) => Self::Tool(chunk.into()),
            MessageChunk::Chat(chunk) => Self::Chat(chunk.into()),
            MessageChunk::Function(chunk) => Self::Function(chunk.into()),
        }
    }
}

/// The whole message as one piece; a [`RemoveMessage`](super::RemoveMessage) has no pieces.
impl TryFrom<Message> for MessageChunk {
    type Error = Error;

    fn try_from(message: Message) -> Result<Self> {
        Ok(match message {
            Message::Human(message) => Self::Human(message.into()),
            Message::System(message) => Self::System(message.into()),
            Message::AI(message) => Self::AI(message.into()),
            Message::Tool(message) => Self::Tool(message.into()),
            Message::Chat(message) => Self::Chat(message.into()),
            Message::Function(message) => Self::Function(message.into()),
            Message::Remove(_) => return Err(Error::new(ErrorKind::InvalidInput, "a RemoveMessage has no pieces")),
        })
    }
}

macro_rules! into_chunk {
    ($($type:ident => $variant:ident),*) => {$(
        impl From<$type> for MessageChunk {
            fn from(chunk: $type) -> Self {
                Self::$variant(chunk)
            }
        }

        impl From<$type> for Value {
            fn from(chunk: $type) -> Self {
                super::json::dump(&chunk)
            }
        }
    )*};
}

into_chunk!(
    HumanMessageChunk => Human,
    SystemMessageChunk => System,
    AIMessageChunk => AI,
    ToolMessageChunk => Tool,
    ChatMessageChunk => Chat,
    FunctionMessageChunk => Function
);

impl From<MessageChunk> for Value {
    fn from(chunk: MessageChunk) -> Self {
        super::json::dump(&chunk)
    }
}
