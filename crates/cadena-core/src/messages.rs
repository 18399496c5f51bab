//! Messages and their chunks, with LangChain's names and LangChain's JSON.
//!
//! A conversation is a list of [`Message`]s. An [`AIMessageChunk`] is a piece of an answer, and pieces add up. Log probabilities arrive
//! in [`ResponseMetadata::logprobs`], in whole messages and in every chunk.
//!
//! | task | items |
//! |---|---|
//! | take messages in any form that LangChain takes | [`convert_to_messages`], `Message::try_from` |
//! | store a history and read it | [`messages_to_dict`], [`messages_from_dict`]; [`messages_from_lc`] reads the output of `dumps` |
//! | make a history shorter | [`trim_messages`], [`filter_messages`], [`merge_message_runs`]; their options are steps: `trim \| model` |
//! | count the tokens of a history | [`count_tokens_approximately`], [`TokenCounter`] |
//! | print a history, or write it for OpenAI | [`get_buffer_string`], [`convert_to_openai_messages`] |
//!
//! # Differences from LangChain
//!
//! - Empty content is the identity of addition on both sides, and an id or a name that only one chunk has is kept.
//! - A call that was cut is invalid, also when its pieces are in the content. A known scalar of the metadata is replaced, never joined.
//! - Content of a tool message that is neither text nor a list is read as its JSON text, not as Python prints it.
//! - An object with all fields of a message is read as that message; in other objects `usage_metadata` and `invalid_tool_calls` are fields too.
//! - Trimming counts the text that is kept, and never exceeds its budget.
//!
//! # Depth
//!
//! Messages are read from at most [`MAX_DEPTH`](crate::merge::json::MAX_DEPTH) levels of nesting, whatever the source is. `serde_json` clones, writes
//! and drops a [`Value`](serde_json::Value) recursively, so a program that puts a deeper value into a field by hand can overflow its stack.

mod message;
pub use message::Message;
mod content;
pub use content::{Content, ContentPart};
mod json_block;
pub use json_block::JsonBlock;
mod human;
pub use human::{HumanMessage, HumanMessageChunk};
mod system;
pub use system::{SystemMessage, SystemMessageChunk};
mod ai;
pub use ai::{AIMessage, AIMessageChunk, ChunkPosition};
mod tool;
pub use tool::{ToolMessage, ToolMessageChunk, ToolStatus};
mod chat;
pub use chat::{ChatMessage, ChatMessageChunk};
mod function;
pub use function::{FunctionMessage, FunctionMessageChunk};
mod remove;
pub use remove::RemoveMessage;
mod chunk;
pub use chunk::MessageChunk;
mod any;
pub use any::AnyMessage;
pub mod blocks;
pub use blocks::{
    Annotation, BlockIndex, Citation, ContentBlock, InvalidToolCallBlock, MediaBlock, NonStandardBlock, OpenAIApi,
    PlainTextBlock, ReasoningBlock, ServerToolCallBlock, ServerToolCallChunkBlock, ServerToolResultBlock, TextBlock,
    ToolCallBlock, ToolCallChunkBlock, convert_to_openai_data_block, convert_to_openai_image_block,
    is_anthropic_data_block, is_data_content_block,
};
mod tool_call;
pub(crate) use tool_call::read_arguments;
pub use tool_call::{
    InvalidToolCall, ToolCall, ToolCallChunk, ToolCallKind, ToolCallParsing, make_invalid_tool_call, parse_tool_call,
    parse_tool_calls,
};
mod metadata;
pub(crate) use metadata::FROM_CACHE;
pub use metadata::ResponseMetadata;
mod logprobs;
pub use logprobs::{
    AlignedToken, Alignment, FieldConfidence, JsonConfidence, Logprobs, TokenLogprob, TokenLogprobsExt, TopLogprob,
};
mod usage;
pub use usage::{TokenDetails, UsageMetadata};
mod extra;
pub use extra::Extra;
mod stored;
pub use stored::{messages_from_dict, messages_to_dict};
mod envelope;
pub use envelope::messages_from_lc;
mod convert;
pub use convert::convert_to_messages;
mod kind;
pub use crate::conversation::{
    FilterMessages, MergeMessageRuns, TrimMessages, TrimStrategy, filter_messages, merge_message_runs, trim_messages,
};
pub use kind::MessageKind;
mod count;
#[cfg(feature = "tiktoken")]
pub use count::TiktokenCounter;
pub use count::{
    ApproximateCounter, MessageCounter, PerMessage, TokenCounter, WordCounter, count_tokens_approximately, per_message,
};
mod buffer;
pub use buffer::{BufferFormat, BufferOptions, get_buffer_string};
mod openai;
pub use openai::{OpenAIOptions, TextFormat, convert_to_openai_messages};
mod prompt_value;
pub use prompt_value::PromptValue;
mod choices;
pub use choices::{Choices, ChoicesChunk};
mod generation;
pub use generation::ChatGenerationChunk;
mod bounded;
mod fields;
pub(crate) mod id;
mod json;
pub(crate) mod python;
pub(crate) mod spoken;
