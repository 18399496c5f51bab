//! Compose LLM calls: typed chains that stream, with token log probabilities that survive every step.
//!
//! ```
//! use cadena::prelude::*;
//!
//! # futures::executor::block_on(async {
//! let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")])?;
//! let chain = prompt | EchoModel::new() | StrOutputParser; // or `ChatOpenAI::new("gpt-4o-mini")`
//! assert_eq!(chain.invoke(dict! {"topic": "bears"}).await?, "Tell a joke about bears.");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! - A **step** is anything that implements [`Runnable`]: a prompt, a model, a parser, a function. `a | b` makes a [`Chain`], which is a step again.
//! - Every step can be **invoked, streamed and batched** ([`RunnableExt`]). A chain streams from end to end, and the sum of its chunks
//!   is what `invoke` returns.
//! - A **chat model** takes its options by [`Bind`] before it is composed, and any provider can be plugged in ([`ChatModel`]).
//! - **Log probabilities** arrive in `response_metadata.logprobs` of every message and of every chunk.
//! - There is **one error type**, and its [`ErrorKind`] names what the caller can do.
//!
//! # Where things are
//!
//! One line, `use cadena::prelude::*;`, is enough for most programs ([`prelude`]). The root has the names that nearly every program writes;
//! every other name is in the module of its noun:
//!
//! | module | holds |
//! |---|---|
//! | [`messages`] | messages and chunks, content blocks, tool calls, log probabilities, token usage, stored histories |
//! | [`prompts`] | templates of texts and of messages, examples |
//! | [`chat`] | [`ChatModel`], the contract of a provider; options, choices, caches, rate limits |
//! | [`parsers`] | from an answer to a text, JSON, a list, XML, a value of a type |
//! | [`structured`] | answers of a type, with the probability of each part |
//! | [`tools`], [`agents`] | functions that a model may call, and the loop that calls them |
//! | [`runnables`] | [`Runnable`], the contract of a step, and the steps that combine steps |
//! | [`graph`] | the structure of a chain, as text, Mermaid or JSON |
//! | [`run`] | configuration of a call, events, usage, hooks, cancellation |
//! | [`batch`] | many inputs at once, and batches that survive a crash |
//! | [`history`], [`embeddings`] | conversations that are stored; texts as vectors |
//! | [`merge`], [`json`] | the rules by which chunks add up; JSON that is not yet complete |
//! | `openai`, `http`, `sqlite` | OpenAI and compatible servers; transport, retries, recordings; storage in a file |
//!
//! # Log probabilities
//!
//! Bind the option to a model. The log probabilities arrive in [`messages::ResponseMetadata::logprobs`] of the whole message and of every chunk, and the
//! chunks add up to the message.
//!
//! ```
//! use cadena::prelude::*;
//!
//! # futures::executor::block_on(async {
//! let llm = EchoModel::new().bind(ChatOptions::new().logprobs(true));
//! let mut full = AIMessageChunk::new("");
//! let mut chunks = llm.stream(("human", "how are you"));
//! while let Some(chunk) = chunks.try_next().await? {
//!     full += chunk;
//! }
//! let tokens: Vec<_> = full.logprobs().into_iter().flat_map(|logprobs| logprobs.tokens()).collect();
//! assert_eq!(tokens.len(), 3);
//! assert_eq!(tokens[0].token, "how ");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Errors
//!
//! There is one error type. Its kind names what can be done, and the error of a broken stream holds the part of the answer that had arrived.
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
//! Providers use tokio's sockets; retries, rate limits and timeouts use its timers. Run them in a tokio runtime with both enabled, such as that of
//! `#[tokio::main]`. Outside of one, a call that needs it fails with [`ErrorKind::Config`]. Chains that neither use the network nor wait run in any executor.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `macros` | yes | `#[tool]`, `derive(Streamable)`, `prompt!` and `chat_prompt!`; includes `schemars` |
//! | `minijinja` | no | `TemplateFormat::Jinja2`: prompts with loops, filters, macros and the methods of Python's texts, lists and objects |
//! | `openai` | yes | `ChatOpenAI`, and [`http`] with transport, retry, timers, record and replay |
//! | `schemars` | with `macros` | JSON schemas from types: [`tools::parameters_of`], `TypedOutputParser::with_type_schema` |
//! | `sqlite` | no | `SqliteChatMessageHistory` and `SqliteCache`: conversations and answers in a file |
//! | `tiktoken` | no | `TiktokenCounter`: exact token counts for OpenAI's models, without a network |
//! | `tracing` | no | a `tracing` span for each run, with OpenTelemetry's `gen_ai.*` attributes; see [`RunConfig::trace_content`] |

pub use cadena_core::{
    AIMessage, AIMessageChunk, AnyTool, Bind, Bound, BoxError, Chain, ChatModel, ChatModelExt, ChatOptions,
    ChatPromptTemplate, ChatRequest, ChunkStream, Dict, EchoModel, Error, ErrorKind, HumanMessage, JsonOutputParser,
    Message, ModelProfile, PromptTemplate, PromptValue, Result, RunConfig, RunContext, Runnable, RunnableExt,
    StrOutputParser, Streamable, SystemMessage, ToolMessage, TypedOutputParser, agent, async_trait, dict, fold,
    impl_pipe, lambda, parallel, passthrough,
};
#[cfg(feature = "macros")]
pub use cadena_macros::{Streamable, chat_prompt, prompt, tool};
#[cfg(feature = "openai")]
pub use cadena_openai::ChatOpenAI;

pub mod prelude;

pub mod agents;
pub mod batch;
pub mod chat;
pub mod embeddings;
pub mod graph;
pub mod history;
pub mod parsers;
pub mod prompts;
pub mod run;
pub mod runnables;
pub mod structured;
pub mod tools;
#[cfg(feature = "schemars")]
pub use cadena_core::schemars;
pub use cadena_core::{json, merge, messages};
#[cfg(feature = "openai")]
pub use cadena_http as http;
#[cfg(feature = "openai")]
pub use cadena_openai as openai;
#[cfg(feature = "sqlite")]
pub use cadena_sqlite as sqlite;

#[doc(hidden)]
pub use cadena_core::__private;
