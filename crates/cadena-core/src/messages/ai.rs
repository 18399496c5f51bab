//! What a model says: the whole message and its chunks.

use std::borrow::Cow;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::id::keep_better;
use super::tool_call::{finished_calls, growing_calls, merge_tool_call_chunks};
use super::{
    Content, ContentPart, Extra, InvalidToolCall, Logprobs, ResponseMetadata, ToolCall, ToolCallChunk, UsageMetadata,
    lenient_id,
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
    pub additional_kwargs: Map<String, Value>,
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
    pub additional_kwargs: Map<String, Value>,
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
            merge_map(&mut self.additional_kwargs, additional_kwargs),
            self.extra.merge(extra),
        ];
        keep_better(&mut self.id, id);
        self.name = self.name.take().or(name); // the speaker does not change within a message
        self.chunk_position = self.chunk_position.or(chunk_position); // once last, always last
        results.into_iter().collect()
    }
}

/// By LangChain's rules for JSON objects; the empty left side, which is the common one, costs nothing.
fn merge_map(left: &mut Map<String, Value>, right: Map<String, Value>) -> Result<()> {
    if left.is_empty() {
        *left = right;
        return Ok(());
    }
    crate::merge::json::merge_dicts(left, right)
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
            chunk_position: _,
            extra,
        } = chunk;
        let (tool_calls, invalid_tool_calls) = finished_calls(&tool_call_chunks);
        Self {
            content,
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

/// The keys of both dumps, in LangChain's order.
#[derive(Serialize)]
struct Dump<'a> {
    content: &'a Content,
    additional_kwargs: &'a Map<String, Value>,
    response_metadata: &'a ResponseMetadata,
    r#type: &'static str,
    name: &'a Option<String>,
    id: &'a Option<String>,
    tool_calls: &'a [ToolCall],
    invalid_tool_calls: &'a [InvalidToolCall],
    usage_metadata: &'a Option<UsageMetadata>,
    #[serde(flatten)]
    chunk: Option<ChunkDump<'a>>,
    #[serde(flatten)]
    extra: &'a Extra,
}

#[derive(Serialize)]
struct ChunkDump<'a> {
    tool_call_chunks: &'a [ToolCallChunk],
    chunk_position: Option<ChunkPosition>,
}

impl Serialize for AIMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Dump {
            content: &self.content,
            additional_kwargs: &self.additional_kwargs,
            response_metadata: &self.response_metadata,
            r#type: "ai",
            name: &self.name,
            id: &self.id,
            tool_calls: &self.tool_calls,
            invalid_tool_calls: &self.invalid_tool_calls,
            usage_metadata: &self.usage_metadata,
            chunk: None,
            extra: &self.extra,
        }
        .serialize(serializer)
    }
}

impl Serialize for AIMessageChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (tool_calls, invalid_tool_calls) = growing_calls(&self.tool_call_chunks);
        Dump {
            content: &self.content,
            additional_kwargs: &self.additional_kwargs,
            response_metadata: &self.response_metadata,
            r#type: "AIMessageChunk",
            name: &self.name,
            id: &self.id,
            tool_calls: &tool_calls,
            invalid_tool_calls: &invalid_tool_calls,
            usage_metadata: &self.usage_metadata,
            chunk: Some(ChunkDump {
                tool_call_chunks: &self.tool_call_chunks,
                chunk_position: self.chunk_position,
            }),
            extra: &self.extra,
        }
        .serialize(serializer)
    }
}

/// What both constructors take; LangChain's keyword arguments.
#[derive(Deserialize)]
struct Parts {
    content: Option<Content>,
    content_blocks: Option<Vec<ContentPart>>,
    #[serde(default)]
    additional_kwargs: Map<String, Value>,
    #[serde(default)]
    response_metadata: ResponseMetadata,
    #[serde(default, rename = "type")]
    _type: Option<String>,
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient_id")]
    id: Option<String>,
    #[serde(default)]
    tool_calls: Vec<ToolCall>,
    #[serde(default)]
    invalid_tool_calls: Vec<InvalidToolCall>,
    #[serde(default)]
    tool_call_chunks: Vec<ToolCallChunk>,
    usage_metadata: Option<UsageMetadata>,
    chunk_position: Option<ChunkPosition>,
    #[serde(flatten)]
    extra: Extra,
}

impl Parts {
    fn content<E: serde::de::Error>(&mut self) -> Result<Content, E> {
        let blocks = self.content_blocks.take().map(Content::Parts);
        blocks
            .or(self.content.take())
            .ok_or_else(|| E::missing_field("content"))
    }

    /// Calls that stand in the content or in OpenAI's own form, where none are given.
    fn find_tool_calls(&mut self, content: &Content) {
        if !self.tool_calls.is_empty() || !self.invalid_tool_calls.is_empty() {
            return;
        }
        if let Content::Parts(parts) = content {
            let calls = parts.iter().filter(|part| part.block_type() == Some("tool_call"));
            self.tool_calls = calls
                .filter_map(|part| ToolCall::deserialize(Value::from(part.clone())).ok())
                .collect();
        }
        if self.tool_calls.is_empty() {
            let raw = self.additional_kwargs.get("tool_calls").and_then(Value::as_array);
            for call in raw.into_iter().flatten() {
                let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
                let function = call.get("function");
                let chunk = ToolCallChunk {
                    name: text(function.and_then(|function| function.get("name"))),
                    args: text(function.and_then(|function| function.get("arguments"))),
                    id: text(call.get("id")),
                    ..ToolCallChunk::default()
                };
                let (calls, invalid) = finished_calls(&[chunk]);
                self.tool_calls.extend(calls);
                self.invalid_tool_calls.extend(invalid);
            }
        }
    }
}

impl<'de> Deserialize<'de> for AIMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut parts = Parts::deserialize(deserializer)?;
        let content = parts.content()?;
        parts.find_tool_calls(&content);
        Ok(Self {
            content,
            tool_calls: parts.tool_calls,
            invalid_tool_calls: parts.invalid_tool_calls,
            usage_metadata: parts.usage_metadata,
            response_metadata: parts.response_metadata,
            additional_kwargs: parts.additional_kwargs,
            id: parts.id,
            name: parts.name,
            extra: parts.extra,
        })
    }
}

impl<'de> Deserialize<'de> for AIMessageChunk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut parts = Parts::deserialize(deserializer)?;
        let content = parts.content()?;
        let mut tool_call_chunks = parts.tool_call_chunks;
        if tool_call_chunks.is_empty() {
            let calls = parts.tool_calls.into_iter().map(ToolCallChunk::from);
            tool_call_chunks.extend(calls.chain(parts.invalid_tool_calls.into_iter().map(ToolCallChunk::from)));
        }
        Ok(Self {
            content,
            tool_call_chunks,
            usage_metadata: parts.usage_metadata,
            response_metadata: parts.response_metadata,
            additional_kwargs: parts.additional_kwargs,
            id: parts.id,
            name: parts.name,
            chunk_position: parts.chunk_position,
            extra: parts.extra,
        })
    }
}
