//! What a model says: the whole message and its chunks.

mod finish;
mod json;

use std::borrow::Cow;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::id::keep_better;
use super::spoken::{Base, merge_kwargs};
use super::tool_call::{finished_calls, growing_calls, merge_tool_call_chunks};
use super::{
    Alignment, Content, Extra, InvalidToolCall, JsonConfidence, Logprobs, ResponseMetadata, ToolCall, ToolCallChunk,
    UsageMetadata,
};
use crate::{Merge, Result, Streamable};

/// What a model says: text or parts, calls of tools, and what the provider said about it.
///
/// `serde_json::to_value` gives what LangChain's `model_dump()` gives.
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
    /// What it says.
    pub content: Content,
    /// The tools that it wants to be called.
    pub tool_calls: Vec<ToolCall>,
    /// Calls that were cut off or whose arguments are not a JSON object.
    pub invalid_tool_calls: Vec<InvalidToolCall>,
    /// The tokens that it cost.
    pub usage_metadata: Option<UsageMetadata>,
    /// What the provider said about it, log probabilities among it.
    pub response_metadata: ResponseMetadata,
    /// What the provider sent beside the content, such as `refusal`.
    pub additional_kwargs: Extra,
    /// Its id: the provider's or the run's.
    pub id: Option<String>,
    /// The name of the speaker.
    pub name: Option<String>,
    /// Fields that this type does not know.
    pub extra: Extra,
}

impl AIMessage {
    /// A message with content and nothing else.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }

    /// The text of the content.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.content.text()
    }

    /// The log probabilities of its tokens, if they were asked for.
    #[must_use]
    pub fn logprobs(&self) -> Option<&Logprobs> {
        self.response_metadata.logprobs.as_ref()
    }

    /// The tokens of its text, laid over it. `None` if there are no log probabilities for the text.
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
        let tokens = self.logprobs()?.content.as_deref()?;
        Some(Alignment::new(self.text(), tokens))
    }

    /// How sure the model was of each value of an answer in JSON. `None` if there are no log probabilities for the text.
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

    /// The tokens of its refusal, laid over it. `None` if it did not refuse or there are no log probabilities for that.
    #[must_use]
    pub fn refusal_alignment(&self) -> Option<Alignment<'_>> {
        let tokens = self.logprobs()?.refusal.as_deref()?;
        Some(Alignment::new(self.refusal()?, tokens))
    }

    /// The text of a refusal, if the model refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.additional_kwargs.get("refusal")?.as_str()
    }
}

/// A piece of what a model says. Pieces add up: `chunk + chunk`, `+=`, [`Sum`], [`Extend`].
///
/// Adding costs what the added piece is long, whatever came before it. `+` never panics and never loses text;
/// [`Merge::merge`] is the strict form that returns the error.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessageChunk, Logprobs, TokenLogprob};
///
/// let piece = |text: &str| {
///     AIMessageChunk::new(text).with_logprobs(Logprobs::content(vec![TokenLogprob::new(text, -0.1)]))
/// };
/// let full = piece("Hel") + piece("lo");
/// assert_eq!(full.text(), "Hello");
/// assert_eq!(full.logprobs().map(|logprobs| logprobs.tokens().count()), Some(2));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AIMessageChunk {
    /// A piece of what it says.
    pub content: Content,
    /// Pieces of calls of tools.
    pub tool_call_chunks: Vec<ToolCallChunk>,
    /// The tokens that this piece adds to the count.
    pub usage_metadata: Option<UsageMetadata>,
    /// What the provider said with this piece, log probabilities among it.
    pub response_metadata: ResponseMetadata,
    /// What the provider sent beside the content.
    pub additional_kwargs: Extra,
    /// The id of the message that this is a piece of.
    pub id: Option<String>,
    /// The name of the speaker.
    pub name: Option<String>,
    /// Set on the last piece.
    pub chunk_position: Option<ChunkPosition>,
    /// Fields that this type does not know.
    pub extra: Extra,
}

/// Where a chunk stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChunkPosition {
    /// Nothing comes after it. As JSON: `"last"`.
    Last,
}

impl AIMessageChunk {
    /// A piece with content and nothing else.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }

    /// Sets the log probabilities of this piece's tokens.
    #[must_use]
    pub fn with_logprobs(mut self, logprobs: Logprobs) -> Self {
        self.response_metadata.logprobs = Some(logprobs);
        self
    }

    /// Adds a piece of a tool call.
    #[must_use]
    pub fn with_tool_call_chunk(mut self, piece: ToolCallChunk) -> Self {
        // A chunk of a stream has one piece; a plain push makes room for four.
        if self.tool_call_chunks.is_empty() {
            self.tool_call_chunks.reserve_exact(1);
        }
        self.tool_call_chunks.push(piece);
        self
    }

