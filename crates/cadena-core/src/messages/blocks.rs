//! Content in standard blocks, which have the same shape for every provider.
//!
//! A message keeps its content as the provider wrote it. [`content_blocks`](crate::AIMessage::content_blocks) returns the standard view of that
//! content, which is made at each call:
//!
//! | content of the message | block in the view |
//! |---|---|
//! | text | a text block |
//! | a standard block | that block, unknown keys and all |
//! | an OpenAI, Anthropic or Google input block, or one of LangChain 0.3 | the standard block for it |
//! | an output item of OpenAI's Responses API | the standard blocks for it |
//! | anything else | a [`NonStandardBlock`] that wraps it |
//!
//! The view of a model's message also has its tool calls, and begins with its `reasoning_content`.
//!
//! # Differences from LangChain
//!
//! - A chunk that is not the last one shows pieces of calls, never calls, since a call that has not arrived cannot be run. LangChain closes
//!   the JSON and shows calls if the chunk has text too. A last chunk shows the calls of its message, where a cut call is invalid.
//! - A bare text in a list is a text block for every provider and version; LangChain drops it from OpenAI's lists.
//! - A file that was sent as data keeps its type; LangChain sets `application/pdf` for every such file.
//! - A block that lacks a member which its type needs stays as it is, or is wrapped in a [`NonStandardBlock`]; LangChain raises `KeyError` or `TypeError`.
//! - A block that needs an id gets the same one each time; LangChain makes a new one for each view.
//! - The output of a provider other than OpenAI and Anthropic is shown by the table above; the provider's crate can translate it first.

mod fields;
mod index;
pub use index::BlockIndex;
mod text;
pub use text::{Annotation, Citation, TextBlock};
mod media;
pub use media::{MediaBlock, PlainTextBlock};
mod tool;
pub use tool::{
    InvalidToolCallBlock, NonStandardBlock, ReasoningBlock, ServerToolCallBlock, ServerToolCallChunkBlock,
    ServerToolResultBlock, ToolCallBlock, ToolCallChunkBlock,
};
mod openai;
pub use openai::{
    OpenAIApi, convert_to_openai_data_block, convert_to_openai_image_block, is_anthropic_data_block,
    is_data_content_block,
};
mod base64;
mod ids;
mod translate;
mod view;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Content, ContentPart};

/// A block of content in LangChain's standard form; the `type` tells the blocks apart.
///
/// Reading an object never fails: a block without a known type, or without the fields of its type, is [`Other`](Self::Other). Everything that was
/// read is written again, unknown keys included.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::ContentBlock;
/// use serde_json::json;
///
/// let json = json!({"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}});
/// let block: ContentBlock = serde_json::from_value(json.clone())?;
/// assert_eq!(block.as_text(), Some("hi"));
/// assert_eq!(serde_json::to_value(&block)?, json);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ContentBlock {
    /// Text. As JSON: `{"type": "text", "text": "hi"}`.
    Text(TextBlock),
    /// A thought. As JSON: `{"type": "reasoning", "reasoning": "It is big."}`.
    Reasoning(ReasoningBlock),
    /// An image. As JSON: `{"type": "image", "url": "https://example.com/a.png"}`.
    Image(MediaBlock),
    /// A sound. As JSON: `{"type": "audio", "base64": "UklGRg==", "mime_type": "audio/wav"}`.
    Audio(MediaBlock),
    /// A video. As JSON: `{"type": "video", "file_id": "file-1"}`.
    Video(MediaBlock),
    /// A file. As JSON: `{"type": "file", "file_id": "file-1"}`.
    File(MediaBlock),
    /// A document of plain text. As JSON: `{"type": "text-plain", "text": "…", "mime_type": "text/plain"}`.
    PlainText(PlainTextBlock),
    /// A call of a tool. As JSON: `{"type": "tool_call", "name": "add", "args": {"a": 1}, "id": "call_1"}`.
    ToolCall(ToolCallBlock),
    /// A piece of a call. As JSON: `{"type": "tool_call_chunk", "name": "add", "args": "{\"a\"", "id": "call_1", "index": 0}`.
    ToolCallChunk(ToolCallChunkBlock),
    /// A call that cannot be run. As JSON: `{"type": "invalid_tool_call", "name": "add", "args": "{", "id": "call_1", "error": null}`.
    InvalidToolCall(InvalidToolCallBlock),
    /// A call that the provider runs. As JSON: `{"type": "server_tool_call", "name": "web_search", "args": {}, "id": "ws_1"}`.
    ServerToolCall(ServerToolCallBlock),
    /// A piece of such a call. As JSON: `{"type": "server_tool_call_chunk", "args": "{\"q\""}`.
    ServerToolCallChunk(ServerToolCallChunkBlock),
    /// The result of such a call. As JSON: `{"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success"}`.
    ServerToolResult(ServerToolResultBlock),
    /// A block that only one provider has. As JSON: `{"type": "non_standard", "value": {…}}`.
    NonStandard(NonStandardBlock),
    /// Any other object, verbatim. As JSON: that object.
    Other(Map<String, Value>),
}

