//! A piece of a model's message, and the addition of pieces.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::AIMessage;
use crate::messages::id::keep_better;
use crate::messages::spoken::{Base, merge_kwargs};
use crate::messages::tool_call::{Places, growing_calls, merge_tool_call_chunks};
use crate::messages::{
    Alignment, Content, Extra, JsonConfidence, Logprobs, ResponseMetadata, ToolCall, ToolCallChunk, UsageMetadata,
};
use crate::{Merge, Result};

/// A piece of a model's message. Pieces add up: `chunk + chunk`, `+=`, [`Sum`], [`Extend`].
///
/// An addition costs the length of the added piece, whatever came before it. `+` never panics and never loses text; [`Merge::merge`] is the strict
/// form, which returns the error.
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
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct AIMessageChunk {
    /// A piece of the text, or of the list of parts.
    pub content: Content,
    /// Pieces of tool calls.
    pub tool_call_chunks: Vec<ToolCallChunk>,
    /// The number of tokens that this piece adds to the count.
    pub usage_metadata: Option<UsageMetadata>,
    /// The provider's metadata that came with this piece, log probabilities among it.
    pub response_metadata: ResponseMetadata,
    /// The provider's data that has no field.
    pub additional_kwargs: Extra,
    /// The id of the message to which this piece belongs.
    pub id: Option<String>,
    /// The name of the speaker.
    pub name: Option<String>,
    /// `Last` on the last piece of the stream.
    pub chunk_position: Option<ChunkPosition>,
    /// Keys of the JSON that this type has no field for.
    pub extra: Extra,
    /// The calls among the pieces, once they are many.
    pub(crate) places: Places,
}

/// The position of a chunk in its stream.
///
/// # Examples
///
/// ```
/// assert_eq!(serde_json::to_value(cadena_core::messages::ChunkPosition::Last)?, "last");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChunkPosition {
    /// No other chunk follows. As JSON: `"last"`.
    Last,
}

impl AIMessageChunk {
    /// Makes a piece with content and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessageChunk;
    ///
    /// assert_eq!((AIMessageChunk::new("Hel") + AIMessageChunk::new("lo")).text(), "Hello");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }

    /// Sets the log probabilities of this piece's tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let chunk = AIMessageChunk::new("Hi").with_logprobs(Logprobs::content(vec![TokenLogprob::new("Hi", -0.25)]));
    /// assert_eq!(chunk.logprobs().map(Logprobs::sum), Some(-0.25));
    /// ```
    #[must_use]
    pub fn with_logprobs(mut self, logprobs: Logprobs) -> Self {
        self.response_metadata.logprobs = Some(logprobs);
        self
    }

    /// Adds a piece of a tool call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ToolCallChunk};
    ///
    /// let chunk = AIMessageChunk::new("").with_tool_call_chunk(ToolCallChunk::new(0).with_name("add"));
    /// assert_eq!(chunk.tool_call_chunks[0].name.as_deref(), Some("add"));
    /// ```
    #[must_use]
    pub fn with_tool_call_chunk(mut self, piece: ToolCallChunk) -> Self {
        // A chunk of a stream has one piece, and a plain push would make room for four.
        if self.tool_call_chunks.is_empty() {
            self.tool_call_chunks.reserve_exact(1);
        }
        self.tool_call_chunks.push(piece);
        self
    }

    /// Sets the reason why the answer ended, such as `stop` or `length`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessageChunk;
    ///
    /// assert!(AIMessageChunk::new("").with_finish_reason("length").response_metadata.is_cut());
    /// ```
    #[must_use]
    pub fn with_finish_reason(mut self, reason: impl Into<String>) -> Self {
        self.response_metadata.finish_reason = Some(reason.into());
        self
    }

    /// Sets the number of tokens that this piece adds to the count.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, UsageMetadata};
    ///
    /// let chunk = AIMessageChunk::new("").with_usage(UsageMetadata::new(5, 2));
    /// assert_eq!(chunk.usage_metadata.map(|usage| usage.total_tokens), Some(7));
    /// ```
    #[must_use]
    pub fn with_usage(mut self, usage: UsageMetadata) -> Self {
        self.usage_metadata = Some(usage);
        self
    }

