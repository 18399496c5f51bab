//! The stream of events of one answer, with its timers.

mod watch;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use futures::stream::{FusedStream, Stream, StreamExt};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::clock::{self, Deadline};
use crate::response::request_id;
use crate::sse::{SseEvent, SseParser};
use crate::{Body, Limits, Redactor, StreamingResponse, Timers};

use watch::Watch;

/// How many chunks without an event one poll may take before other tasks get their turn.
const CHUNKS_PER_POLL: u32 = 32;

/// The events of one answer, pulled from the connection as they are asked for.
///
/// It yields events until the body ends, or one error and then nothing. The time between two polls that the consumer takes is not
/// counted by the timers [`idle`](Timers::idle) and [`progress`](Timers::progress). Dropping the stream closes the connection; after the last event,
/// [`drain`](Self::drain) returns the connection to its pool for the next call.
///
/// # Examples
///
/// ```
/// use cadena_http::{SseStream, StreamingResponse};
/// use futures::StreamExt;
/// use http::StatusCode;
///
/// # futures::executor::block_on(async {
/// let response = StreamingResponse::new(StatusCode::OK).with_body_chunks(["data: 1\n", "\ndata: [DONE]\n\n"]);
/// let mut events = SseStream::from_response(response);
/// assert_eq!(events.next().await.unwrap()?.data(), b"1");
/// assert_eq!(events.next().await.unwrap()?.data(), b"[DONE]");
/// events.drain().await;
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct SseStream {
    status: StatusCode,
    headers: HeaderMap,
    redactor: Redactor,
    drain: Duration,
    /// `None` once the stream has ended.
    body: Option<Body>,
    parser: SseParser,
    first: Option<SseEvent>,
    bytes: u64,
    limit: u64,
    cut: bool,
    watch: Watch,
}

impl SseStream {
    /// Reads the body of a response as events, with default timers and limits. [`HttpClient::stream`](crate::HttpClient::stream) does
    /// this with its own, after it has checked the status and the first bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    ///
    /// let events = SseStream::from_response(StreamingResponse::new(http::StatusCode::OK));
    /// assert_eq!(events.status(), 200);
    /// ```
    pub fn from_response(response: StreamingResponse) -> Self {
        Self::new(
            response,
            Instant::now(),
            Timers::default(),
            &Limits::default(),
            Redactor::new(),
        )
    }

    pub(crate) fn new(
        response: StreamingResponse,
        started: Instant,
        timers: Timers,
        limits: &Limits,
        redactor: Redactor,
    ) -> Self {
        let StreamingResponse {
            status, headers, body, ..
        } = response;
        Self {
            status,
            headers,
            redactor,
            drain: timers.drain,
            body: Some(body),
            parser: SseParser::new().with_limit(limits.event),
            first: None,
            bytes: 0,
            limit: limits.stream,
            cut: false,
            watch: Watch::new(started, &timers),
        }
    }

    pub(crate) fn set_deadline(&mut self, deadline: Deadline) {
        self.watch.set_deadline(deadline);
    }

