//! Which models a batch can ask, and how each writes a request and reads an answer.

use bytes::Bytes;
use cadena_core::{ChatOptions, ChatRequest, Error, ErrorKind, Result};
use cadena_http::HttpResponse;

use crate::OpenAIClient;

/// A model that a batch job can ask: [`ChatOpenAI`](crate::ChatOpenAI), [`OpenAICompletions`](crate::OpenAICompletions) or [`OpenAIEmbeddings`](crate::OpenAIEmbeddings).
///
/// The trait is sealed. [`BatchJob`](crate::BatchJob) documents its use.
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
    /// The type of an answer: a message, or vectors.
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

    /// Returns the function that reads the answers of an endpoint: the model's own if the server names none.
    #[doc(hidden)]
    fn batch_reader(&self, endpoint: Option<&str>) -> Result<ReadAnswer<Self::Output>>;
}

/// Reads the answer to one request.
pub(crate) type ReadAnswer<T> = Box<dyn Fn(&HttpResponse) -> Result<T> + Send + Sync>;

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

/// The error for a batch whose answers the model cannot read.
pub(crate) fn of_another(endpoint: &str, known: &[&str]) -> Error {
    let detail = format!(
        "the batch asks `{endpoint}`, and this model reads answers of `{}`",
        known.join("` and `")
    );
    Error::new(ErrorKind::InvalidInput, detail).with_hint("take the job up with the model that submitted it")
}
