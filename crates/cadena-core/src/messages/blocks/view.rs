//! The standard view of a message's content.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::ContentBlock;
use super::ids::Ids;
use super::translate::{
    Block, Calls, anthropic, block_type, call_block, chat_completions, object, piece_block, responses, rewrite_v03,
    standard, text_block,
};
use crate::IdGenerator;
use crate::messages::tool_call::finished_calls;
use crate::messages::{
    AIMessage, AIMessageChunk, ChatMessage, ChatMessageChunk, ChunkPosition, Content, ContentPart, Extra,
    FunctionMessage, FunctionMessageChunk, HumanMessage, HumanMessageChunk, Message, MessageChunk, ResponseMetadata,
    SystemMessage, SystemMessageChunk, ToolCallChunk, ToolMessage, ToolMessageChunk,
};

/// Writes the two public methods for a type whose blocks can be made with given ids.
macro_rules! content_blocks {
    ($($type:ident: |$message:ident| $id:expr, $blocks:expr;)*) => {$(
        impl $type {
            /// Returns the content in [standard blocks](crate::messages::blocks). A block that needs an id gets the same id each time.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let message: cadena_core::", stringify!($type), " = serde_json::from_value(serde_json::json!({")]
            ///     "content": "hi", "role": "critic", "name": "add", "tool_call_id": "call_1",
            /// }))?;
            /// assert_eq!(message.content_blocks()[0].as_text(), Some("hi"));
            /// # Ok::<_, serde_json::Error>(())
            /// ```
            #[must_use]
            pub fn content_blocks(&self) -> Vec<ContentBlock> {
                let $message = self;
                typed($blocks(&mut Ids::derived($id)))
            }

            /// As [`content_blocks`](Self::content_blocks), with ids of a generator for the blocks that need one.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_core::SequentialIds;
            ///
            #[doc = concat!("let message: cadena_core::", stringify!($type), " = serde_json::from_value(serde_json::json!({")]
            ///     "content": "hi", "role": "critic", "name": "add", "tool_call_id": "call_1",
            /// }))?;
            /// assert_eq!(message.content_blocks_with(&SequentialIds::default())[0].as_text(), Some("hi"));
            /// # Ok::<_, serde_json::Error>(())
            /// ```
            #[must_use]
            pub fn content_blocks_with(&self, ids: &dyn IdGenerator) -> Vec<ContentBlock> {
                let $message = self;
                typed($blocks(&mut Ids::given(ids)))
            }
        }
    )*};
}

macro_rules! plain_content_blocks {
    ($($type:ident),* $(,)?) => {
        content_blocks! {$(
            $type: |message| message.id.as_deref(), |ids: &mut Ids<'_>| plain(&message.content, ids);
        )*}
    };
}

content_blocks! {
    AIMessage: |message| message.id.as_deref(), |ids: &mut Ids<'_>| Spoken::message(message).blocks(ids);
    AIMessageChunk: |chunk| chunk.id.as_deref(), |ids: &mut Ids<'_>| Spoken::chunk(chunk).blocks(ids);
}

plain_content_blocks!(
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
);

impl Message {
    /// Returns the content in [standard blocks](crate::messages::blocks). A block that needs an id gets the same id each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::ContentBlock;
    /// use cadena_core::{ContentPart, HumanMessage, Message};
    ///
    /// let message = Message::from(HumanMessage::new(vec![ContentPart::image_url("data:image/png;base64,iVBORw==")]));
    /// let blocks = message.content_blocks();
    /// assert!(matches!(&blocks[0], ContentBlock::Image(image) if image.mime_type.as_deref() == Some("image/png")));
    /// assert_eq!(message.content_blocks(), blocks);
    /// ```
    #[must_use]
    pub fn content_blocks(&self) -> Vec<ContentBlock> {
        match self {
            Self::Human(message) => message.content_blocks(),
            Self::System(message) => message.content_blocks(),
            Self::AI(message) => message.content_blocks(),
            Self::Tool(message) => message.content_blocks(),
            Self::Chat(message) => message.content_blocks(),
            Self::Function(message) => message.content_blocks(),
            Self::Remove(_) => Vec::new(),
        }
    }
}

impl MessageChunk {
    /// Returns the content in [standard blocks](crate::messages::blocks), with tool calls in pieces until the last chunk.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, MessageChunk};
    ///
    /// let chunk = MessageChunk::from(AIMessageChunk::new("Hel"));
    /// assert_eq!(chunk.content_blocks()[0].as_text(), Some("Hel"));
    /// ```
    #[must_use]
    pub fn content_blocks(&self) -> Vec<ContentBlock> {
        match self {
            Self::Human(chunk) => chunk.content_blocks(),
            Self::System(chunk) => chunk.content_blocks(),
            Self::AI(chunk) => chunk.content_blocks(),
            Self::Tool(chunk) => chunk.content_blocks(),
            Self::Chat(chunk) => chunk.content_blocks(),
            Self::Function(chunk) => chunk.content_blocks(),
        }
    }
}