    /// Adds bytes of the body that were read before.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.parser.push(bytes);
    }

    /// Waits for the first event and keeps it for the first `next`.
    pub(crate) async fn wait_for_first(&mut self) -> Result<()> {
        self.first = poll_fn(|cx| self.poll_event(cx)).await.transpose()?;
        Ok(())
    }

    /// Returns the status of the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    ///
    /// let events = SseStream::from_response(StreamingResponse::new(http::StatusCode::OK));
    /// assert_eq!(events.status(), 200);
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers of the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    ///
    /// let events = SseStream::from_response(StreamingResponse::new(http::StatusCode::OK));
    /// assert!(events.headers().get("content-type").is_none());
    /// ```
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the id that the server gave the request (`x-request-id` or `request-id`).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    ///
    /// let events = SseStream::from_response(StreamingResponse::new(http::StatusCode::OK));
    /// assert_eq!(events.request_id(), None);
    /// ```
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// Returns the redactor that masks the secrets of the request in the server's words, for errors made of events.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    ///
    /// let events = SseStream::from_response(StreamingResponse::new(http::StatusCode::OK));
    /// assert_eq!(events.redactor().snippet(b"{\"error\": \"overloaded\"}"), "{\"error\": \"overloaded\"}");
    /// ```
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Whether the body ended inside an event, which was discarded.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let response = StreamingResponse::new(http::StatusCode::OK).with_body_chunks(["data: 1\n\nda"]);
    /// let mut events = SseStream::from_response(response);
    /// assert_eq!(events.next().await.unwrap()?.data(), b"1");
    /// assert!(events.next().await.is_none());
    /// assert!(events.is_cut());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Returns the event inside which the stream ended, as far as it came. `None` if it ended between two events.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let response = StreamingResponse::new(http::StatusCode::OK).with_body_chunks(["data: 1\n\ndata: [DONE]\n"]);
    /// let mut events = SseStream::from_response(response);
    /// assert_eq!(events.next().await.unwrap()?.data(), b"1");
    /// assert!(events.next().await.is_none());
    /// assert_eq!(events.cut_event().unwrap().data(), b"[DONE]");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn cut_event(&self) -> Option<SseEvent> {
        self.parser.cut_event()
    }

    /// Reports that the last event brought nothing of the answer, as an empty delta does.
    ///
    /// The timer [`progress`](Timers::progress) goes on then; an event without this report starts it anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::{SseStream, StreamingResponse};
    /// use futures::{StreamExt, stream};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
    /// let empty = stream::repeat(()).then(|()| async {
    ///     tokio::time::sleep(Duration::from_secs(15)).await;
    ///     Ok("data: {}\n\n".into())
    /// });
    /// let mut events = SseStream::from_response(StreamingResponse::new(http::StatusCode::OK).with_body(empty.boxed()));
    /// let error = loop {
    ///     match events.next().await.unwrap() {
    ///         Ok(_event) => events.brought_nothing(),
    ///         Err(error) => break error,
    ///     }
    /// };
    /// assert_eq!(error.kind(), ErrorKind::Stalled);
    /// assert_eq!(error.detail(), "nothing of the answer came within 600 s (timer `progress`), 40 events received");
    /// # });
    /// ```
    pub fn brought_nothing(&mut self) {
        self.watch.brought_nothing();
    }

    /// Lets the stream end, without an error, at most this long from now. Only the first call counts.
    ///
    /// For a provider that has seen the answer's last part, but not the end of the stream: what may still come (a usage chunk, `[DONE]`) gets
    /// this time, and a server that leaves the connection open does not turn a complete answer into an error. From now on no other timer
    /// can: the shorter ones rest, and a call with a deadline waits for at most half of the time that is left until then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{SseStream, StreamingResponse};
    /// use futures::StreamExt;
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
    /// let silent = StreamingResponse::new(http::StatusCode::OK).with_body(futures::stream::pending().boxed());
    /// let mut events = SseStream::from_response(silent);
    /// events.end_within(Duration::from_secs(5));
    /// assert!(events.next().await.is_none());
    /// # });
    /// ```
    pub fn end_within(&mut self, grace: Duration) {
        self.watch.end_within(grace);
    }

    /// Reads the body to its end, for at most [`Timers::drain`] (100 ms), so that its connection can serve the next call.
    ///
    /// # Examples
    ///
    /// See [`SseStream`].
    pub async fn drain(mut self) {
        let Some(mut body) = self.body.take() else { return };
        let deadline = clock::after(Instant::now(), self.drain);
        let room = self.limit.saturating_sub(self.bytes);
        let reading = async {
            let mut read = 0;
            while let Some(Ok(chunk)) = body.next().await {
                read += chunk.len() as u64;
                if read > room {
                    return;
                }
            }
            // The connection goes back to its pool when its own task has seen the end as well.
            YieldOnce::default().await;
        };
        // In time or not: the connection is reused or closed, and the answer is complete in both cases.
        let _in_time = clock::until(deadline, reading).await;
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SseEvent>>> {
        self.watch.resume();
        let polled = self.poll_body(cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(_))) => self.watch.event(),
            Poll::Ready(_) => self.body = None,
        }
        polled.map_err(|error| match self.request_id() {
            Some(id) if error.request_id().is_none() => {
                let id = self.redactor.snippet(id.as_bytes());
                error.with_request_id(id)
            }
            _ => error,
        })
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SseEvent>>> {
        for _ in 0..CHUNKS_PER_POLL {
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            if let Some(event) = self.parser.next_event().transpose() {
                return Poll::Ready(Some(event));
            }
            // The body before the timers: what has arrived is in time, however late the consumer is.
            match body.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.push(chunk);
                    if self.bytes > self.limit {
                        let detail = format!("the stream is longer than {} bytes", self.limit);
                        return Poll::Ready(Some(Err(Error::new(ErrorKind::LimitExceeded, detail))));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    self.cut = self.parser.is_cut();
                    return Poll::Ready(None);
                }
                Poll::Pending => return self.watch.poll(cx).map(|late| late.map(Err)),
            }
        }
        // Bytes without end, but no event: the timers apply, and other tasks get their turn.
        let polled = self.watch.poll(cx).map(|late| late.map(Err));
        if polled.is_pending() {
            cx.waker().wake_by_ref();
        }
        polled
    }
}

impl Stream for SseStream {
    type Item = Result<SseEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            self.watch.handed_late();
            return Poll::Ready(Some(Ok(first)));
        }
        self.poll_event(cx)
    }
}

impl FusedStream for SseStream {
    fn is_terminated(&self) -> bool {
        self.body.is_none() && self.first.is_none()
    }
}

impl fmt::Debug for SseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseStream")
            .field("status", &self.status)
            .field("events", &self.watch.events())
            .field("bytes", &self.bytes)
            .field("ended", &self.body.is_none())
            .finish_non_exhaustive()
    }
}

/// Pending once, so that other tasks run.
#[derive(Default)]
struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
