//! The older completions in a batch job.

use cadena_core::{AIMessage, ChatModel, ChatOptions, ChatRequest, Result, RunContext};

use super::chat::{reader, written};
use super::model::{ReadAnswer, Written, of_another, sealed};
use super::{BatchJob, BatchJobHandle, BatchJobSubmission, BatchModel};
use crate::{OpenAIClient, OpenAICompletions};

const COMPLETIONS: &str = "/v1/completions";

impl OpenAICompletions {
    /// Begins a batch job of completions: see [`ChatOpenAI::batch_job`](crate::ChatOpenAI::batch_job).
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

    /// Takes up a batch job that was submitted before: see [`ChatOpenAI::batch_job_from`](crate::ChatOpenAI::batch_job_from).
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

impl sealed::Sealed for OpenAICompletions {}

impl BatchModel for OpenAICompletions {
    type Output = AIMessage;

    fn batch_client(&self) -> &OpenAIClient {
        &self.client
    }

    fn batch_name(&self) -> String {
        self.profile().model
    }

    fn batch_options(&self) -> ChatOptions {
        self.bound_options()
    }

    fn batch_request(&self, request: ChatRequest) -> Result<Written> {
        let (call, _) = self.call(request, false, &RunContext::default())?;
        Ok(written(call, COMPLETIONS))
    }

    fn batch_reader(&self, endpoint: Option<&str>) -> Result<ReadAnswer<AIMessage>> {
        if let Some(other) = endpoint.filter(|endpoint| *endpoint != COMPLETIONS) {
            return Err(of_another(other, &[COMPLETIONS]));
        }
        let (call, _) = self.call(ChatRequest::new(""), false, &RunContext::default())?;
        Ok(reader(call))
    }
}
