//! The client that a provider calls: a transport with retries, timers, limits and a classifier of failures.

mod attempt;
mod download;
mod first_bytes;

use std::fmt;
use std::sync::Arc;

use cadena_core::{Error, GaveUp, Result, RetryBudget};
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::clock;
use crate::{
    CallOptions, Failure, HttpRequest, HttpResponse, Limits, RetryPolicy, SseStream, StreamingResponse, Timers,
    Transport,
};

use attempt::{Attempt, Lost};

type Classifier = dyn Fn(&Failure<'_>) -> Error + Send + Sync;

/// Sends requests and returns whole answers or streams of events.
///
/// A clone is cheap and shares connections and the retry budget. Everything has a default; the `with_*` methods replace a part.
///
/// # Examples
///
/// ```
/// use cadena_http::{HttpClient, Replay, HttpRequest, Streamed};
/// use futures::StreamExt;
///
/// # futures::executor::block_on(async {
/// let replay = Replay::from_jsonl(concat!(
///     r#"{"recording":1,"about":{"model":"demo"}}"#, "\n",
///     r#"{"request":{"method":"GET","path":"/v1/count"}}"#, "\n",
///     r#"{"response":{"status":200,"headers":{"content-type":"text/event-stream"}}}"#, "\n",
///     r#"{"chunk":"data: 1\n\ndata: 2\n\n"}"#, "\n",
///     r#"{"end":"complete"}"#, "\n",
/// ))?;
/// let client = HttpClient::new(replay);
///
/// let Streamed::Events(mut events) = client.stream(HttpRequest::get("http://localhost/v1/count")).await? else {
///     unreachable!("the recording is an event stream");
/// };
/// assert_eq!(events.next().await.unwrap()?.data(), b"1");
/// assert_eq!(events.next().await.unwrap()?.data(), b"2");
/// assert!(events.next().await.is_none());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct HttpClient {
    transport: Arc<dyn Transport>,
    classifier: Arc<Classifier>,
    retry: RetryPolicy,
    timers: Timers,
    limits: Limits,
    budget: RetryBudget,
}

impl HttpClient {
    /// Makes a client with all defaults over a transport.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new());
    /// assert_eq!(client.retry().attempts(), 3);
    /// ```
    #[must_use]
    pub fn new(transport: impl Transport) -> Self {
        Self {
            transport: Arc::new(transport),
            classifier: Arc::new(|failure: &Failure<'_>| failure.to_error()),
            retry: RetryPolicy::default(),
            timers: Timers::default(),
            limits: Limits::default(),
            budget: full_budget(),
        }
    }

    /// Replaces the transport, as a test or a recorder does. The retry budget starts anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, Replay, ReqwestTransport};
    ///
    /// let replay = Replay::from_jsonl(r#"{"recording":1,"about":null}"#)?;
    /// let client = HttpClient::new(ReqwestTransport::new()).with_transport(replay);
    /// assert!(format!("{:?}", client.transport()).contains("Replay"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.transport = Arc::new(transport);
        self.budget = full_budget();
        self
    }

    /// Replaces the classifier, which turns a failed answer into an error: [`Failure::to_error`] by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new())
    ///     .with_classifier(|failure| Error::new(ErrorKind::Server, failure.message().unwrap_or_default()));
    /// # let _ = client;
    /// ```
    #[must_use]
    pub fn with_classifier(mut self, classifier: impl Fn(&Failure<'_>) -> Error + Send + Sync + 'static) -> Self {
        self.classifier = Arc::new(classifier);
        self
    }

    /// Replaces the retry policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport, RetryPolicy};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new()).with_http_retry(RetryPolicy::none());
    /// assert_eq!(client.retry().attempts(), 1);
    /// ```
    #[must_use]
    pub fn with_http_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Replaces the timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport, Timers};
    /// use std::time::Duration;
    ///
    /// let client = HttpClient::new(ReqwestTransport::new()).with_timers(Timers::default().idle(Duration::from_secs(9)));
    /// assert_eq!(client.timers().idle.as_secs(), 9);
    /// ```
    #[must_use]
    pub fn with_timers(mut self, timers: Timers) -> Self {
        self.timers = timers;
        self
    }

