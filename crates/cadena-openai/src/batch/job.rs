//! A batch job that runs on the server.

use std::fmt;
use std::time::Duration;

use cadena_core::Result;

use super::poll::Poll;
use super::server::Server;
use super::status::Batch;
use super::{BatchJobHandle, BatchJobResults, BatchJobState, BatchJobStatus, BatchModel};
use crate::ChatOpenAI;

/// A batch job that was submitted: asks how far it is, waits for it, reads its results.
///
/// It runs on the server. Dropping this, or a future of it, stops nothing there: see [`cancel`](Self::cancel).
///
/// # Examples
///
/// From the first submission to the last result: see [`ChatOpenAI::batch_job`].
///
/// ```
/// use cadena_openai::{BatchJob, BatchJobHandle, ChatOpenAI};
///
/// let job: BatchJob = ChatOpenAI::new("gpt-4o-mini").batch_job_from(BatchJobHandle::from_ids(["batch_1", "batch_2"]));
/// assert_eq!(job.handle().ids().collect::<Vec<_>>(), ["batch_1", "batch_2"]);
/// ```
#[derive(Clone)]
pub struct BatchJob<M = ChatOpenAI> {
    model: M,
    handle: BatchJobHandle,
    poll: Poll,
}

impl<M: BatchModel> BatchJob<M> {
    pub(crate) fn new(model: &M, handle: BatchJobHandle) -> Self {
        Self {
            poll: Poll::new(Server::of(model.batch_client(), model.batch_name())),
            model: model.clone(),
            handle,
        }
    }

    /// Sets how long to wait before the state is asked for again: 5 s, then half as much again each time, and 60 s at most.
    ///
    /// A pause is shortened by up to a quarter, by the id of the batch, so that many jobs do not ask at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{BatchJobHandle, ChatOpenAI};
    /// use std::time::Duration;
    ///
    /// let job = ChatOpenAI::new("gpt-4o-mini").batch_job_from(BatchJobHandle::from_ids(["batch_1"]));
    /// let job = job.with_poll_pauses(Duration::from_secs(60), Duration::from_secs(600));
    /// # let _ = job;
    /// ```
    #[must_use]
    pub fn with_poll_pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.poll.set_pauses(first, longest);
        self
    }

    /// Returns the handle, which must be stored to go on in another process: see [`ChatOpenAI::batch_job_from`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{BatchJobHandle, ChatOpenAI};
    ///
    /// let job = ChatOpenAI::new("gpt-4o-mini").batch_job_from(BatchJobHandle::from_ids(["batch_1"]));
    /// assert_eq!(job.handle().ids().count(), 1);
    /// ```
    #[must_use]
    pub fn handle(&self) -> &BatchJobHandle {
        &self.handle
    }

    /// Asks how far every batch is, once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// use cadena_openai::{BatchJobHandle, BatchJobState, ChatOpenAI};
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// let status = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"])).status().await?;
    /// assert_eq!((status.completed(), status.total()), (2, 2));
    /// assert_eq!(status.batches[0].state, BatchJobState::Completed);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the server: `NotFound` for an id of another account.
    pub async fn status(&self) -> Result<BatchJobStatus> {
        let mut status = BatchJobStatus::default();
        for id in self.handle.ids() {
            status.batches.push(self.poll.server.batch(id).await?.progress());
        }
        Ok(status)
    }

    /// Waits until every batch has ended, and returns how each ended: completed, failed, expired or cancelled.
    ///
    /// It asks again and again, with growing pauses. An outage is waited out: 20 questions in a row may fail with an error that is worth
    /// another try. There is no limit of time; `tokio::time::timeout` sets one, and the job goes on.
    ///
    /// # Examples
    ///
    /// From the first submission to the last result: see [`ChatOpenAI::batch_job`].
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// use cadena_openai::{BatchJobHandle, BatchJobState, ChatOpenAI};
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// let status = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"])).wait().await?;
    /// assert!(status.is_final());
    /// assert_eq!(status.batches[0].state, BatchJobState::Completed);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting and nothing else.
    pub async fn wait(&self) -> Result<BatchJobStatus> {
        let mut status = BatchJobStatus::default();
        for id in self.handle.ids() {
            status.batches.push(self.poll.ended(id).await?.progress());
        }
        Ok(status)
    }

    /// Asks the server to cancel every batch that has not ended. The answers until then can be read, and are paid for.
    ///
    /// The server takes up to ten minutes over it: [`wait`](Self::wait) returns when it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// use cadena_openai::{BatchJobHandle, BatchJobState, ChatOpenAI};
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// let status = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"])).cancel().await?;
    /// assert_eq!(status.batches[0].state, BatchJobState::Completed, "it was too late");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status). The batches after the one that failed have not been asked for.
    pub async fn cancel(&self) -> Result<BatchJobStatus> {
        let mut status = BatchJobStatus::default();
        for id in self.handle.ids() {
            let batch = self.poll.server.batch(id).await?;
            let ended = batch.status.is_final() || batch.status == BatchJobState::Cancelling;
            let batch = if ended { batch } else { self.cancel_one(id).await? };
            status.batches.push(batch.progress());
        }
        Ok(status)
    }

    /// Reads the results as a stream: every request's id with its message, or with its own error. The order is the server's.
    ///
    /// Each batch is waited for in turn. The files are read line by line as the stream is pulled, so of a million answers the ids of one
    /// batch are held and nothing else. A connection that breaks is opened again where it broke, as often in a row as the policy of retries
    /// lets a request be sent, so a reader may be as slow as it likes. A new stream, as after a restart, begins at the beginning.
    ///
    /// Every request that was submitted comes once, with its answer or its error, if the files can be read at all.
    ///
    /// # Examples
    ///
    /// From the first submission to the last result: see [`ChatOpenAI::batch_job`].
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
    /// let results: Vec<_> = job.results().try_collect().await?;
    /// assert_eq!(results.iter().filter(|(_, answer)| answer.is_ok()).count(), 1);
    /// assert_eq!(results.iter().filter(|(_, answer)| answer.is_err()).count(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// In the pair, what went wrong with one request: kinds as of `invoke`; `Timeout`, `Cancelled` and `InvalidRequest` if its batch
    /// expired, was cancelled or failed before it was asked; `Truncated` if the server's files have no line for it.
    ///
    /// In place of the pair, errors that concern no single request; the stream goes on after them. `InvalidRequest`, with the server's reasons, if
    /// it refused a whole batch; `InvalidInput` for a batch of an endpoint that the model does not read; `Decode` for a line that cannot be
    /// read, `Truncated` for a last line that was cut, `LimitExceeded` for a line over [`Limits::event`](cadena_http::Limits::event);
    /// `Decode` for ids that nobody has submitted or that come twice; and what the download fails with, which leaves out the rest of that
    /// batch.
    #[must_use = "results are read as they are pulled"]
    pub fn results(&self) -> BatchJobResults<M::Output> {
        BatchJobResults::new(self.model.clone(), self.poll.clone(), &self.handle)
    }

    async fn cancel_one(&self, id: &str) -> Result<Batch> {
        let error = match self.poll.server.cancel(id).await {
            Ok(batch) => return Ok(batch),
            Err(error) => error,
        };
        // It may have ended meanwhile, which servers refuse to cancel.
        match self.poll.server.batch(id).await {
            Ok(batch) if batch.status.is_final() => Ok(batch),
            _ => Err(error),
        }
    }
}

impl<M> fmt::Debug for BatchJob<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJob")
            .field("handle", &self.handle)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}
