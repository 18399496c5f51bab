//! Boxes and shared pointers are what they hold.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::Runnable;
use crate::{ChunkStream, Graph, ModelSetup, Result, RunContext, RunKind, StreamMode, Streamable};

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

            fn name(&self) -> Cow<'_, str> {
                (**self).name()
            }

            fn kind(&self) -> RunKind {
                (**self).kind()
            }

            fn streaming(&self) -> StreamMode {
                (**self).streaming()
            }

            fn graph(&self) -> Graph {
                (**self).graph()
            }

            fn model_setup(&self) -> Option<ModelSetup> {
                (**self).model_setup()
            }

            fn restore(&self, output: Value) -> Result<O> {
                (**self).restore(output)
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
