//! What users call on every step.

use std::future::Future;

use futures::stream::{self, StreamExt};

use super::{Chain, Follows, Runnable};
use crate::run::scope::{call, call_stream, enforce, enforce_stream};
use crate::{ChunkStream, Result, RunConfig, RunContext};

/// How many inputs of a batch run at once when the caller does not say.
pub const DEFAULT_BATCH_CONCURRENCY: usize = 16;

/// A step of any type, on the heap.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, BoxRunnable, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let steps: Vec<BoxRunnable<i32, i32>> = vec![lambda(|n: i32| n + 1).boxed(), lambda(|n: i32| n * 2).boxed()];
/// assert_eq!(steps[1].invoke(21).await?, 42);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub type BoxRunnable<I, O> = Box<dyn Runnable<Input = I, Output = O>>;

/// What every step can do.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let double = lambda(|n: i32| n * 2);
/// assert_eq!(double.invoke(21).await?, 42);
/// assert_eq!(double.stream(21).try_collect::<Vec<_>>().await?, [42]);
///
/// let answers: Result<Vec<_>, _> = double.batch([1, 2, 3]).await.into_iter().collect();
/// assert_eq!(answers?, [2, 4, 6]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait RunnableExt: Runnable {
    /// Turns an input into an output.
    ///
    /// # Errors
    ///
    /// The first error of a step, with the step's name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the work.
    fn invoke(&self, input: impl Into<Self::Input>) -> impl Future<Output = Result<Self::Output>> + Send {
        call(self, input.into(), RunContext::default())
    }

    /// As [`invoke`](Self::invoke), with what the caller says about the call.
    ///
    /// # Errors
    ///
    /// Those of the steps; [`Cancelled`](crate::ErrorKind::Cancelled) and [`Timeout`](crate::ErrorKind::Timeout) as the config says.
    fn invoke_with(
        &self,
        input: impl Into<Self::Input>,
        config: RunConfig,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        let cx = RunContext::new(config);
        enforce(&cx, call(self, input.into(), cx.clone()))
    }

    /// As [`invoke`](Self::invoke), as a part of the step that was given this context.
    ///
    /// # Errors
    ///
    /// Those of the steps.
    fn invoke_in(
        &self,
        input: impl Into<Self::Input>,
        cx: &RunContext,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        call(self, input.into(), cx.clone())
    }

    /// Turns an input into chunks of the output, as they come. Nothing happens until the stream is polled.
    fn stream(&self, input: impl Into<Self::Input>) -> ChunkStream<Self::Output> {
        call_stream(self, input.into(), RunContext::default())
    }

    /// As [`stream`](Self::stream), with what the caller says about the call.
    fn stream_with(&self, input: impl Into<Self::Input>, config: RunConfig) -> ChunkStream<Self::Output> {
        let cx = RunContext::new(config);
        enforce_stream(&cx, call_stream(self, input.into(), cx.clone()))
    }

    /// As [`stream`](Self::stream), as a part of the step that was given this context.
    fn stream_in(&self, input: impl Into<Self::Input>, cx: &RunContext) -> ChunkStream<Self::Output> {
        call_stream(self, input.into(), cx.clone())
    }

    /// Turns many inputs into as many results, in their order, [`DEFAULT_BATCH_CONCURRENCY`] at once. One error does not stop
    /// the others.
    fn batch<T: Into<Self::Input>>(
        &self,
        inputs: impl IntoIterator<Item = T>,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send {
        self.batch_with(inputs, RunConfig::default())
    }

    /// As [`batch`](Self::batch), with what the caller says; [`max_concurrency`](RunConfig::max_concurrency) is how many run at once.
    ///
    /// A `run_id` in the config belongs to no single input and is not used.
    fn batch_with<T: Into<Self::Input>>(
        &self,
        inputs: impl IntoIterator<Item = T>,
        mut config: RunConfig,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send {
        config.run_id = None;
        let limit = config.max_concurrency.unwrap_or(DEFAULT_BATCH_CONCURRENCY).max(1);
        let cx = RunContext::new(config);
        let inputs: Vec<Self::Input> = inputs.into_iter().map(Into::into).collect();
        let runs = inputs
            .into_iter()
            .map(move |input| enforce(&cx, call(self, input, cx.clone())));
        stream::iter(runs).buffered(limit).collect()
    }

    /// Puts a step behind this one: `a.pipe(b)` is `a | b`.
    ///
    /// The types are checked where the two are joined.
    #[must_use = "steps do nothing until they are invoked"]
    fn pipe<R: Follows<Self::Output>>(self, next: R) -> Chain<Self::Input, R::Output>
    where
        Self: Sized,
    {
        Chain::new(self).then(next)
    }

    /// Puts the step on the heap, so that steps of different types have one type.
    #[must_use = "steps do nothing until they are invoked"]
    fn boxed(self) -> BoxRunnable<Self::Input, Self::Output>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

impl<R: Runnable + ?Sized> RunnableExt for R {}
