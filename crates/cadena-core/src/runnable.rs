//! The contract of a step, [`Runnable`], and the methods that every step has, [`RunnableExt`].

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use crate::stream::later;
use crate::{ChunkStream, Result, RunContext, Streamable, fold};

/// A step: it turns an input into an output, whole or in chunks, and composes with other steps.
///
/// Implementors write this trait; users call the methods of [`RunnableExt`], which every runnable has. Only [`run`](Self::run) is required. A step
/// that can work on pieces also writes [`run_stream`](Self::run_stream) if its output comes in pieces, and
/// [`run_transform`](Self::run_transform) if it can start before its input is complete. [`describe`](Self::describe) sets its name and kind.
///
/// The caller opens the run of a step: it emits the events, and puts the name of the step on an error.
///
/// # Implementing
///
/// The fold of the chunks must be what `run` returns. Dropping a future or a stream must stop its work: spawn nothing.
/// Pass the context to every runnable that you call, by [`RunnableExt::invoke_in`].
///
/// # Examples
///
/// ```
/// use cadena_core::{Result, RunContext, Runnable, RunnableExt, async_trait};
///
/// #[derive(Clone)]
/// struct Shout;
///
/// #[async_trait]
/// impl Runnable for Shout {
///     type Input = String;
///     type Output = String;
///
///     async fn run(&self, input: String, _cx: RunContext) -> Result<String> {
///         Ok(input.to_uppercase())
///     }
/// }
///
/// # futures::executor::block_on(async {
/// assert_eq!(Shout.invoke("hi").await?, "HI");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a step of a chain",
    label = "not a runnable",
    note = "a function becomes a step with `cadena::lambda(…)`, several steps beside each other with `cadena::parallel(…)`"
)]
pub trait Runnable: CanClone + Send + Sync + 'static {
    /// The type of the input.
    type Input: Streamable;
    /// The type of the output.
    type Output: Streamable;

    /// Describes the step: its name, its kind, how it treats chunks, its graph; default: [`StepInfo::of`], the name of its type.
    ///
    /// [`RunnableExt::name`], [`kind`](RunnableExt::kind), [`streaming`](RunnableExt::streaming) and [`graph`](RunnableExt::graph) read it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Result, RunContext, RunKind, Runnable, RunnableExt, StepInfo, async_trait};
    ///
    /// #[derive(Clone)]
    /// struct Search;
    ///
    /// #[async_trait]
    /// impl Runnable for Search {
    ///     type Input = String;
    ///     type Output = Vec<String>;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::new("search").kind(RunKind::Retriever)
    ///     }
    ///
    ///     async fn run(&self, query: String, _cx: RunContext) -> Result<Vec<String>> {
    ///         Ok(vec![format!("a page about {query}")])
    ///     }
    /// }
    ///
    /// assert_eq!(Search.name(), "search");
    /// ```
    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self)
    }

    /// Turns a whole input into a whole output.
    ///
    /// # Errors
    ///
    /// Any error of the step. The caller puts the name of the step on it.
    async fn run(&self, input: Self::Input, cx: RunContext) -> Result<Self::Output>;

    /// Turns a whole input into chunks of the output; default: one chunk, from [`run`](Self::run).
    fn run_stream(&self, input: Self::Input, cx: RunContext) -> ChunkStream<Self::Output> {
        let this = dyn_clone::clone_box(self);
        let output = async move {
            let output = this.run(input, cx).await;
            let output = output.map_err(|error| error.in_step(this.name()));
            output.map(Streamable::into_chunk)
        };
        stream::once(output).boxed()
    }

    /// Turns chunks of the input into chunks of the output; default: waits for the whole input, then
    /// [`run_stream`](Self::run_stream). An input without chunks makes an output without chunks.
    fn run_transform(&self, input: ChunkStream<Self::Input>, cx: RunContext) -> ChunkStream<Self::Output> {
        wait_for_input(self, input, cx)
    }
}

mod info;
pub use info::StepInfo;
pub(crate) use info::short_type_name;
mod ext;
pub use ext::{BoxRunnable, DEFAULT_BATCH_CONCURRENCY, RunnableExt};
mod batch;
pub use batch::{BatchFile, BatchProgress, BatchResults};
mod chain;
pub use chain::{Accepts, Chain};
mod sources;
pub use sources::{
    Generator, IntoLambda, Lambda, LambdaIn, Passthrough, generator, lambda, lambda_in, lambda_kind, passthrough,
    stream_fn,
};
mod wrappers;
pub(crate) use wrappers::Rewrap;
pub use wrappers::{
    Alternatives, ConfigurableStep, Configured, FallbackErrors, Fallbacks, GaveUp, HistoryStep, Listeners,
    MessageHistory, Named, OneStep, Or, Retry, RetryBudget, RetryOptions, RetryPause, SendSync, StepList, Steps,
    Timeout, WithListeners,
};
mod parallel;
pub use parallel::{IntoParallel, Outputs, OutputsChunk, Parallel, ParallelBranch, parallel};
mod dict_like;
pub use dict_like::DictLike;
mod assign;
pub use assign::{Assign, assign};
mod pick;
pub use pick::{Pick, PickKeys, Picked, pick};
mod map;
pub use map::Map;
mod branch;
pub use branch::{Branch, branch};
mod router;
pub use router::{Router, RouterInput, router};
mod route;
pub use route::{Route, route_fn, try_route_fn};
mod caught;
pub(crate) use caught::caught_future;
mod can_clone;
pub use can_clone::CanClone;
mod into_input;
pub use into_input::IntoInput;
mod erased;
mod forward;
mod graph;
mod tee;

/// The default of [`Runnable::run_transform`].
fn wait_for_input<R: Runnable + ?Sized>(
    step: &R,
    input: ChunkStream<R::Input>,
    cx: RunContext,
) -> ChunkStream<R::Output> {
    let step = dyn_clone::clone_box(step);
    later(step.name().into_owned(), async move {
        Ok(match fold::<R::Input>(input).await? {
            Some(input) => step.run_stream(input, cx),
            None => stream::empty().boxed(),
        })
    })
}
