//! The results of a batch job, batch by batch.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{self, Context};

use cadena_core::AIMessage;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::handle::SubmittedBatch;
use super::poll::Poll;
use super::reading::{JobResult, Reading};
use super::{BatchJobHandle, BatchModel};

/// The results of a batch job as a stream of id and answer: see [`BatchJob::results`](crate::BatchJob::results).
///
/// # Examples
///
/// ```
/// # use cadena_http::Replay;
/// use cadena_openai::{BatchJobHandle, ChatOpenAI};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
/// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
/// # let llm = llm.with_options(cadena_core::ChatOptions::new().logprobs(true));
/// let mut handle = BatchJobHandle::new();
/// let job = llm.batch_job().submit(&mut handle, [("row-1", "how are you"), ("row-2", "and now?")]).await?;
/// let mut results = job.results();
/// let mut ids = Vec::new();
/// while let Some((id, _)) = results.try_next().await? {
///     ids.push(id);
/// }
/// ids.sort();
/// assert_eq!(ids, ["row-1", "row-2"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "results are read as they are pulled"]
pub struct BatchJobResults<T = AIMessage> {
    results: BoxStream<'static, JobResult<T>>,
}

impl<T> Stream for BatchJobResults<T> {
    type Item = JobResult<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> task::Poll<Option<JobResult<T>>> {
        self.results.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for BatchJobResults<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJobResults").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> BatchJobResults<T> {
    pub(super) fn new<M: BatchModel<Output = T>>(model: M, poll: Poll, handle: &BatchJobHandle) -> Self {
        let batches = Batches {
            model,
            poll,
            waiting: handle.batches.clone().into(),
            current: None,
        };
        let results = stream::unfold(batches, |mut batches| async move {
            let result = batches.next().await?;
            Some((result, batches))
        });
        Self {
            results: results.boxed(),
        }
    }
}

/// The batches of a job, read one after the other.
struct Batches<M: BatchModel> {
    model: M,
    poll: Poll,
    waiting: VecDeque<SubmittedBatch>,
    current: Option<Reading<M::Output>>,
}

impl<M: BatchModel> Batches<M> {
    async fn next(&mut self) -> Option<JobResult<M::Output>> {
        loop {
            let read = match &mut self.current {
                Some(reading) => reading.next().await,
                None => {
                    let batch = self.waiting.pop_front()?;
                    match Reading::new(&self.model, &self.poll, batch).await {
                        Ok(reading) => {
                            self.current = Some(reading);
                            continue;
                        }
                        Err(error) => Err(error),
                    }
                }
            };
            match read {
                Ok(Some(result)) => return Some(result),
                Ok(None) => self.current = None,
                // The stream goes on with the next batch.
                Err(error) => {
                    self.current = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
