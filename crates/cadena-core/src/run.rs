//! Runs of steps: the settings of a call ([`RunConfig`]), the context of a step in it ([`RunContext`]), and the events
//! ([`RunEvent`]) that listeners hear.
//!
//! The layers that a call passes stand in `layers`.

mod configurable;
pub use configurable::{ConfigKey, Configurable};
mod config;
pub use config::RunConfig;
mod context;
pub use context::RunContext;
mod event;
pub use event::{RunEvent, RunInfo};
mod listener;
pub use listener::{Listener, ModelCall};
mod into_listener;
pub use into_listener::IntoListener;
mod event_stream;
pub use event_stream::EventStream;
mod filter;
pub use filter::EventFilter;
mod hook;
pub use hook::{Journal, Next, StepCall, StepChunk, StepHook, StepOutput};
mod usage;
pub use usage::UsageTracker;
mod active;
pub(crate) mod arriving;
mod event_queue;
mod langchain;
pub(crate) mod layers;