    /// Returns the text of the content.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::AIMessageChunk::new("Hel").text(), "Hel");
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
    /// use cadena_core::{AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let piece = |text: &str| AIMessageChunk::new(text).with_logprobs(Logprobs::content(vec![TokenLogprob::new(text, -0.5)]));
    /// assert_eq!((piece("Hel") + piece("lo")).logprobs().map(Logprobs::sum), Some(-1.0));
    /// ```
    #[must_use]
    pub fn logprobs(&self) -> Option<&Logprobs> {
        self.response_metadata.logprobs.as_ref()
    }

    /// Lays the tokens of the text so far over it, as [`AIMessage::alignment`] does. `None` if there are no log probabilities.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let chunk = AIMessageChunk::new("Mad").with_logprobs(Logprobs::content(vec![TokenLogprob::new("Mad", -0.5)]));
    /// assert_eq!(chunk.alignment().and_then(|alignment| alignment.logprob(0..3)), Some(-0.5));
    /// ```
    #[must_use]
    pub fn alignment(&self) -> Option<Alignment<'_>> {
        self.response_metadata.alignment(&self.content)
    }

    /// Measures how sure the model was of each value so far, as [`AIMessage::json_confidence`] does.
    ///
    /// The JSON is read anew at every call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Logprobs, TokenLogprob};
    ///
    /// let chunk = AIMessageChunk::new("[1").with_logprobs(Logprobs::content(vec![TokenLogprob::new("[", -0.5), TokenLogprob::new("1", -0.25)]));
    /// assert_eq!(chunk.json_confidence().and_then(|answer| answer.probability("/0")), Some((-0.25_f64).exp()));
    /// ```
    #[must_use]
    pub fn json_confidence(&self) -> Option<JsonConfidence> {
        self.alignment().map(|alignment| JsonConfidence::of(&alignment))
    }

    /// Returns the calls as far as they have arrived, with open JSON closed: for display, never for running them.
    ///
    /// The calls are parsed anew at every call. [`AIMessage::from_chunk`](crate::Streamable::from_chunk) returns the calls of the finished message, in which a cut
    /// call is invalid.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ToolCallChunk};
    ///
    /// let piece = ToolCallChunk::new(0).with_name("add").with_args(r#"{"a": 1, "b""#);
    /// let chunk = AIMessageChunk::new("").with_tool_call_chunk(piece);
    /// assert_eq!(chunk.growing_tool_calls()[0].args["a"], 1);
    /// ```
    #[must_use]
    pub fn growing_tool_calls(&self) -> Vec<ToolCall> {
        growing_calls(&self.tool_call_chunks).0
    }

    /// Returns whether the piece has no content, no calls, no usage and no metadata.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessageChunk;
    ///
    /// assert!(AIMessageChunk::default().is_empty());
    /// assert!(!AIMessageChunk::default().with_finish_reason("stop").is_empty());
    /// ```
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

/// The public fields, as a derived `Debug` prints them.
impl fmt::Debug for AIMessageChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            places: _,
        } = self;
        f.debug_struct("AIMessageChunk")
            .field("content", content)
            .field("tool_call_chunks", tool_call_chunks)
            .field("usage_metadata", usage_metadata)
            .field("response_metadata", response_metadata)
            .field("additional_kwargs", additional_kwargs)
            .field("id", id)
            .field("name", name)
            .field("chunk_position", chunk_position)
            .field("extra", extra)
            .finish()
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
            places: _,
        } = next;
        // Every field is added before an error is returned, so that a conflict in one loses nothing of the others.
        let results = [
            self.content.merge(content),
            merge_tool_call_chunks(&mut self.tool_call_chunks, tool_call_chunks, &mut self.places),
            self.usage_metadata.merge(usage_metadata),
            self.response_metadata.merge(response_metadata),
            merge_kwargs(&mut self.additional_kwargs, additional_kwargs),
            self.extra.merge(extra),
        ];
        keep_better(&mut self.id, id);
        self.name = self.name.take().or(name); // The speaker does not change within a message.
        self.chunk_position = self.chunk_position.or(chunk_position); // A stream has one last chunk.
        if self.chunk_position.is_some() {
            self.finish_blocks();
        }
        results.into_iter().collect()
    }
}

/// As [`Merge::merge`], but where two values cannot be added the left one stays.
impl AddAssign for AIMessageChunk {
    fn add_assign(&mut self, next: Self) {
        // `merge` adds everything that can be added before it returns an error.
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
            places: Places::default(),
        }
    }
}
