//! OpenAI for cadena: chat models with token log probabilities, invoked or streamed; embeddings, completions, moderation, batch jobs; Azure.
//!
//! ```
//! use cadena_core::{Bind, ChatOptions, ChatPromptTemplate, RunnableExt, StrOutputParser, dict};
//! use cadena_http::Replay;
//! use cadena_openai::ChatOpenAI;
//!
//! # futures::executor::block_on(async {
//! // A recording stands in for the network; without `with_transport` this asks OpenAI.
//! let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
//! let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay).bind(ChatOptions::new().logprobs(true));
//!
//! let prompt = ChatPromptTemplate::from_messages([("human", "how are you {when}")])?;
//! let chain = prompt | llm | StrOutputParser;
//! assert_eq!(chain.invoke(dict! {"when": "today"}).await?, "I'm fine");
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! Any server that speaks Chat Completions is asked the same way: set `OPENAI_BASE_URL`, or call
//! [`with_base_url`](ChatOpenAI::with_base_url).
//!
//! # What there is
//!
//! | type | what it asks |
//! |---|---|
//! | [`ChatOpenAI`] | Chat Completions, and the Responses API |
//! | [`AzureChatOpenAI`] | the same, of a deployment on Azure |
//! | [`OpenAIEmbeddings`] | embeddings: any number of texts, of any length; of Azure by [`azure`](OpenAIEmbeddings::azure) |
//! | [`OpenAICompletions`] | the older completions, asked as a chat model; of Azure by [`azure`](OpenAICompletions::azure) |
//! | [`OpenAIModeration`] | moderation, as a step that tells or a [gate](OpenAIModeration::gate) |
//! | [`BatchJob`] | a million prompts that can wait a day, at a lower price; [`batch_job`](ChatOpenAI::batch_job) makes one |
//! | [`OpenAIClient`] | the [models](OpenAIClient::list_models) of a server; address, key and transport for the others |
//!
//! # The Responses API
//!
//! It is asked where a request needs it, or where [`with_endpoint`](ChatOpenAI::with_endpoint) says so. The message means the same: `text()`,
//! calls, usage, log probabilities, finish reason. Its content is a list of blocks in LangChain's form, each with the server's id:
//! texts with their `annotations`, refusals, thoughts, calls, and what the server's own tools did. Sent back, they are the items that they
//! came as. `response_metadata.id` is what [`previous_response_id`](OpenAIOptionsExt::previous_response_id) takes.
//!
//! # What arrives
//!
//! | field of the message | where it comes from |
//! |---|---|
//! | `content`, `tool_calls`, `name` | the first choice; [`generate`](cadena_core::ChatModelExt::generate) gives the others, never mixed |
//! | `additional_kwargs`: `refusal`, `function_call`, `audio`, `annotations`, `reasoning_content` | the first choice |
//! | `usage_metadata` | `usage`; a stream asks for it. Servers that count up in every event are counted once |
//! | `response_metadata.logprobs` | the choice's `logprobs`, token by token; `None` is not an empty list |
//! | `response_metadata`: `model_name`, `system_fingerprint`, `service_tier`, `id` | in a stream: on the chunk with the finish reason |
//! | `response_metadata.token_usage` | the server's own usage object |
//! | `response_metadata.extra`: `headers`, `warnings` | the call, where [`with_response_headers`](ChatOpenAI::with_response_headers) or [`with_on_unsupported`](ChatOpenAI::with_on_unsupported) say so |
//!
//! # Errors
//!
//! | kind | when |
//! |---|---|
//! | `Authentication`, `PermissionDenied`, `NotFound`, `QuotaExhausted`, `RateLimited`, `ContextOverflow`, `ContentFilter`, `InvalidRequest`, `Server` | what the server said, by status or inside a stream |
//! | `Unsupported` | an option that the model or the endpoint cannot honour: see [`OnUnsupported`](cadena_core::OnUnsupported) and [`ModelRule`] |
//! | `Truncated` | a stream ended before its finish reason, or before its response was completed |
//! | `Decode` | the answer is no chat completion, or no response |
//! | `Config` | the base URL or a header cannot be used |
//! | `Connect`, `Timeout`, `Stalled`, `LimitExceeded` | see `cadena-http` |

mod azure;
mod batch;
mod client;
mod completions;
mod config;
mod connection;
mod conversation;
mod convert;
#[cfg(feature = "tiktoken")]
mod count;
mod embeddings;
mod error;
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
pub use completions::OpenAICompletions;
pub use connection::OpenAIClient;
pub use embeddings::{Embedded, OpenAIEmbeddings};
pub use model::{ChatOpenAI, Endpoint};
pub use models::{KnownModel, ModelInfo, known_model};
pub use moderation::{Moderation, ModerationGate, OpenAIModeration};
pub use options::{AudioOutput, Modality, OpenAIOptionsExt, ServiceTier, UserLocation, Verbosity, WebSearch};
pub use rules::{ModelRule, ModelRules};
