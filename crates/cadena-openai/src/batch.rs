//! Batch jobs: many requests in files, answered within a day at a lower price.

mod handle;
mod ids;
mod input;
mod job;
mod lines;
mod request;
mod results;
mod server;
mod status;
mod submission;

pub use handle::BatchJobHandle;
pub use job::BatchJob;
pub use request::BatchJobRequest;
pub use results::BatchJobResults;
pub use status::{BatchJobProgress, BatchJobState, BatchJobStatus};
pub use submission::BatchJobSubmission;

use std::sync::Arc;

use cadena_core::ChatModel;

use crate::ChatOpenAI;
use server::Server;

impl ChatOpenAI {
    /// Begins a batch job: many requests that the server answers within 24 hours, at a lower price (OpenAI's Batch API).
    ///
    /// The requests are written to files, at most 50,000 to a batch, and each file becomes a batch. The answers come by the id of their
    /// request, with log probabilities and usage as `invoke` gives them; of more choices than one (`n`), the first.
    ///
    /// # Examples
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
    ///     match message {
    ///         Ok(message) => answers.push((id, message.text().into_owned())),
    ///         Err(error) => answers.push((id, error.kind().to_string())),
    ///     }
    /// }
    /// answers.sort();
    /// assert_eq!(answers, [("row-1".into(), "I'm fine".into()), ("row-2".into(), "content filtered".into())]);
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

impl Server {
    fn of(llm: &ChatOpenAI) -> Self {
        Self {
            config: Arc::clone(&llm.client.config),
            http: llm.client.http.clone(),
            model: llm.profile().model,
        }
    }
}
