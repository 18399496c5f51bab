//! Chat models in a batch job.

use cadena_core::{AIMessage, ChatModel, ChatOptions, ChatRequest, OnUnsupported, Result, RunContext};

use super::model::{ReadAnswer, Written, of_another, sealed};
use super::{BatchJob, BatchJobHandle, BatchJobSubmission, BatchModel};
use crate::call::{Call, first};
use crate::endpoint::Api;
use crate::{ChatOpenAI, Endpoint, OpenAIClient};

const CHAT_COMPLETIONS: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";

impl ChatOpenAI {
    /// Begins a batch job: many requests that the server answers within 24 hours, at a lower price (OpenAI's Batch API).
    ///
    /// The requests are written to files, at most 50,000 to a batch, and each file becomes a batch. The answers come by the id of their
    /// request, with log probabilities and usage as `invoke` returns them; of more choices than one (`n`), the first.
    ///
    /// A batch asks one model at one endpoint, which the first request decides: Chat Completions, or the Responses API where
    /// [`with_endpoint`](Self::with_endpoint) sets it or the request needs it. A later request that needs the other one is an error.
    ///
    /// | OpenAI | by [its guide](https://platform.openai.com/docs/guides/batch) |
    /// |---|---|
    /// | price | half of the same calls by `invoke`; only what was answered is charged, also of a batch that expired |
    /// | time | 24 hours, often much less; a batch that takes longer expires, and returns the answers that it has |
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

impl sealed::Sealed for ChatOpenAI {}

impl BatchModel for ChatOpenAI {
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
        let endpoint = match call.api {
            Api::ChatCompletions => CHAT_COMPLETIONS,
            Api::Responses => RESPONSES,
        };
        Ok(written(call, endpoint))
    }

    fn batch_reader(&self, endpoint: Option<&str>) -> Result<ReadAnswer<AIMessage>> {
        // The batch was made by its requests, which may have needed another endpoint than one without options does.
        let llm = match endpoint {
            Some(CHAT_COMPLETIONS) => self.clone().with_endpoint(Endpoint::ChatCompletions),
            Some(RESPONSES) => self.clone().with_endpoint(Endpoint::Responses),
            Some(other) => return Err(of_another(other, &[CHAT_COMPLETIONS, RESPONSES])),
            None => self.clone(),
        };
        // The request is never sent, so its options are no reason to refuse it.
        let call = llm.call(ChatRequest::default(), false, &RunContext::default());
        let lenient = || llm.clone().with_on_unsupported(OnUnsupported::Ignore);
        let call = call.or_else(|_| lenient().call(ChatRequest::default(), false, &RunContext::default()));
        Ok(reader(call?.0))
    }
}

pub(super) fn written(call: Call, endpoint: &'static str) -> Written {
    Written {
        endpoint,
        body: call.body(),
        model: call.model,
    }
}

pub(super) fn reader(call: Call) -> ReadAnswer<AIMessage> {
    Box::new(move |answer| Ok(first(call.read(answer)?).into()))
}
