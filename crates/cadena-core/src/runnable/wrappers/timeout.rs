//! A step with a time limit.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Rewrap;
use crate::run::layers::limits::Limits;
use crate::run::layers::{call, call_stream, call_transform};
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{ChunkStream, Result, RunConfig, RunContext, impl_pipe};

/// A step with a time limit; [`RunnableExt::with_timeout`](crate::RunnableExt::with_timeout) makes one.
///
/// The limit holds for each call, to the last chunk of a stream. When it is over, the work stops and the error is a
/// [`Timeout`](crate::ErrorKind::Timeout), which a retry around it tries again. The step sees the limit as
/// [`RunContext::deadline`], so that a model gives up at once where the pause before its next try would end later. It has no run of its own, and does with chunks what the step
/// does. Timers are tokio's: it needs a tokio runtime with time enabled.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, ErrorKind, RunnableExt};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let slow = lambda(|n: i32| async move {
///     tokio::time::sleep(Duration::from_secs(60)).await;
///     n
/// });
/// let error = slow.with_timeout(Duration::from_secs(1)).invoke(1).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Timeout);
/// # });
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Timeout<R> {
    step: Arc<R>,
    limit: Duration,
}

impl<R: Runnable> Timeout<R> {
    pub(in crate::runnable) fn new(step: R, limit: Duration) -> Self {
        Self {
            step: Arc::new(step),
            limit,
        }
    }

    /// The context of the step, with the limit as its deadline: a model then does not begin a pause that is too long, and does not wait
    /// for what may follow a whole answer until the limit ends it with an error.
    fn limited(&self, cx: &RunContext) -> RunContext {
        cx.with_config(RunConfig::new().timeout(self.limit))
    }

    fn limits(&self) -> Limits {
        Limits::of_step(self.limit, self.step.name().into_owned())
    }
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<R: Runnable> Runnable for Timeout<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::around(&*self.step).graph(|| {
            let limit = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
            self.step.graph().noted("timeout_ms", limit)
        })
    }

    async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
        self.limits()
            .around(self.limited(&cx), |cx| call(&*self.step, input, cx))
            .await
    }

    fn run_stream(&self, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
        self.limits()
            .around_stream(self.limited(&cx), |cx| call_stream(&*self.step, input, cx))
    }

    fn run_transform(&self, input: ChunkStream<R::Input>, cx: RunContext) -> ChunkStream<R::Output> {
        self.limits()
            .around_stream(self.limited(&cx), |cx| call_transform(&*self.step, input, cx))
    }
}

impl<R: Runnable> Rewrap for Timeout<R> {
    type Step = R;
    type Around<S: Runnable> = Timeout<S>;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    fn around<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> Timeout<S> {
        Timeout {
            step: Arc::new(make(&self.step)),
            limit: self.limit,
        }
    }
}

impl_pipe!(Timeout<R>, for <R: Runnable>);

impl<R> Clone for Timeout<R> {
    fn clone(&self) -> Self {
        Self {
            step: Arc::clone(&self.step),
            limit: self.limit,
        }
    }
}

impl<R: Runnable> fmt::Debug for Timeout<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("step", &self.step.name())
            .field("limit", &self.limit)
            .finish()
    }
}
