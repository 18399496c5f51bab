//! Tool calls and their results, as blocks of content.

use serde_json::{Map, Value};

use super::fields::block;
use crate::messages::{InvalidToolCall, ToolCall, ToolCallChunk};

block! {
    /// A thought of the model before its answer, or a summary of the thought.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::ReasoningBlock::new("It is big.").reasoning.as_deref(), Some("It is big."));
    /// ```
    #[doc(alias = "ReasoningContentBlock")]
    ReasoningBlock {
        /// The text of the thought.
        reasoning: Option<String>,
    }
}

impl ReasoningBlock {
    /// Makes a block of a thought.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ContentBlock, ReasoningBlock};
    ///
    /// let block = ContentBlock::Reasoning(ReasoningBlock::new("It is big."));
    /// assert_eq!(block.block_type(), "reasoning");
    /// ```
    #[must_use]
    pub fn new(reasoning: impl Into<String>) -> Self {
        Self {
            reasoning: Some(reasoning.into()),
            ..Self::default()
        }
    }
}

block! {
    /// A call of a tool that the program runs: a [`ToolCall`] in the content.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolCall;
    /// use cadena_core::messages::ToolCallBlock;
    /// use serde_json::Map;
    ///
    /// let block = ToolCallBlock::from(ToolCall::new("now", Map::new(), "call_1"));
    /// assert_eq!((block.name.as_str(), block.id.as_deref()), ("now", Some("call_1")));
    /// ```
    ToolCallBlock {
        /// The tool's name.
        name: String,
        /// The arguments by name.
        args: Map<String, Value>,
    }
}

impl From<ToolCall> for ToolCallBlock {
    fn from(call: ToolCall) -> Self {
        Self {
            name: call.name,
            args: call.args,
            id: call.id,
            ..Self::default()
        }
    }
}

block! {
    /// A piece of a tool call: a [`ToolCallChunk`] in the content.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolCallChunk;
    /// use cadena_core::messages::{BlockIndex, ToolCallChunkBlock};
    ///
    /// let block = ToolCallChunkBlock::from(ToolCallChunk::new(0).with_args("{"));
    /// assert_eq!(block.index, Some(BlockIndex::Number(0)));
    /// ```
    ToolCallChunkBlock {
        /// The tool's name, usually in the first piece.
        name: Option<String>,
        /// A piece of the arguments' JSON text.
        args: Option<String>,
    }
}

impl From<ToolCallChunk> for ToolCallChunkBlock {
    fn from(piece: ToolCallChunk) -> Self {
        Self {
            name: piece.name,
            args: piece.args,
            id: piece.id,
            index: piece.index.map(Into::into),
            ..Self::default()
        }
    }
}

block! {
    /// A call that cannot be run: an [`InvalidToolCall`] in the content.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::InvalidToolCall;
    /// use cadena_core::messages::InvalidToolCallBlock;
    ///
    /// let mut cut = InvalidToolCall::default();
    /// cut.args = Some("{".to_owned());
    /// assert_eq!(InvalidToolCallBlock::from(cut).args.as_deref(), Some("{"));
    /// ```
    InvalidToolCallBlock {
        /// The tool's name, if it had arrived.
        name: Option<String>,
        /// The arguments as they arrived.
        args: Option<String>,
        /// The reason why the call is invalid.
        error: Option<String>,
    }
}

impl From<InvalidToolCall> for InvalidToolCallBlock {
    fn from(call: InvalidToolCall) -> Self {
        Self {
            name: call.name,
            args: call.args,
            error: call.error,
            id: call.id,
            ..Self::default()
        }
    }
}

block! {
    /// A call of a tool that the provider runs, such as its web search.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::ContentBlock;
    /// use serde_json::json;
    ///
    /// let block: ContentBlock =
    ///     serde_json::from_value(json!({"type": "server_tool_call", "id": "ws_1", "name": "web_search", "args": {"query": "rust"}}))?;
    /// assert!(matches!(block, ContentBlock::ServerToolCall(call) if call.name == "web_search"));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[doc(alias = "ServerToolCall")]
    ServerToolCallBlock {
        /// The tool's name.
        name: String,
        /// The arguments, usually an object.
        args: Option<Value>,
    }
}

block! {
    /// A piece of a call of a tool that the provider runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::ContentBlock;
    /// use serde_json::json;
    ///
    /// let block: ContentBlock = serde_json::from_value(json!({"type": "server_tool_call_chunk", "args": "{\"q\""}))?;
    /// assert!(matches!(block, ContentBlock::ServerToolCallChunk(piece) if piece.args.is_some()));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[doc(alias = "ServerToolCallChunk")]
    ServerToolCallChunkBlock {
        /// The tool's name, usually in the first piece.
        name: Option<String>,
        /// A piece of the arguments' JSON text.
        args: Option<String>,
    }
}

block! {
    /// The result of a tool that the provider ran.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::ContentBlock;
    /// use serde_json::json;
    ///
    /// let block: ContentBlock =
    ///     serde_json::from_value(json!({"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success", "output": []}))?;
    /// assert!(matches!(block, ContentBlock::ServerToolResult(result) if result.tool_call_id == "ws_1"));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[doc(alias = "ServerToolResult")]
    ServerToolResultBlock {
        /// The id of the call.
        tool_call_id: String,
        /// `success` or `error`.
        status: Option<String>,
        /// The output of the tool.
        output: Option<Value>,
    }
}

block! {
    /// A block that only one provider has, verbatim.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::ContentBlock;
    /// use serde_json::json;
    ///
    /// let block: ContentBlock = serde_json::from_value(json!({"type": "non_standard", "value": {"type": "weird"}}))?;
    /// assert!(matches!(block, ContentBlock::NonStandard(block) if block.value["type"] == "weird"));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[doc(alias = "NonStandardContentBlock")]
    NonStandardBlock {
        /// The provider's object.
        value: Map<String, Value>,
    }
}
