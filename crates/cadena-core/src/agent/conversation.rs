//! The conversation of an agent at work.

use super::{AgentChunk, AgentPart, PartialConversation};
use crate::{Error, Merge, Message, Result};

/// The messages so far, with the part of the next one that has arrived.
///
/// It is folded from the same parts, by the same rules, as the chunks that the stream gives.
pub(super) struct Conversation {
    messages: Vec<Message>,
    /// How many messages there were when no call was open.
    complete: usize,
    next: Option<AgentPart>,
}

impl Conversation {
    pub(super) fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            complete: 0,
            next: None,
        }
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// All messages as one chunk.
    pub(super) fn whole(&self) -> AgentChunk {
        AgentChunk::new(self.messages.iter().cloned().map(AgentPart::Message).enumerate())
    }

    /// Adds a part of the next message. Returns it as a chunk, with its place.
    pub(super) fn add(&mut self, part: AgentPart) -> Result<AgentChunk> {
        let chunk = AgentChunk::new([(self.messages.len(), part.clone())]);
        match &mut self.next {
            Some(sum) => sum.merge(part)?,
            None => self.next = Some(part),
        }
        Ok(chunk)
    }

    /// The parts of the next message are complete: it is one of the messages now.
    pub(super) fn end_message(&mut self) {
        let message = self.next.take().and_then(AgentPart::into_message);
        self.messages.extend(message);
    }

    /// Every call has its answer: from here the conversation can go on.
    pub(super) fn has_no_open_call(&mut self) {
        self.complete = self.messages.len();
    }

    /// The error that ends the conversation, with the conversation among its sources.
    pub(super) fn ended_by(self, error: Error) -> Error {
        PartialConversation::attach(error, self.messages, self.complete)
    }
}
