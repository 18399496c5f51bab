//! Reading the value of a message, whole or in pieces.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::wrapper::{Taken, Wrapping, peek, take};
use super::{AnswerChunk, FromAnswer, Refusal};
use crate::json::{AnswerJson, PartialJson, quote};
use crate::parsers::{Chunks, Reader, read_json};
use crate::{AIMessage, AIMessageChunk, Error, ErrorKind, Merge, Result, Streamable, UnparsedAnswer};

/// The name of the parser in events and errors.
pub(super) const PARSER: &str = "StructuredOutputParser";

/// A value with the JSON that it was read from.
#[allow(
    missing_debug_implementations,
    reason = "of a private module, named by a hidden method only"
)]
pub struct Read<T> {
    pub(super) json: Arc<Value>,
    pub(super) value: Arc<T>,
    pub(super) wrapping: Wrapping,
}

impl<T> Clone for Read<T> {
    fn clone(&self) -> Self {
        Self {
            json: Arc::clone(&self.json),
            value: Arc::clone(&self.value),
            wrapping: self.wrapping,
        }
    }
}

/// The value of a message, or why it has none. The error is shared, because chunks are cloned.
pub(super) type Outcome<T> = std::result::Result<Read<T>, Arc<Error>>;

/// The place of the value in a message.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The function whose call has the value as its arguments; `None` if the value is in the text.
    pub(super) call: Option<Arc<str>>,
    /// Whether the model was asked for the value in a wrapper.
    pub(super) wrapped: bool,
}

impl Source {
    /// Takes the value out of a whole message.
    pub(super) fn read<T: DeserializeOwned>(&self, message: &AIMessage) -> Result<Read<T>> {
        complete(message)?;
        let (json, value, wrapping) = match &self.call {
            None => self.read_text::<T>(message)?,
            Some(name) => self.read_call::<T>(message, name)?,
        };
        Ok(Read {
            json: Arc::new(json),
            value: Arc::new(value),
            wrapping,
        })
    }

    fn read_text<T: DeserializeOwned>(&self, message: &AIMessage) -> Result<Taken<T>> {
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
        self.take_from(&text)
    }

    fn read_call<T: DeserializeOwned>(&self, message: &AIMessage, name: &str) -> Result<Taken<T>> {
        if let Some(call) = message.tool_calls.iter().find(|call| call.name == name) {
            let args = || Value::Object(call.args.clone());
            // A model that wants to write the value `null` may call the function with the arguments `null`, which arrive as no arguments.
            let nothing = || (self.wrapped && call.args.is_empty()).then(|| take(Value::Null, true).ok())?;
            // The text is read again, so that the error has its usual words and a place.
            return take(args(), self.wrapped)
                .or_else(|misread| nothing().ok_or(misread))
                .or_else(|_| self.take_from(&args().to_string()));
        }
        let mut invalid = message.invalid_tool_calls.iter();
        if let Some(call) = invalid.find(|call| call.name.as_deref() == Some(name)) {
            let args = call.args.as_deref().unwrap_or_default();
            let taken = self.take_from(args)?;
            // Arguments are an object; any other JSON is the value without its wrapper.
            if self.wrapped && !taken.0.is_object() {
                return Ok(taken);
            }
            let detail = format!("the arguments of `{name}` are not a JSON object, got {}", quote(args));
            return Err(UnparsedAnswer::of(args, detail));
        }
        let error = Error::new(ErrorKind::Parse, format!("the model did not call `{name}`"));
        Err(UnparsedAnswer::unread(message.text(), error))
    }

    fn take_from<T: DeserializeOwned>(&self, text: &str) -> Result<Taken<T>> {
        let mut json = AnswerJson::default();
        json.push(text);
        read_json(json, |json| take(json, self.wrapped))
    }
}

/// Refuses a message that is no answer: a refusal, or one that was cut off or filtered.
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
        // The same limit would cut the next answer too.
        return Err(error.with_retryable(false).with_hint("raise `max_tokens`"));
    }
    if message.response_metadata.finish_reason.as_deref() == Some("content_filter") {
        let detail = "the provider's filter stopped the answer";
        return Err(Error::new(ErrorKind::ContentFilter, detail));
    }
    Ok(())
}

/// Reads a message that comes in pieces.
pub(super) struct AnswerReader<T, O> {
    source: Source,
    /// The message so far.
    sum: AIMessageChunk,
    /// The pieces since the last value.
    pending: AIMessageChunk,
    growing: Growing,
    last: Option<Arc<Value>>,
    types: PhantomData<fn() -> (T, O)>,
}

/// The JSON so far. `Broken`: it cannot be read any further, and only the whole message decides.
enum Growing {
    Text(Box<AnswerJson>),
    /// The arguments, and how many of their bytes were read.
    Call(Box<PartialJson>, usize),
    Broken,
}

impl<T, O> AnswerReader<T, O> {
    pub(super) fn new(source: Source) -> Self {
        let growing = match source.call {
            None => Growing::Text(Box::default()),
            Some(_) => Growing::Call(Box::default(), 0),
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

    /// Reads the new piece of the message.
    fn grow(&mut self, piece: &str) {
        match (&mut self.growing, &self.source.call) {
            (Growing::Text(json), _) => json.push(piece),
            (Growing::Call(json, read), Some(name)) => {
                let mut calls = self.sum.tool_call_chunks.iter();
                let Some(call) = calls.find(|call| call.name.as_deref() == Some(name)) else {
                    return;
                };
                let args = call.args.as_deref().unwrap_or_default();
                let pushed = json.push(args.get(*read..).unwrap_or_default());
                *read = args.len();
                if pushed.is_err() {
                    self.growing = Growing::Broken;
                }
            }
            _ => {}
        }
    }
}

impl<T: DeserializeOwned, O> AnswerReader<T, O> {
    /// The value so far, if it has changed.
    fn shown(&mut self) -> Option<(Arc<Value>, Option<T>)> {
        let json = match &self.growing {
            Growing::Text(json) => json.value(),
            Growing::Call(json, _) => json.value(),
            Growing::Broken => None,
        };
        let (json, value) = peek::<T>(json?, self.source.wrapped)?;
        if json.is_null() || self.last.as_deref() == Some(json) {
            return None;
        }
        let json = Arc::new(json.clone());
        self.last = Some(Arc::clone(&json));
        Some((json, value))
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static, O: FromAnswer<T>> Reader for AnswerReader<T, O> {
    type Output = O;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<O>) -> Result<()> {
        let piece = chunk.content.text().into_owned();
        self.sum.merge(chunk.clone())?;
        self.pending.merge(chunk)?;
        self.grow(&piece);
        if let Some((json, value)) = self.shown() {
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
