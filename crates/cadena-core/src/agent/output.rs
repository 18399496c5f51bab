//! The output of an agent.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{AgentChunk, AgentPart};
use crate::{AIMessage, Message, Result, Streamable};

/// The output of an agent: the whole conversation, from the input to the answer.
///
/// To go on with the conversation, add a question to [`messages`](Self::messages) and give them to the agent again.
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, EchoModel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let agent = agent(EchoModel::new(), ())?;
/// let output = agent.invoke("hi").await?;
/// assert_eq!(output.text(), "hi");
///
/// let mut messages = output.messages;
/// messages.push("and now?".into());
/// assert_eq!(agent.invoke(messages).await?.messages.len(), 4);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentOutput {
    /// The conversation, first message first, without the system prompt of the agent.
    pub messages: Vec<Message>,
}

impl AgentOutput {
    /// Makes an output of a conversation, for tests and for steps that stand in for an agent.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AgentOutput};
    ///
    /// let output = AgentOutput::new(vec!["1 + 2?".into(), AIMessage::new("3").into()]);
    /// assert_eq!(output.text(), "3");
    /// ```
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages }
    }

    /// Returns the model's answer; `None` if the answer of a `return_direct` tool ended the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AgentOutput, ToolMessage};
    ///
    /// let answered = AgentOutput::new(vec!["1 + 2?".into(), AIMessage::new("3").into()]);
    /// assert_eq!(answered.answer().map(AIMessage::text), Some("3".into()));
    ///
    /// let direct = AgentOutput::new(vec!["1 + 2?".into(), ToolMessage::new("3", "call_1").into()]);
    /// assert_eq!(direct.answer(), None);
    /// ```
    #[must_use]
    pub fn answer(&self) -> Option<&AIMessage> {
        match self.messages.last() {
            Some(Message::AI(answer)) => Some(answer),
            _ => None,
        }
    }

    /// Returns the text of the last message: the model's answer, or the answer of the `return_direct` tool that ended the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AgentOutput, ToolMessage};
    ///
    /// let output = AgentOutput::new(vec!["1 + 2?".into(), ToolMessage::new("3", "call_1").into()]);
    /// assert_eq!(output.text(), "3");
    /// ```
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
        let messages = chunk.into_parts().filter_map(|(_, part)| part.into_message());
        Ok(Self::new(messages.collect()))
    }
}
