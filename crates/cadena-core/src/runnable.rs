//! What everything that composes is: [`Runnable`], the contract, and [`RunnableExt`], what it gives.

mod ext;
pub use ext::{BoxRunnable, DEFAULT_BATCH_CONCURRENCY, RunnableExt};
mod batch;
pub use batch::{BatchFile, BatchProgress, BatchResults};
mod chain;
pub use chain::{Chain, Follows};
mod sources;
pub use sources::{
    Generator, IntoLambda, Lambda, LambdaIn, Passthrough, generator, lambda, lambda_in, lambda_kind, passthrough,
    stream_fn,
};
mod wrappers;
pub(crate) use wrappers::Rewrap;
pub use wrappers::{
    Alternatives, ConfigurableStep, Configured, FallbackErrors, Fallbacks, Listeners, MessageHistory, Named, OneStep,
    Or, Remembers, Retry, RetryBudget, RetryOptions, SendSync, StepList, Steps, Timeout, WithListeners,
};
mod parallel;
pub use parallel::{IntoParallel, Outputs, OutputsChunk, Parallel, ParallelBranch, parallel};
mod keyed;
pub use keyed::Keyed;
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

use std::borrow::Cow;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::stream::later;
use crate::{
    ChunkStream, Error, ErrorKind, Graph, ModelSetup, Result, RunContext, RunKind, StreamMode, Streamable, fold,
};

/// A step: it turns an input into an output, whole or in chunks, and composes with other steps.
///
/// This is what implementors write; users call [`RunnableExt`], which every runnable has. Only [`run`](Self::run) is required. A step
/// that can work on pieces also says how: [`run_stream`](Self::run_stream) if its output comes in pieces,
/// [`run_transform`](Self::run_transform) if it can start before its input is complete.
///
/// The framework puts the frame around each call: the run with its events, the name of the step on an error.
///
/// # Implementing
///
/// The fold of the chunks must be what `run` returns. Dropping a future or a stream must stop its work: spawn nothing.
/// Hand the context on to every runnable that you call, by [`RunnableExt::invoke_in`].
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
    /// What it takes.
    type Input: Streamable;
    /// What it gives.
    type Output: Streamable;

    /// What events and errors call it; default: the name of its type.
    fn name(&self) -> Cow<'_, str> {
        short_type_name::<Self>().into()
    }

    /// What it is in events and graphs; default: [`RunKind::Chain`].
    fn kind(&self) -> RunKind {
        RunKind::Chain
    }

    /// What it does with chunks; default: [`StreamsOutput`](StreamMode::StreamsOutput) for a chat model, [`WaitsForAll`](StreamMode::WaitsForAll) for the rest.
    ///
    /// A step that writes [`run_stream`](Self::run_stream) or [`run_transform`](Self::run_transform) says so here.
    fn streaming(&self) -> StreamMode {
        match self.kind() {
            RunKind::ChatModel => StreamMode::StreamsOutput,
            _ => StreamMode::WaitsForAll,
        }
    }

    /// What it looks like: its steps, by names and types; default: one step between its input and its output.
    ///
    /// A step that holds others overrides it: see [`Graph::append`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, Runnable, StrOutputParser};
    ///
    /// let graph = (EchoModel::new() | StrOutputParser).graph();
    /// println!("{graph}");
    /// assert!(graph.to_mermaid().contains("EchoModel --> StrOutputParser"));
    /// ```
    fn graph(&self) -> Graph {
        Graph::of(self)
    }

    /// The model that it asks, with the options that are bound to it; default: it is no model. Each [`ChatModel`](crate::ChatModel) has one.
    fn model_setup(&self) -> Option<ModelSetup> {
        None
    }

    /// An output of it from the JSON that it was written as, for a [`StepHook`](crate::StepHook) that answers from a record; default: an error.
    ///
    /// A chat model reads its messages back. A tool or a retriever whose output has `Deserialize` says
    /// `serde_json::from_value(output).map_err(…)`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if it cannot be read back, [`Decode`](ErrorKind::Decode) if the JSON is no output of this step.
    fn restore(&self, output: Value) -> Result<Self::Output> {
        let _ = output;
        let detail = format!("the output of `{}` cannot be read back from JSON", self.name());
        Err(Error::new(ErrorKind::Unsupported, detail).with_hint("write `Runnable::restore` for the step"))
    }

    /// Turns a whole input into a whole output.
    ///
    /// # Errors
    ///
    /// Whatever fails inside the step.
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
    /// [`run_stream`](Self::run_stream). An input without chunks gives an output without chunks.
    fn run_transform(&self, input: ChunkStream<Self::Input>, cx: RunContext) -> ChunkStream<Self::Output> {
        wait_for_input(self, input, cx)
    }
}

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

/// `cadena_openai::ChatOpenAI` is `ChatOpenAI`, `my::Step<u8>` is `Step`.
pub(crate) fn short_type_name<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit("::").next().unwrap_or(plain)
}
