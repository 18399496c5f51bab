//! A value that a model wrote, with its message.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::read::Read;
use super::{AnswerChunk, FromAnswer, confidence};
use crate::{AIMessage, FieldConfidence, JsonConfidence, Result, Streamable};

/// A value that a model wrote, with its message; it dereferences to the value.
///
/// With log probabilities it reports [how sure](Self::confidence) the model was of each part.
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

    /// Returns the value, as `*answer` and `answer.as_ref()` do.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt, StructuredMethod};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// assert_eq!(answer.value(), &json!({"n": 1}));
    /// assert_eq!(answer["n"], 1);
    /// assert_eq!(answer.raw().text(), r#"{"n": 1}"#);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn value(&self) -> &T {
        &self.read.value
    }

    /// Returns the JSON that the model wrote, with keys that the type does not know.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use cadena_core::{ChatModelExt, RunnableExt, StructuredMethod};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1.0}"#);
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"})).typed::<HashMap<String, f32>>();
    /// assert_eq!(llm.invoke("A number?").await?.json(), &json!({"n": 1.0}));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.read.json
    }

    /// Returns the message with its metadata and usage.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// assert_eq!(answer.raw().response_metadata.finish_reason.as_deref(), Some("stop"));
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
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// let message: AIMessage = answer.into_raw();
    /// assert_eq!(message.text(), r#"{"n": 1}"#);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn into_raw(self) -> AIMessage {
        self.raw
    }

    /// Returns the value alone. It is cloned only if a clone of the answer exists.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt, StructuredMethod};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// let number: serde_json::Value = answer.into_inner();
    /// assert_eq!(number, json!({"n": 1}));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T
    where
        T: Clone,
    {
        Arc::unwrap_or_clone(self.read.value)
    }

    /// Returns how sure the model was of the part at a JSON pointer (RFC 6901; `""` is the whole value). `None` without
    /// [`logprobs`](crate::ChatOptions#structfield.logprobs), or if there is no such part.
    ///
    /// The pointer follows the JSON that the model wrote, where a renamed field has its JSON name. [`JsonConfidence`] describes which tokens count. The
    /// arguments of a function call have a confidence only if the server sends the tokens of the call, which OpenAI does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModelExt, ChatOptions, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#).bind(ChatOptions::new().logprobs(true)); // one word is one token of e^-0.1
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// assert!(answer.confidence("/n").is_some());
    /// assert!(answer.confidence("/m").is_none());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn confidence(&self, pointer: &str) -> Option<FieldConfidence> {
        self.json_confidence()?.confidence(pointer)
    }

    /// Returns the probability of the part at a JSON pointer, from 0 to 1: that of its [`confidence`](Self::confidence). `None` also if some of the part has no tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModelExt, ChatOptions, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#).bind(ChatOptions::new().logprobs(true)); // one word is one token of e^-0.1
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// assert_eq!(answer.probability("/n"), Some((-0.1_f64).exp()));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn probability(&self, pointer: &str) -> Option<f64> {
        self.confidence(pointer)?.probability()
    }

    /// Returns how sure the model was of every part. `None` without [`logprobs`](crate::ChatOptions#structfield.logprobs).
    ///
    /// It is computed at the first call and kept. [`JsonConfidence`] has examples.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let answer = model.with_structured_output_schema("number", json!({"type": "object"})).invoke("A number?").await?;
    /// assert!(answer.json_confidence().is_none()); // no log probabilities were asked for
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn json_confidence(&self) -> Option<&JsonConfidence> {
        let confidence = || confidence::of(&self.raw, &self.read.json, self.read.wrapping);
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

/// Prints the type; the value is content and stays out of logs.
impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer<{}>(..)", std::any::type_name::<T>())
    }
}

/// Writes the JSON that the model wrote.
impl<T> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.read.json.serialize(serializer)
    }
}
