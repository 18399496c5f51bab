//! A model's message, with its value or with the reason why it has none.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::read::Outcome;
use super::{Answer, AnswerChunk, FromAnswer};
use crate::{AIMessage, Error, Result, Streamable};

/// A model's message with its value, or with the reason why it has none.
///
/// It is the output after [`Structured::include_raw`](crate::Structured::include_raw). If the answer cannot be read, the step returns that as a value instead of failing.
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
    /// Returns the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let llm = ScriptedModel::new().say("No.").with_structured_output_schema("number", json!({"type": "object"}));
    /// let output = llm.include_raw().invoke("A number?").await?;
    /// assert_eq!(output.raw().text(), "No.");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn raw(&self) -> &AIMessage {
        &self.raw
    }

    /// Returns the message alone, as [`raw`](Self::raw) by value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let llm = ScriptedModel::new().say("No.").with_structured_output_schema("number", json!({"type": "object"}));
    /// let message: AIMessage = llm.include_raw().invoke("A number?").await?.into_raw();
    /// assert_eq!(message.text(), "No.");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn into_raw(self) -> AIMessage {
        self.raw
    }

    /// Returns the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let llm = ScriptedModel::new().say(r#"{"n": 1}"#).with_structured_output_schema("number", json!({"type": "object"}));
    /// let output = llm.include_raw().invoke("A number?").await?;
    /// assert_eq!(output.parsed().ok(), Some(&json!({"n": 1})));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The reason why the answer could not be read: [`Structured`](crate::Structured#errors) lists them.
    pub fn parsed(&self) -> std::result::Result<&T, &Error> {
        match &self.read {
            Ok(read) => Ok(&read.value),
            Err(error) => Err(error),
        }
    }

    /// Returns the value with its message, or the error with the message as its [`partial`](Error::partial).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, ErrorKind, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let llm = ScriptedModel::new().say("No.").with_structured_output_schema("number", json!({"type": "object"}));
    /// let error = llm.include_raw().invoke("A number?").await?.into_parsed().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Parse);
    /// assert!(error.partial().is_some()); // the message
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`parsed`](Self::parsed).
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

/// Prints the type or the error; the message and the value are content and stay out of logs.
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

/// Writes LangChain's keys: `raw`, `parsed` and `parsing_error`. One of the last two is null.
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
