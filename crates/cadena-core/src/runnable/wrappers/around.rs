//! Wrappers that change only what surrounds a call: one place calls the step, and a wrapper is what it adds.

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::run::layers::limits::Limits;
use crate::run::layers::{call, call_stream, call_transform};
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{ChunkStream, Error, Result, RunContext, Streamable};

/// A wrapper of one step. `around!` makes the step of it.
pub(crate) trait Around: Runnable {
    /// The type of the step.
    type Step: Runnable<Input = Self::Input, Output = Self::Output> + ?Sized;

    /// The step, as it is without a value that a caller sets.
    fn step(&self) -> &Arc<Self::Step>;

    /// The step as a call with this context runs it; default: [`step`](Self::step).
    fn step_in(&self, cx: &RunContext) -> Result<Arc<Self::Step>> {
        let _ = cx;
        Ok(Arc::clone(self.step()))
    }

    /// The context in which the step runs; default: that of the call.
    fn context(&self, cx: &RunContext) -> RunContext {
        cx.clone()
    }

    /// What may end a call from outside; default: nothing.
    fn limits(&self) -> Option<Limits> {
        None
    }

    /// The description of the wrapper from that of the step; default: no change.
    fn note<'a>(&'a self, step: StepInfo<'a>) -> StepInfo<'a> {
        step
    }
}

/// Calls the step of a wrapper whole.
pub(super) async fn run<W: Around>(wrapper: &W, input: W::Input, cx: RunContext) -> Result<W::Output> {
    let step = wrapper.step_in(&cx)?;
    let cx = wrapper.context(&cx);
    match wrapper.limits() {
        None => call(&*step, input, cx).await,
        Some(limits) => limits.around(cx, |cx| call(&*step, input, cx)).await,
    }
}

/// Calls the step of a wrapper in chunks.
pub(super) fn run_stream<W: Around>(wrapper: &W, input: W::Input, cx: RunContext) -> ChunkStream<W::Output> {
    streamed(wrapper, cx, |step, cx| call_stream(step, input, cx))
}

/// Calls the step of a wrapper in chunks, with an input that arrives in chunks.
pub(super) fn run_transform<W: Around>(
    wrapper: &W,
    input: ChunkStream<W::Input>,
    cx: RunContext,
) -> ChunkStream<W::Output> {
    streamed(wrapper, cx, |step, cx| call_transform(step, input, cx))
}

fn streamed<W: Around>(
    wrapper: &W,
    cx: RunContext,
    call: impl FnOnce(&W::Step, RunContext) -> ChunkStream<W::Output>,
) -> ChunkStream<W::Output> {
    let step = match wrapper.step_in(&cx) {
        Ok(step) => step,
        Err(error) => return failed::<W::Output>(error.in_step(wrapper.name())),
    };
    let cx = wrapper.context(&cx);
    match wrapper.limits() {
        None => call(&step, cx),
        Some(limits) => limits.around_stream(cx, |cx| call(&step, cx)),
    }
}

fn failed<O: Streamable>(error: Error) -> ChunkStream<O> {
    stream::once(std::future::ready(Err(error))).boxed()
}

/// Writes [`Runnable`] for an [`Around`] of a step, and the `|` operator.
macro_rules! around {
    ($type:ty, of $step:ty, for <$($param:ident: $bound:path),+>) => {
        #[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
        #[async_trait::async_trait]
        impl<$($param: $bound),+> $crate::Runnable for $type {
            type Input = <$step as $crate::Runnable>::Input;
            type Output = <$step as $crate::Runnable>::Output;

            fn describe(&self) -> $crate::StepInfo<'_> {
                self.note($crate::StepInfo::around(&**self.step()))
            }

            async fn run(&self, input: Self::Input, cx: $crate::RunContext) -> $crate::Result<Self::Output> {
                $crate::runnable::wrappers::around::run(self, input, cx).await
            }

            fn run_stream(&self, input: Self::Input, cx: $crate::RunContext) -> $crate::ChunkStream<Self::Output> {
                $crate::runnable::wrappers::around::run_stream(self, input, cx)
            }

            fn run_transform(
                &self,
                input: $crate::ChunkStream<Self::Input>,
                cx: $crate::RunContext,
            ) -> $crate::ChunkStream<Self::Output> {
                $crate::runnable::wrappers::around::run_transform(self, input, cx)
            }
        }

        $crate::impl_pipe!($type, for <$($param: $bound),+>);
    };
}
pub(super) use around;

/// Writes `Clone` for a wrapper, whose parts are shared: a step need not be `Clone`.
macro_rules! shared {
    ($name:ident<$($param:ident: $bound:path),+> { $($field:ident),+ }) => {
        impl<$($param: $bound),+> Clone for $name<$($param),+> {
            fn clone(&self) -> Self {
                Self {
                    $($field: Clone::clone(&self.$field)),+
                }
            }
        }
    };
}
pub(super) use shared;
