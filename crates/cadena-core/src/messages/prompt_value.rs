//! The output of a prompt, and the input of a model.

use serde::{Deserialize, Serialize};

use super::{
    AIMessage, ChatMessage, FunctionMessage, HumanMessage, Message, RemoveMessage, SystemMessage, ToolMessage,
};
use crate::{Result, Streamable, Whole};

/// The output of a prompt and the input of a model: the messages of a conversation.
///
/// A `PromptValue` is made by `into()` from a text, a pair of role and text, a message, or a list of messages.
///
/// # Examples
///
/// ```
/// use cadena_core::{PromptValue, SystemMessage};
///
/// let conversation = PromptValue::from(vec![SystemMessage::new("Be brief.").into(), "hi".into()]);
/// assert_eq!(conversation.messages.len(), 2);
///
/// // A pair is a role and a text. This is one message of a human.
/// let prompt = PromptValue::from(("human", "how are you today"));
/// assert_eq!(prompt.messages[0].text(), "how are you today");
/// ```
#[doc(alias = "ChatPromptValue")]
#[doc(alias = "StringPromptValue")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromptValue {
    /// The messages, first one first.
    pub messages: Vec<Message>,
}

impl PromptValue {
    /// Makes a conversation of messages.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::PromptValue::new(vec!["hi".into()]).messages.len(), 1);
    /// ```
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages }
    }
}

impl Streamable for PromptValue {
    type Chunk = Whole<Self>;

    fn into_chunk(self) -> Whole<Self> {
        Whole(self)
    }

    fn from_chunk(chunk: Whole<Self>) -> Result<Self> {
        Ok(chunk.0)
    }

    fn from_json(json: serde_json::Value) -> Result<Self> {
        crate::streamable::read_json(json)
    }
}

macro_rules! from_one_message {
    ($($type:ty),*) => {$(
        impl From<$type> for PromptValue {
            fn from(message: $type) -> Self {
                Self { messages: vec![message.into()] }
            }
        }
    )*};
}

from_one_message!(
    &str,
    String,
    Message,
    HumanMessage,
    SystemMessage,
    AIMessage,
    ToolMessage,
    ChatMessage,
    FunctionMessage,
    RemoveMessage
);

impl From<Vec<Message>> for PromptValue {
    fn from(messages: Vec<Message>) -> Self {
        Self { messages }
    }
}

impl From<&[Message]> for PromptValue {
    fn from(messages: &[Message]) -> Self {
        Self {
            messages: messages.to_vec(),
        }
    }
}

/// A pair of a role and a text is one message.
impl From<(&str, &str)> for PromptValue {
    fn from(pair: (&str, &str)) -> Self {
        Self {
            messages: vec![pair.into()],
        }
    }
}

/// Pairs of a role and a text are a conversation.
impl<const N: usize> From<[(&str, &str); N]> for PromptValue {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self {
            messages: pairs.map(Message::from).into(),
        }
    }
}
