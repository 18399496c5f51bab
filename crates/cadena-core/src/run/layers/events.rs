//! The layer that emits the events of a run.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::stream::{Stream, StreamExt};
use serde_json::Value;

use crate::run::active::{ActiveRun, CancelOnDrop, json_of};
use crate::{ChunkStream, Merge, Result, StreamMode, Streamable};

/// Emits the events of one run, if a listener of the call wants events.
pub(super) struct EventsLayer {
    run: Option<Arc<ActiveRun>>,
    /// Whether the whole input is there, so that the run starts at the first poll.
    has_input: bool,
    /// The input for the start event, if a listener wants this run.
    input: Option<Value>,
}

impl EventsLayer {
    /// The layer of a run. `input` is `None` if it arrives in chunks.
    pub(super) fn open(run: Option<Arc<ActiveRun>>, input: Option<&impl Streamable>) -> Self {
        let json = run.as_ref().zip(input).and_then(|(run, input)| run.json_of(input));
        Self {
            run,
            has_input: input.is_some(),
            input: json,
        }
    }

    /// Whether a listener wants the chunks of a model that is called whole.
    pub(super) fn wants_tokens(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.wants_tokens())
    }

    /// Emits the events of a whole call.
    pub(super) async fn around<O: Streamable>(self, call: impl Future<Output = Result<O>> + Send) -> Result<O> {
        let Some(run) = self.run else {
            return call.await;
        };
        poll_fn(|task| run.poll_room(task)).await;
        let guard = CancelOnDrop(run);
        let run = &guard.0;
        run.start(self.input);
        let result = call.await;
        match &result {
            Ok(output) => run.end(|| json_of(output)),
            Err(error) => run.fail(error),
        }
        result
    }

    /// Emits the events of a stream.
    pub(super) fn around_stream<O: Streamable>(self, chunks: ChunkStream<O>) -> ChunkStream<O> {
        let Some(run) = self.run else {
            return chunks;
        };
        Output::<O> {
            chunks: Some(chunks),
            run: CancelOnDrop(run),
            starts_at_once: self.has_input,
            input: self.input,
            sum: None,
        }
        .boxed()
    }

    /// Reads an input that arrives in chunks, which starts the run.
    pub(super) fn input<I: Streamable>(&self, mode: StreamMode, chunks: ChunkStream<I>) -> ChunkStream<I> {
        let Some(run) = &self.run else {
            return chunks;
        };
        Input::<I> {
            chunks,
            run: Arc::clone(run),
            starts_early: mode == StreamMode::PassesThrough,
            sum: None,
        }
        .boxed()
    }
}

/// The output of a run: emits each chunk, and at the end their sum.
struct Output<O: Streamable> {
    /// `None` after the run is over: the runs inside end before it does.
    chunks: Option<ChunkStream<O>>,
    run: CancelOnDrop,
    starts_at_once: bool,
    input: Option<Value>,
    sum: Option<O::Chunk>,
}

// The chunks are boxed and the sum is plain data: nothing in here is pinned.
impl<O: Streamable> Unpin for Output<O> {}

impl<O: Streamable> Stream for Output<O> {
    type Item = Result<O::Chunk>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(chunks) = &mut this.chunks else {
            return Poll::Ready(None);
        };
        let run = &this.run.0;
        ready!(run.poll_room(task));
        if this.starts_at_once {
            run.start(this.input.take());
        }
        let item = ready!(chunks.poll_next_unpin(task));
        match &item {
            Some(Ok(chunk)) => {
                run.chunk(chunk);
                if run.is_heard() {
                    add(&mut this.sum, chunk);
                }
            }
            Some(Err(error)) => {
                this.chunks = None;
                run.fail(error);
            }
            None => {
                this.chunks = None;
                run.end(|| whole::<O>(&mut this.sum).unwrap_or_default());
            }
        }
        Poll::Ready(item)
    }
}

/// The input of a run that starts when there is something to work on: with the first chunk, or for a step that needs its
/// whole input with the last.
struct Input<I: Streamable> {
    chunks: ChunkStream<I>,
    run: Arc<ActiveRun>,
    starts_early: bool,
    sum: Option<I::Chunk>,
}

// As for `Output`.
impl<I: Streamable> Unpin for Input<I> {}

impl<I: Streamable> Stream for Input<I> {
    type Item = Result<I::Chunk>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = ready!(this.chunks.poll_next_unpin(task));
        match &item {
            Some(Ok(chunk)) => {
                if this.starts_early {
                    this.run.start(None);
                }
                if this.run.is_heard() {
                    add(&mut this.sum, chunk);
                }
            }
            Some(Err(_)) => this.run.input_failed(),
            None => this.run.input_is(whole::<I>(&mut this.sum)),
        }
        Poll::Ready(item)
    }
}

/// Adds a chunk. If two chunks do not add up, the run ends with the sum before them; the consumer's own fold reports the error.
fn add<C: Merge + Clone>(sum: &mut Option<C>, chunk: &C) {
    match sum {
        Some(sum) => drop(sum.merge(chunk.clone())),
        None => *sum = Some(chunk.clone()),
    }
}

fn whole<T: Streamable>(sum: &mut Option<T::Chunk>) -> Option<Value> {
    let value = T::from_chunk(sum.take()?).ok()?;
    Some(json_of(&value))
}
