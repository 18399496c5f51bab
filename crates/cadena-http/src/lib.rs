#![doc = include_str!("lib.md")]

mod call_options;
mod client;
mod clock;
mod event_stream;
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
mod timers;
mod transport;
mod upload;

pub use call_options::CallOptions;
pub use client::{HttpClient, Streamed};
pub use event_stream::EventStream;
pub use failure::Failure;
pub use limits::Limits;
pub use record::{Recorder, Recording, Replay};
pub use redactor::Redactor;
pub use request::Request;
pub use reqwest_transport::{ReqwestTransport, Unanswered};
pub use response::{Answer, Body, Response};
pub use retry::{RetryPolicy, retry_after};
pub use secret::Secret;
pub use timers::Timers;
pub use transport::Transport;
pub use upload::Upload;
