//! The contracts and the data of cadena: steps that compose, and messages whose chunks add up.
//!
//! Providers, plug-ins and tools for others depend on this crate alone. It has no HTTP and names no provider. Programs use the crate `cadena`,
//! which has every item of this one, in modules by noun.
//!
//! # Map
//!
//! Each line imports only from the lines below it.
//!
//! | to | items |
//! |---|---|
//! | let a model call tools until it has an answer | [`agent()`], [`AgentChunk`] |
//! | write a provider, and set how its model answers | [`ChatModel`], [`ChatRequest`]; [`ChatOptions`], [`Bind`] |
//! | write tools, and run the calls of a model | [`Tool`], [`tool_fn`], [`AnyTool`]; [`tool_node()`] |
//! | ask for an answer of a type | [`BindTools`], [`StructuredOutput`] |
//! | fill a prompt, and parse an answer | [`ChatPromptTemplate`], [`PromptTemplate`]; [`StrOutputParser`], [`JsonOutputParser`] |
//! | store conversations, and make them shorter | [`ChatMessageHistory`], [`RunnableExt::with_message_history`]; [`trim_messages`] |
//! | write a step, call it, and combine it with others | [`Runnable`]; [`RunnableExt`]; [`Chain`], [`parallel!`], [`branch`] |
//! | configure a call, and see its events and its usage | [`RunConfig`], [`RunContext`]; [`RunEvent`], [`UsageTracker`] |
//! | show a chain as text, Mermaid or JSON | [`Graph`] |
//! | read messages, blocks of content, log probabilities | [`messages`]: [`Message`], [`ContentBlock`], [`Logprobs`], [`Alignment`] |
//! | read JSON that is still arriving | [`json`] |
//! | make a type flow through chains in chunks | [`Streamable`], [`merge`]: [`Merge`] |
//! | decide what to do about a failure | [`Error`], [`ErrorKind`] |
//!
//! # A program
//!
//! ```
//! use cadena_core::{AIMessageChunk, ChatPromptTemplate, EchoModel, RunnableExt, StrOutputParser, dict};
//! use futures::TryStreamExt;
//!
//! # futures::executor::block_on(async {
//! let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")])?;
//! let chain = prompt.clone() | EchoModel::new() | StrOutputParser;
//! assert_eq!(chain.invoke(dict! {"topic": "bears"}).await?, "Tell a joke about bears.");
//!
//! // The chunks of a stream add up to the message that `invoke` returns.
//! let chunks: Vec<AIMessageChunk> = (prompt | EchoModel::new()).stream(dict! {"topic": "bears"}).try_collect().await?;
//! let sum: AIMessageChunk = chunks.into_iter().sum();
//! assert_eq!(sum.text(), "Tell a joke about bears.");
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```

mod error;
pub use error::{BoxError, Error, ErrorKind, Result};

mod runnable;
pub use runnable::{
    Accepts, Alternatives, Assign, BatchFile, BatchProgress, BatchResults, BoxRunnable, Branch, CanClone, Chain,
    ConfigurableStep, Configured, DEFAULT_BATCH_CONCURRENCY, DictLike, FallbackErrors, Fallbacks, GaveUp, Generator,
    HistoryStep, IntoInput, IntoLambda, IntoParallel, Lambda, LambdaIn, Listeners, Map, MessageHistory, Named, OneStep,
    Or, Outputs, OutputsChunk, Parallel, ParallelBranch, Passthrough, Pick, PickKeys, Picked, Retry, RetryBudget,
    RetryOptions, RetryPause, Route, Router, RouterInput, Runnable, RunnableExt, SendSync, StepInfo, StepList, Steps,
    Timeout, WithListeners, assign, branch, generator, lambda, lambda_in, lambda_kind, parallel, passthrough, pick,
    route_fn, router, stream_fn, try_route_fn,
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
pub use structured::{Answer, AnswerChunk, FromAnswer, Refusal, Structured, StructuredMethod, StructuredOutput};

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

mod hash;
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

/// Names for the code that macros write; no program uses them.
#[doc(hidden)]
pub mod __private {
    pub use serde;
    pub use serde_json::Value;

    pub use crate::prompts::{TypedPrompt, fill};
    pub use crate::streamable::{OrUnreadable, Readable, Whole};
    #[cfg(feature = "schemars")]
    pub use crate::tools::parameters_of;
    pub use crate::tools::{Fallible, FromToolContext, OnToolError, Tool, ToolContext};
}
