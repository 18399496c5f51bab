//! The answers that are arriving in a call with a limit, for the error with which the limit ends the call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};

use futures::stream::{self, BoxStream, StreamExt};

use super::RunContext;
use crate::{AIMessageChunk, ChoicesChunk, Content, Error, ResponseMetadata, Result};

/// The answers of models that are arriving in a call with a limit. When the limit ends the call, its error takes along the part of an
/// answer that had arrived.
#[derive(Default)]
pub(super) struct Arriving {
    /// The answers under the next limit further out, among which are all of these.
    outer: Option<Arc<Self>>,
    /// In the order in which the models were called.
    open: Mutex<BTreeMap<u64, Sum>>,
}

/// The choices of one answer, each as far as it has arrived.
type Sum = Arc<Mutex<ChoicesChunk>>;

impl Arriving {
    pub(super) fn new(outer: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            outer,
            open: Mutex::default(),
        })
    }

    /// Attaches to an error the part of an answer that had arrived: of several, of the one that was asked for first.
    pub(super) fn attach_to(&self, error: Error) -> Error {
        let open = lock(&self.open);
        let arrived = open.values().map(|sum| std::mem::take(&mut *lock(sum)));
        match arrived.into_iter().find(|sum| sum.iter().next().is_some()) {
            Some(partial) => error.with_partial_choices(partial),
            None => error,
        }
    }

    /// This limit, and those further out.
    fn all(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |arriving| arriving.outer.as_ref())
    }
}

/// An answer that is arriving. It is forgotten when it has ended or its stream is dropped.
pub(crate) struct ArrivingAnswer {
    call: Arc<Arriving>,
    number: u64,
    sum: Sum,
}

impl ArrivingAnswer {
    /// Keeps what arrives of an answer, if the call has a limit; otherwise the stream is returned as it is.
    pub(crate) fn follow<C: Send + 'static>(
        cx: &RunContext,
        mut chunks: BoxStream<'static, Result<C>>,
        add: fn(&mut ChoicesChunk, &C),
    ) -> BoxStream<'static, Result<C>> {
        let Some(call) = cx.arriving() else { return chunks };
        let mut open = Some(Self::begin(call));
        stream::poll_fn(move |task| {
            let item = ready!(chunks.poll_next_unpin(task));
            match (&item, &open) {
                (Some(Ok(chunk)), Some(answer)) => add(&mut lock(&answer.sum), chunk),
                _ => open = None,
            }
            Poll::Ready(item)
        })
        .boxed()
    }

    /// Adds a chunk of an answer with one choice.
    pub(crate) fn add_chunk(sum: &mut ChoicesChunk, chunk: &AIMessageChunk) {
        add(sum.0.entry(0).or_default(), chunk);
    }

    /// Adds the pieces of several choices.
    pub(crate) fn add_choices(sum: &mut ChoicesChunk, chunk: &ChoicesChunk) {
        for (index, piece) in chunk {
            add(sum.0.entry(index).or_default(), piece);
        }
    }

    fn begin(call: &Arc<Arriving>) -> Self {
        // One counter for all calls, so that an answer has the same number under each limit.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let answer = Self {
            call: Arc::clone(call),
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            sum: Sum::default(),
        };
        for arriving in call.all() {
            lock(&arriving.open).insert(answer.number, Arc::clone(&answer.sum));
        }
        answer
    }
}

impl Drop for ArrivingAnswer {
    fn drop(&mut self) {
        for arriving in self.call.all() {
            lock(&arriving.open).remove(&self.number);
        }
    }
}

/// Adds a chunk. Most chunks of a stream are a text and repeat what is known; those are added without a clone.
fn add(sum: &mut AIMessageChunk, chunk: &AIMessageChunk) {
    let is_text_alone = is_text_alone(chunk, sum);
    match (&mut sum.content, &chunk.content) {
        (Content::Text(sum), Content::Text(text)) if is_text_alone => sum.push_str(text),
        _ => *sum += chunk.clone(),
    }
}

/// Whether a chunk has nothing but a text that the sum does not have.
fn is_text_alone(chunk: &AIMessageChunk, sum: &AIMessageChunk) -> bool {
    // Name every field: a new one must not be forgotten here.
    let AIMessageChunk {
        content: _,
        tool_call_chunks,
        usage_metadata,
        response_metadata,
        additional_kwargs,
        id,
        name,
        chunk_position,
        extra,
        places: _,
    } = chunk;
    tool_call_chunks.is_empty()
        && usage_metadata.is_none()
        && repeats(response_metadata, &sum.response_metadata)
        && additional_kwargs.is_empty()
        && is_known(id, &sum.id)
        && name.is_none()
        && chunk_position.is_none()
        && extra.is_empty()
}

/// Whether the metadata of a chunk is already in the sum: providers repeat some of it in every chunk.
fn repeats(metadata: &ResponseMetadata, sum: &ResponseMetadata) -> bool {
    let ResponseMetadata {
        token_usage,
        model_provider,
        model_name,
        system_fingerprint,
        id,
        service_tier,
        finish_reason,
        logprobs,
        extra,
    } = metadata;
    token_usage.is_none()
        && is_known(model_provider, &sum.model_provider)
        && is_known(model_name, &sum.model_name)
        && is_known(system_fingerprint, &sum.system_fingerprint)
        && is_known(id, &sum.id)
        && is_known(service_tier, &sum.service_tier)
        && is_known(finish_reason, &sum.finish_reason)
        && logprobs.is_none()
        && extra.is_empty()
}

fn is_known<T: PartialEq>(new: &Option<T>, sum: &Option<T>) -> bool {
    new.is_none() || new == sum
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each addition is whole before the lock is released.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
