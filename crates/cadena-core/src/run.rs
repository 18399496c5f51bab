//! Runs: what a caller says about one ([`RunConfig`]), where a step stands in one ([`RunContext`]), what happens in one
//! ([`RunEvent`]).

mod configurable;
pub use configurable::{ConfigKey, Configurable};
mod config;
pub use config::RunConfig;
mod context;
pub use context::RunContext;
mod event;
pub use event::{Listener, ModelCall, RunEvent, RunInfo};
mod event_stream;
pub use event_stream::EventStream;
mod filter;
pub use filter::EventFilter;
mod hook;
pub use hook::{Journal, Next, StepCall, StepChunk, StepHook, StepOutput};
mod usage;
pub use usage::UsageTracker;
mod into_listener;
pub use into_listener::IntoListener;
mod active;
pub(crate) mod arriving;
mod event_queue;
mod langchain;
pub(crate) mod layers;
