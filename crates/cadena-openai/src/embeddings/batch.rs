//! Embeddings in a batch job: one text to a line.

use std::slice;

use cadena_core::{ChatOptions, ChatRequest, Error, ErrorKind, Message, Result};
use cadena_http::Redactor;

use super::{Body, Embedded, List, OpenAIEmbeddings, PATH, in_order, pieces};
use crate::OpenAIClient;
use crate::batch::{BatchJob, BatchJobHandle, BatchJobSubmission, BatchModel, ReadAnswer, Written, of_another, sealed};
use crate::client::read;
use crate::tokens::Tokens;

const ENDPOINT: &str = "/v1/embeddings";

impl OpenAIEmbeddings {
    /// Begins a batch job of embeddings, one text to a request: see [`ChatOpenAI::batch_job`](crate::ChatOpenAI::batch_job).
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

    /// Takes up a batch job that was submitted before: see [`ChatOpenAI::batch_job_from`](crate::ChatOpenAI::batch_job_from).
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

impl sealed::Sealed for OpenAIEmbeddings {}

impl BatchModel for OpenAIEmbeddings {
    type Output = Embedded;

    fn batch_client(&self) -> &OpenAIClient {
        &self.client
    }

    fn batch_name(&self) -> String {
        self.model.clone()
    }

    /// Embeddings have no chat options, so none that a line cannot hold.
    fn batch_options(&self) -> ChatOptions {
        ChatOptions::new()
    }

    fn batch_request(&self, request: ChatRequest) -> Result<Written> {
        if request.options != ChatOptions::new() {
            let error = Error::new(ErrorKind::Unsupported, "a text that is embedded has no options");
            return Err(error.with_hint("set them on `OpenAIEmbeddings`"));
        }
        let text = match request.messages.as_slice() {
            [Message::Human(message)] => message.text().into_owned(),
            _ => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "a line embeds one text, and this is a conversation",
                ));
            }
        };
        let tokens = Tokens::of(self.client.config.model_behind(&self.model));
        if pieces(slice::from_ref(&text), self.limits, tokens)?.len() > 1 {
            let error = Error::new(ErrorKind::LimitExceeded, "the text is too long for the model");
            return Err(error.with_hint("cut it, or embed it by `embed`, which cuts and joins"));
        }
        let body = Body {
            model: &self.model,
            input: vec![&text],
            encoding_format: (!self.floats).then_some("base64"),
            dimensions: self.dimensions,
            extra: &self.extra,
        };
        let request = self.client.config.post(PATH)?.with_json(&body)?;
        Ok(Written {
            endpoint: ENDPOINT,
            model: self.model.clone(),
            body: request.body,
        })
    }

    fn batch_reader(&self, endpoint: Option<&str>) -> Result<ReadAnswer<Embedded>> {
        if let Some(other) = endpoint.filter(|endpoint| *endpoint != ENDPOINT) {
            return Err(of_another(other, &[ENDPOINT]));
        }
        let redactor = Redactor::of(&self.client.config.post(PATH)?);
        let model = self.clone();
        Ok(Box::new(move |answer| {
            let mut answer: List = read(answer, "list of embeddings", &redactor)?;
            let vectors = in_order(std::mem::take(&mut answer.data), 1)?;
            model.check_lengths(&vectors)?;
            let (prompt_tokens, total_tokens) = answer.tokens();
            Ok(Embedded {
                vectors,
                prompt_tokens,
                total_tokens,
                model: answer.model,
            })
        }))
    }
}
