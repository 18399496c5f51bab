//! The streams of a run that somebody hears: what comes out of it, and what goes in.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::stream::{Stream, StreamExt};
use serde_json::Value;

use super::frame::{Frame, Guard, dump};
use crate::{ChunkStream, Merge, Result, StreamMode, Streamable};

/// The output of a run: each chunk is told, and at the end the sum.
pub(crate) struct Observed<O: Streamable> {
    /// Gone when the run is over, so that the runs inside end before it does.
    chunks: Option<ChunkStream<O>>,
    guard: Guard,
    /// Whether the run begins when it is polled: the whole input is there.
    begins_at_once: bool,
    /// What the start says then.
    input: Option<Value>,
    sum: Option<O::Chunk>,
}

impl<O: Streamable> Observed<O> {
    /// A run whose whole input is there.
    pub(crate) fn of_whole(chunks: ChunkStream<O>, frame: Arc<Frame>, input: Option<Value>) -> Self {
        Self {
            begins_at_once: true,
            input,
            ..Self::of_stream(chunks, frame)
        }
    }

    /// A run whose input arrives through a [`Tap`].
    pub(crate) fn of_stream(chunks: ChunkStream<O>, frame: Arc<Frame>) -> Self {
        Self {
            chunks: Some(chunks),
            guard: Guard(frame),
            begins_at_once: false,
            input: None,
            sum: None,
        }
    }
}

// The chunks are boxed and the sum is plain data: nothing in here is pinned.
impl<O: Streamable> Unpin for Observed<O> {}

impl<O: Streamable> Stream for Observed<O> {
    type Item = Result<O::Chunk>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(chunks) = &mut this.chunks else {
            return Poll::Ready(None);
        };
        let frame = &this.guard.0;
        ready!(frame.poll_room(task));
        if this.begins_at_once {
            frame.begin(this.input.take());
        }
        let item = ready!(chunks.poll_next_unpin(task));
        match &item {
            Some(Ok(chunk)) => {
                frame.chunk(chunk);
                if frame.is_heard() {
                    add(&mut this.sum, chunk);
                }
            }
            Some(Err(error)) => {
                this.chunks = None;
                frame.fail(error);
            }
            None => {
                this.chunks = None;
                frame.end(|| whole::<O>(&mut this.sum).unwrap_or_default());
            }
        }
        Poll::Ready(item)
    }
}

/// The input of a run, which begins when there is something to work on: with the first chunk, or for a step that needs its
/// whole input with the last.
pub(crate) struct Tap<I: Streamable> {
    chunks: ChunkStream<I>,
    frame: Arc<Frame>,
    begins_early: bool,
    sum: Option<I::Chunk>,
}

impl<I: Streamable> Tap<I> {
    pub(crate) fn new(chunks: ChunkStream<I>, frame: Arc<Frame>, mode: StreamMode) -> Self {
        Self {
            chunks,
            frame,
            begins_early: mode == StreamMode::PassesThrough,
            sum: None,
        }
    }
}

// As above.
impl<I: Streamable> Unpin for Tap<I> {}

impl<I: Streamable> Stream for Tap<I> {
    type Item = Result<I::Chunk>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = ready!(this.chunks.poll_next_unpin(task));
        match &item {
            Some(Ok(chunk)) => {
                if this.begins_early {
                    this.frame.begin(None);
                }
                if this.frame.is_heard() {
                    add(&mut this.sum, chunk);
                }
            }
            Some(Err(_)) => this.frame.input_failed(),
            None => this.frame.input_is(whole::<I>(&mut this.sum)),
        }
        Poll::Ready(item)
    }
}

/// A sum that fails ends the run with what had added up; the consumer's own fold reports the error.
fn add<C: Merge + Clone>(sum: &mut Option<C>, chunk: &C) {
    match sum {
        Some(sum) => drop(sum.merge(chunk.clone())),
        None => *sum = Some(chunk.clone()),
    }
}

fn whole<T: Streamable>(sum: &mut Option<T::Chunk>) -> Option<Value> {
    let value = T::from_chunk(sum.take()?).ok()?;
    Some(dump(&value))
}