/// Lists each type with its variant, and writes everything that follows from the list.
macro_rules! variants {
    ($($tag:literal => $variant:ident($block:ident)),* $(,)?) => {
        /// Returns whether a variant has this type.
        pub(crate) fn is_known_type(tag: &str) -> bool {
            matches!(tag, $($tag)|*)
        }

        impl ContentBlock {
            /// Returns the `type` of the block; empty if it has no type.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_core::messages::ContentBlock;
            ///
            /// assert_eq!(ContentBlock::text("hi").block_type(), "text");
            /// ```
            #[must_use]
            pub fn block_type(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $tag,)*
                    Self::Other(map) => map.get("type").and_then(Value::as_str).unwrap_or_default(),
                }
            }
        }

        impl From<Map<String, Value>> for ContentBlock {
            fn from(mut map: Map<String, Value>) -> Self {
                // The type is taken out while the fields are read, and put back if they do not fit.
                let tag = match map.get("type") {
                    $(Some(Value::String(tag)) if tag == $tag => $tag,)*
                    _ => return Self::Other(map),
                };
                map.shift_remove("type");
                let read = match tag {
                    $($tag => $block::read(map).map(Self::$variant),)*
                    _ => Err(map),
                };
                read.unwrap_or_else(|mut map| {
                    map.insert("type".to_owned(), tag.into());
                    Self::Other(map)
                })
            }
        }

        impl From<ContentBlock> for Map<String, Value> {
            fn from(block: ContentBlock) -> Self {
                let mut map = Self::new();
                map.insert("type".to_owned(), block.block_type().into());
                match block {
                    $(ContentBlock::$variant(block) => block.put(&mut map),)*
                    ContentBlock::Other(other) => map = other,
                }
                map
            }
        }

        impl Serialize for ContentBlock {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                if !matches!(self, Self::Other(_)) {
                    map.serialize_entry("type", self.block_type())?;
                }
                match self {
                    $(Self::$variant(block) => block.write(&mut map)?,)*
                    Self::Other(other) => other.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?,
                }
                map.end()
            }
        }
    };
}

variants! {
    "text" => Text(TextBlock),
    "reasoning" => Reasoning(ReasoningBlock),
    "image" => Image(MediaBlock),
    "audio" => Audio(MediaBlock),
    "video" => Video(MediaBlock),
    "file" => File(MediaBlock),
    "text-plain" => PlainText(PlainTextBlock),
    "tool_call" => ToolCall(ToolCallBlock),
    "tool_call_chunk" => ToolCallChunk(ToolCallChunkBlock),
    "invalid_tool_call" => InvalidToolCall(InvalidToolCallBlock),
    "server_tool_call" => ServerToolCall(ServerToolCallBlock),
    "server_tool_call_chunk" => ServerToolCallChunk(ServerToolCallChunkBlock),
    "server_tool_result" => ServerToolResult(ServerToolResultBlock),
    "non_standard" => NonStandard(NonStandardBlock),
}

impl ContentBlock {
    /// Makes a text block.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::HumanMessage;
    /// use cadena_core::messages::ContentBlock;
    ///
    /// assert_eq!(HumanMessage::new(vec![ContentBlock::text("hi")]).text(), "hi");
    /// ```
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextBlock::new(text))
    }

    /// Returns the text of a text block.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ContentBlock, ReasoningBlock};
    ///
    /// assert_eq!(ContentBlock::text("hi").as_text(), Some("hi"));
    /// assert_eq!(ContentBlock::Reasoning(ReasoningBlock::new("It is big.")).as_text(), None);
    /// ```
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(block) => Some(&block.text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for ContentBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

impl From<ContentBlock> for Value {
    fn from(block: ContentBlock) -> Self {
        Self::Object(block.into())
    }
}

impl From<ContentBlock> for ContentPart {
    fn from(block: ContentBlock) -> Self {
        Self::Block(Map::from(block).into())
    }
}

impl From<Vec<ContentBlock>> for Content {
    fn from(blocks: Vec<ContentBlock>) -> Self {
        Self::Parts(blocks.into_iter().map(ContentPart::from).collect())
    }
}
