//! Batch jobs: many requests in files, answered within a day at a lower price.

mod download;
mod handle;
mod ids;
mod input;
mod job;
mod lines;
mod model;
mod outcome;
mod pause;
mod reading;
mod request;
mod results;
mod server;
mod spool;
mod status;
mod submission;

pub use handle::BatchJobHandle;
pub use job::BatchJob;
pub use model::BatchModel;
pub(crate) use model::{Reader, Written, of_another, sealed};
pub use request::BatchJobRequest;
pub use results::BatchJobResults;
pub use status::{BatchJobProgress, BatchJobState, BatchJobStatus};
pub use submission::BatchJobSubmission;

use crate::{ChatOpenAI, OpenAICompletions, OpenAIEmbeddings};

impl ChatOpenAI {
    /// Begins a batch job: many requests that the server answers within 24 hours, at a lower price (OpenAI's Batch API).
    ///
    /// The requests are written to files, at most 50,000 to a batch, and each file becomes a batch. The answers come by the id of their
    /// request, with log probabilities and usage as `invoke` gives them; of more choices than one (`n`), the first.
    ///
    /// A batch asks one model at one endpoint, which the first request decides: Chat Completions, or the Responses API where
    /// [`with_endpoint`](Self::with_endpoint) says so or the request needs it. A later request that needs the other one is an error.
    ///
    /// | OpenAI | says [its guide](https://platform.openai.com/docs/guides/batch) |
    /// |---|---|
    /// | price | half of the same calls by `invoke`; only what was answered is charged, also of a batch that expired |
    /// | time | 24 hours, often much less; a batch that takes longer expires, and gives what it has |
    /// | a batch | 50,000 requests in a file of 200 MB, of which this fills 100 MB: [`with_max_bytes`](BatchJobSubmission::with_max_bytes) |
    /// | at once | prompt tokens in waiting are limited by account and model; more is an error of `submit`, which can be called again later |
    ///
    /// # Examples
    ///
    /// From the first submission to the last result, with a restart between them. The example `batch` is this with a file.
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// # use cadena_http::Replay;
    /// use cadena_openai::{BatchJobHandle, ChatOpenAI};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// let llm = llm.with_options(ChatOptions::new().logprobs(true));
    /// let mut handle = BatchJobHandle::new();
    /// llm.batch_job().submit(&mut handle, [("row-1", "how are you"), ("row-2", "and now?")]).await?;
    /// // Store the handle: the job runs on the server, whatever becomes of this process.
    /// let stored = serde_json::to_string(&handle).unwrap();
    ///
    /// // Later, perhaps elsewhere.
    /// let job = llm.batch_job_from(serde_json::from_str(&stored).unwrap());
    /// let mut results = job.results();
    /// let mut answers = Vec::new();
    /// while let Some((id, message)) = results.try_next().await? {
    ///     answers.push(match message {
    ///         Ok(message) => {
    ///             let logprob: f64 = message.logprobs().map_or(0.0, |all| all.tokens().map(|token| token.logprob).sum());
    ///             format!("{id}: {} ({logprob})", message.text())
    ///         }
    ///         Err(error) => format!("{id}: {}", error.kind()),
    ///     });
    /// }
    /// answers.sort();
    /// assert_eq!(answers, ["row-1: I'm fine (-0.75)", "row-2: content filtered"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn batch_job(&self) -> BatchJobSubmission {
        BatchJobSubmission::new(self.clone())
    }

    /// Takes up a batch job that was submitted before, perhaps by another process. Asks the server nothing yet.
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
    pub fn batch_job_from(&self, handle: BatchJobHandle) -> BatchJob {
        BatchJob::new(self, handle)
    }
}

impl OpenAICompletions {
    /// Begins a batch job of completions: see [`ChatOpenAI::batch_job`], which says all that holds here too.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::OpenAICompletions::new("davinci-002").batch_job().with_max_requests(1_000);
    /// # let _ = submission;
    /// ```
    pub fn batch_job(&self) -> BatchJobSubmission<Self> {
        BatchJobSubmission::new(self.clone())
    }

    /// Takes up a batch job that was submitted before: see [`ChatOpenAI::batch_job_from`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{BatchJobHandle, OpenAICompletions};
    ///
    /// let job = OpenAICompletions::new("davinci-002").batch_job_from(BatchJobHandle::from_ids(["batch_1"]));
    /// assert_eq!(job.handle().ids().count(), 1);
    /// ```
    #[must_use]
    pub fn batch_job_from(&self, handle: BatchJobHandle) -> BatchJob<Self> {
        BatchJob::new(self, handle)
    }
}

impl OpenAIEmbeddings {
    /// Begins a batch job of embeddings, one text to a request: see [`ChatOpenAI::batch_job`].
    ///
    /// A result is an [`Embedded`](crate::Embedded) with one vector. A text that is too long for the model is an error of the submission,
    /// and is not cut.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::OpenAIEmbeddings::new("text-embedding-3-small").batch_job().with_max_requests(1_000);
    /// # let _ = submission;
    /// ```
    pub fn batch_job(&self) -> BatchJobSubmission<Self> {
        BatchJobSubmission::new(self.clone())
    }

    /// Takes up a batch job that was submitted before: see [`ChatOpenAI::batch_job_from`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{BatchJobHandle, OpenAIEmbeddings};
    ///
    /// let job = OpenAIEmbeddings::new("text-embedding-3-small").batch_job_from(BatchJobHandle::from_ids(["batch_1"]));
    /// assert_eq!(job.handle().ids().count(), 1);
    /// ```
    #[must_use]
    pub fn batch_job_from(&self, handle: BatchJobHandle) -> BatchJob<Self> {
        BatchJob::new(self, handle)
    }
}
