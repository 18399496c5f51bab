//! The step inside the hooks of a call, without its types.

use std::any::Any;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::StreamExt;

use super::StepOutput;
use super::call::SharedInput;
use super::next::{Sink, deliver};
use super::output::{ErasedChunk, OutputValue};
use crate::{
    AIMessageChunk, ChunkPosition, Error, ErrorKind, Merge, Result, RunContext, Runnable, RunnableExt, Streamable,
};

/// The step that the innermost hook calls.
pub(super) trait Target: Send + Sync {
    /// Calls the step; its chunks, if it streams, go into the sink.
    fn run<'a>(&'a self, sink: Option<&'a dyn Sink>) -> BoxFuture<'a, Result<StepOutput>>;

    /// Turns an output into the type of the step.
    fn restore(&self, output: StepOutput) -> Result<StepOutput>;

    /// Turns an output into one chunk.
    fn chunk(&self, output: &StepOutput) -> Result<Box<dyn ErasedChunk>>;
}

/// A step with its input and its context.
pub(in crate::run) struct TypedStep<'a, R: Runnable + ?Sized> {
    pub(in crate::run) step: &'a R,
    pub(in crate::run) cx: RunContext,
    pub(in crate::run) input: Arc<SharedInput<R::Input>>,
    pub(in crate::run) streams: bool,
}

impl<R: Runnable + ?Sized> TypedStep<'_, R> {
    /// The output in the type of the step.
    pub(in crate::run) fn typed(&self, output: StepOutput) -> Result<R::Output> {
        match output.value {
            OutputValue::Json(json) => R::Output::from_json(json),
            OutputValue::Typed(output) => {
                let output = output.into_any().downcast::<R::Output>();
                output.map(|output| *output).map_err(|_| {
                    let name = self.step.name();
                    let detail = format!("a hook answered for `{name}` with a value of another type than its output");
                    Error::new(ErrorKind::Config, detail)
                })
            }
        }
    }
}

impl<R: Runnable + ?Sized> Target for TypedStep<'_, R> {
    fn run<'a>(&'a self, sink: Option<&'a dyn Sink>) -> BoxFuture<'a, Result<StepOutput>> {
        async move {
            let input = self.input.get();
            let cx = self.cx.clone();
            if !self.streams {
                return self.step.run(input, cx).await.map(StepOutput::new);
            }
            let mut chunks = self.step.run_stream(input, cx);
            let mut sum: Option<<R::Output as Streamable>::Chunk> = None;
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk?;
                match &mut sum {
                    Some(sum) => sum.merge(chunk.clone())?,
                    None => sum = Some(chunk.clone()),
                }
                if let Some(sink) = sink {
                    deliver(sink, Box::new(chunk)).await;
                }
            }
            let output = match sum {
                Some(sum) => R::Output::from_chunk(sum)?,
                None => R::Output::empty()
                    .ok_or_else(|| Error::new(ErrorKind::Truncated, "the step's stream ended without a chunk"))?,
            };
            Ok(StepOutput::new(output))
        }
        .boxed()
    }

    fn restore(&self, output: StepOutput) -> Result<StepOutput> {
        self.typed(output).map(StepOutput::new)
    }

    fn chunk(&self, output: &StepOutput) -> Result<Box<dyn ErasedChunk>> {
        let mut chunk = self.typed(output.clone())?.into_chunk();
        if let Some(chunk) = (&mut chunk as &mut dyn Any).downcast_mut::<AIMessageChunk>() {
            chunk.chunk_position = Some(ChunkPosition::Last);
        }
        Ok(Box::new(chunk))
    }
}
