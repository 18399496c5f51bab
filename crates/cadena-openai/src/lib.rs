//! The provider of OpenAI, of Azure, and of every server that speaks Chat Completions: chat models with token log probabilities, invoked or
//! streamed; embeddings, completions, moderation and batch jobs.
//!
//! # Map
//!
//! | type | task |
//! |---|---|
//! | [`ChatOpenAI`] | asks a chat model, over Chat Completions or the Responses API |
//! | [`AzureChatOpenAI`] | asks a deployment on Azure |
//! | [`OpenAIEmbeddings`] | embeds any number of texts, of any length; on Azure by [`azure`](OpenAIEmbeddings::azure) |
//! | [`OpenAICompletions`] | continues a text by the older completions, as a chat model; on Azure by [`azure`](OpenAICompletions::azure) |
//! | [`OpenAIModeration`] | reports harm in a text, as a step, or ends the chain as a [gate](OpenAIModeration::gate) |
//! | [`BatchJob`] | asks a million prompts that can wait a day, at a lower price; [`batch_job`](ChatOpenAI::batch_job) makes one |
//! | [`OpenAIClient`] | holds address, key and transport for the others; lists the [models](OpenAIClient::list_models) of a server |
//!
//! # A program
//!
//! ```
//! use cadena_core::{Bind, ChatOptions, ChatPromptTemplate, RunnableExt, StrOutputParser, dict};
//! use cadena_http::Replay;
//! use cadena_openai::ChatOpenAI;
//!
//! # futures::executor::block_on(async {
//! // A recording replaces the network; without `with_transport` this asks OpenAI.
//! let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
//! let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay).bind(ChatOptions::new().logprobs(true));
//!
//! let prompt = ChatPromptTemplate::from_messages([("human", "how are you {when}")])?;
//! let chain = prompt | llm | StrOutputParser;
//! assert_eq!(chain.invoke(dict! {"when": "today"}).await?, "I'm fine");
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! Another server that speaks Chat Completions is asked the same way: set `OPENAI_BASE_URL`, or call
//! [`with_base_url`](ChatOpenAI::with_base_url). A server that needs no key gets none after
//! [`without_api_key`](ChatOpenAI::without_api_key), even if `OPENAI_API_KEY` is set.
//!
//! A call over the network needs a tokio runtime with I/O and time enabled, such as that of `#[tokio::main]`. Without one it is an
//! error of the kind `Config`. A [`Replay`](cadena_http::Replay), as in these examples, and a transport of your own need no runtime.
//!
//! # Examples of each
//!
//! In each example, hidden lines replace the network by a recording.
//!
//! One piece of code reads log probabilities from both endpoints:
//!
//! ```
//! use cadena_core::{Bind, ChatOptions, RunnableExt};
//! # use cadena_http::Replay;
//! use cadena_openai::{ChatOpenAI, Endpoint};
//! use futures::TryStreamExt;
//!
//! # futures::executor::block_on(async {
//! # let chat = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl"));
//! # let responses = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/responses.jsonl"));
//! for endpoint in [Endpoint::ChatCompletions, Endpoint::Responses] {
//!     let llm = ChatOpenAI::new("gpt-4o-mini").with_endpoint(endpoint);
//! #   let llm = llm.with_transport(Replay::from_jsonl(if endpoint == Endpoint::Responses { responses } else { chat })?);
//!     let llm = llm.bind(ChatOptions::new().logprobs(true));
//!     let message = llm.invoke(("human", "how are you today")).await?;
//!     for token in message.logprobs().into_iter().flatten() {
//!         println!("{:?} {:.1} %", token.token, 100.0 * token.probability());
//!     }
//!     let mut chunks = llm.stream(("human", "how are you today"));
//!     let mut tokens = 0;
//!     while let Some(chunk) = chunks.try_next().await? {
//!         tokens += chunk.logprobs().into_iter().flatten().count();
//!     }
//!     assert_eq!(tokens, 2);
//! }
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! A compatible server is asked with options that only it knows, and with settings for one request. Members that the server adds to a message,
//! such as `reasoning_content`, are in its `additional_kwargs`. [`ReqwestTransport::from_client`](cadena_http::ReqwestTransport::from_client) takes a
//! `reqwest::Client` of yours.
//!
//! ```
//! use cadena_core::{Bind, ChatModel, ChatOptions};
//! use cadena_http::ReqwestTransport;
//! use cadena_openai::{AzureChatOpenAI, ChatOpenAI};
//! use std::time::Duration;
//!
//! let one = ChatOptions::new().extra("min_p", 0.05).header("x-team", "a").query("trace", "1").timeout(Duration::from_secs(30));
//! let vllm = ChatOpenAI::new("qwen3").with_base_url("http://127.0.0.1:8000/v1").with_transport(ReqwestTransport::new());
//! assert_eq!(vllm.bind(one).bound_options().timeout, Some(Duration::from_secs(30)));
//!
//! // Azure, with a token that is fetched when it is needed.
//! let azure = AzureChatOpenAI::new("my-deployment").with_endpoint("https://name.openai.azure.com");
//! let azure = azure.with_token_fn(async || Ok("a-token-of-this-minute"));
//! assert_eq!(azure.profile().model, "my-deployment");
//! ```
//!
//! Moderation guards a chain, a client lists the models of a server, and embeddings report progress with four requests at a time:
//!
//! ```
//! use cadena_core::{ErrorKind, PromptValue, RunnableExt, StrOutputParser, lambda};
//! # use cadena_http::Replay;
//! use cadena_openai::{ChatOpenAI, OpenAIClient, OpenAIEmbeddings, OpenAIModeration};
//! use futures::stream::{self, StreamExt, TryStreamExt};
//!
//! # futures::executor::block_on(async {
//! let moderation = OpenAIModeration::new("omni-moderation-latest");
//! # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moderation.jsonl")))?;
//! # let moderation = moderation.with_transport(replay);
//! let chain = moderation.gate() | lambda(PromptValue::from) | ChatOpenAI::new("gpt-4o-mini") | StrOutputParser;
//! let error = chain.invoke("a threat").await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::ContentFilter);
//!
//! let client = OpenAIClient::new();
//! # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models.jsonl")))?;
//! # let client = client.with_transport(replay);
//! for model in client.list_models().await? {
//!     println!("{}: {:?} tokens", model.id, model.known().map(|known| known.context_window));
//! }
//!
//! let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_dimensions(2);
//! # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/embeddings.jsonl")))?;
//! # let embeddings = embeddings.with_transport(replay);
//! let texts = ["a cat", "a dog"];
//! let mut parts = stream::iter(texts.chunks(1000)).map(|part| embeddings.embed(part)).buffered(4);
//! let (mut vectors, mut tokens) = (Vec::new(), 0);
//! while let Some(part) = parts.try_next().await? {
//!     vectors.extend(part.vectors);
//!     tokens += part.total_tokens;
//!     println!("{} of {} texts, {tokens} tokens", vectors.len(), texts.len());
//! }
//! assert_eq!(vectors.len(), 2);
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! Batch jobs: [`ChatOpenAI::batch_job`]. Completions of several texts: [`OpenAICompletions::complete`].
//!
//! # The Responses API
//!
//! A model asks it if a request needs it, or if [`with_endpoint`](ChatOpenAI::with_endpoint) chooses it. The message means the same: `text()`,
//! calls, usage, log probabilities, finish reason. Its content is a list of blocks in LangChain's form, each with the server's id:
//! texts with their `annotations`, refusals, thoughts, calls, and the work of the server's own tools. Sent back, they are the items that they
//! came as. `response_metadata.id` is what [`previous_response_id`](OpenAIOptionsExt::previous_response_id) takes.
//!
//! # The message
//!
//! | field | source |
//! |---|---|
//! | `content`, `tool_calls`, `name` | the first choice; [`generate`](cadena_core::ChatModelExt::generate) returns the others, never mixed |
//! | `additional_kwargs`: `refusal`, `function_call`, `audio`, `annotations`, `reasoning_content` | the first choice |
//! | `usage_metadata` | `usage`, by the names of either endpoint; a stream asks for it. Servers that count up in every event are counted once |
//! | `response_metadata.logprobs` | the choice's `logprobs`, token by token, in OpenAI's form, that of the older completions or llama.cpp's; `None` is not an empty list. An unknown form is in `extra` as JSON, of a stream as a list |
//! | `response_metadata`: `model_name`, `system_fingerprint`, `service_tier`, `id` | in a stream: on the chunk with the finish reason |
//! | `response_metadata.token_usage` | the server's own usage object |
//! | `response_metadata.extra`: `headers`, `warnings` | the call, if [`with_response_headers`](ChatOpenAI::with_response_headers) or [`with_on_unsupported`](ChatOpenAI::with_on_unsupported) ask for them |
//!
//! # Errors
//!
//! An answer that is cut by a token limit or a filter is not an error: [`is_cut`](cadena_core::ResponseMetadata::is_cut) detects the limit, and a
//! filter has the finish reason `content_filter`.
//!
//! | kind | when |
//! |---|---|
//! | `Authentication`, `PermissionDenied`, `NotFound`, `QuotaExhausted`, `RateLimited`, `ContextOverflow`, `ContentFilter`, `InvalidRequest`, `Server` | the server reports it, by status or inside a stream |
//! | `Unsupported` | an option that the model or the endpoint cannot honour: see [`OnUnsupported`](cadena_core::OnUnsupported) and [`ModelRule`] |
//! | `Truncated` | a stream ended before its finish reason, or before its response was completed |
//! | `Decode` | the answer is neither a chat completion nor a response |
//! | `Config` | a key, an address or another setting is empty or cannot be used: the error names the variable or the method |
//! | `Connect`, `Timeout`, `Stalled`, `LimitExceeded` | see `cadena-http` |

mod azure;
mod batch;
mod call;
mod chat;
mod client;
mod completions;
mod config;
mod conversation;
mod convert;
#[cfg(feature = "tiktoken")]
mod count;
mod embeddings;
mod endpoint;
mod error;
mod events;
mod fingerprint;
mod model;
mod models;
mod moderation;
mod options;
mod prepare;
mod responses;
mod rules;
mod stream;
mod tokens;
mod wire;

pub use azure::AzureChatOpenAI;
pub use batch::{
    BatchJob, BatchJobHandle, BatchJobProgress, BatchJobRequest, BatchJobResults, BatchJobState, BatchJobStatus,
    BatchJobSubmission, BatchModel,
};
pub use client::OpenAIClient;
pub use completions::OpenAICompletions;
pub use embeddings::{Embedded, OpenAIEmbeddings};
pub use endpoint::Endpoint;
pub use model::ChatOpenAI;
pub use models::{KnownModel, ModelInfo, known_model};
pub use moderation::{Moderation, ModerationGate, OpenAIModeration};
pub use options::{AudioOutput, Modality, OpenAIOptionsExt, ServiceTier, UserLocation, Verbosity, WebSearch};
pub use rules::{ModelRule, ModelRules};
