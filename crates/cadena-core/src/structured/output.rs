//! A model's message with the value in it, or with what was wrong.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::read::Outcome;
use super::{Answer, AnswerChunk, FromAnswer};
use crate::{AIMessage, Error, Result, Streamable};

/// A model's message with the value that could be read from it, or with the reason why none could.
///
/// [`Structured::include_raw`](crate::Structured::include_raw) gives it. An answer that is none is a value here and no error of the step.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatModelExt, ErrorKind, RunnableExt};
/// use cadena_testing::ScriptedModel;
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say("No.").say(r#"{"n": 1}"#);
/// let llm = model.with_structured_output_schema("number", json!({"type": "object"})).include_raw();
///
/// let first = llm.invoke("A number?").await?;
/// assert_eq!(first.raw().text(), "No.");
/// assert_eq!(first.parsed().unwrap_err().kind(), ErrorKind::Parse);
///
/// let second = llm.invoke("A number?").await?;
/// assert_eq!(second.parsed().ok(), Some(&json!({"n": 1})));
/// assert_eq!(second.into_parsed()?.json(), &json!({"n": 1}));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct StructuredOutput<T> {
    raw: AIMessage,
    read: Outcome<T>,
}

impl<T: Send + Sync + 'static> StructuredOutput<T> {
    /// The message.
    #[must_use]
    pub fn raw(&self) -> &AIMessage {
        &self.raw
    }

    /// The message alone.
    #[must_use]
    pub fn into_raw(self) -> AIMessage {
        self.raw
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// Why it could not be read, as [`Structured`](crate::Structured#errors) says.
    pub fn parsed(&self) -> std::result::Result<&T, &Error> {
        match &self.read {
            Ok(read) => Ok(&read.value),
            Err(error) => Err(error),
        }
    }

    /// The value with its message, or the error with the message as its [`partial`](Error::partial).
    ///
    /// # Errors
    ///
    /// As [`parsed`](Self::parsed).
    pub fn into_parsed(self) -> Result<Answer<T>> {
        Answer::from_read(self.raw, self.read)
    }
}

impl<T: Send + Sync + 'static> Streamable for StructuredOutput<T> {
    type Chunk = AnswerChunk<T>;

    fn into_chunk(self) -> AnswerChunk<T> {
        AnswerChunk::whole(self.raw, self.read)
    }

    fn from_chunk(chunk: AnswerChunk<T>) -> Result<Self> {
        let (raw, read) = chunk.into_read()?;
        Self::from_read(raw, read)
    }
}

impl<T: Send + Sync + 'static> FromAnswer<T> for StructuredOutput<T> {
    const KEEPS_ERRORS: bool = true;

    fn from_read(raw: AIMessage, read: Outcome<T>) -> Result<Self> {
        Ok(Self { raw, read })
    }
}

impl<T: Send + Sync + 'static> FromAnswer<T> for Answer<T> {
    const KEEPS_ERRORS: bool = false;

    fn from_read(raw: AIMessage, read: Outcome<T>) -> Result<Self> {
        match read {
            Ok(read) => Ok(Self::new(raw, read)),
            Err(error) => {
                let error = Arc::try_unwrap(error).unwrap_or_else(|error| Error::shared(&error));
                Err(error.with_partial(raw.into()))
            }
        }
    }
}

impl<T> Clone for StructuredOutput<T> {
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
            read: self.read.clone(),
        }
    }
}

/// The message and the value are content: they stay out of logs.
impl<T> fmt::Debug for StructuredOutput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("StructuredOutput");
        match &self.read {
            Ok(_) => out.field("parsed", &format_args!("{}(..)", std::any::type_name::<T>())),
            Err(error) => out.field("parsed", error),
        };
        out.finish_non_exhaustive()
    }
}

/// LangChain's keys: `raw`, `parsed` and `parsing_error`, one of which is null.
impl<T> Serialize for StructuredOutput<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("raw", &self.raw)?;
        map.serialize_entry("parsed", &self.read.as_ref().ok().map(|read| &read.json))?;
        let error = self.read.as_ref().err().map(ToString::to_string);
        map.serialize_entry("parsing_error", &error)?;
        map.end()
    }
}
