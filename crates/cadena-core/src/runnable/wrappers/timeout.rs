//! A step with a time limit.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Rewrap;
use super::around::{Around, around, shared};
use crate::run::layers::limits::Limits;
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{RunConfig, RunContext};

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
}

impl<R: Runnable> Around for Timeout<R> {
    type Step = R;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    /// The limit is the step's deadline: a model then does not begin a pause that is too long, and does not wait for what may follow a
    /// whole answer until the limit ends it with an error.
    fn context(&self, cx: &RunContext) -> RunContext {
        cx.with_config(RunConfig::new().timeout(self.limit))
    }

    fn limits(&self) -> Option<Limits> {
        Some(Limits::of_step(self.limit, self.step.name().into_owned()))
    }

    fn note<'a>(&'a self, step: StepInfo<'a>) -> StepInfo<'a> {
        let limit = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
        step.graph(move || self.step.graph().noted("timeout_ms", limit))
    }
}

around!(Timeout<R>, of R, for <R: Runnable>);

impl<R: Runnable> Rewrap for Timeout<R> {
    type Other<S: Runnable> = Timeout<S>;

    fn rewrap<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> Timeout<S> {
        Timeout {
            step: Arc::new(make(&self.step)),
            limit: self.limit,
        }
    }
}

shared!(Timeout<R: Runnable> { step, limit });

impl<R: Runnable> fmt::Debug for Timeout<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("step", &self.step.name())
            .field("limit", &self.limit)
            .finish()
    }
}
