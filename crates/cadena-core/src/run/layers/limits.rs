//! The layer that ends a call at its deadline or when it is cancelled.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::run::{RunConfig, RunContext};
use crate::{Error, ErrorKind, Result, timer};

/// The limits of one call, each of which ends it from outside.
pub(crate) struct Limits {
    deadline: Option<Deadline>,
    cancelled: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Limits {
    /// The limits that the caller set.
    pub(crate) fn of_context(cx: &RunContext) -> Self {
        Self::new(cx.deadline().map(Deadline::of_call), cx.cancellation())
    }

    /// The limits in a config that is fixed to a step. The limits of the whole call do not include them.
    pub(crate) fn of_config(config: &RunConfig) -> Self {
        let at = config.timeout.and_then(|limit| Instant::now().checked_add(limit));
        Self::new(at.map(Deadline::of_call), config.cancellation.as_ref())
    }

    /// The time limit of one step.
    pub(crate) fn of_step(limit: Duration, step: String) -> Self {
        // A limit beyond the last instant that the clock knows never comes.
        let at = Instant::now().checked_add(limit);
        Self::new(at.map(|at| Deadline::of_step(at, step)), None)
    }

    fn new(deadline: Option<Deadline>, token: Option<&CancellationToken>) -> Self {
        let cancelled = token.cloned().map(CancellationToken::cancelled_owned).map(Box::pin);
        Self { deadline, cancelled }
    }

    fn is_empty(&self) -> bool {
        self.deadline.is_none() && self.cancelled.is_none()
    }

    /// Calls within the limits. If a limit ends the call, the error holds the part of a model's answer that had arrived. Without a
    /// limit the call is only boxed.
    pub(crate) fn around<'a, T: Send + 'a, F: Future<Output = Result<T>> + Send + 'a>(
        mut self,
        cx: RunContext,
        call: impl FnOnce(RunContext) -> F,
    ) -> BoxFuture<'a, Result<T>> {
        if self.is_empty() {
            return call(cx).boxed();
        }
        let (cx, arriving) = cx.limited();
        let mut call = Box::pin(call(cx));
        std::future::poll_fn(move |task| match self.poll(task) {
            Poll::Ready(error) => Poll::Ready(Err(arriving.attach_to(error))),
            Poll::Pending => call.as_mut().poll(task),
        })
        .boxed()
    }

    /// As [`around`](Self::around), for a stream, whose last item is then the error. Without a limit the stream is returned as it is.
    pub(crate) fn around_stream<T: Send + 'static>(
        mut self,
        cx: RunContext,
        call: impl FnOnce(RunContext) -> BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        if self.is_empty() {
            return call(cx);
        }
        let (cx, arriving) = cx.limited();
        let mut stream = Some(call(cx));
        futures::stream::poll_fn(move |task| {
            let Some(open) = &mut stream else {
                return Poll::Ready(None);
            };
            if let Poll::Ready(error) = self.poll(task) {
                let error = arriving.attach_to(error);
                stream = None; // Dropping it stops the work at once.
                return Poll::Ready(Some(Err(error)));
            }
            open.poll_next_unpin(task)
        })
        .boxed()
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Error> {
        if let Some(cancelled) = &mut self.cancelled
            && cancelled.as_mut().poll(task).is_ready()
        {
            return Poll::Ready(Error::new(ErrorKind::Cancelled, "the caller cancelled it"));
        }
        match &mut self.deadline {
            Some(deadline) => deadline.poll(task),
            None => Poll::Pending,
        }
    }
}

struct Deadline {
    at: Instant,
    /// Made at the first poll: tokio's timers can only be made inside a runtime.
    sleep: Option<Pin<Box<Sleep>>>,
    /// The step that it limits; `None` for the whole call.
    step: Option<String>,
}

impl Deadline {
    fn of_call(at: Instant) -> Self {
        Self {
            at,
            sleep: None,
            step: None,
        }
    }

    fn of_step(at: Instant, step: String) -> Self {
        Self {
            step: Some(step),
            ..Self::of_call(at)
        }
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Error> {
        let at = self.at;
        if self.sleep.is_none()
            && let Err(error) = timer::check()
        {
            return Poll::Ready(error);
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        std::task::ready!(sleep.as_mut().poll(task));
        Poll::Ready(match &self.step {
            None => Error::new(ErrorKind::Timeout, "the time that `RunConfig::timeout` allows is over")
                .with_retryable(false),
            Some(step) => {
                Error::new(ErrorKind::Timeout, "the time that `with_timeout` allows is over").in_step(step.as_str())
            }
        })
    }
}
