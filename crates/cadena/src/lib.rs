//! Compose LLM calls: typed chains that stream, with token log probabilities that survive every step.
//!
//! ```
//! use cadena::{ChatPromptTemplate, EchoModel, RunnableExt, StrOutputParser, dict};
//!
//! # futures::executor::block_on(async {
//! let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")])?;
//! let chain = prompt | EchoModel::new() | StrOutputParser; // or `ChatOpenAI::new("gpt-4o-mini")`
//! assert_eq!(chain.invoke(dict! {"topic": "bears"}).await?, "Tell a joke about bears.");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Log probabilities
//!
//! A model is asked for them by an option that is bound to it; they arrive in [`ResponseMetadata::logprobs`], in the whole message and in
//! every chunk, and chunks add up to the message.
//!
//! ```
//! use cadena::{AIMessageChunk, Bind, ChatOptions, EchoModel, RunnableExt};
//! use futures::TryStreamExt;
//!
//! # futures::executor::block_on(async {
//! let llm = EchoModel::new().bind(ChatOptions::new().logprobs(true));
//! let mut full = AIMessageChunk::new("");
//! let mut chunks = llm.stream(("human", "how are you"));
//! while let Some(chunk) = chunks.try_next().await? {
//!     full = full + chunk;
//! }
//! let tokens: Vec<_> = full.logprobs().into_iter().flat_map(|logprobs| logprobs.tokens()).collect();
//! assert_eq!(tokens.len(), 3);
//! assert_eq!(tokens[0].token, "how ");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # What is where
//!
//! - Steps: [`Runnable`] is the contract, [`RunnableExt`] what every step can do, [`Chain`] what `|` gives; [`lambda`], [`parallel()`],
//!   [`passthrough`] make steps; [`Graph`] is what a chain looks like.
//! - Models: [`ChatModel`] is what a provider writes; [`ChatOptions`] and [`Bind`] say how a model answers.
//! - Data: [`messages`], [`merge`], [`Dict`]; [`Alignment`] for the probability of a part of a text, [`ContentBlock`] for content
//!   that is more than text.
//! - Before and behind a model: [`ChatPromptTemplate`], [`StrOutputParser`].
//! - Tools: `#[tool]` or [`tool_fn`] make a [`Tool`]; [`BindTools`] gives tools to a model, [`tool_node`] runs what it calls, [`agent()`] goes
//!   on until there is an answer.
//! - Runs: [`RunConfig`], [`RunContext`], [`RunEvent`]; [`UsageTracker`] counts tokens.
//! - Values of a type instead of text: [`ChatModelExt::with_structured_output`] with each part's probability.
//! - Around a model: [`ChatModelExt::with_cache`], [`ChatModelExt::with_rate_limiter`]; around a chain: [`RunnableExt::with_message_history`].
//! - Errors: [`Error`] is the one error, [`ErrorKind`] what to do about it.
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `macros` | yes | `#[tool]`, `derive(Streamable)`, `prompt!` and `chat_prompt!`; includes `schemars` |
//! | `minijinja` | no | `TemplateFormat::Jinja2`: prompts with loops, filters and macros |
//! | `openai` | yes | `ChatOpenAI`, and [`http`] with transport, retry, timers, record and replay |
//! | `schemars` | with `macros` | JSON schemas from types: [`parameters_of`], `TypedOutputParser::with_type_schema` |
//! | `sqlite` | no | `SqliteHistory` and `SqliteCache`: conversations and answers in a file |
//! | `tiktoken` | no | `TiktokenCounter`: exact token counts for OpenAI's models, without a network |
//! | `tracing` | no | a `tracing` span for each run, with OpenTelemetry's `gen_ai.*` attributes; see [`RunConfig::trace_content`] |