fn typed(blocks: Vec<Block>) -> Vec<ContentBlock> {
    blocks.into_iter().map(ContentBlock::from).collect()
}

/// Returns the blocks of a content, whoever wrote it.
fn plain(content: &Content, ids: &mut Ids<'_>) -> Vec<Block> {
    match content {
        Content::Text(text) if text.is_empty() => Vec::new(),
        Content::Text(text) => vec![text_block(text)],
        Content::Parts(parts) => parts
            .iter()
            .map(|part| match part {
                ContentPart::Text(text) => text_block(text),
                ContentPart::Block(block) => standard(block.clone().into_map(), ids),
            })
            .collect(),
    }
}

/// A model's message or chunk.
struct Spoken<'a> {
    content: &'a Content,
    kwargs: &'a Extra,
    metadata: &'a ResponseMetadata,
    id: Option<&'a str>,
    calls: Calls<'a>,
    /// The pieces of a chunk's calls, also of the last chunk.
    pieces: Option<&'a [ToolCallChunk]>,
}

impl<'a> Spoken<'a> {
    fn message(message: &'a AIMessage) -> Self {
        Self {
            content: &message.content,
            kwargs: &message.additional_kwargs,
            metadata: &message.response_metadata,
            id: message.id.as_deref(),
            calls: Calls::Whole {
                valid: Cow::Borrowed(&message.tool_calls),
                invalid: Cow::Borrowed(&message.invalid_tool_calls),
            },
            pieces: None,
        }
    }

    /// Reads a chunk: the last one shows the calls of its message, any other one shows pieces, as they may go on.
    fn chunk(chunk: &'a AIMessageChunk) -> Self {
        let calls = if chunk.chunk_position == Some(ChunkPosition::Last) {
            let (valid, invalid) = finished_calls(&chunk.tool_call_chunks, chunk.response_metadata.ends_early());
            Calls::Whole {
                valid: Cow::Owned(valid),
                invalid: Cow::Owned(invalid),
            }
        } else {
            Calls::Pieces(&chunk.tool_call_chunks)
        };
        Self {
            content: &chunk.content,
            kwargs: &chunk.additional_kwargs,
            metadata: &chunk.response_metadata,
            id: chunk.id.as_deref(),
            calls,
            pieces: Some(&chunk.tool_call_chunks),
        }
    }

    fn blocks(&self, ids: &mut Ids<'_>) -> Vec<Block> {
        let version = self.metadata.extra.get("output_version").and_then(Value::as_str);
        match self.content {
            Content::Parts(parts) if version == Some("v1") => parts.iter().cloned().map(verbatim).collect(),
            content => match self.metadata.model_provider.as_deref() {
                Some("openai") => self.openai(content),
                Some("anthropic") => anthropic(content, &self.calls, self.pieces),
                _ => self.any(content, ids),
            },
        }
    }

    fn openai(&self, content: &Content) -> Vec<Block> {
        match content {
            Content::Text(text) => chat_completions(text, &self.calls),
            Content::Parts(parts) => {
                let response_id = self.metadata.id.as_deref();
                let today = rewrite_v03(parts, self.kwargs, self.id, response_id, &self.calls);
                responses(today.as_deref().unwrap_or(parts), &self.calls)
            }
        }
    }

    /// Returns the blocks for a provider that is not known.
    fn any(&self, content: &Content, ids: &mut Ids<'_>) -> Vec<Block> {
        let mut blocks = plain(content, ids);
        // The calls that the content shows already. A set, as a look at every part for each call would be quadratic.
        let parts = match content {
            Content::Parts(parts) => parts.as_slice(),
            Content::Text(_) => &[],
        };
        let shown = |kind: &str| -> HashSet<Option<&str>> {
            let shown = parts.iter().filter_map(|part| match part {
                ContentPart::Block(block) if block.block_type() == Some(kind) => {
                    Some(block.get("id").and_then(Value::as_str))
                }
                _ => None,
            });
            shown.collect()
        };
        match &self.calls {
            Calls::Whole { valid, .. } => {
                let shown = shown("tool_call");
                blocks.extend(valid.iter().filter_map(|call| {
                    let id = call.id.as_deref().filter(|id| !id.is_empty())?;
                    (!shown.contains(&Some(id))).then(|| call_block(call))
                }));
            }
            Calls::Pieces(pieces) => {
                let shown = shown("tool_call_chunk");
                let hidden = pieces.iter().filter(|piece| !shown.contains(&piece.id.as_deref()));
                blocks.extend(hidden.map(piece_block));
            }
        }
        let has_reasoning = blocks.iter().any(|block| block_type(block) == Some("reasoning"));
        if let Some(thought @ Value::String(_)) = self.kwargs.get("reasoning_content").filter(|_| !has_reasoning) {
            blocks.insert(
                0,
                object([("type", "reasoning".into()), ("reasoning", thought.clone())]),
            );
        }
        blocks
    }
}

fn verbatim(part: ContentPart) -> Block {
    match part {
        ContentPart::Text(text) => text_block(&text),
        ContentPart::Block(block) => block.into_map(),
    }
}
