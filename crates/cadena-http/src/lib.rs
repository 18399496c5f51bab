#![doc = include_str!("lib.md")]

mod call_options;
mod client;
mod clock;
mod failure;
mod limits;
mod record;
mod redactor;
mod request;
mod reqwest_transport;
mod response;
mod retry;
mod secret;
pub mod sse;
mod sse_stream;
mod timers;
mod transport;
mod upload;

pub use call_options::CallOptions;
pub use client::{HttpClient, Streamed};
pub use failure::Failure;
pub use limits::Limits;
pub use record::{Recorder, Recording, Replay};
pub use redactor::Redactor;
pub use request::HttpRequest;
pub use reqwest_transport::{ReqwestTransport, Unanswered};
pub use response::{Body, HttpResponse, StreamingResponse};
pub use retry::{RetryPolicy, retry_after};
pub use secret::Secret;
pub use sse_stream::SseStream;
pub use timers::Timers;
pub use transport::Transport;
pub use upload::Upload;
