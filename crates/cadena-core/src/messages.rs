//! Messages and their chunks, in LangChain's names and JSON.
//!
//! A [`Message`] is what a conversation is made of; an [`AIMessageChunk`] is a piece of an answer, and pieces add up. Log
//! probabilities arrive in [`ResponseMetadata::logprobs`], in whole messages and in every chunk.
//!
//! | to | use |
//! |---|---|
//! | take messages in any form of LangChain's | [`convert_to_messages`], `Message::try_from` |
//! | store a history and read it | [`messages_to_dict`], [`messages_from_dict`]; [`messages_from_lc`] for what `dumps` wrote |
//! | make it shorter | [`trim_messages`], [`filter_messages`], [`merge_message_runs`]; their options are steps: `trim \| model` |
//! | count its tokens | [`count_tokens_approximately`], [`TokenCounter`] |
//! | print it, or write it for OpenAI | [`get_buffer_string`], [`convert_to_openai_messages`] |
//!
//! # Where it leaves LangChain
//!
//! - Empty content is the identity of addition on both sides, and an id or a name that only one chunk has is kept.
//! - A call that was cut is invalid, also when its pieces stand in the content; a known scalar of the metadata is replaced, never joined.
//! - Content of a tool's message that is neither text nor a list is read as its JSON text, not as Python prints it.
//! - A dictionary with all fields of a message is that message; in others `usage_metadata` and `invalid_tool_calls` are fields too.
//! - Trimming counts the text that is kept, and never exceeds its budget.
//!
//! # Depth
//!
//! Messages are read from at most [`MAX_DEPTH`](crate::merge::json::MAX_DEPTH) levels of nesting, whatever they are read from. Cloning, writing and dropping a [`Value`]
//! is recursive in `serde_json`: who puts a deeper one into a field by hand must mind that.

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
    /// Takes another message out of a history. As JSON: `{"type": "remove", "content": "", "id": "msg_1", …}`.
    Remove(RemoveMessage),
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
                message.additional_kwargs.insert("__openai_role__", "developer");
                message.into()
            }
            other => {
                let detail = format!("`{other}` is not a role: use human, user, ai, assistant, system or developer");
                return Err(Error::new(ErrorKind::InvalidInput, detail));
            }
        })
    }

    /// The word that tells it apart: `human`, `system`, `ai`, `tool`, `chat`, `function` or `remove`.
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
            Self::Remove(_) => &remove::NO_CONTENT,
        }
    }

    /// Its id.
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

    /// The name of the speaker.
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

    /// What a provider sent or wants beside the content.
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

crate::flow_whole!(Message);

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_by_type(deserializer, "a message", Self::read)
    }
}

impl Message {
    /// Reads the fields of a message of this type; `None` if there is no such type.
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
    /// What it says, to be changed; a marker says nothing.
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

/// Reads a message whose kind stands in its `type`.
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
