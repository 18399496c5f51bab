//! Messages and their chunks, with LangChain's names and LangChain's JSON.
//!
//! A conversation is a list of [`Message`]s. An [`AIMessageChunk`] is a piece of an answer, and pieces add up. Log probabilities arrive
//! in [`ResponseMetadata::logprobs`], in whole messages and in every chunk.
//!
//! | task | items |
//! |---|---|
//! | take messages in any form that LangChain takes | [`convert_to_messages`], `Message::try_from` |
//! | store a history and read it | [`messages_to_dict`], [`messages_from_dict`]; [`messages_from_lc`] reads the output of `dumps` |
//! | make a history shorter | [`trim_messages`], [`filter_messages`], [`merge_message_runs`]; their options are steps: `trim \| model` |
//! | count the tokens of a history | [`count_tokens_approximately`], [`TokenCounter`] |
//! | print a history, or write it for OpenAI | [`get_buffer_string`], [`convert_to_openai_messages`] |
//!
//! # Differences from LangChain
//!
//! - Empty content is the identity of addition on both sides, and an id or a name that only one chunk has is kept.
//! - A call that was cut is invalid, also when its pieces are in the content. A known scalar of the metadata is replaced, never joined.
//! - Content of a tool message that is neither text nor a list is read as its JSON text, not as Python prints it.
//! - An object with all fields of a message is read as that message; in other objects `usage_metadata` and `invalid_tool_calls` are fields too.
//! - Trimming counts the text that is kept, and never exceeds its budget.
//!
//! # Depth
//!
//! Messages are read from at most [`MAX_DEPTH`](crate::merge::json::MAX_DEPTH) levels of nesting, whatever the source is. `serde_json` clones, writes
//! and drops a [`Value`] recursively, so a program that puts a deeper value into a field by hand can overflow its stack.

mod content;
pub use content::{Content, ContentPart};
mod json_block;
pub use json_block::JsonBlock;
mod human;
pub use human::{HumanMessage, HumanMessageChunk};
mod system;
pub use system::{SystemMessage, SystemMessageChunk};
mod ai;
pub use ai::{AIMessage, AIMessageChunk, ChunkPosition};
mod tool;
pub use tool::{ToolMessage, ToolMessageChunk, ToolStatus};
mod chat;
pub use chat::{ChatMessage, ChatMessageChunk};
mod function;
pub use function::{FunctionMessage, FunctionMessageChunk};
mod remove;
pub use remove::RemoveMessage;
mod chunk;
pub use chunk::MessageChunk;
mod any;
pub use any::AnyMessage;
pub mod blocks;
pub use blocks::{
    Annotation, BlockIndex, Citation, ContentBlock, InvalidToolCallBlock, MediaBlock, NonStandardBlock, OpenAIApi,
    PlainTextBlock, ReasoningBlock, ServerToolCallBlock, ServerToolCallChunkBlock, ServerToolResultBlock, TextBlock,
    ToolCallBlock, ToolCallChunkBlock, convert_to_openai_data_block, convert_to_openai_image_block,
    is_anthropic_data_block, is_data_content_block,
};
mod tool_call;
pub(crate) use tool_call::read_arguments;
pub use tool_call::{
    InvalidToolCall, ToolCall, ToolCallChunk, ToolCallKind, ToolCallParsing, make_invalid_tool_call, parse_tool_call,
    parse_tool_calls,
};
mod metadata;
pub(crate) use metadata::FROM_CACHE;
pub use metadata::ResponseMetadata;
mod logprobs;
pub use logprobs::{
    AlignedToken, Alignment, FieldConfidence, JsonConfidence, Logprobs, TokenLogprob, TokenLogprobsExt, TopLogprob,
};
mod usage;
pub use usage::{TokenDetails, UsageMetadata};
mod extra;
pub use extra::Extra;
mod stored;
pub use stored::{messages_from_dict, messages_to_dict};
mod envelope;
pub use envelope::messages_from_lc;
mod convert;
pub use convert::convert_to_messages;
mod kind;
pub use crate::conversation::{
    FilterMessages, MergeMessageRuns, TrimMessages, TrimStrategy, filter_messages, merge_message_runs, trim_messages,
};
pub use kind::MessageKind;
mod count;
#[cfg(feature = "tiktoken")]
pub use count::TiktokenCounter;
pub use count::{
    ApproximateCounter, MessageCounter, PerMessage, TokenCounter, WordCounter, count_tokens_approximately, per_message,
};
mod buffer;
pub use buffer::{BufferFormat, BufferOptions, get_buffer_string};
mod openai;
pub use openai::{OpenAIOptions, TextFormat, convert_to_openai_messages};
mod prompt_value;
pub use prompt_value::PromptValue;
mod choices;
pub use choices::{Choices, ChoicesChunk};
mod generation;
pub use generation::ChatGenerationChunk;
mod bounded;
mod fields;
pub(crate) mod id;
pub(crate) mod python;
pub(crate) mod spoken;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use self::bounded::Bounded;
use self::fields::{Fields, Misfit};
use self::spoken::Read;
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
            Self::Remove(_) => &remove::NO_CONTENT,
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
        deserialize_by_type(deserializer, "a message", Self::read)
    }
}

impl Message {
    /// Reads the fields of a message of this type. Returns `None` if there is no such type.
    fn read(kind: &str, fields: Fields) -> Option<Result<Self, Misfit>> {
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

/// Reads one kind of message, or its chunk.
fn deserialize<'de, T: Read, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let Bounded(map) = Bounded::deserialize(deserializer)?;
    T::read(Fields::new(map)).map_err(D::Error::custom)
}

/// Reads a message whose `type` names its kind.
fn deserialize_by_type<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    what: &str,
    read: fn(&str, Fields) -> Option<Result<T, Misfit>>,
) -> Result<T, D::Error> {
    let Bounded(map) = Bounded::deserialize(deserializer)?;
    let kind = match map.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(_) => return Err(D::Error::custom("`type` must be a text")),
        None => return Err(D::Error::missing_field("type")),
    };
    match read(&kind, Fields::new(map)) {
        Some(message) => message.map_err(D::Error::custom),
        None => Err(D::Error::custom(format_args!("`{kind}` is not the type of {what}"))),
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
    FunctionMessage => Function,
    RemoveMessage => Remove
);

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        dump(&message)
    }
}

/// Returns the JSON of a message. Every field is text, numbers, lists and maps with text keys, which JSON can always hold.
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

/// A pair of a role and a text. A role without a message type makes a [`ChatMessage`] in that role.
impl From<(&str, &str)> for Message {
    fn from((role, text): (&str, &str)) -> Self {
        Self::from_role(role, text).unwrap_or_else(|_| ChatMessage::new(role, text).into())
    }
}
