//! The frame around every call of a step: its run, its events, its limits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::frame::{Frame, Guard, dump};
use super::hook::frame as hooked;
use super::observed::{Observed, Tap};
use super::span::{self, RunSpan};
use super::{RunConfig, RunContext};
use crate::RunKind;
use crate::{ChunkStream, Error, ErrorKind, Result, Runnable, RunnableExt, fold, timer};

/// Calls a step whole.
pub(crate) async fn call<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> Result<R::Output> {
    if !opens_run(step, &cx) {
        let (said, cx) = run_name(step, cx);
        return step.run(input, cx).await.map_err(|error| in_run(error, step, said));
    }
    // Boxed, so that the frame is small for a call that nobody listens to.
    observed_call(step, input, cx).boxed().await
}

async fn observed_call<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> Result<R::Output> {
    let said = cx.run_name().map(Box::from);
    let (cx, frame) = cx.open(|| step.name().into_owned(), step.kind());
    let (span, cx) = RunSpan::open(step, Some(&input), cx);
    let call = async {
        let Some(frame) = frame else {
            let result = hooked::run(step, input, cx).await;
            return result.map_err(|error| in_run(error, step, said));
        };
        if step.kind() == RunKind::ChatModel && frame.wants_tokens() {
            return streamed_call(step, input, cx, frame, said).await;
        }
        std::future::poll_fn(|task| frame.poll_room(task)).await;
        let guard = Guard(frame);
        guard.0.begin(guard.0.dump(&input));
        let result = hooked::run(step, input, cx).await;
        let result = result.map_err(|error| in_run(error, step, said));
        match &result {
            Ok(output) => guard.0.end(|| dump(output)),
            Err(error) => guard.0.fail(error),
        }
        result
    };
    span.around(call).await
}

/// A model that is asked for a whole answer, while somebody wants to hear it grow.
async fn streamed_call<R: Runnable + ?Sized>(
    step: &R,
    input: R::Input,
    cx: RunContext,
    frame: Arc<Frame>,
    said: Option<Box<str>>,
) -> Result<R::Output> {
    let known = frame.dump(&input);
    let chunks = named(step, hooked::run_stream(step, input, cx), said.clone());
    let output = fold::<R::Output>(Observed::<R::Output>::of_whole(chunks, frame, known).boxed()).await;
    let nothing_came = || Error::new(ErrorKind::Truncated, "the stream ended without a chunk");
    let output = output.and_then(|output| output.ok_or_else(nothing_came));
    output.map_err(|error| in_run(error, step, said))
}

/// Calls a step in chunks.
pub(crate) fn call_stream<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
    if !opens_run(step, &cx) {
        let (said, cx) = run_name(step, cx);
        return named(step, step.run_stream(input, cx), said);
    }
    let said = cx.run_name().map(Box::from);
    let (cx, frame) = cx.open(|| step.name().into_owned(), step.kind());
    let (span, cx) = RunSpan::open(step, Some(&input), cx);
    span.around_stream::<R::Output>(|| {
        let known = frame.as_ref().and_then(|frame| frame.dump(&input));
        let chunks = named(step, hooked::run_stream(step, input, cx), said);
        match frame {
            Some(frame) => Observed::<R::Output>::of_whole(chunks, frame, known).boxed(),
            None => chunks,
        }
    })
}

/// Calls a step in chunks, with an input that arrives in chunks.
pub(crate) fn call_transform<R: Runnable + ?Sized>(
    step: &R,
    input: ChunkStream<R::Input>,
    cx: RunContext,
) -> ChunkStream<R::Output> {
    if !opens_run(step, &cx) {
        let (said, cx) = run_name(step, cx);
        return named(step, step.run_transform(input, cx), said);
    }
    let said = cx.run_name().map(Box::from);
    let (cx, frame) = cx.open(|| step.name().into_owned(), step.kind());
    let (span, cx) = RunSpan::open(step, None, cx);
    let input = span.read_along::<R::Input>(input);
    span.around_stream::<R::Output>(|| {
        let Some(frame) = frame else {
            return named(step, hooked::run_transform(step, input, cx), said);
        };
        let input = Tap::<R::Input>::new(input, Arc::clone(&frame), step.streaming()).boxed();
        let chunks = named(step, hooked::run_transform(step, input, cx), said);
        Observed::<R::Output>::of_stream(chunks, frame).boxed()
    })
}

/// Names the step in an error of its stream. Compositions name theirs themselves, which costs nothing per chunk; for a step
/// that does I/O it costs nothing that counts.
fn named<R: Runnable + ?Sized>(
    step: &R,
    chunks: ChunkStream<R::Output>,
    said: Option<Box<str>>,
) -> ChunkStream<R::Output> {
    if let Some(run) = said {
        return renamed(step, chunks, run);
    }
    match step.kind() {
        RunKind::Chain | RunKind::Transparent | RunKind::Parser => chunks,
        RunKind::Prompt | RunKind::ChatModel | RunKind::Tool | RunKind::Retriever => {
            let name = step.name().into_owned();
            chunks
                .map(move |chunk| chunk.map_err(|error| error.in_step(name.as_str())))
                .boxed()
        }
    }
}

/// Names the run in the errors of a step's stream, in place of the step.
pub(crate) fn renamed<R: Runnable + ?Sized>(
    step: &R,
    chunks: ChunkStream<R::Output>,
    run: impl AsRef<str> + Send + 'static,
) -> ChunkStream<R::Output> {
    let step = step.name().into_owned();
    chunks
        .map(move |chunk| chunk.map_err(|error| error.in_run(&step, run.as_ref())))
        .boxed()
}

