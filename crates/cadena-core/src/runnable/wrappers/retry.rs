//! A step that is tried again.

mod options;
pub use options::RetryOptions;
mod budget;
pub use budget::RetryBudget;
mod decision;
pub use decision::{GaveUp, RetryPause};

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use super::Rewrap;
use super::around::{Around, shared};
use crate::run::layers::{call, call_stream};
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::stream::later;
use crate::{ChunkStream, Error, Result, RunContext, RunKind, impl_pipe, timer};

/// A step that is tried again when it fails; [`RunnableExt::with_retry`](crate::RunnableExt::with_retry) makes one.
///
/// [`RetryOptions`] say what is tried again, how often and after which pause. A stream is tried again until its first
/// chunk: from then on the consumer has seen something, and an error ends it. In a batch each input is tried on its own.
/// It is a run, in which each attempt is one, from the second on tagged `retry:attempt:2`, `retry:attempt:3`, …. Dropping it
/// stops it, also while it waits. The error is that of the last attempt.
///
/// It waits for its whole input, which each attempt gets, and streams as the step does. Pauses need a tokio runtime
/// with time enabled.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, Error, ErrorKind, RetryOptions, RunnableExt};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let calls = AtomicU32::new(0);
/// let flaky = lambda(move |n: i32| match calls.fetch_add(1, Ordering::Relaxed) {
///     0 | 1 => Err(Error::from(ErrorKind::Server)),
///     _ => Ok(n * 2),
/// });
/// assert_eq!(flaky.with_retry(RetryOptions::new()).invoke(21).await?, 42);
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Retry<R> {
    step: Arc<R>,
    options: Arc<RetryOptions>,
}

impl<R: Runnable> Retry<R> {
    pub(in crate::runnable) fn new(step: R, options: RetryOptions) -> Self {
        Self {
            step: Arc::new(step),
            options: Arc::new(options),
        }
    }

    fn attempt(cx: &RunContext, number: u32) -> RunContext {
        match number {
            1 => cx.clone(),
            _ => cx.child(|| format!("retry:attempt:{number}")),
        }
    }

    /// Waits for the next attempt, or returns the error that ends the call. `failed` counts the attempts so far, among them those
    /// that a client made below the step.
    async fn pause(&self, error: Error, failed: &mut u32, cx: &RunContext) -> Result<()> {
        *failed = failed.saturating_add(error.attempts());
        let (pause, error) = self.options.pause_after(error, *failed, cx.remaining())?;
        match pause.is_zero() {
            true => Ok(()),
            false => timer::sleep(pause).await.map_err(|cannot| cannot.with_source(error)),
        }
    }
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<R: Runnable> Runnable for Retry<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::around(&*self.step)
            .kind(RunKind::Chain)
            .streaming_with(|| self.step.streaming().waiting())
            .graph(|| self.step.graph().noted("retry", self.options.attempts()).waiting())
    }

    async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
        let mut failed = 0;
        for number in 1.. {
            match call(&*self.step, input.clone(), Self::attempt(&cx, number)).await {
                Ok(output) => {
                    self.options.succeeded();
                    return Ok(output);
                }
                Err(error) => self.pause(error, &mut failed, &cx).await?,
            }
        }
        Err(options::exhausted())
    }

    fn run_stream(&self, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
        let this = self.clone();
        later(self.name().into_owned(), async move {
            let mut failed = 0;
            for number in 1.. {
                let mut chunks = call_stream(&*this.step, input.clone(), Self::attempt(&cx, number));
                match chunks.next().await {
                    Some(Err(error)) => {
                        drop(chunks);
                        this.pause(error, &mut failed, &cx).await?;
                    }
                    first => {
                        this.options.succeeded();
                        return Ok(stream::iter(first).chain(chunks).boxed());
                    }
                }
            }
            Err(options::exhausted())
        })
    }

    fn run_transform(&self, input: ChunkStream<R::Input>, cx: RunContext) -> ChunkStream<R::Output> {
        crate::runnable::wait_for_input(self, input, cx)
    }
}

impl<R: Runnable> Around for Retry<R> {
    type Step = R;

    fn step(&self) -> &Arc<R> {
        &self.step
    }
}

impl<R: Runnable> Rewrap for Retry<R> {
    type Other<S: Runnable> = Retry<S>;

    fn rewrap<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> Retry<S> {
        Retry {
            step: Arc::new(make(&self.step)),
            options: Arc::clone(&self.options),
        }
    }
}

impl_pipe!(Retry<R>, for <R: Runnable>);

shared!(Retry<R: Runnable> { step, options });

impl<R: Runnable> fmt::Debug for Retry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("step", &self.step.name())
            .field("options", &self.options)
            .finish()
    }
}
