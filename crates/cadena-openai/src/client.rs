//! One call of the endpoint: the request built, sent, and its whole answer read.

use std::sync::Arc;

use cadena_core::{AIMessageChunk, ChatOptions, Error, ErrorKind, Message, Result, RunContext};
use cadena_http::{Answer, CallOptions, HttpClient, Redactor, Request, Streamed};
use serde_json::Value;

use crate::config::Config;
use crate::wire::{ChatCompletion, ChatCompletionRequest};
use crate::{convert, error};

/// The path of the endpoint below the base URL.
const PATH: &str = "/chat/completions";

/// What a call needs to know while its answer comes in, without borrowing the model.
#[derive(Debug)]
pub(crate) struct Call {
    request: Request,
    http: HttpClient,
    options: CallOptions,
    config: Arc<Config>,
    /// The model that was asked for.
    pub(crate) model: String,
}

/// How a call is made.
pub(crate) struct Ask<'a> {
    pub(crate) config: &'a Arc<Config>,
    pub(crate) http: &'a HttpClient,
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) options: &'a ChatOptions,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
}

impl Call {
    pub(crate) fn new(ask: &Ask<'_>, cx: &RunContext) -> Result<Self> {
        let Ask {
            config,
            http,
            model,
            messages,
            options,
            stream,
            include_usage,
        } = *ask;
        let body = ChatCompletionRequest {
            model,
            messages,
            options,
            stream,
            include_usage,
        };
        let deadline = cx.deadline();
        Ok(Self {
            request: config.post(PATH)?.with_json(&body)?,
            http: http.clone(),
            options: deadline.map_or_else(CallOptions::new, |at| CallOptions::new().deadline(at)),
            config: Arc::clone(config),
            model: options.model.clone().unwrap_or_else(|| model.to_owned()),
        })
    }

    /// Sends it and waits for the whole answer.
    pub(crate) async fn whole(self) -> Result<AIMessageChunk> {
        let answer = self.http.send_with(self.request.clone(), self.options).await;
        answer
            .and_then(|answer| self.read(&answer))
            .map_err(|error| self.explain(error))
    }

    /// Sends it and waits for the first event of its stream.
    pub(crate) async fn open(&self) -> Result<Streamed> {
        let opened = self.http.stream_with(self.request.clone(), self.options).await;
        opened.map_err(|error| self.explain(error))
    }

    /// Reads a whole answer: its first choice.
    pub(crate) fn read(&self, answer: &Answer) -> Result<AIMessageChunk> {
        let redactor = Redactor::of(&self.request);
        let tag = |error: Error| match answer.request_id() {
            Some(id) if error.request_id().is_none() => error.with_request_id(redactor.snippet(id.as_bytes())),
            _ => error,
        };
        let read = serde_json::from_slice::<ChatCompletion<'_>>(&answer.body);
        let completion = match read {
            Ok(completion) => completion,
            Err(cause) => {
                return Err(tag(self.refused(answer, &redactor).unwrap_or_else(|| {
                    error::malformed("the answer", &answer.body, &cause, &redactor)
                })));
            }
        };
        if let Some(report) = completion
            .error
            .as_deref()
            .filter(|report| error::says_something(report))
        {
            return Err(tag(error::of_report(report, &redactor)));
        }
        let mut failed = completion
            .choices
            .iter()
            .flatten()
            .filter_map(|choice| choice.error.as_deref());
        if let Some(report) = failed.find(|report| error::says_something(report)) {
            return Err(tag(error::of_report(report, &redactor)));
        }
        convert::whole(completion, &self.model).ok_or_else(|| {
            tag(self.refused(answer, &redactor).unwrap_or_else(|| {
                let detail = format!("the answer has no choice: {}", redactor.snippet(&answer.body));
                Error::new(ErrorKind::Decode, detail)
            }))
        })
    }

    /// The error that a body reports which is not a completion, if it does.
    fn refused(&self, answer: &Answer, redactor: &Redactor) -> Option<Error> {
        let value: Value = serde_json::from_slice(&answer.body).ok()?;
        let inner = value.get(0).unwrap_or(&value);
        let reports = error::is_report(inner) || inner.get("error").is_some_and(error::says_something);
        reports.then(|| error::of_report(&value, redactor))
    }

    /// Adds what the reader can do about it.
    pub(crate) fn explain(&self, error: Error) -> Error {
        self.config.explain(error, &self.model)
    }
}
