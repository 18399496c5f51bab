//! A chunk of a structured answer: the value as far as the model has written it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::read::{Outcome, Read};
use super::wrapper::Wrapping;
use crate::{AIMessage, AIMessageChunk, Error, ErrorKind, Merge, Result, Streamable};

/// A value as far as the model has written it, with the piece of the message that brought it.
///
/// Adding chunks adds up the message; the later value replaces the earlier one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "schemars")] {
/// use cadena_core::{schemars, ChatModelExt, RunnableExt};
/// use cadena_testing::ScriptedModel;
/// use futures::TryStreamExt;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Joke {
///     setup: String,
///     rating: Option<u8>,
/// }
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say(r#"{"setup": "Why not?", "rating": 7}"#); // says one word after the other
/// let mut chunks = model.with_structured_output::<Joke>().stream("Tell a joke.");
/// let mut seen = Vec::new();
/// while let Some(chunk) = chunks.try_next().await? {
///     seen.extend(chunk.value().map(|joke| (joke.setup.clone(), joke.rating)));
/// }
/// assert_eq!(seen, [("Why".into(), None), ("Why not?".into(), None), ("Why not?".into(), Some(7)), ("Why not?".into(), Some(7))]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// # }
/// ```
pub struct AnswerChunk<T> {
    raw: AIMessageChunk,
    json: Arc<Value>,
    value: Option<Arc<T>>,
    /// Whether it could be read, once the message is complete.
    end: Option<std::result::Result<Wrapping, Arc<Error>>>,
    /// How many answers before this one could not be read.
    attempt: u32,
}

impl<T> AnswerChunk<T> {
    pub(super) fn growing(raw: AIMessageChunk, json: Arc<Value>, value: Option<T>) -> Self {
        Self {
            raw,
            json,
            value: value.map(Arc::new),
            end: None,
            attempt: 0,
        }
    }

    /// The last chunk of a message, which could be read or not.
    pub(super) fn last(raw: AIMessageChunk, read: Outcome<T>) -> Self {
        match read {
            Ok(Read { json, value, wrapping }) => Self {
                raw,
                json,
                value: Some(value),
                end: Some(Ok(wrapping)),
                attempt: 0,
            },
            Err(error) => Self {
                raw,
                json: Arc::default(),
                value: None,
                end: Some(Err(error)),
                attempt: 0,
            },
        }
    }

    pub(super) fn whole(raw: AIMessage, read: Outcome<T>) -> Self {
        Self::last(raw.into_chunk(), read)
    }

    /// The message and what could be read of it.
    pub(super) fn into_read(self) -> Result<(AIMessage, Outcome<T>)> {
        match (self.end, self.value) {
            (Some(Err(error)), _) => Ok((AIMessage::from_chunk(self.raw)?, Err(error))),
            (Some(Ok(wrapping)), Some(value)) => {
                let json = self.json;
                Ok((AIMessage::from_chunk(self.raw)?, Ok(Read { json, value, wrapping })))
            }
            _ => Err(Error::new(ErrorKind::Truncated, "the pieces are not the whole answer").with_partial(self.raw)),
        }
    }

    /// Returns the value so far, if the JSON so far can be read as one. A text may be cut, and a number may lack digits.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use futures::TryStreamExt;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"}));
    /// let chunks: Vec<_> = llm.stream("A number?").try_collect().await?;
    /// assert_eq!(chunks.last().and_then(|chunk| chunk.value()), Some(&json!({"n": 1})));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.value.as_deref()
    }

    /// Returns the JSON so far, with open brackets and quotes closed; null if the complete answer could not be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use futures::TryStreamExt;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"}));
    /// let chunks: Vec<_> = llm.stream("A number?").try_collect().await?;
    /// assert_eq!(chunks.last().map(|chunk| chunk.json()), Some(&json!({"n": 1})));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Returns the piece of the message that arrived since the chunk before.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use futures::TryStreamExt;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"}));
    /// let chunks: Vec<_> = llm.stream("A number?").try_collect().await?;
    /// let text: String = chunks.iter().map(|chunk| chunk.raw().text()).collect();
    /// assert_eq!(text, r#"{"n": 1}"#);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn raw(&self) -> &AIMessageChunk {
        &self.raw
    }

    /// Whether this is the last chunk, whose value is the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use futures::TryStreamExt;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"}));
    /// let chunks: Vec<_> = llm.stream("A number?").try_collect().await?;
    /// assert_eq!(chunks.iter().filter(|chunk| chunk.is_last()).count(), 1);
    /// assert!(chunks.last().is_some_and(|chunk| chunk.is_last()));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.end.is_some()
    }

    /// Returns which answer of the model this is a chunk of: 1 for the first, more after a [repair](crate::Structured::with_repair).
    ///
    /// A higher number than that of the chunk before takes everything shown so far back: the earlier answer could not be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use futures::TryStreamExt;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1, oops}"#).say(r#"{"n": 2}"#);
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"})).with_repair(1);
    /// let chunks: Vec<_> = llm.stream("A number?").try_collect().await?;
    /// let first = chunks.iter().rfind(|chunk| chunk.attempt() == 1).expect("an answer that grows");
    /// assert_eq!(first.json()["n"], 1);
    /// let last = chunks.last().expect("an answer has a chunk");
    /// assert_eq!((last.attempt(), &last.json()["n"]), (2, &json!(2)));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt.saturating_add(1)
    }

    pub(super) fn set_attempt(&mut self, unread: u32) {
        self.attempt = unread;
    }

    /// Why the message could not be read.
    pub(super) fn error(&self) -> Option<&Arc<Error>> {
        self.end.as_ref()?.as_ref().err()
    }

    pub(super) fn map_error(&mut self, change: impl FnOnce(Error) -> Error) {
        if let Some(Err(error)) = &mut self.end {
            let known = std::mem::replace(error, Arc::new(ErrorKind::Internal.into()));
            let known = Arc::try_unwrap(known).unwrap_or_else(|known| Error::shared(&known));
            *error = Arc::new(change(known));
        }
    }

    pub(super) fn map_raw(&mut self, change: impl FnOnce(&mut AIMessageChunk)) {
        change(&mut self.raw);
    }
}

/// Chunks of one answer add up. The answer to a repair replaces the answers before it.
impl<T> Merge for AnswerChunk<T> {
    fn merge(&mut self, next: Self) -> Result<()> {
        match next.attempt.cmp(&self.attempt) {
            Ordering::Less => return Ok(()),
            Ordering::Greater => {
                *self = next;
                return Ok(());
            }
            Ordering::Equal => {}
        }
        // Name every field: a new one must not compile before it has a rule.
        let Self {
            raw,
            json,
            value,
            end,
            attempt: _,
        } = next;
        self.json = json;
        self.value = value;
        self.end = end;
        self.raw.merge(raw)
    }
}

impl<T> Clone for AnswerChunk<T> {
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
            json: Arc::clone(&self.json),
            value: self.value.clone(),
            end: self.end.clone(),
            attempt: self.attempt,
        }
    }
}

/// Prints the type; the value is content and stays out of logs.
impl<T> fmt::Debug for AnswerChunk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<T>();
        let last = if self.is_last() { ", last" } else { "" };
        write!(f, "AnswerChunk<{name}>(..{last})")
    }
}

/// Writes the JSON so far.
impl<T> Serialize for AnswerChunk<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}