pub use cadena_core::{
    AIMessage, AIMessageChunk, Agent, AgentChunk, AgentOutput, AgentPart, AlignedToken, Alignment, AllChoices,
    Alternatives, Annotation, Answer, AnswerChunk, AnyMessage, AnyTool, ApproximateCounter, Assign, BatchFile,
    BatchProgress, BatchResults, Bind, BindTools, BlockIndex, BlockTemplate, Bound, BoxError, BoxRunnable, Branch,
    BufferFormat, BufferOptions, CacheKey, Cached, CancellationToken, Chain, ChatCache, ChatGenerationChunk,
    ChatHistory, ChatMessage, ChatMessageChunk, ChatModel, ChatModelExt, ChatOptions, ChatPromptTemplate, ChatRequest,
    Choices, ChoicesChunk, ChunkPosition, ChunkStream, Citation, CloneModel, CommaSeparatedListOutputParser, ConfigKey,
    Configurable, ConfigurableStep, Configured, Content, ContentBlock, ContentPart, ContentTemplate,
    DEFAULT_BATCH_CONCURRENCY, Dict, DictChunk, EchoModel, Edge, Embeddings, Error, ErrorKind, EventFilter,
    EventStream, ExampleSelector, Extra, FallbackErrors, Fallbacks, FewShotChatPromptTemplate, FewShotPromptTemplate,
    FieldConfidence, FilterMessages, FixingOutputParser, Follows, FromToolContext, FunctionMessage,
    FunctionMessageChunk, Generator, Graph, HistoryInput, HistoryKeys, HistoryOutput, HumanMessage, HumanMessageChunk,
    IdGenerator, IntoLambda, IntoMessageTemplate, IntoParallel, IntoToolOutput, IntoTools, InvalidToolCall,
    InvalidToolCallBlock, Journal, JsonConfidence, JsonDiffOutputParser, JsonOutputFunctionsParser, JsonOutputParser,
    JsonOutputToolsParser, JsonPatch, JsonTemplate, Keyed, Lambda, LambdaIn, LengthExampleSelector, Listened, Listener,
    Listeners, Logprobs, Map, MarkdownListOutputParser, MediaBlock, MemoryCache, MemoryHistory, Merge,
    MergeMessageRuns, MermaidCurve, MermaidDirection, MermaidOptions, Message, MessageChunk, MessageCounter,
    MessageHistory, MessageKind, MessageTemplate, MessagesPlaceholder, ModelCall, ModelProfile, ModelSetup, Named,
    Next, Node, NodeId, NodeRole, NonStandardBlock, NumberedListOutputParser, OnToolError, OnUnsupported, OpenAIApi,
    OpenAIOptions, OutputParserExt, Parallel, ParallelBranch, Passthrough, PatchOperation, Patched, Pick, PickKeys,
    Picked, Places, PlacesChunk, PlainTextBlock, PromptTemplate, PromptValue, RandomIds, RateLimited, RateLimiter,
    ReasoningBlock, Refusal, Remembers, RemoveMessage, ResponseMetadata, Result, Retry, RetryBudget, RetryOptions,
    RetryOutputParser, Route, Router, RouterInput, RunConfig, RunContext, RunEvent, RunId, RunInfo, RunKind, Runnable,
    RunnableExt, SESSION_ID, SemanticSimilarityExampleSelector, SendSync, SequentialIds, ServerToolCallBlock,
    ServerToolCallChunkBlock, ServerToolResultBlock, StepCall, StepChunk, StepHook, StepOutput, StrOutputParser,
    StreamMode, Streamable, Structured, StructuredForm, StructuredMethod, StructuredOutput, SystemMessage,
    SystemMessageChunk, Template, TemplateFormat, TextBlock, TextFormat, Timeout, TokenCounter, TokenDetails,
    TokenLogprob, TokenLogprobsExt, Tool, ToolCall, ToolCallBlock, ToolCallChunk, ToolCallChunkBlock, ToolCallKind,
    ToolCallParsing, ToolChoice, ToolContext, ToolMessage, ToolMessageChunk, ToolNode, ToolOptions, ToolOutput,
    ToolStatus, ToolStep, TopLogprob, TrimMessages, TrimStrategy, TypedOutputParser, TypedPrompt, Unfinished,
    UnparsedAnswer, UsageMetadata, UsageTracker, ValueChunk, Whole, WordCounter, Xml, XmlChunk, XmlOutputParser, agent,
    assign, async_trait, branch, convert_to_messages, convert_to_openai_data_block, convert_to_openai_function,
    convert_to_openai_image_block, convert_to_openai_messages, convert_to_openai_tool, cosine_similarity,
    count_tokens_approximately, dict, filter_messages, flow_whole, fold, generator, get_buffer_string, impl_pipe,
    is_data_content_block, json, lambda, lambda_in, lambda_kind, make_invalid_tool_call, merge, merge_all,
    merge_message_runs, messages, messages_from_dict, messages_from_lc, messages_to_dict, parallel, parse_tool_call,
    parse_tool_calls, passthrough, per_message, pick, route_fn, router, stream_fn, tool_fn, tool_node, trim_messages,
    try_route_fn,
};

/// What the macros name.
#[doc(hidden)]
pub mod __private {
    pub use cadena_core::__private::{Fallible, Value, fill, serde};
}

#[cfg(feature = "tiktoken")]
pub use cadena_core::TiktokenCounter;
#[cfg(feature = "schemars")]
pub use cadena_core::{parameters_of, schemars};
#[cfg(feature = "openai")]
pub use cadena_http as http;
#[cfg(feature = "macros")]
pub use cadena_macros::{Streamable, chat_prompt, prompt, tool};
#[cfg(feature = "openai")]
pub use cadena_openai::{
    AudioOutput, AzureChatOpenAI, BatchJob, BatchJobHandle, BatchJobProgress, BatchJobRequest, BatchJobResults,
    BatchJobState, BatchJobStatus, BatchJobSubmission, BatchModel, ChatOpenAI, Embedded, Endpoint, KnownModel,
    Modality, ModelInfo, ModelRule, ModelRules, Moderation, ModerationGate, OpenAIClient, OpenAICompletions,
    OpenAIEmbeddings, OpenAIModeration, OpenAIOptionsExt, ServiceTier, UserLocation, Verbosity, WebSearch, known_model,
};
#[cfg(feature = "sqlite")]
pub use cadena_sqlite::{SqliteCache, SqliteHistory};
