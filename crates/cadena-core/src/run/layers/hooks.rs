//! The layer that puts the caller's hooks around a step that does I/O.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, Stream, StreamExt};

use crate::run::hook::call::SharedInput;
use crate::run::hook::next::{Inside, Sink};
use crate::run::hook::output::ErasedChunk;
use crate::run::hook::target::TypedStep;
use crate::run::{RunContext, RunInfo, StepCall, StepHook};
use crate::stream::later;
use crate::{ChunkStream, Error, ErrorKind, Result, Runnable, RunnableExt, Streamable, fold};

/// Calls a step whole, through the hooks of its context.
pub(super) async fn call<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> Result<R::Output> {
    let Some(hooks) = Hooks::of(&cx) else {
        return step.run(input, cx).await;
    };
    let input = Arc::new(SharedInput::new(input));
    let call = hooks.step_call(step, &input, &cx, false);
    let target = TypedStep {
        step,
        cx,
        input,
        streams: false,
    };
    let output = Inside::new(&hooks.hooks, &call, &target).run(None).await?;
    target.typed(output)
}

/// Calls a step in chunks, through the hooks of its context.
pub(super) fn stream<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
    let Some(hooks) = Hooks::of(&cx) else {
        return step.run_stream(input, cx);
    };
    let step = dyn_clone::clone_box(step);
    let slot = Arc::new(Slot::default());
    let filled = Arc::clone(&slot);
    let work = async move {
        let input = Arc::new(SharedInput::new(input));
        let call = hooks.step_call(&*step, &input, &cx, true);
        let target = TypedStep {
            step: &*step,
            cx,
            input,
            streams: true,
        };
        let output = Inside::new(&hooks.hooks, &call, &target).run(Some(&*filled)).await;
        output.map(drop)
    };
    HookedChunks {
        work: Some(work.boxed()),
        failed: None,
        slot,
    }
    .map(|chunk| chunk.and_then(typed_chunk::<R::Output>))
    .boxed()
}

/// Calls a step in chunks with an input that arrives in chunks: under a hook, the step gets the whole input at once.
pub(super) fn transform<R: Runnable + ?Sized>(
    step: &R,
    input: ChunkStream<R::Input>,
    cx: RunContext,
) -> ChunkStream<R::Output> {
    if Hooks::of(&cx).is_none() {
        return step.run_transform(input, cx);
    }
    let step = dyn_clone::clone_box(step);
    later(step.name().into_owned(), async move {
        Ok(match fold::<R::Input>(input).await? {
            Some(input) => self::stream(&*step, input, cx),
            None => stream::empty().boxed(),
        })
    })
}

/// The hooks of a call, and the facts that they are given about it.
struct Hooks {
    hooks: Vec<Arc<dyn StepHook>>,
    path: Arc<str>,
    run: Arc<RunInfo>,
}

impl Hooks {
    /// `None` if the step does no I/O or there is no hook.
    fn of(cx: &RunContext) -> Option<Self> {
        let hooks = cx.hooks();
        if hooks.is_empty() {
            return None;
        }
        let run = cx.info().filter(|run| run.kind.does_io())?;
        Some(Self {
            hooks: hooks.to_vec(),
            path: cx.step_path()?,
            run,
        })
    }

    fn step_call<R: Runnable + ?Sized>(
        &self,
        step: &R,
        input: &Arc<SharedInput<R::Input>>,
        cx: &RunContext,
        streams: bool,
    ) -> StepCall {
        let (path, run) = (Arc::clone(&self.path), Arc::clone(&self.run));
        StepCall::new::<_, R::Output>(path, run, cx.model_setup(step), streams, input)
    }
}

fn typed_chunk<O: Streamable>(chunk: Box<dyn ErasedChunk>) -> Result<O::Chunk> {
    let chunk = chunk.into_any().downcast::<O::Chunk>();
    chunk.map(|chunk| *chunk).map_err(|_| {
        let detail = "a hook passed on a chunk of another type than that of the step";
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

impl Sink for Slot {
    fn put(&self, chunk: Box<dyn ErasedChunk>) {
        *self.lock() = Some(chunk);
    }

    fn is_taken(&self) -> bool {
        self.lock().is_none()
    }
}

/// The hooks at work, as a stream of the chunks that they let pass. Dropping it drops them.
struct HookedChunks {
    work: Option<BoxFuture<'static, Result<()>>>,
    failed: Option<Error>,
    slot: Arc<Slot>,
}

impl Stream for HookedChunks {
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
