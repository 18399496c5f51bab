//! Runs: what a caller says about one ([`RunConfig`]), where a step stands in one ([`RunContext`]), what happens in one
//! ([`RunEvent`]).

mod config;
pub use config::RunConfig;
mod context;
pub use context::RunContext;
mod event;
pub use event::{Listener, RunEvent, RunInfo, RunKind};
mod id;
pub use id::{IdGenerator, RandomIds, RunId, SequentialIds};
pub(crate) mod scope;