    /// Sets why the answer ended.
    #[must_use]
    pub fn with_finish_reason(mut self, reason: impl Into<String>) -> Self {
        self.response_metadata.finish_reason = Some(reason.into());
        self
    }

    /// Sets the tokens that this piece adds to the count.
    #[must_use]
    pub fn with_usage(mut self, usage: UsageMetadata) -> Self {
        self.usage_metadata = Some(usage);
        self
    }

    /// The text of the content.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.content.text()
    }

    /// The log probabilities of its tokens, if they were asked for.
    #[must_use]
    pub fn logprobs(&self) -> Option<&Logprobs> {
        self.response_metadata.logprobs.as_ref()
    }

    /// The tokens of its text so far, laid over it, as [`AIMessage::alignment`]. `None` if there are none.
    #[must_use]
    pub fn alignment(&self) -> Option<Alignment<'_>> {
        let tokens = self.logprobs()?.content.as_deref()?;
        Some(Alignment::new(self.text(), tokens))
    }

    /// How sure the model was of each value so far, as [`AIMessage::json_confidence`].
    ///
    /// Read anew each time it is asked for.
    #[must_use]
    pub fn json_confidence(&self) -> Option<JsonConfidence> {
        self.alignment().map(|alignment| JsonConfidence::of(&alignment))
    }

    /// The calls as far as they have arrived, with open JSON closed: for showing, not for calling.
    ///
    /// Parsed each time it is asked for. [`AIMessage::from_chunk`](Streamable::from_chunk) gives the calls of the finished message, where a cut
    /// call is invalid.
    #[must_use]
    pub fn growing_tool_calls(&self) -> Vec<ToolCall> {
        growing_calls(&self.tool_call_chunks).0
    }

    /// Whether it says nothing at all: no content, no calls, no usage, no metadata.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
            && self.tool_call_chunks.is_empty()
            && self.usage_metadata.is_none()
            && self.additional_kwargs.is_empty()
            && self.response_metadata.is_empty()
    }
}

impl AIMessageChunk {
    pub(crate) fn into_base(self) -> Base {
        let Self {
            content,
            additional_kwargs,
            response_metadata,
            ..
        } = self;
        Base {
            content,
            additional_kwargs,
            response_metadata,
        }
    }
}

impl Merge for AIMessageChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        // Name every field: a new one must not compile before it has a rule.
        let Self {
            content,
            tool_call_chunks,
            usage_metadata,
            response_metadata,
            additional_kwargs,
            id,
            name,
            chunk_position,
            extra,
        } = next;
        // Every field is added before an error is returned, so that a conflict in one loses nothing of the others.
        let results = [
            self.content.merge(content),
            merge_tool_call_chunks(&mut self.tool_call_chunks, tool_call_chunks),
            self.usage_metadata.merge(usage_metadata),
            self.response_metadata.merge(response_metadata),
            merge_kwargs(&mut self.additional_kwargs, additional_kwargs),
            self.extra.merge(extra),
        ];
        keep_better(&mut self.id, id);
        self.name = self.name.take().or(name); // the speaker does not change within a message
        self.chunk_position = self.chunk_position.or(chunk_position); // once last, always last
        if self.chunk_position.is_some() {
            self.finish_blocks();
        }
        results.into_iter().collect()
    }
}

/// As [`Merge::merge`], except that where two values cannot be added the left one stays.
impl AddAssign for AIMessageChunk {
    fn add_assign(&mut self, next: Self) {
        // `merge` has added all that can be added before it reports the rest.
        let _ = self.merge(next);
    }
}

impl Add for AIMessageChunk {
    type Output = Self;
    fn add(mut self, next: Self) -> Self {
        self += next;
        self
    }
}

impl Sum for AIMessageChunk {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}

impl Extend<Self> for AIMessageChunk {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, iter: I) {
        iter.into_iter().for_each(|chunk| *self += chunk);
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
    /// The finished message: only a call with a complete JSON object is a tool call.
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
        } = chunk;
        let mut pieces = Vec::with_capacity(tool_call_chunks.len());
        // A chunk that nothing was added to may hold several pieces of one call; two different ids are two calls, and no error.
        let _ = merge_tool_call_chunks(&mut pieces, tool_call_chunks);
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

impl From<AIMessage> for AIMessageChunk {
    fn from(message: AIMessage) -> Self {
        let AIMessage {
            content,
            tool_calls,
            invalid_tool_calls,
            usage_metadata,
            response_metadata,
            additional_kwargs,
            id,
            name,
            extra,
        } = message;
        let calls = tool_calls.into_iter().map(ToolCallChunk::from);
        let invalid = invalid_tool_calls.into_iter().map(ToolCallChunk::from);
        Self {
            content,
            tool_call_chunks: calls.chain(invalid).collect(),
            usage_metadata,
            response_metadata,
            additional_kwargs,
            id,
            name,
            chunk_position: None,
            extra,
        }
    }
}
