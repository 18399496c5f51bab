//! The layers around a call of a step, in one fixed order.
//!
//! A call passes the layers from the first to the last, then reaches the step; the answer passes them from the last to the
//! first. Whole calls, streams and streams with an input in chunks pass the same layers.
//!
//! | layer | adds | present if |
//! |---|---|---|
//! | [`limits`] | an end at the deadline or when the call is cancelled, with the part of an answer that had arrived | the caller's call, `with_timeout` or `with_config` has a limit |
//! | [`span`] | a `tracing` span | a collector wants spans |
//! | [`events`] | the events of the run: its start, its chunks, and one of end, error and cancelled | a listener wants events |
//! | [`error_name`] | the name of the step, or of its run, in an error | always |
//! | [`hooks`] | the hooks of the caller | a hook is set and the step does I/O |
//!
//! If nobody observes the call, there is no run, and [`call`] goes straight to [`Runnable::run`]: only errors are named.

pub(crate) mod error_name;
mod events;
mod hooks;
pub(crate) mod limits;
#[cfg_attr(not(feature = "tracing"), path = "layers/no_span.rs")]
pub(super) mod span;

use std::future::Future;

use futures::future::FutureExt;

use self::error_name::ErrorName;
use self::events::EventsLayer;
use self::limits::Limits;
use self::span::SpanLayer;
use super::RunContext;
use crate::{ChunkStream, Error, ErrorKind, Result, RunKind, Runnable, RunnableExt, fold};

/// Calls a step whole, for the caller: within the limits of the context.
pub(crate) fn enter<R: Runnable + ?Sized>(
    step: &R,
    input: R::Input,
    cx: RunContext,
) -> impl Future<Output = Result<R::Output>> + Send {
    Limits::of_context(&cx).around(cx, |cx| call(step, input, cx))
}

/// Calls a step in chunks, for the caller: within the limits of the context.
pub(crate) fn enter_stream<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
    Limits::of_context(&cx).around_stream(cx, |cx| call_stream(step, input, cx))
}

/// Calls a step in chunks with an input that arrives in chunks, for the caller: within the limits of the context.
pub(crate) fn enter_transform<R: Runnable + ?Sized>(
    step: &R,
    input: ChunkStream<R::Input>,
    cx: RunContext,
) -> ChunkStream<R::Output> {
    Limits::of_context(&cx).around_stream(cx, |cx| call_transform(step, input, cx))
}

/// Calls a step whole.
pub(crate) async fn call<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> Result<R::Output> {
    let Some(kind) = observed_kind(step, &cx) else {
        let (name, cx) = ErrorName::without_run(step, cx);
        return step.run(input, cx).await.map_err(|error| name.put(step, error));
    };
    // Boxed, so that the future of a call that nobody observes stays small.
    observed_call(step, kind, input, cx).boxed().await
}

async fn observed_call<R: Runnable + ?Sized>(
    step: &R,
    kind: RunKind,
    input: R::Input,
    cx: RunContext,
) -> Result<R::Output> {
    let (Layers { span, events, name }, cx) = Layers::open(step, kind, Some(&input), cx);
    let inside = async {
        if events.wants_tokens() {
            // A listener wants to hear the answer grow, so the whole answer is the sum of its stream.
            let chunks = name.clone().around_stream(step, hooks::stream(step, input, cx));
            let answer = fold::<R::Output>(events.around_stream::<R::Output>(chunks)).await;
            let answer = answer.and_then(|answer| answer.ok_or_else(no_chunk));
            return answer.map_err(|error| name.put(step, error));
        }
        events.around(name.around(step, hooks::call(step, input, cx))).await
    };
    span.around(inside).await
}

/// Calls a step in chunks.
pub(crate) fn call_stream<R: Runnable + ?Sized>(step: &R, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
    let Some(kind) = observed_kind(step, &cx) else {
        let (name, cx) = ErrorName::without_run(step, cx);
        return name.around_stream(step, step.run_stream(input, cx));
    };
    let (Layers { span, events, name }, cx) = Layers::open(step, kind, Some(&input), cx);
    span.around_stream::<R::Output>(|| {
        events.around_stream::<R::Output>(name.around_stream(step, hooks::stream(step, input, cx)))
    })
}

/// Calls a step in chunks, with an input that arrives in chunks.
pub(crate) fn call_transform<R: Runnable + ?Sized>(
    step: &R,
    input: ChunkStream<R::Input>,
    cx: RunContext,
) -> ChunkStream<R::Output> {
    let Some(kind) = observed_kind(step, &cx) else {
        let (name, cx) = ErrorName::without_run(step, cx);
        return name.around_stream(step, step.run_transform(input, cx));
    };
    let (Layers { span, events, name }, cx) = Layers::open(step, kind, None, cx);
    let input = events.input::<R::Input>(step.streaming(), span.input::<R::Input>(input));
    span.around_stream::<R::Output>(|| {
        events.around_stream::<R::Output>(name.around_stream(step, hooks::transform(step, input, cx)))
    })
}

/// The layers of a call that somebody observes. Hooks hold the step and its input, so they are made with the call.
struct Layers {
    span: SpanLayer,
    events: EventsLayer,
    name: ErrorName,
}

impl Layers {
    /// Opens the run of a step. Returns its layers and the context inside the run. `input` is `None` if it arrives in chunks.
    fn open<R: Runnable + ?Sized>(
        step: &R,
        kind: RunKind,
        input: Option<&R::Input>,
        cx: RunContext,
    ) -> (Self, RunContext) {
        let name = ErrorName::of_run(&cx);
        let (cx, run) = cx.open_run(|| step.name().into_owned(), kind);
        let (span, cx) = SpanLayer::open(step, kind, input, cx);
        let events = EventsLayer::open(run, input);
        (Self { span, events, name }, cx)
    }
}

fn no_chunk() -> Error {
    Error::new(ErrorKind::Truncated, "the stream ended without a chunk")
}

/// The kind of a step whose run somebody observes; `None` if the step opens no run. A description of a step costs work, so a call
/// asks for it once.
fn observed_kind<R: Runnable + ?Sized>(step: &R, cx: &RunContext) -> Option<RunKind> {
    let kind = is_observed(cx).then(|| step.kind());
    kind.filter(|kind| *kind != RunKind::Transparent)
}

/// Whether somebody observes the steps of a call: a listener, a hook, or a collector of spans.
pub(crate) fn is_observed(cx: &RunContext) -> bool {
    cx.is_observed() || span::are_wanted()
}
