//! How a value is taken out of a message.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{AnswerChunk, Form, Refusal};
use crate::json::{PartialJson, PartialJsonMarkdown};
use crate::parsers::{Chunks, Reader, read_typed};
use crate::{AIMessage, AIMessageChunk, Error, ErrorKind, Merge, Result, Streamable, UnparsedAnswer};

/// What events and errors call the step.
pub(super) const PARSER: &str = "StructuredOutputParser";

/// A value with the JSON that it was read from.
pub(super) type Read<T> = (Arc<Value>, Arc<T>);

/// What became of a message: the error is shared, as chunks are cloned.
pub(super) type Outcome<T> = std::result::Result<Read<T>, Arc<Error>>;

/// Where a message has the value.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In its text.
    Text,
    /// In the arguments of the call of this function.
    Call(Arc<str>),
}

impl Source {
    /// Takes the value out of a whole message.
    pub(super) fn read<T: DeserializeOwned>(&self, message: &AIMessage) -> Result<Read<T>> {
        complete(message)?;
        let (json, value) = match self {
            Self::Text => read_text::<T>(message)?,
            Self::Call(name) => read_call::<T>(message, name)?,
        };
        Ok((Arc::new(json), Arc::new(value)))
    }
}

/// Whether a message is an answer at all.
fn complete(message: &AIMessage) -> Result<()> {
    if let Some(refusal) = message.refusal().filter(|refusal| !refusal.is_empty()) {
        let error = Error::new(ErrorKind::Refused, "the model declined to answer");
        return Err(error.with_source(Refusal::new(refusal)));
    }
    if message.response_metadata.is_cut() {
        let error = Error::new(
            ErrorKind::Truncated,
            "the answer was cut off at the limit of its tokens",
        );
        // The same limit would cut the next answer.
        return Err(error.with_retryable(false).with_hint("raise `max_tokens`"));
    }
    if message.response_metadata.finish_reason.as_deref() == Some("content_filter") {
        let detail = "the provider's filter stopped the answer";
        return Err(Error::new(ErrorKind::ContentFilter, detail));
    }
    Ok(())
}

fn read_text<T: DeserializeOwned>(message: &AIMessage) -> Result<(Value, T)> {
    let text = message.text();
    if text.trim().is_empty() {
        let calls = !message.tool_calls.is_empty() || !message.invalid_tool_calls.is_empty();
        let detail = if calls {
            "the model called a tool instead of answering"
        } else {
            "the answer is empty"
        };
        return Err(UnparsedAnswer::of(text, detail));
    }
    read_typed(&text)
}

fn read_call<T: DeserializeOwned>(message: &AIMessage, name: &str) -> Result<(Value, T)> {
    if let Some(call) = message.tool_calls.iter().find(|call| call.name == name) {
        let args = Value::Object(call.args.clone());
        return match T::deserialize(&args) {
            Ok(value) => Ok((args, value)),
            // As a text again, for the words of the error and its place.
            Err(_) => read_typed(&args.to_string()),
        };
    }
    let mut invalid = message.invalid_tool_calls.iter();
    if let Some(call) = invalid.find(|call| call.name.as_deref() == Some(name)) {
        let args = call.args.as_deref().unwrap_or_default();
        return read_typed(args).and_then(|_: (Value, T)| {
            let detail = format!("the arguments of `{name}` are no JSON object");
            Err(UnparsedAnswer::of(args, detail))
        });
    }
    let detail = format!("the model did not call `{name}`");
    Err(UnparsedAnswer::of(message.text(), detail))
}

/// Reads a message that comes in pieces.
pub(super) struct AnswerReader<T, O> {
    source: Source,
    /// The message so far.
    sum: AIMessageChunk,
    /// What came since the last value.
    pending: AIMessageChunk,
    growing: Growing,
    last: Option<Arc<Value>>,
    types: PhantomData<fn() -> (T, O)>,
}

/// The JSON so far; `Broken` if it is none, which the whole message decides.
enum Growing {
    Text(Box<PartialJsonMarkdown>),
    /// The arguments, and how many of their bytes were read.
    Call(Box<PartialJson>, usize),
    Broken,
}

impl<T, O> AnswerReader<T, O> {
    pub(super) fn new(source: Source) -> Self {
        let growing = match source {
            Source::Text => Growing::Text(Box::default()),
            Source::Call(_) => Growing::Call(Box::default(), 0),
        };
        Self {
            source,
            sum: AIMessageChunk::default(),
            pending: AIMessageChunk::default(),
            growing,
            last: None,
            types: PhantomData,
        }
    }

    /// Reads what the message has more than before, and shows the value if it is a new one.
    fn grow(&mut self, piece: &str) -> Option<Arc<Value>> {
        let (pushed, json) = match (&mut self.growing, &self.source) {
            (Growing::Text(json), _) => (json.push(piece), json.value()),
            (Growing::Call(json, read), Source::Call(name)) => {
                let mut calls = self.sum.tool_call_chunks.iter();
                let call = calls.find(|call| call.name.as_deref() == Some(name))?;
                let args = call.args.as_deref().unwrap_or_default();
                let pushed = json.push(args.get(*read..).unwrap_or_default());
                *read = args.len();
                (pushed, json.value())
            }
            _ => return None,
        };
        if pushed.is_err() {
            self.growing = Growing::Broken;
            return None;
        }
        let json = json.filter(|json| !json.is_null() && self.last.as_deref() != Some(json))?;
        let json = Arc::new(json.clone());
        self.last = Some(Arc::clone(&json));
        Some(json)
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static, O: Form<T>> Reader for AnswerReader<T, O> {
    type Output = O;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<O>) -> Result<()> {
        let piece = chunk.content.text().into_owned();
        self.sum.merge(chunk.clone())?;
        self.pending.merge(chunk)?;
        if let Some(json) = self.grow(&piece) {
            let value = T::deserialize(&*json).ok();
            let raw = std::mem::take(&mut self.pending);
            out.push_back(AnswerChunk::growing(raw, json, value));
        }
        Ok(())
    }

    fn finish(self, out: &mut Chunks<O>) -> Result<()> {
        let message = AIMessage::from_chunk(self.sum)?;
        let read = self.source.read::<T>(&message).map_err(Arc::new);
        if read.is_err() && !O::KEEPS_ERRORS {
            return O::from_read(message, read)
                .map(drop)
                .map_err(|error| error.in_step(PARSER));
        }
        out.push_back(AnswerChunk::last(self.pending, read));
        Ok(())
    }
}
