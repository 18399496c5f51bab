//! Middleware around every step that does I/O.

pub(super) mod call;
pub use call::StepCall;
pub(super) mod output;
pub use output::{StepChunk, StepOutput};
pub(super) mod next;
pub use next::Next;
mod journal;
pub use journal::Journal;
pub(super) mod path;
pub(super) mod target;

use async_trait::async_trait;

use crate::Result;

/// Middleware around every step that does I/O: models, tools and retrievers. Caches, limiters, recorders and journals are hooks, and
/// the chain does not change for them.
///
/// [`RunConfig::hook`](crate::RunConfig::hook) sets one; the first one is the outermost. A hook may pass a call through, answer without calling,
/// call later, call again, change the output, or fail. One method serves whole calls and streams: [`Next::run`] passes
/// chunks on while it waits.
///
/// # Where it runs
///
/// A hook runs inside the run's start and end events, but before a concurrency permit is taken and before tokens are counted. So an
/// answer from a cache is a run with its start and its end, but only a call that reaches the model takes one of the
/// [`max_concurrency`](crate::RunConfig::max_concurrency) permits and is reported to [`Listener::on_model_call`](crate::Listener::on_model_call). An error
/// of a hook is an error of the step, which a retry or a fallback around the step handles. Dropping the call drops the hook's future.
///
/// A step is passed to hooks if its [kind](crate::RunnableExt::kind) [does I/O](crate::RunKind::does_io). Under a hook it gets its whole input at once,
/// even if it could begin with a part of it.
///
/// # Example: a cache
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{async_trait, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, UsageTracker};
///
/// #[derive(Default)]
/// struct Cache(Mutex<HashMap<String, StepOutput>>);
///
/// #[async_trait]
/// impl StepHook for Cache {
///     async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
///         // Without the name of the call: the same question from another step has the same answer.
///         let key = format!("{:?} {} {}", call.kind(), call.model().map_or_else(String::new, |model| model.to_json().to_string()), call.input()?);
///         let known = self.0.lock().unwrap().get(&key).cloned();
///         if let Some(output) = known {
///             return Ok(output);
///         }
///         let output = next.run().await?;
///         self.0.lock().unwrap().insert(key, output.clone());
///         Ok(output)
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let usage = UsageTracker::new();
/// let config = RunConfig::new().hook(Arc::new(Cache::default())).listener(usage.listener());
/// for _ in 0..3 {
///     assert_eq!(EchoModel::new().invoke_with("hi", config.clone()).await?.text(), "hi");
/// }
/// assert_eq!(usage.calls(), 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Example: a limiter
///
/// The permit is held until the last chunk, since [`Next::run`] waits for it.
///
/// ```
/// use std::sync::Arc;
/// use cadena_core::{async_trait, EchoModel, Error, ErrorKind, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput};
///
/// /// At most so many calls of one model at once, over all chains that share it.
/// struct Limiter(tokio::sync::Semaphore);
///
/// #[async_trait]
/// impl StepHook for Limiter {
///     async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
///         if call.model().is_none() {
///             return next.run().await;
///         }
///         let _permit = self.0.acquire().await.map_err(|_| Error::from(ErrorKind::Cancelled))?;
///         next.run().await
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let config = RunConfig::new().hook(Arc::new(Limiter(tokio::sync::Semaphore::new(1))));
/// let answers = EchoModel::new().batch_with(["one", "two"], config).await;
/// assert!(answers.iter().all(Result::is_ok));
/// # });
/// ```
///
/// # Example: a recorder
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{async_trait, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput};
/// use serde_json::{json, Value};
///
/// #[derive(Default)]
/// struct Recorder(Mutex<Vec<Value>>);
///
/// #[async_trait]
/// impl StepHook for Recorder {
///     async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
///         let output = next.run().await?;
///         let line = json!({"step": call.name(), "input": call.input()?, "output": output.to_json()?});
///         self.0.lock().unwrap().push(line);
///         Ok(output)
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let recorder = Arc::new(Recorder::default());
/// EchoModel::new().invoke_with("hi", RunConfig::new().hook(Arc::<Recorder>::clone(&recorder))).await?;
/// let lines = recorder.0.lock().unwrap();
/// assert_eq!(lines[0]["step"], "EchoModel");
/// assert_eq!(lines[0]["output"]["content"], "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// A [`Journal`](crate::Journal) is a recorder that also answers: it resumes a chain that was interrupted.
#[async_trait]
pub trait StepHook: Send + Sync + 'static {
    /// Wraps one call of a step.
    ///
    /// # Errors
    ///
    /// Those of the step, and those that the hook makes: the call fails with them.
    async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput>;
}
