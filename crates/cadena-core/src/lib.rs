//! The contracts and the data of cadena: steps that compose, messages and chunks that add up. No HTTP.
//!
//! ```
//! use cadena_core::{dict, ChatPromptTemplate, EchoModel, RunnableExt, StrOutputParser};
//!
//! # futures::executor::block_on(async {
//! let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")])?;
//! let chain = prompt | EchoModel::new() | StrOutputParser;
//! assert_eq!(chain.invoke(dict! {"topic": "bears"}).await?, "Tell a joke about bears.");
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! Programs use the crate `cadena`, which names everything in here; providers and plug-ins depend on this crate alone.
//!
//! - [`Runnable`] is what a step is, [`RunnableExt`] what every step can do, [`Chain`] what `|` gives.
//! - [`Graph`] is what a chain looks like, as text, Mermaid or JSON.
//! - [`ChatModel`] is what a provider writes; [`ChatOptions`] and [`Bind`] say how a model answers.
//! - [`messages`] holds messages, chunks, [`Logprobs`] and [`UsageMetadata`]; [`merge`] the rules of addition.
//! - [`Alignment`] lays tokens over the text that they made; [`ContentBlock`] is content in the same shape for every provider.
//! - [`ChatPromptTemplate`] stands before a model, [`StrOutputParser`] behind it.
//! - [`ChatMessageHistory`] remembers conversations, for [`RunnableExt::with_message_history`].
//! - [`Tool`] is what a model may call, [`AnyTool`] one of any type, [`tool_node()`] what runs the calls, [`agent()`] what goes on until there is an answer.
//! - [`RunConfig`] is what a caller says about a call, [`RunContext`] where a step stands in it, [`RunEvent`] what happens,
//!   [`UsageTracker`] how many tokens it took.
//! - [`Error`] is the one error, [`ErrorKind`] what to do about it.

mod error;
pub use error::{BoxError, Error, ErrorKind, Result};

mod runnable;
pub use runnable::{
    Alternatives, Assign, BatchFile, BatchProgress, BatchResults, BoxRunnable, Branch, CanClone, Chain,
    ConfigurableStep, Configured, DEFAULT_BATCH_CONCURRENCY, FallbackErrors, Fallbacks, Follows, Generator, IntoInput,
    IntoLambda, IntoParallel, Keyed, Lambda, LambdaIn, Listeners, Map, MessageHistory, Named, OneStep, Or, Outputs,
    OutputsChunk, Parallel, ParallelBranch, Passthrough, Pick, PickKeys, Picked, Remembers, Retry, RetryBudget,
    RetryOptions, Route, Router, RouterInput, Runnable, RunnableExt, SendSync, StepList, Steps, Timeout, WithListeners,
    assign, branch, generator, lambda, lambda_in, lambda_kind, parallel, passthrough, pick, route_fn, router,
    stream_fn, try_route_fn,
};

mod graph;
pub use graph::{
    Edge, Graph, MermaidCurve, MermaidDirection, MermaidOptions, Node, NodeId, NodeRole, RunKind, StreamMode,
};
mod stream;
pub use stream::{ChunkStream, fold};
mod streamable;
pub use streamable::{Streamable, Whole};
pub mod merge;
pub use merge::{Merge, merge_all};
mod dict;
pub use dict::{Dict, DictChunk, ValueChunk};

pub mod messages;
pub use messages::{
    AIMessage, AIMessageChunk, AlignedToken, Alignment, Annotation, AnyMessage, ApproximateCounter, BlockIndex,
    BufferFormat, BufferOptions, ChatGenerationChunk, ChatMessage, ChatMessageChunk, Choices, ChoicesChunk,
    ChunkPosition, Citation, Content, ContentBlock, ContentPart, Extra, FieldConfidence, FunctionMessage,
    FunctionMessageChunk, HumanMessage, HumanMessageChunk, InvalidToolCall, InvalidToolCallBlock, JsonBlock,
    JsonConfidence, Logprobs, MediaBlock, Message, MessageChunk, MessageCounter, MessageKind, NonStandardBlock,
    OpenAIApi, OpenAIOptions, PlainTextBlock, PromptValue, ReasoningBlock, RemoveMessage, ResponseMetadata,
    ServerToolCallBlock, ServerToolCallChunkBlock, ServerToolResultBlock, SystemMessage, SystemMessageChunk, TextBlock,
    TextFormat, TokenCounter, TokenDetails, TokenLogprob, TokenLogprobsExt, ToolCall, ToolCallBlock, ToolCallChunk,
    ToolCallChunkBlock, ToolCallKind, ToolCallParsing, ToolMessage, ToolMessageChunk, ToolStatus, TopLogprob,
    UsageMetadata, WordCounter, convert_to_messages, convert_to_openai_data_block, convert_to_openai_image_block,
    convert_to_openai_messages, count_tokens_approximately, get_buffer_string, is_anthropic_data_block,
    is_data_content_block, make_invalid_tool_call, messages_from_dict, messages_from_lc, messages_to_dict,
    parse_tool_call, parse_tool_calls, per_message,
};