    /// Replaces the limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, Limits, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new()).with_limits(Limits::default().event(9));
    /// assert_eq!(client.limits().event, 9);
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the transport.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new());
    /// assert!(format!("{:?}", client.transport()).contains("ReqwestTransport"));
    /// ```
    #[must_use]
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// Returns the retry policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new());
    /// assert!(client.retry().resends_unanswered());
    /// ```
    #[must_use]
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Returns the timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new());
    /// assert_eq!(client.timers().idle.as_secs(), 120);
    /// ```
    #[must_use]
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Returns the limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new());
    /// assert_eq!(client.limits().event, 8 * 1024 * 1024);
    /// ```
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sends a request and reads the whole answer, whose status is of the 2xx class.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, Replay, HttpRequest};
    ///
    /// # futures::executor::block_on(async {
    /// let replay = Replay::from_jsonl(concat!(
    ///     r#"{"recording":1,"about":null}"#, "\n",
    ///     r#"{"request":{"method":"GET","path":"/v1/models"}}"#, "\n",
    ///     r#"{"response":{"status":200,"headers":{}}}"#, "\n",
    ///     r#"{"chunk":"{}"}"#, "\n",
    ///     r#"{"end":"complete"}"#, "\n",
    /// ))?;
    /// let answer = HttpClient::new(replay).send(HttpRequest::get("http://localhost/v1/models")).await?;
    /// assert_eq!(answer.body, "{}");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The classifier's error for another status; `Connect`, `Timeout`, `Truncated`, `Decode` and `LimitExceeded` by the transport,
    /// the [`Timers`] and the [`Limits`]; `NotFound` for a redirect.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the work at once, also while it waits to try again.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.send_with(request, CallOptions::new()).await
    }

    /// Sends as [`send`](Self::send), with options for this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::{CallOptions, HttpClient, Replay, HttpRequest};
    ///
    /// # futures::executor::block_on(async {
    /// let client = HttpClient::new(Replay::from_jsonl(r#"{"recording":1,"about":null}"#)?);
    /// let once = CallOptions::new().max_attempts(1);
    /// let error = client.send_with(HttpRequest::get("http://localhost/"), once).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with(&self, request: HttpRequest, options: CallOptions) -> Result<HttpResponse> {
        self.with_retries(request, options, |attempt| Box::pin(attempt.whole()))
            .await
    }

    /// Sends a request and waits for the first event of its stream, and repeats the request only until then.
    ///
    /// An event stream is known by its first bytes, after blanks and a byte order mark, whatever the server calls it (`text/plain`,
    /// `application/octet-stream`, `application/x-ndjson`, `application/json`, or nothing); so is JSON. A page for a reader (`text/html`,
    /// or a body that begins with `<`) is refused.
    ///
    /// # Examples
    ///
    /// See [`HttpClient`] and [`SseStream`].
    ///
    /// ```
    /// use cadena_http::{HttpClient, Replay, HttpRequest, Streamed};
    ///
    /// # futures::executor::block_on(async {
    /// // A server that does not stream answers with JSON: the provider makes one chunk, or an error, of it.
    /// let replay = Replay::from_jsonl(concat!(
    ///     r#"{"recording":1,"about":null}"#, "\n",
    ///     r#"{"request":{"method":"GET","path":"/"}}"#, "\n",
    ///     r#"{"response":{"status":200,"headers":{"content-type":"application/json"}}}"#, "\n",
    ///     r#"{"chunk":"{}"}"#, "\n",
    ///     r#"{"end":"complete"}"#, "\n",
    /// ))?;
    /// let answer = HttpClient::new(replay).stream(HttpRequest::get("http://localhost/")).await?;
    /// assert!(matches!(answer, Streamed::Whole(answer) if answer.body == "{}"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and `Stalled` if the stream opens but brings no event, `Decode` with the beginning of
    /// the answer if it is neither events nor JSON.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the stream later, closes the connection at once.
    pub async fn stream(&self, request: HttpRequest) -> Result<Streamed> {
        self.stream_with(request, CallOptions::new()).await
    }

    /// Sends as [`stream`](Self::stream), with options for this call. The deadline holds for the stream as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::{CallOptions, HttpClient, Replay, HttpRequest};
    ///
    /// # futures::executor::block_on(async {
    /// let client = HttpClient::new(Replay::from_jsonl(r#"{"recording":1,"about":null}"#)?);
    /// let once = CallOptions::new().max_attempts(1);
    /// let error = client.stream_with(HttpRequest::get("http://localhost/"), once).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`stream`](Self::stream).
    pub async fn stream_with(&self, request: HttpRequest, options: CallOptions) -> Result<Streamed> {
        self.with_retries(request, options, |attempt| Box::pin(attempt.events()))
            .await
    }

    /// Sends a request and returns its answer with the body to come, for a file that is too large to be held.
    ///
    /// The request is repeated until the head of the answer arrives, and not after.
    ///
    /// The body ends in an error where the timer [`idle`](Timers::idle), the limit [`stream`](Limits::stream) or the connection does.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, Replay, HttpRequest};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let replay = Replay::from_jsonl(concat!(
    ///     r#"{"recording":1,"about":null}"#, "\n",
    ///     r#"{"request":{"method":"GET","path":"/v1/files/f1/content"}}"#, "\n",
    ///     r#"{"response":{"status":200,"headers":{}}}"#, "\n",
    ///     r#"{"chunk":"line 1\n"}"#, "\n",
    ///     r#"{"chunk":"line 2\n"}"#, "\n",
    ///     r#"{"end":"complete"}"#, "\n",
    /// ))?;
    /// let mut file = HttpClient::new(replay).download(HttpRequest::get("http://localhost/v1/files/f1/content")).await?;
    /// let mut length = 0;
    /// while let Some(chunk) = file.body.try_next().await? {
    ///     length += chunk.len();
    /// }
    /// assert_eq!(length, 14);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but for the length of the answer. The body's own: `Stalled`, `Timeout`, `Truncated`, `LimitExceeded`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the body later, closes the connection at once.
    pub async fn download(&self, request: HttpRequest) -> Result<StreamingResponse> {
        self.with_retries(request, CallOptions::new(), |attempt| Box::pin(attempt.opened()))
            .await
    }

    async fn with_retries<'a, T, F>(&'a self, request: HttpRequest, options: CallOptions, run: F) -> Result<T>
    where
        F: Fn(Attempt<'a>) -> BoxFuture<'a, Result<T, Lost>>,
    {
        let policy = match options.max_attempts {
            Some(attempts) => &self.retry.clone().max_attempts(attempts),
            None => &self.retry,
        };
        let budget = policy.own_budget().unwrap_or(&self.budget);
        let total = self.timers.total.and_then(|total| clock::after(Instant::now(), total));
        let deadline = clock::earlier(total, options.deadline);
        let mut failed = 0;
        let mut paid = false;
        loop {
            let attempt = Attempt {
                client: self,
                request: request.clone(),
                deadline,
            };
            let Lost { error, answer } = match run(attempt).await {
                Ok(output) => {
                    budget.succeeded(paid);
                    return Ok(output);
                }
                Err(lost) => lost,
            };
            failed += 1;
            let now = Instant::now();
            let remaining = deadline.map(|deadline| deadline.saturating_duration_since(now));
            let pause = match policy.decide(&error, answer.as_ref(), failed, remaining) {
                Ok(pause) => pause,
                Err(GaveUp::Deadline) => {
                    let why = "the deadline of the call comes before the end of the pause";
                    return Err(gave_up(error, failed, Some(why)));
                }
                Err(_) => return Err(gave_up(error, failed, None)),
            };
            paid = !pause.scheduled;
            if paid && !budget.take() {
                let why =
                    "the budget of retries that the clones of this client share is spent, as most of their calls fail";
                return Err(gave_up(error, failed, Some(why)));
            }
            clock::sleep(clock::after(now, pause.length)).await?;
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("transport", &self.transport)
            .field("retry", &self.retry)
            .field("timers", &self.timers)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The answer to a request for a stream: events, or JSON.
///
/// # Examples
///
/// See [`HttpClient::stream`].
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one value per call, matched at once: a box would cost the reader more than the move"
)]
pub enum Streamed {
    /// Server-sent events. The first one has arrived, or the stream has ended without any.
    Events(SseStream),
    /// JSON, whole: the server does not stream, or reports a failure by it.
    Whole(HttpResponse),
}

/// The budget of a client and its clones: a hundred repeated requests, of which five successes return one.
fn full_budget() -> RetryBudget {
    RetryBudget::new(100).refund_every(5)
}

/// Adds to the last error of a call how often it was tried, and why not once more where that is not the number of attempts.
fn gave_up(error: Error, failed: u32, why: Option<&str>) -> Error {
    let error = error.with_attempts(failed);
    let hint = match (failed, why) {
        (1, None) => return error,
        (_, None) if error.hint().is_some() => return error,
        (_, None) => format!("gave up after {failed} attempts"),
        (1, Some(why)) => format!("gave up without another try: {why}"),
        (_, Some(why)) => format!("gave up after {failed} attempts without another try: {why}"),
    };
    match error.hint().map(|known| format!("{known}; {hint}")) {
        Some(hint) => error.with_hint(hint),
        None => error.with_hint(hint),
    }
}
