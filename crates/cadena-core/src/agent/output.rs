//! What an agent gives.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{AgentChunk, AgentPart};
use crate::{AIMessage, Message, Result, Streamable};

/// What an agent gives: the whole conversation, from the input to the answer.
///
/// Give [`messages`](Self::messages) back with a further question, and the conversation goes on.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, AgentOutput};
///
/// let output = AgentOutput::new(vec!["1 + 2?".into(), AIMessage::new("3").into()]);
/// assert_eq!(output.text(), "3");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentOutput {
    /// The conversation, first message first, without the system prompt of the agent.
    pub messages: Vec<Message>,
}

impl AgentOutput {
    /// A conversation.
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages }
    }

    /// The model's answer; `None` if a `return_direct` tool had the last word.
    #[must_use]
    pub fn answer(&self) -> Option<&AIMessage> {
        match self.messages.last() {
            Some(Message::AI(answer)) => Some(answer),
            _ => None,
        }
    }

    /// The text of the last message: of the model's answer, or of the last tool's.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.messages.last().map(Message::text).unwrap_or_default()
    }
}

impl Streamable for AgentOutput {
    type Chunk = AgentChunk;

    fn into_chunk(self) -> AgentChunk {
        let whole = self.messages.into_iter().map(AgentPart::Message).enumerate();
        AgentChunk::new(whole)
    }

    fn from_chunk(chunk: AgentChunk) -> Result<Self> {
        let messages = chunk.into_parts().map(|(_, part)| match part {
            AgentPart::Message(message) => message,
            AgentPart::Token(sum) => AIMessage::from(sum).into(),
        });
        Ok(Self::new(messages.collect()))
    }
}