#[cfg(feature = "tiktoken")]
pub use messages::TiktokenCounter;

mod model;
pub use model::{ChatOptions, IntoToolChoice, ModelProfile, ModelSetup, OnUnsupported, OptionName, ToolChoice};
mod conversation;
pub use conversation::{
    FilterMessages, MergeMessageRuns, TrimMessages, TrimStrategy, filter_messages, merge_message_runs, trim_messages,
};

mod chat;
pub use chat::{
    AllChoices, Bind, Bound, CacheKey, Cached, ChatCache, ChatModel, ChatModelExt, ChatRequest, CloneableModel,
    Composition, EchoModel, InMemoryCache, ModelList, ModelOptions, RateLimited, RateLimiter, ToChatModel,
    WrappedModel,
};

mod structured;
pub use structured::{Answer, AnswerChunk, Refusal, Structured, StructuredForm, StructuredMethod, StructuredOutput};

mod history;
pub use history::{
    ChatMessageHistory, HistoryInput, HistoryKeys, HistoryOutput, InMemoryChatMessageHistory, SESSION_ID,
};
mod embeddings;
pub use embeddings::{Embeddings, cosine_similarity};

mod prompts;
pub use prompts::{
    BlockTemplate, ChatPromptTemplate, ContentTemplate, ExampleSelector, FewShotChatPromptTemplate,
    FewShotPromptTemplate, IntoMessageTemplate, JsonTemplate, LengthExampleSelector, MessageTemplate,
    MessagesPlaceholder, PromptTemplate, SemanticSimilarityExampleSelector, Template, TemplateFormat, TypedPrompt,
};
mod parsers;
pub use parsers::{
    CommaSeparatedListOutputParser, JsonDiffOutputParser, JsonOutputFunctionsParser, JsonOutputParser,
    JsonOutputToolsParser, JsonPatch, MarkdownListOutputParser, NumberedListOutputParser, OutputFixingParser,
    OutputParserExt, PatchOperation, Patched, RetryOutputParser, StrOutputParser, TypedOutputParser, UnparsedAnswer,
    Xml, XmlChunk, XmlOutputParser,
};

mod tools;
pub use tools::{
    AnyTool, BindTools, FromToolContext, IntoToolOutput, IntoTools, OnToolError, Tool, ToolContext, ToolNode,
    ToolOptions, ToolOutput, ToolStep, convert_to_openai_function, convert_to_openai_tool, tool_fn, tool_node,
};

/// JSON schemas from types: `#[derive(schemars::JsonSchema)] #[schemars(crate = "cadena::schemars")]`.
#[cfg(feature = "schemars")]
pub use schemars;
mod agent;
pub use agent::{Agent, AgentChunk, AgentOutput, AgentPart, PartialConversation, agent};

#[cfg(feature = "schemars")]
pub use tools::parameters_of;

mod id;
pub use id::{IdGenerator, RandomIds, RunId, SequentialIds};
mod run;
mod timer;
pub use run::{
    ConfigKey, Configurable, EventFilter, EventStream, IntoListener, Journal, Listener, ModelCall, Next, RunConfig,
    RunContext, RunEvent, RunInfo, StepCall, StepChunk, StepHook, StepOutput, UsageTracker,
};

pub mod json;

/// Writes `impl Runnable for …` and `impl ChatModel for …` with `async fn`.
pub use async_trait::async_trait;
/// Stops a call from outside: [`RunConfig::cancellation`].
pub use tokio_util::sync::CancellationToken;

/// The names that macros write.
#[doc(hidden)]
pub mod __private {
    pub use serde;
    pub use serde_json::Value;

    pub use crate::prompts::{TypedPrompt, fill};
    pub use crate::streamable::Whole;
    #[cfg(feature = "schemars")]
    pub use crate::tools::parameters_of;
    pub use crate::tools::{Fallible, FromToolContext, OnToolError, Tool, ToolContext};
}
