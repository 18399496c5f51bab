//! The frame that puts hooks around a call.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, Stream, StreamExt};

use super::call::Input;
use super::next::{Deliver, Layers, Sink, Target, deliver};
use super::output::{Answer, ErasedChunk};
use super::{StepCall, StepHook, StepOutput};
use crate::stream::later;
use crate::{
    AIMessageChunk, ChunkPosition, ChunkStream, Error, ErrorKind, Merge, Result, RunContext, RunInfo, Runnable,
    RunnableExt, Streamable, fold,
};

/// Calls a step whole, through the hooks of its context.
pub(crate) async fn run<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> Result<R::Output> {
    let Some(around) = Around::of(step, &cx) else {
        return step.run(input, cx).await;
    };
    let input = Arc::new(Input::new(input));
    let call = around.call(step, &input, &cx, false);
    let target = Called {
        step,
        cx,
        input,
        streams: false,
    };
    let layers = Layers {
        hooks: &around.hooks,
        call: &call,
        target: &target,
    };
    let output = layers.call(None).await?;
    target.typed(output)
}

/// Calls a step in chunks, through the hooks of its context.
pub(crate) fn run_stream<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
    let Some(around) = Around::of(step, &cx) else {
        return step.run_stream(input, cx);
    };
    let step = dyn_clone::clone_box(step);
    let slot = Arc::new(Slot::default());
    let filled = Arc::clone(&slot);
    let work = async move {
        let input = Arc::new(Input::new(input));
        let call = around.call(&*step, &input, &cx, true);
        let target = Called {
            step: &*step,
            cx,
            input,
            streams: true,
        };
        let layers = Layers {
            hooks: &around.hooks,
            call: &call,
            target: &target,
        };
        layers.call(Some(&*filled)).await.map(drop)
    };
    Hooked {
        work: Some(work.boxed()),
        failed: None,
        slot,
    }
    .map(|chunk| chunk.and_then(typed_chunk::<R::Output>))
    .boxed()
}

/// Calls a step in chunks, with an input that arrives in chunks: a hook is given all of it at once.
pub(crate) fn run_transform<R: Runnable + ?Sized>(
    step: &R,
    input: ChunkStream<R::Input>,
    cx: RunContext,
) -> ChunkStream<R::Output> {
    if Around::of(step, &cx).is_none() {
        return step.run_transform(input, cx);
    }
    let step = dyn_clone::clone_box(step);
    later(step.name().into_owned(), async move {
        Ok(match fold::<R::Input>(input).await? {
            Some(input) => run_stream(&*step, input, cx),
            None => stream::empty().boxed(),
        })
    })
}

/// The hooks of a call, and what they are told about it.
struct Around {
    hooks: Vec<Arc<dyn StepHook>>,
    name: Arc<str>,
    run: Arc<RunInfo>,
}

impl Around {
    /// `None` for a step that does no I/O, or if there is no hook.
    fn of<R: Runnable + ?Sized>(step: &R, cx: &RunContext) -> Option<Self> {
        let hooks = cx.hooks();
        if hooks.is_empty() || !step.kind().does_io() {
            return None;
        }
        Some(Self {
            hooks: hooks.to_vec(),
            name: cx.place()?,
            run: cx.info()?,
        })
    }

    fn call<R: Runnable + ?Sized>(
        &self,
        step: &R,
        input: &Arc<Input<R::Input>>,
        cx: &RunContext,
        streams: bool,
    ) -> StepCall {
        let (name, run) = (Arc::clone(&self.name), Arc::clone(&self.run));
        StepCall::new::<_, R::Output>(name, run, cx.model_setup(step), streams, input)
    }
}

/// A step with its input.
struct Called<'a, R: Runnable + ?Sized> {
    step: &'a R,
    cx: RunContext,
    input: Arc<Input<R::Input>>,
    streams: bool,
}

impl<R: Runnable + ?Sized> Called<'_, R> {
    fn typed(&self, output: StepOutput) -> Result<R::Output> {
        match output.value {
            Answer::Json(json) => R::Output::from_json(json),
            Answer::Typed(output) => {
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

impl<R: Runnable + ?Sized> Target for Called<'_, R> {
    fn call<'a>(&'a self, sink: Sink<'a>) -> BoxFuture<'a, Result<StepOutput>> {
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
        if let Some(chunk) = (&mut chunk as &mut dyn std::any::Any).downcast_mut::<AIMessageChunk>() {
            chunk.chunk_position = Some(ChunkPosition::Last);
        }
        Ok(Box::new(chunk))
    }
}

fn typed_chunk<O: Streamable>(chunk: Box<dyn ErasedChunk>) -> Result<O::Chunk> {
    let chunk = chunk.into_any().downcast::<O::Chunk>();
    chunk.map(|chunk| *chunk).map_err(|_| {
        let detail = "a hook passed on a chunk of another type than the step gives";
        Error::new(ErrorKind::Internal, detail)
    })
}

/// The chunk that is on its way to the caller.
#[derive(Default)]
struct Slot(Mutex<Option<Box<dyn ErasedChunk>>>);

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn ErasedChunk>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliver for Slot {
    fn put(&self, chunk: Box<dyn ErasedChunk>) {
        *self.lock() = Some(chunk);
    }

    fn is_taken(&self) -> bool {
        self.lock().is_none()
    }
}

/// The hooks at work, as a stream of the chunks that they let pass. Dropping it drops them.
struct Hooked {
    work: Option<BoxFuture<'static, Result<()>>>,
    failed: Option<Error>,
    slot: Arc<Slot>,
}

impl Stream for Hooked {
    type Item = Result<Box<dyn ErasedChunk>>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(work) = &mut self.work {
            let done = work.as_mut().poll(task);
            if let Poll::Ready(result) = done {
                self.work = None;
                self.failed = result.err();
            }
        }
        let chunk = self.slot.lock().take();
        match (chunk, self.failed.take()) {
            (Some(chunk), failed) => {
                self.failed = failed; // The chunk came first.
                Poll::Ready(Some(Ok(chunk)))
            }
            (None, Some(error)) => Poll::Ready(Some(Err(error))),
            (None, None) if self.work.is_none() => Poll::Ready(None),
            (None, None) => Poll::Pending,
        }
    }
}
