//! Messages and their chunks, in LangChain's names and JSON.
//!
//! A [`Message`] is what a conversation is made of; an [`AIMessageChunk`] is a piece of an answer, and pieces add up. Log
//! probabilities arrive in [`ResponseMetadata::logprobs`], in whole messages and in every chunk.

mod content;
pub use content::{Content, ContentPart};
mod spoken;
pub use spoken::{ChatMessage, FunctionMessage, HumanMessage, SystemMessage, ToolMessage, ToolStatus};
mod ai;
pub use ai::{AIMessage, AIMessageChunk, ChunkPosition};
mod tool_call;
pub use tool_call::{InvalidToolCall, ToolCall, ToolCallChunk};
mod metadata;
pub use metadata::ResponseMetadata;
mod logprobs;
pub use logprobs::{Logprobs, TokenLogprob, TopLogprob};
mod usage;
pub use usage::{TokenDetails, UsageMetadata};
mod extra;
pub use extra::Extra;
pub(crate) mod id;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Result};

/// One message of a conversation.
///
/// Made from any message type by `into()`, and from a text, which is what a person says, or a pair of role and text.
/// Serialises as the message that it holds, told apart by `type`.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, SystemMessage};
///
/// let conversation: Vec<Message> = vec![SystemMessage::new("Be brief.").into(), "hi".into()];
/// assert_eq!(conversation[1].kind(), "human");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Message {
    /// What a person says. As JSON: `{"type": "human", "content": "hi", …}`.
    Human(HumanMessage),
    /// What the application says. As JSON: `{"type": "system", "content": "Be brief.", …}`.
    System(SystemMessage),
    /// What a model says. As JSON: `{"type": "ai", "content": "Hello!", "tool_calls": [], …}`.
    AI(AIMessage),
    /// What a tool answers. As JSON: `{"type": "tool", "content": "3", "tool_call_id": "call_1", …}`.
    Tool(ToolMessage),
    /// A message in another role. As JSON: `{"type": "chat", "role": "critic", "content": "Too long.", …}`.
    Chat(ChatMessage),
    /// What a function answers. As JSON: `{"type": "function", "name": "add", "content": "3", …}`.
    Function(FunctionMessage),
}

impl Message {
    /// A message by the name of its role: `human` or `user`, `ai` or `assistant`, `system` or `developer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for another role: use [`ChatMessage`] or [`ToolMessage`] for those.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Message;
    ///
    /// assert_eq!(Message::from_role("user", "hi")?.kind(), "human");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn from_role(role: &str, content: impl Into<Content>) -> Result<Self> {
        Ok(match role {
            "human" | "user" => HumanMessage::new(content).into(),
            "ai" | "assistant" => AIMessage::new(content).into(),
            "system" => SystemMessage::new(content).into(),
            "developer" => {
                let mut message = SystemMessage::new(content);
                message
                    .additional_kwargs
                    .insert("__openai_role__".to_owned(), "developer".into());
                message.into()
            }
            other => {
                let detail = format!("`{other}` is not a role: use human, user, ai, assistant, system or developer");
                return Err(Error::new(ErrorKind::InvalidInput, detail));
            }
        })
    }

    /// The word that tells it apart: `human`, `system`, `ai`, `tool`, `chat` or `function`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Human(_) => "human",
            Self::System(_) => "system",
            Self::AI(_) => "ai",
            Self::Tool(_) => "tool",
            Self::Chat(_) => "chat",
            Self::Function(_) => "function",
        }
    }

    /// What it says.
    #[must_use]
    pub fn content(&self) -> &Content {
        match self {
            Self::Human(message) => &message.content,
            Self::System(message) => &message.content,
            Self::AI(message) => &message.content,
            Self::Tool(message) => &message.content,
            Self::Chat(message) => &message.content,
            Self::Function(message) => &message.content,
        }
    }

    /// The text of the content.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.content().text()
    }

    /// The message as a model's, if it is one.
    #[must_use]
    pub fn as_ai(&self) -> Option<&AIMessage> {
        match self {
            Self::AI(message) => Some(message),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let kind = map
            .get("type")
            .and_then(Value::as_str)
            .ok_or_else(|| D::Error::missing_field("type"))?
            .to_owned();
        let value = Value::Object(map);
        let read = match kind.as_str() {
            "human" => serde_json::from_value(value).map(Self::Human),
            "system" => serde_json::from_value(value).map(Self::System),
            "ai" => serde_json::from_value(value).map(Self::AI),
            "tool" => serde_json::from_value(value).map(Self::Tool),
            "chat" => serde_json::from_value(value).map(Self::Chat),
            "function" => serde_json::from_value(value).map(Self::Function),
            other => {
                let known = &["human", "system", "ai", "tool", "chat", "function"];
                return Err(D::Error::unknown_variant(other, known));
            }
        };
        read.map_err(D::Error::custom)
    }
}

macro_rules! into_message {
    ($($type:ident => $variant:ident),*) => {$(
        impl From<$type> for Message {
            fn from(message: $type) -> Self {
                Self::$variant(message)
            }
        }

        impl From<$type> for Value {
            fn from(message: $type) -> Self {
                dump(&message)
            }
        }
    )*};
}

into_message!(
    HumanMessage => Human,
    SystemMessage => System,
    AIMessage => AI,
    ToolMessage => Tool,
    ChatMessage => Chat,
    FunctionMessage => Function
);

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        dump(&message)
    }
}

/// Every field of a message is text, numbers, lists and maps with text keys, which JSON can always hold.
fn dump(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap_or_default()
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        HumanMessage::new(text).into()
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        HumanMessage::new(text).into()
    }
}

/// A role and what it says. A role that has no type of its own makes a [`ChatMessage`] in that role.
impl From<(&str, &str)> for Message {
    fn from((role, text): (&str, &str)) -> Self {
        Self::from_role(role, text).unwrap_or_else(|_| ChatMessage::new(role, text).into())
    }
}

/// Reads an id as text; LangChain takes numbers too.
pub(crate) fn lenient_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(id) => Ok(Some(id)),
        Value::Number(id) => Ok(Some(id.to_string())),
        _ => Err(D::Error::custom("an id must be a text or a number")),
    }
}
