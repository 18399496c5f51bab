//! Runs: how a call is configured, observed, recorded and stopped.
//!
//! A [`RunConfig`] configures one call: tags, metadata, listeners, limits, a deadline, a [`CancellationToken`]. Each step gets a
//! [`RunContext`]. A [`Listener`] and [`stream_events`](crate::RunnableExt::stream_events) report [`RunEvent`]s, a [`UsageTracker`] adds
//! up tokens, and a [`StepHook`] such as [`Journal`] can answer a step in place of its work. [`SequentialIds`] makes ids
//! deterministic for tests.

pub use cadena_core::{
    CancellationToken, ConfigKey, Configurable, EventFilter, EventStream, IdGenerator, IntoListener, Journal, Listener,
    Listeners, ModelCall, Next, RandomIds, RunConfig, RunContext, RunEvent, RunId, RunInfo, RunKind, SequentialIds,
    StepCall, StepChunk, StepHook, StepOutput, UsageTracker,
};
