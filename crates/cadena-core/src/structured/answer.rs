//! A value that a model answered with.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::read::Read;
use super::{AnswerChunk, FromAnswer, confidence};
use crate::{AIMessage, FieldConfidence, JsonConfidence, Result, Streamable};

/// A value that a model answered with; it can be used as the value itself.
///
/// It keeps the [message](Self::raw), and with log probabilities it says [how sure](Self::confidence) the model was of each part.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "schemars")] {
/// use cadena_core::{schemars, Bind, ChatModelExt, ChatOptions, RunnableExt};
/// use cadena_testing::ScriptedModel;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Offer {
///     item: String,
///     price: f64,
/// }
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say(r#"{"item": "pear", "price": 1.5}"#); // one word is one token of e^-0.1
/// let llm = model.bind(ChatOptions::new().logprobs(true)).with_structured_output::<Offer>();
///
/// let answer = llm.invoke("Offer me a fruit.").await?;
/// assert_eq!((answer.item.as_str(), answer.price), ("pear", 1.5));
/// assert_eq!(answer.probability("/price"), Some((-0.1_f64).exp()));
/// assert!(answer.confidence("/colour").is_none());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// # }
/// ```
pub struct Answer<T> {
    raw: AIMessage,
    read: Read<T>,
    confidence: OnceLock<Option<JsonConfidence>>,
}

impl<T> Answer<T> {
    pub(super) fn new(raw: AIMessage, read: Read<T>) -> Self {
        Self {
            raw,
            read,
            confidence: OnceLock::new(),
        }
    }

    /// The value. What borrows the answer as the value gives the same.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.read.value
    }

    /// The value as the JSON that the model wrote, with keys that the type does not know.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.read.json
    }

    /// The message that it was read from, with its metadata and usage.
    #[must_use]
    pub fn raw(&self) -> &AIMessage {
        &self.raw
    }

    /// The message alone.
    #[must_use]
    pub fn into_raw(self) -> AIMessage {
        self.raw
    }

    /// The value alone. It is copied only if a clone of the answer is still there.
    #[must_use]
    pub fn into_inner(self) -> T
    where
        T: Clone,
    {
        Arc::unwrap_or_clone(self.read.value)
    }

    /// How sure the model was of the part at a JSON pointer (RFC 6901; `""` is the whole value). `None` without
    /// [`logprobs`](crate::ChatOptions#structfield.logprobs), or if there is no such part.
    ///
    /// The pointer goes by the JSON that the model wrote: a renamed field has its name there. [`JsonConfidence`] says which tokens count. The
    /// arguments of a function call have them only where the server gives the tokens of the call, which OpenAI's does not.
    #[must_use]
    pub fn confidence(&self, pointer: &str) -> Option<FieldConfidence> {
        self.json_confidence()?.confidence(pointer)
    }

    /// The probability of the part at a JSON pointer, from 0 to 1: that of its [`confidence`](Self::confidence). `None` also if not all of it has tokens.
    #[must_use]
    pub fn probability(&self, pointer: &str) -> Option<f64> {
        self.confidence(pointer)?.probability()
    }

    /// How sure the model was of every part. `None` without [`logprobs`](crate::ChatOptions#structfield.logprobs).
    ///
    /// Laid out when it is first asked for.
    #[must_use]
    pub fn json_confidence(&self) -> Option<&JsonConfidence> {
        let confidence = || confidence::of(&self.raw, &self.read.json, self.read.stands);
        self.confidence.get_or_init(confidence).as_ref()
    }
}

impl<T: Send + Sync + 'static> Streamable for Answer<T> {
    type Chunk = AnswerChunk<T>;

    fn into_chunk(self) -> AnswerChunk<T> {
        AnswerChunk::whole(self.raw, Ok(self.read))
    }

    fn from_chunk(chunk: AnswerChunk<T>) -> Result<Self> {
        let (raw, read) = chunk.into_read()?;
        Self::from_read(raw, read)
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.read.value
    }
}

impl<T> AsRef<T> for Answer<T> {
    fn as_ref(&self) -> &T {
        &self.read.value
    }
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
            read: self.read.clone(),
            confidence: self.confidence.clone(),
        }
    }
}

impl<T: PartialEq> PartialEq for Answer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.read.value == other.read.value && self.read.json == other.read.json && self.raw == other.raw
    }
}

/// The value is content: it stays out of logs.
impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer<{}>(..)", std::any::type_name::<T>())
    }
}

/// The JSON that the model wrote.
impl<T> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.read.json.serialize(serializer)
    }
}
