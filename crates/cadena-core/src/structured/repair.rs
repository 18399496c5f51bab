//! Asks a model again when its answer could not be read.

use std::marker::PhantomData;
use std::sync::Arc;

use futures::stream::{self, StreamExt};

use super::{AnswerChunk, FromAnswer};
use crate::parsers::{asked_again, complaint};
use crate::{
    AIMessage, AIMessageChunk, ChunkStream, Error, ErrorKind, HumanMessage, Merge, Message, PromptValue, Result,
    ToolMessage, ToolStatus, UnparsedAnswer,
};

/// The answers to one prompt, until one can be read or enough were asked for.
///
/// `ask` asks for one answer: in chunks, or whole as one chunk. So a whole run is the fold of the same loop.
pub(super) struct Repair<T, O: FromAnswer<T>, F> {
    ask: F,
    prompt: PromptValue,
    max_repairs: u32,
    /// How many answers could not be read.
    unread: u32,
    /// The last of them, with the tokens that all of them used.
    last: Option<AIMessageChunk>,
    /// The present answer so far, if its error would be kept as a value: an error that fails has the answer itself.
    message: AIMessageChunk,
    chunks: ChunkStream<O>,
    types: PhantomData<fn() -> T>,
}

impl<T, O, F> Repair<T, O, F>
where
    T: Send + Sync + 'static,
    O: FromAnswer<T>,
    F: Fn(PromptValue) -> ChunkStream<O> + Send + 'static,
{
    pub(super) fn start(ask: F, prompt: PromptValue, max_repairs: u32) -> ChunkStream<O> {
        let repair = Self {
            chunks: ask(prompt.clone()),
            ask,
            prompt,
            max_repairs,
            unread: 0,
            last: None,
            message: AIMessageChunk::default(),
            types: PhantomData,
        };
        let chunks = stream::unfold(Some(repair), |repair| async {
            let mut repair = repair?;
            match repair.next().await? {
                Ok(chunk) => Some((Ok(chunk), Some(repair))),
                Err(error) => Some((Err(error), None)),
            }
        });
        chunks.boxed()
    }

    async fn next(&mut self) -> Option<Result<AnswerChunk<T>>> {
        loop {
            let mut chunk = match self.chunks.next().await? {
                Ok(chunk) => chunk,
                Err(error) if self.can_repair(&error) => {
                    let answer = error.partial().cloned().unwrap_or_default();
                    self.ask_again(answer, &error);
                    continue;
                }
                Err(error) => return Some(Err(self.ended_by(error))),
            };
            if O::KEEPS_ERRORS
                && let Err(error) = self.message.merge(chunk.raw().clone())
            {
                return Some(Err(error));
            }
            if let Some(error) = chunk.error().filter(|error| self.can_repair(error)).map(Arc::clone) {
                let answer = std::mem::take(&mut self.message);
                self.ask_again(answer, &error);
                continue;
            }
            chunk.set_attempt(self.unread);
            if chunk.is_last()
                && let Some(last) = &self.last
            {
                chunk.map_raw(|raw| add_usage(raw, last));
                chunk.map_error(|error| self.ended_by(error));
            }
            return Some(Ok(chunk));
        }
    }

    fn can_repair(&self, error: &Error) -> bool {
        self.unread < self.max_repairs && is_unread(error)
    }

    fn ask_again(&mut self, mut answer: AIMessageChunk, error: &Error) {
        self.unread += 1;
        let prompt = self.corrected(AIMessage::from(answer.clone()), complaint(error, None));
        if let Some(last) = self.last.take() {
            add_usage(&mut answer, &last);
        }
        self.last = Some(answer);
        self.chunks = (self.ask)(prompt);
    }

    /// The prompt with the last answer and with what is wrong in it. Earlier answers are left out, so that the prompt does not grow with every try.
    fn corrected(&self, answer: AIMessage, complaint: String) -> PromptValue {
        let mut messages = self.prompt.messages.clone();
        let calls = answer
            .tool_calls
            .iter()
            .map(|call| (call.id.clone(), Some(call.name.clone())));
        let invalid = answer.invalid_tool_calls.iter();
        let invalid = invalid.map(|call| (call.id.clone(), call.name.clone()));
        // Servers refuse a conversation in which a call has no answer.
        let refused: Vec<Message> = calls
            .chain(invalid)
            .map(|(id, name)| {
                let mut refused = ToolMessage::new(complaint.as_str(), id.unwrap_or_default());
                refused.name = name;
                refused.status = ToolStatus::Error;
                refused.into()
            })
            .collect();
        // Some servers refuse a message without content.
        if !refused.is_empty() || !answer.text().trim().is_empty() {
            messages.push(answer.into());
        }
        if refused.is_empty() {
            messages.push(HumanMessage::new(complaint).into());
        }
        messages.extend(refused);
        PromptValue::new(messages)
    }

    /// The error that ends the run, with the last answer and the tokens of all.
    fn ended_by(&self, error: Error) -> Error {
        let Some(last) = &self.last else { return error };
        let answer = match error.partial().cloned() {
            Some(mut answer) => {
                add_usage(&mut answer, last);
                answer
            }
            None => last.clone(),
        };
        let error = match is_unread(&error) {
            true => error.with_more_detail(&format!("; {}", asked_again(self.unread))),
            false => error,
        };
        error.with_partial(answer)
    }
}

/// Whether another answer may be better: not if the model refused, or if the answer was cut off or filtered.
fn is_unread(error: &Error) -> bool {
    error.kind() == ErrorKind::Parse && error.downcast_source_ref::<UnparsedAnswer>().is_some()
}

/// Adds the tokens that earlier answers used.
fn add_usage(answer: &mut AIMessageChunk, earlier: &AIMessageChunk) {
    if let Some(spent) = earlier.usage_metadata.clone() {
        *answer.usage_metadata.get_or_insert_default() += spent;
    }
}
