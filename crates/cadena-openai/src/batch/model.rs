//! Which models a batch can ask, and how each writes a request and reads an answer.

use bytes::Bytes;
use cadena_core::{
    AIMessage, ChatModel, ChatOptions, ChatRequest, Error, ErrorKind, OnUnsupported, Result, RunContext,
};
use cadena_http::Answer;

use crate::client::{Api, Call, first};
use crate::{ChatOpenAI, Endpoint, OpenAIClient, OpenAICompletions};

const CHAT_COMPLETIONS: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const COMPLETIONS: &str = "/v1/completions";

/// A model that a batch job can ask: [`ChatOpenAI`], [`OpenAICompletions`] or [`OpenAIEmbeddings`](crate::OpenAIEmbeddings).
///
/// It is implemented here alone, and what it does is told at [`BatchJob`](crate::BatchJob).
///
/// # Examples
///
/// ```
/// use cadena_openai::{BatchJob, BatchModel, ChatOpenAI};
///
/// fn answer_of<M: BatchModel>(_: &BatchJob<M>) -> Option<M::Output> { None }
///
/// let job = ChatOpenAI::new("gpt-4o-mini").batch_job_from(cadena_openai::BatchJobHandle::new());
/// assert!(answer_of(&job).is_none_or(|message: cadena_core::AIMessage| message.text().is_empty()));
/// ```
pub trait BatchModel: sealed::Sealed + Clone + Send + Sync + 'static {
    /// What the answer to a request is: a message, or vectors.
    type Output: Send + 'static;

    #[doc(hidden)]
    fn batch_client(&self) -> &OpenAIClient;

    /// The model's name, for hints.
    #[doc(hidden)]
    fn batch_name(&self) -> String;

    /// The options of every request.
    #[doc(hidden)]
    fn batch_options(&self) -> ChatOptions;

    /// A request as its endpoint would get it.
    #[doc(hidden)]
    fn batch_request(&self, request: ChatRequest) -> Result<Written>;

    /// What reads the answers of an endpoint; where the server has not said which, of the model's own.
    #[doc(hidden)]
    fn batch_reader(&self, endpoint: Option<&str>) -> Result<Reader<Self::Output>>;
}

/// Reads the answer to one request.
pub(crate) type Reader<T> = Box<dyn Fn(&Answer) -> Result<T> + Send + Sync>;

/// A request that is to become a line.
#[derive(Debug)]
pub struct Written {
    pub(crate) endpoint: &'static str,
    pub(crate) model: String,
    pub(crate) body: Bytes,
}

pub(crate) mod sealed {
    pub trait Sealed {}
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

    fn batch_reader(&self, endpoint: Option<&str>) -> Result<Reader<AIMessage>> {
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

    fn batch_reader(&self, endpoint: Option<&str>) -> Result<Reader<AIMessage>> {
        if let Some(other) = endpoint.filter(|endpoint| *endpoint != COMPLETIONS) {
            return Err(of_another(other, &[COMPLETIONS]));
        }
        let (call, _) = self.call(ChatRequest::new(""), false, &RunContext::default())?;
        Ok(reader(call))
    }
}

fn written(call: Call, endpoint: &'static str) -> Written {
    Written {
        endpoint,
        body: call.body(),
        model: call.model,
    }
}

fn reader(call: Call) -> Reader<AIMessage> {
    Box::new(move |answer| Ok(first(call.read(answer)?).into()))
}

/// The error for a batch whose answers the model cannot read.
pub(crate) fn of_another(endpoint: &str, known: &[&str]) -> Error {
    let detail = format!(
        "the batch asks `{endpoint}`, and this model reads answers of `{}`",
        known.join("` and `")
    );
    Error::new(ErrorKind::InvalidInput, detail).with_hint("take the job up with the model that submitted it")
}