/// The name that the caller gave the run of a step that opens none. It is for this step only, so it is taken out of the context; a
/// step without a run of its own leaves it to the one inside.
fn run_name<R: Runnable + ?Sized>(step: &R, cx: RunContext) -> (Option<Box<str>>, RunContext) {
    match cx.run_name().map(Box::from) {
        Some(said) if step.kind() != RunKind::Transparent => (Some(said), cx.without_run_name()),
        said => (said, cx),
    }
}

fn in_run<R: Runnable + ?Sized>(error: Error, step: &R, said: Option<Box<str>>) -> Error {
    match said {
        Some(run) => error.in_run(&step.name(), &run),
        None => error.in_step(step.name()),
    }
}

fn opens_run<R: Runnable + ?Sized>(step: &R, cx: &RunContext) -> bool {
    is_seen(cx) && step.kind() != RunKind::Transparent
}

/// Whether somebody sees the frame around a step: a listener, a hook, or a collector of spans.
pub(crate) fn is_seen(cx: &RunContext) -> bool {
    cx.is_observed() || span::are_wanted()
}

/// What can end a call from outside.
pub(crate) struct Stop {
    deadline: Option<Deadline>,
    cancelled: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

struct Deadline {
    at: Instant,
    /// Made when it is first polled: tokio's timers can only be made inside a runtime.
    sleep: Option<Pin<Box<Sleep>>>,
    /// The step that it limits; `None` for the whole call.
    step: Option<String>,
}

impl Stop {
    fn new(deadline: Option<Deadline>, token: Option<&CancellationToken>) -> Option<Self> {
        let cancelled = token.cloned().map(CancellationToken::cancelled_owned).map(Box::pin);
        (deadline.is_some() || cancelled.is_some()).then_some(Self { deadline, cancelled })
    }

    fn of_context(cx: &RunContext) -> Option<Self> {
        Self::new(cx.deadline().map(Deadline::at), cx.cancellation())
    }

    /// What a config that is fixed to a step says; the outermost frame of the call knows nothing of it.
    pub(crate) fn of_config(config: &RunConfig) -> Option<Self> {
        let at = config.timeout.and_then(|limit| Instant::now().checked_add(limit));
        Self::new(at.map(Deadline::at), config.cancellation.as_ref())
    }

    /// The time limit of one step.
    pub(crate) fn after(limit: Duration, step: String) -> Option<Self> {
        // A limit beyond the end of time is none.
        let at = Instant::now().checked_add(limit)?;
        let deadline = Deadline {
            at,
            sleep: None,
            step: Some(step),
        };
        Self::new(Some(deadline), None)
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Error> {
        if let Some(cancelled) = &mut self.cancelled
            && cancelled.as_mut().poll(task).is_ready()
        {
            return Poll::Ready(Error::new(ErrorKind::Cancelled, "the caller cancelled it"));
        }
        match &mut self.deadline {
            Some(deadline) => deadline.poll(task),
            None => Poll::Pending,
        }
    }

    /// The frame around a call: nothing at all if nothing can stop it.
    pub(crate) fn future<'a, T: Send + 'a>(
        stop: Option<Self>,
        future: impl Future<Output = Result<T>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        let Some(mut stop) = stop else {
            return future.boxed();
        };
        let mut future = Box::pin(future);
        std::future::poll_fn(move |task| match stop.poll(task) {
            Poll::Ready(error) => Poll::Ready(Err(error)),
            Poll::Pending => future.as_mut().poll(task),
        })
        .boxed()
    }

    /// As [`future`](Self::future), for a stream: the error is its last item.
    pub(crate) fn stream<T: Send + 'static>(
        stop: Option<Self>,
        stream: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        let Some(mut stop) = stop else { return stream };
        let mut stream = Some(stream);
        futures::stream::poll_fn(move |task| {
            let Some(open) = &mut stream else {
                return Poll::Ready(None);
            };
            if let Poll::Ready(error) = stop.poll(task) {
                stream = None; // Dropping it stops the work at once.
                return Poll::Ready(Some(Err(error)));
            }
            open.poll_next_unpin(task)
        })
        .boxed()
    }
}

impl Deadline {
    fn at(at: Instant) -> Self {
        Self {
            at,
            sleep: None,
            step: None,
        }
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Error> {
        let at = self.at;
        if self.sleep.is_none()
            && let Err(error) = timer::check()
        {
            return Poll::Ready(error);
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        std::task::ready!(sleep.as_mut().poll(task));
        Poll::Ready(match &self.step {
            None => Error::new(ErrorKind::Timeout, "the time that `RunConfig::timeout` allows is over")
                .with_retryable(false),
            Some(step) => {
                Error::new(ErrorKind::Timeout, "the time that `with_timeout` allows is over").in_step(step.as_str())
            }
        })
    }
}

/// The outermost frame of a call: stops it at its deadline or when it is cancelled.
pub(crate) fn enforce<'a, T: Send + 'a>(
    cx: &RunContext,
    future: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    Stop::future(Stop::of_context(cx), future)
}

/// As [`enforce`], for a stream.
pub(crate) fn enforce_stream<T: Send + 'static>(
    cx: &RunContext,
    stream: BoxStream<'static, Result<T>>,
) -> BoxStream<'static, Result<T>> {
    Stop::stream(Stop::of_context(cx), stream)
}
