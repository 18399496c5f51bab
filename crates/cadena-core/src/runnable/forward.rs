//! Boxes and shared pointers are what they hold.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Runnable, StepInfo};
use crate::{ChunkStream, Result, RunContext, Streamable};

dyn_clone::clone_trait_object!(<I, O> Runnable<Input = I, Output = O>);

macro_rules! forward {
    ($pointer:ident) => {
        #[deny(
            clippy::missing_trait_methods,
            reason = "a pointer that forgets a method would change what it holds"
        )]
        #[async_trait]
        impl<I: Streamable, O: Streamable> Runnable for $pointer<dyn Runnable<Input = I, Output = O>> {
            type Input = I;
            type Output = O;

            fn describe(&self) -> StepInfo<'_> {
                (**self).describe()
            }

            async fn run(&self, input: I, cx: RunContext) -> Result<O> {
                (**self).run(input, cx).await
            }

            fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
                (**self).run_stream(input, cx)
            }

            fn run_transform(&self, input: ChunkStream<I>, cx: RunContext) -> ChunkStream<O> {
                (**self).run_transform(input, cx)
            }
        }
    };
}

forward!(Box);
forward!(Arc);
