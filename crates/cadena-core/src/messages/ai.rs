//! The message of a model; its pieces are in `chunk.rs`.

mod chunk;
pub use chunk::{AIMessageChunk, ChunkPosition};
mod finish;
mod json;

use std::borrow::Cow;

use super::tool_call::{Places, finished_calls, merge_tool_call_chunks};
use super::{
    Alignment, Content, Extra, InvalidToolCall, JsonConfidence, Logprobs, ResponseMetadata, ToolCall, UsageMetadata,
};
use crate::{Result, Streamable};

/// A model's message: text or parts, tool calls, and the provider's metadata about the answer.
///
/// `serde_json::to_value` returns the JSON of LangChain's `model_dump()`.
///
/// # Examples
///
/// ```
/// use cadena_core::AIMessage;
///
/// let message = AIMessage::new("Hello!");
/// assert_eq!(message.text(), "Hello!");
/// assert_eq!(serde_json::to_value(&message)?["type"], "ai");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AIMessage {
    /// The text, or the list of parts.
    pub content: Content,
    /// The tools that the model wants to be called.
    pub tool_calls: Vec<ToolCall>,
    /// Calls that were cut off, or whose arguments are not a JSON object.
    pub invalid_tool_calls: Vec<InvalidToolCall>,
    /// The number of tokens that the call took.
    pub usage_metadata: Option<UsageMetadata>,
    /// The provider's metadata about the answer, log probabilities among it.
    pub response_metadata: ResponseMetadata,
    /// The provider's data that has no field, such as `refusal`.
    pub additional_kwargs: Extra,
    /// The id of the message: the provider's, or the run's.
    pub id: Option<String>,
    /// The name of the speaker.
    pub name: Option<String>,
    /// Keys of the JSON that this type has no field for.
    pub extra: Extra,
}

impl AIMessage {
    /// Makes a message with content and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::AIMessage::new("Hello!").text(), "Hello!");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }

    /// Returns the text of the content.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, ContentPart};
    ///
    /// let message = AIMessage::new(vec![ContentPart::text("Hel"), ContentPart::text("lo")]);
    /// assert_eq!(message.text(), "Hello");
    /// ```
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.content.text()
    }

    /// Returns the log probabilities of the tokens. `None` if the call did not ask for them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let tokens = vec![TokenLogprob::new("Hi", -0.25)];
    /// let message = AIMessage::from(AIMessageChunk::new("Hi").with_logprobs(Logprobs::content(tokens)));
    /// assert_eq!(message.logprobs().map(Logprobs::sum), Some(-0.25));
    /// assert_eq!(AIMessage::new("Hi").logprobs(), None);
    /// ```
    #[must_use]
    pub fn logprobs(&self) -> Option<&Logprobs> {
        self.response_metadata.logprobs.as_ref()
    }

    /// Lays the tokens of the text over the text. `None` if there are no log probabilities for the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let tokens = vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)];
    /// let message = AIMessage::from(AIMessageChunk::new("Madrid").with_logprobs(Logprobs::content(tokens)));
    /// let alignment = message.alignment().expect("the server sent them");
    /// assert_eq!(alignment.logprob(0..6), Some(-0.75));
    /// ```
    #[must_use]
    pub fn alignment(&self) -> Option<Alignment<'_>> {
        self.response_metadata.alignment(&self.content)
    }

    /// Measures how sure the model was of each value of an answer in JSON. `None` if there are no log probabilities for the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let tokens = vec![TokenLogprob::new("{\"price\": ", -0.5), TokenLogprob::new("12", -0.25), TokenLogprob::new("}", -0.125)];
    /// let message = AIMessage::from(AIMessageChunk::new("{\"price\": 12}").with_logprobs(Logprobs::content(tokens)));
    /// let answer = message.json_confidence().expect("the server sent them");
    /// assert_eq!(answer.probability("/price"), Some((-0.25_f64).exp()));
    /// ```
    #[must_use]
    pub fn json_confidence(&self) -> Option<JsonConfidence> {
        self.alignment().map(|alignment| JsonConfidence::of(&alignment))
    }

    /// Lays the tokens of the refusal over it. `None` if the model did not refuse, or if there are no log probabilities for the refusal.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, TokenLogprob};
    /// use serde_json::json;
    ///
    /// let message: AIMessage = serde_json::from_value(json!({
    ///     "content": "",
    ///     "additional_kwargs": {"refusal": "No."},
    ///     "response_metadata": {"logprobs": {"refusal": [TokenLogprob::new("No", -0.5), TokenLogprob::new(".", -0.25)]}},
    /// }))?;
    /// assert_eq!(message.refusal_alignment().and_then(|alignment| alignment.logprob(0..3)), Some(-0.75));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn refusal_alignment(&self) -> Option<Alignment<'_>> {
        let tokens = self.logprobs()?.refusal.as_deref()?;
        Some(Alignment::new(self.refusal()?, tokens))
    }

    /// Returns the text of the refusal, if the model refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessage;
    ///
    /// let mut message = AIMessage::new("");
    /// message.additional_kwargs.insert("refusal", "I cannot help with that.");
    /// assert_eq!(message.refusal(), Some("I cannot help with that."));
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.additional_kwargs.get("refusal")?.as_str()
    }
}

impl Streamable for AIMessage {
    type Chunk = AIMessageChunk;

    fn into_chunk(self) -> AIMessageChunk {
        self.into()
    }

    fn from_chunk(chunk: AIMessageChunk) -> Result<Self> {
        Ok(chunk.into())
    }

    fn from_json(json: serde_json::Value) -> Result<Self> {
        crate::streamable::read_json(json)
    }
}

impl From<AIMessageChunk> for AIMessage {
    /// Finishes the message: only a call with a complete JSON object is a tool call.
    fn from(chunk: AIMessageChunk) -> Self {
        let AIMessageChunk {
            content,
            tool_call_chunks,
            usage_metadata,
            response_metadata,
            additional_kwargs,
            id,
            name,
            chunk_position,
            extra,
            places: _,
        } = chunk;
        let mut pieces = Vec::with_capacity(tool_call_chunks.len());
        // A chunk to which nothing was added may hold several pieces of one call. Two different ids are two calls, not an error.
        let _ = merge_tool_call_chunks(&mut pieces, tool_call_chunks, &mut Places::default());
        let (tool_calls, invalid_tool_calls) = finished_calls(&pieces, response_metadata.ends_early());
        Self {
            content: match chunk_position {
                Some(ChunkPosition::Last) => finish::finished_content(content),
                None => content,
            },
            tool_calls,
            invalid_tool_calls,
            usage_metadata,
            response_metadata,
            additional_kwargs,
            id,
            name,
            extra,
        }
    }
}
