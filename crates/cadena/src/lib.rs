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
//! Of several answers, the one that the model was surest of; [`ChatModelExt::all_choices`] streams them:
//!
//! ```
//! use cadena::{Bind, ChatModelExt, ChatOptions, EchoModel, Logprobs};
//!
//! # futures::executor::block_on(async {
//! let choices = EchoModel::new().bind(ChatOptions::new().n(3).logprobs(true)).generate("how are you").await?;
//! let rated = choices.iter().filter_map(|choice| Some((choice.logprobs().and_then(Logprobs::mean)?, choice)));
//! let best = rated.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, choice)| choice.text());
//! assert_eq!(best.as_deref(), Some("how are you"));
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Images, files, sound, and a conversation
//!
//! ```
//! use cadena::{ContentBlock, EchoModel, HumanMessage, MediaBlock, Message, RunnableExt};
//!
//! # futures::executor::block_on(async {
//! let question = HumanMessage::new(vec![
//!     ContentBlock::text("What do they have in common?"),
//!     ContentBlock::Image(MediaBlock::from_url("https://example.com/cat.png")),
//!     ContentBlock::Image(MediaBlock::from_bytes(b"\x89PNG", "image/png")),
//!     ContentBlock::File(MediaBlock::from_bytes(b"%PDF-1.7", "application/pdf").with_filename("cats.pdf")),
//!     ContentBlock::Audio(MediaBlock::from_bytes(b"RIFF", "audio/wav")),
//! ]);
//! let mut messages: Vec<Message> = vec![question.into()];
//! let answer = EchoModel::new().invoke(messages.clone()).await?;
//! assert_eq!(answer.refusal(), None); // or what the model says in place of an answer
//! messages.push(answer.into());
//! messages.push("And which is the oldest?".into());
//! EchoModel::new().invoke(messages).await?;
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Tools
//!
//! ```
//! use cadena::{AnyTool, RunnableExt, ToolContext, agent, tool};
//! # use cadena::{AIMessage, AIMessageChunk, ToolCall};
//! # use cadena_testing::ScriptedModel;
//!
//! /// Adds two numbers.
//! #[tool]
//! async fn add(a: i64, b: i64) -> Result<i64, String> {
//!     a.checked_add(b).ok_or_else(|| "too large".to_owned()) // the model reads the error
//! }
//!
//! # futures::executor::block_on(async {
//! // A custom tool takes a text in place of arguments.
//! let sql = AnyTool::custom("sql", "Runs a query.", |query: String, _: ToolContext| async move { Ok(query) });
//! # let mut calls = AIMessage::new("");
//! # let args = [("a".to_owned(), 1.into()), ("b".to_owned(), 2.into())].into_iter().collect();
//! # calls.tool_calls = vec![ToolCall::new("add", args, "call_1"), ToolCall::custom("sql", "SELECT 3", "call_2")];
//! # let model = ScriptedModel::new().chunks([AIMessageChunk::from(calls)]).say("It is 3.");
//! let answer = agent(model, (add, sql))?.invoke("What is 1 + 2?").await?;
//! assert_eq!(answer.text(), "It is 3.");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Answers of a type
//!
//! ```
//! use cadena::{Bind, ChatModelExt, ChatOptions, RunnableExt, schemars};
//! # use cadena_testing::ScriptedModel;
//! use futures::TryStreamExt;
//!
//! #[derive(Clone, serde::Deserialize, schemars::JsonSchema)]
//! # #[schemars(crate = "cadena::schemars")]
//! struct Order {
//!     city: String,
//!     count: u32,
//! }
//!
//! # futures::executor::block_on(async {
//! # let json = r#"{"city": "Rome", "count": 3}"#;
//! # let model = ScriptedModel::new().say(json).say(json);
//! let llm = model.bind(ChatOptions::new().logprobs(true)).with_structured_output::<Order>();
//! let order = llm.invoke("Three for Rome, please.").await?;
//! assert_eq!((order.city.as_str(), order.count), ("Rome", 3));
//! assert!(order.probability("/city").is_some_and(|p| p > 0.9));
//!
//! let mut chunks = llm.stream("Three for Rome, please.");
//! while let Some(chunk) = chunks.try_next().await? {
//!     println!("{}", chunk.json()); // grows: {}, {"city":"Rome"}, …
//! }
//! let order: Order = order.into_inner();
//! # assert_eq!(order.count, 3);
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # A provider of your own
//!
//! ```
//! use cadena::{
//!     AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkStream, ModelProfile, RunContext, RunnableExt, impl_pipe,
//! };
//! use futures::stream::{self, StreamExt};
//!
//! #[derive(Clone)]
//! struct Shout;
//!
//! impl ChatModel for Shout {
//!     fn profile(&self) -> ModelProfile {
//!         ModelProfile::new("shout", "shout-1")
//!     }
//!
//!     fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
//!         let chunk = AIMessageChunk::new(request.last_text().to_uppercase()).with_finish_reason("stop");
//!         stream::iter([Ok(chunk)]).boxed()
//!     }
//! }
//! impl_pipe!(Shout); // for `prompt | Shout`
//!
//! # futures::executor::block_on(async {
//! assert_eq!(Shout.invoke("hello").await?.text(), "HELLO");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Errors
//!
//! One type, whose kind says what can be done. What had arrived when a stream broke is in it.
//!
//! ```
//! use cadena::{ErrorKind, RunnableExt};
//! # use cadena_testing::ScriptedModel;
//! use futures::TryStreamExt;
//!
//! # futures::executor::block_on(async {
//! # let said = ["Hel", "lo"].map(cadena::AIMessageChunk::new);
//! # let model = ScriptedModel::new().break_off(said, || {
//! #     let hint = "wait 20 s, as the server says, or ask more slowly";
//! #     cadena::Error::new(ErrorKind::RateLimited, "too many requests")
//! #         .with_hint(hint)
//! #         .with_partial(cadena::AIMessageChunk::new("Hello"))
//! # });
//! let error = model.stream("hi").try_collect::<Vec<_>>().await.unwrap_err();
//! match error.kind() {
//!     ErrorKind::RateLimited => println!("{error}; retry after {:?}", error.retry_after()),
//!     ErrorKind::ContextOverflow => println!("trim the messages: {error}"),
//!     _ => println!("{error}"), // what happened, and what to do about it
//! }
//! assert_eq!(error.hint(), Some("wait 20 s, as the server says, or ask more slowly"));
//! assert_eq!(error.partial().map(|partial| partial.text()).as_deref(), Some("Hello"));
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # A runtime
//!
//! `ChatOpenAI` and what stands beside it speak through tokio, and retries, rate limits and timeouts wait by its timers: run them in a tokio runtime with
//! both enabled, such as that of `#[tokio::main]`. Where there is none, a call that needs one is an error of the kind [`ErrorKind::Config`], and no panic.
//! Chains that neither ask the network nor wait run in any executor.
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
//! - OpenAI and compatible servers: `ChatOpenAI` and what stands beside it: Azure, embeddings, completions, moderation, batch jobs, the list of
//!   models. The page of `cadena-openai` has an example of each.
//! - Tokens before a request is sent: `ChatOpenAI::token_count` (feature `tiktoken`), [`ApproximateCounter`]; [`TrimMessages`] makes messages fit.
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `macros` | yes | `#[tool]`, `derive(Streamable)`, `prompt!` and `chat_prompt!`; includes `schemars` |
//! | `minijinja` | no | `TemplateFormat::Jinja2`: prompts with loops, filters, macros and the methods of Python's texts, lists and objects |
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
    IdGenerator, IntoLambda, IntoMessageTemplate, IntoParallel, IntoToolChoice, IntoToolOutput, IntoTools,
    InvalidToolCall, InvalidToolCallBlock, Journal, JsonBlock, JsonConfidence, JsonDiffOutputParser,
    JsonOutputFunctionsParser, JsonOutputParser, JsonOutputToolsParser, JsonPatch, JsonTemplate, Keyed, Lambda,
    LambdaIn, LengthExampleSelector, Listened, Listener, Listeners, Logprobs, Map, MarkdownListOutputParser,
    MediaBlock, MemoryCache, MemoryHistory, Merge, MergeMessageRuns, MermaidCurve, MermaidDirection, MermaidOptions,
    Message, MessageChunk, MessageCounter, MessageHistory, MessageKind, MessageTemplate, MessagesPlaceholder,
    ModelCall, ModelProfile, ModelSetup, Named, Next, Node, NodeId, NodeRole, NonStandardBlock,
    NumberedListOutputParser, OnToolError, OnUnsupported, OpenAIApi, OpenAIOptions, OptionName, OutputParserExt,
    Parallel, ParallelBranch, Passthrough, PatchOperation, Patched, Pick, PickKeys, Picked, Places, PlacesChunk,
    PlainTextBlock, PromptTemplate, PromptValue, RandomIds, RateLimited, RateLimiter, ReasoningBlock, Refusal,
    Remembers, RemoveMessage, ResponseMetadata, Result, Retry, RetryBudget, RetryOptions, RetryOutputParser, Route,
    Router, RouterInput, RunConfig, RunContext, RunEvent, RunId, RunInfo, RunKind, Runnable, RunnableExt, SESSION_ID,
    SemanticSimilarityExampleSelector, SendSync, SequentialIds, ServerToolCallBlock, ServerToolCallChunkBlock,
    ServerToolResultBlock, StepCall, StepChunk, StepHook, StepOutput, StrOutputParser, StreamMode, Streamable,
    Structured, StructuredForm, StructuredMethod, StructuredOutput, SystemMessage, SystemMessageChunk, Template,
    TemplateFormat, TextBlock, TextFormat, Timeout, TokenCounter, TokenDetails, TokenLogprob, TokenLogprobsExt, Tool,
    ToolCall, ToolCallBlock, ToolCallChunk, ToolCallChunkBlock, ToolCallKind, ToolCallParsing, ToolChoice, ToolContext,
    ToolMessage, ToolMessageChunk, ToolNode, ToolOptions, ToolOutput, ToolStatus, ToolStep, TopLogprob, TrimMessages,
    TrimStrategy, TypedOutputParser, TypedPrompt, Unfinished, UnparsedAnswer, UsageMetadata, UsageTracker, ValueChunk,
    Whole, WordCounter, Xml, XmlChunk, XmlOutputParser, agent, assign, async_trait, branch, convert_to_messages,
    convert_to_openai_data_block, convert_to_openai_function, convert_to_openai_image_block,
    convert_to_openai_messages, convert_to_openai_tool, cosine_similarity, count_tokens_approximately, dict,
    filter_messages, flow_whole, fold, generator, get_buffer_string, impl_pipe, is_anthropic_data_block,
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
