//! One message of a conversation, of any kind.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::fields::{Fields, Misfit};
use super::json;
use super::remove::NO_CONTENT;
use super::spoken::Read;
use super::{
    AIMessage, ChatMessage, Content, Extra, FunctionMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage,
};
use crate::{Error, ErrorKind, Result};

/// One message of a conversation.
///
/// A message is made by `into()`: from any message type, from a text (a human message), or from a pair of role and text. It serialises as the
/// message that it holds; the `type` tells the kinds apart.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, SystemMessage};
///
/// let conversation: Vec<Message> = vec![SystemMessage::new("Be brief.").into(), "hi".into()];
/// assert_eq!(conversation[1].kind(), "human");
/// ```
#[doc(alias = "BaseMessage")]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Message {
    /// A message of a person. As JSON: `{"type": "human", "content": "hi", …}`.
    Human(HumanMessage),
    /// Instructions of the application. As JSON: `{"type": "system", "content": "Be brief.", …}`.
    System(SystemMessage),
    /// An answer of a model. As JSON: `{"type": "ai", "content": "Hello!", "tool_calls": [], …}`.
    AI(AIMessage),
    /// An answer of a tool. As JSON: `{"type": "tool", "content": "3", "tool_call_id": "call_1", …}`.
    Tool(ToolMessage),
    /// A message in another role. As JSON: `{"type": "chat", "role": "critic", "content": "Too long.", …}`.
    Chat(ChatMessage),
    /// An answer of a function. As JSON: `{"type": "function", "name": "add", "content": "3", …}`.
    Function(FunctionMessage),
    /// A marker that removes another message from a history. As JSON: `{"type": "remove", "content": "", "id": "msg_1", …}`.
    Remove(RemoveMessage),
}

impl Message {
    /// Makes a message by the name of its role: `human` or `user`, `ai` or `assistant`, `system` or `developer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for another role. Use [`ChatMessage`] or [`ToolMessage`] for other roles.
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
                message.additional_kwargs.insert("__openai_role__", "developer");
                message.into()
            }
            other => {
                let detail = format!("`{other}` is not a role: use human, user, ai, assistant, system or developer");
                return Err(Error::new(ErrorKind::InvalidInput, detail));
            }
        })
    }

    /// Returns the word for the kind of the message: `human`, `system`, `ai`, `tool`, `chat`, `function` or `remove`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::Message::from("hi").kind(), "human");
    /// ```
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Human(_) => "human",
            Self::System(_) => "system",
            Self::AI(_) => "ai",
            Self::Tool(_) => "tool",
            Self::Chat(_) => "chat",
            Self::Function(_) => "function",
            Self::Remove(_) => "remove",
        }
    }

    /// Returns the content: a text or a list of parts. The content of a [`RemoveMessage`] is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Content, Message};
    ///
    /// assert_eq!(Message::from("hi").content(), &Content::from("hi"));
    /// ```
    #[must_use]
    pub fn content(&self) -> &Content {
        match self {
            Self::Human(message) => &message.content,
            Self::System(message) => &message.content,
            Self::AI(message) => &message.content,
            Self::Tool(message) => &message.content,
            Self::Chat(message) => &message.content,
            Self::Function(message) => &message.content,
            Self::Remove(_) => &NO_CONTENT,
        }
    }

    /// Returns the id.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{HumanMessage, Message};
    ///
    /// let message = Message::from(HumanMessage::new("hi").with_id("msg_1"));
    /// assert_eq!(message.id(), Some("msg_1"));
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Human(message) => message.id.as_deref(),
            Self::System(message) => message.id.as_deref(),
            Self::AI(message) => message.id.as_deref(),
            Self::Tool(message) => message.id.as_deref(),
            Self::Chat(message) => message.id.as_deref(),
            Self::Function(message) => message.id.as_deref(),
            Self::Remove(message) => Some(&message.id),
        }
    }

    /// Returns the name of the speaker.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{HumanMessage, Message};
    ///
    /// let message = Message::from(HumanMessage::new("hi").with_name("Ann"));
    /// assert_eq!(message.name(), Some("Ann"));
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Human(message) => message.name.as_deref(),
            Self::System(message) => message.name.as_deref(),
            Self::AI(message) => message.name.as_deref(),
            Self::Tool(message) => message.name.as_deref(),
            Self::Chat(message) => message.name.as_deref(),
            Self::Function(message) => message.name.as_deref(),
            Self::Remove(message) => message.name.as_deref(),
        }
    }

    /// Returns the provider's data about the message that has no field, such as a `refusal`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Message};
    ///
    /// let mut message = AIMessage::new("");
    /// message.additional_kwargs.insert("refusal", "I cannot.");
    /// assert_eq!(Message::from(message).additional_kwargs()["refusal"], "I cannot.");
    /// ```
    #[must_use]
    pub fn additional_kwargs(&self) -> &Extra {
        match self {
            Self::Human(message) => &message.additional_kwargs,
            Self::System(message) => &message.additional_kwargs,
            Self::AI(message) => &message.additional_kwargs,
            Self::Tool(message) => &message.additional_kwargs,
            Self::Chat(message) => &message.additional_kwargs,
            Self::Function(message) => &message.additional_kwargs,
            Self::Remove(message) => &message.additional_kwargs,
        }
    }

    /// Returns the text of the content, without images and other parts.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::Message::from("hi").text(), "hi");
    /// ```
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.content().text()
    }

    /// Returns the message of a model, if this is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Message};
    ///
    /// assert!(Message::from(AIMessage::new("Hello!")).as_ai().is_some());
    /// assert!(Message::from("hi").as_ai().is_none());
    /// ```
    #[must_use]
    pub fn as_ai(&self) -> Option<&AIMessage> {
        match self {
            Self::AI(message) => Some(message),
            _ => None,
        }
    }
}

crate::flow_whole!(Message);

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::deserialize_by_type(deserializer, "a message", Self::read)
    }
}

impl Message {
    /// Reads the fields of a message of this type. Returns `None` if there is no such type.
    pub(super) fn read(kind: &str, fields: Fields) -> Option<Result<Self, Misfit>> {
        Some(match kind {
            "human" => Read::read(fields).map(Self::Human),
            "system" => Read::read(fields).map(Self::System),
            "ai" => Read::read(fields).map(Self::AI),
            "tool" => Read::read(fields).map(Self::Tool),
            "chat" => Read::read(fields).map(Self::Chat),
            "function" => Read::read(fields).map(Self::Function),
            "remove" => Read::read(fields).map(Self::Remove),
            _ => return None,
        })
    }
}

impl Message {
    /// Returns the content to be changed; a [`RemoveMessage`] has no content.
    pub(crate) fn content_mut(&mut self) -> Option<&mut Content> {
        match self {
            Self::Human(message) => Some(&mut message.content),
            Self::System(message) => Some(&mut message.content),
            Self::AI(message) => Some(&mut message.content),
            Self::Tool(message) => Some(&mut message.content),
            Self::Chat(message) => Some(&mut message.content),
            Self::Function(message) => Some(&mut message.content),
            Self::Remove(_) => None,
        }
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
                json::dump(&message)
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
    FunctionMessage => Function,
    RemoveMessage => Remove
);

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        json::dump(&message)
    }
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

/// A pair of a role and a text. A role without a message type makes a [`ChatMessage`] in that role.
impl From<(&str, &str)> for Message {
    fn from((role, text): (&str, &str)) -> Self {
        Self::from_role(role, text).unwrap_or_else(|_| ChatMessage::new(role, text).into())
    }
}
