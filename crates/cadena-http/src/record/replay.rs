//! A transport that answers from a recording and touches no network.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use futures::stream::{self, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::Recording;
use super::compare::{difference, distance};
use super::line::RequestLine;
use super::recording::{End, Exchange};
use crate::{HttpRequest, Redactor, StreamingResponse, Transport};

/// Answers each request as the recording did, with the same chunks and the same errors.
///
/// A request matches by method, path with query, and its body (JSON by value, so the order of keys does not matter); host and headers are
/// ignored. An exchange serves any number of times. If the same request was recorded several times, its answers come in that order
/// and the last one repeats, so that a retry sees the failure first and then the success.
///
/// A replayed message has the same id each time: the server's, or one that follows from its request. The ids of runs, which events show, are random
/// unless the config of the call counts them with [`SequentialIds`](cadena_core::SequentialIds).
///
/// # Examples
///
/// ```
/// use cadena_core::ErrorKind;
/// use cadena_http::{HttpClient, Replay, HttpRequest};
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// let replay = Replay::from_jsonl(concat!(
///     r#"{"recording":1,"about":{"model":"demo"}}"#, "\n",
///     r#"{"request":{"method":"POST","path":"/v1/chat","body":{"model":"demo","seed":1}}}"#, "\n",
///     r#"{"response":{"status":200,"headers":{}}}"#, "\n",
///     r#"{"chunk":"hello"}"#, "\n",
///     r#"{"end":"complete"}"#, "\n",
/// ))?;
/// assert_eq!(replay.about()["model"], "demo");
///
/// let client = HttpClient::new(replay);
/// let request = HttpRequest::post("https://any.host/v1/chat");
/// let same = request.clone().with_json(&json!({"seed": 1, "model": "demo"}))?;
/// assert_eq!(client.send(same).await?.body, "hello");
///
/// let other = request.with_json(&json!({"seed": 2, "model": "demo"}))?;
/// let error = client.send(other).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert!(error.detail().ends_with("the nearest recorded one differs in `seed`"));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct Replay {
    recording: Recording,
    /// How often each group of equal requests was served, by the place of its first member.
    served: Mutex<HashMap<usize, usize>>,
}

impl Replay {
    /// Plays a recording.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{Recording, Replay};
    ///
    /// assert!(Replay::new(Recording::default()).about().is_null());
    /// ```
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        Self {
            recording,
            served: Mutex::default(),
        }
    }

    /// Plays a recording from a file.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_http::Replay::open("/no/such/file.jsonl").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Recording::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Recording::open(path).map(Self::new)
    }

    /// Plays a recording from its lines, as `include_str!` reads them.
    ///
    /// # Examples
    ///
    /// ```
    /// let replay = cadena_http::Replay::from_jsonl(r#"{"recording":1,"about":"nothing"}"#)?;
    /// assert_eq!(replay.about(), "nothing");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Recording::from_jsonl`].
    pub fn from_jsonl(text: &str) -> Result<Self> {
        Recording::from_jsonl(text).map(Self::new)
    }

    /// Returns the description of the recording: whatever its author wrote there, such as description, model and server.
    ///
    /// # Examples
    ///
    /// ```
    /// let replay = cadena_http::Replay::from_jsonl(r#"{"recording":1,"about":"nothing"}"#)?;
    /// assert_eq!(replay.about(), "nothing");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn about(&self) -> &Value {
        self.recording.about()
    }

    fn find(&self, request: &RequestLine) -> Result<&Exchange> {
        let exchanges = &self.recording.exchanges;
        let same: Vec<_> = exchanges
            .iter()
            .enumerate()
            .filter(|(_, e)| e.request == *request)
            .collect();
        let Some((first, _)) = same.first() else {
            return Err(self.missing(request));
        };
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = served.entry(*first).or_default();
        let exchange = same.get(*turn).or(same.last()).map(|(_, exchange)| *exchange);
        *turn += 1;
        exchange.ok_or_else(|| self.missing(request))
    }

    /// Says what the nearest recorded request has otherwise: names of fields, never their values.
    fn missing(&self, request: &RequestLine) -> Error {
        let RequestLine { method, path, .. } = request;
        let asked = format!("the recording has no answer to this `{method} {path}`");
        let detail = match self
            .recording
            .exchanges
            .iter()
            .min_by_key(|e| distance(&e.request, request))
        {
            None => format!("{asked}: it is empty"),
            Some(near) => format!(
                "{asked}: the nearest recorded one differs in {}",
                difference(&near.request, request)
            ),
        };
        Error::new(ErrorKind::NotFound, detail).with_hint("record it again, or make the request as it was recorded")
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("about", self.about())
            .field("exchanges", &self.recording.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let exchange = self.find(&RequestLine::of(&request, &Redactor::of(&request)))?;
        let failure = match &exchange.end {
            End::Complete => None,
            End::Failed { kind, detail } => Some(Error::new(*kind, detail.clone())),
            End::Dropped => Some(Error::new(
                ErrorKind::Truncated,
                "the recording ends here: its client had closed the connection",
            )),
        };
        let Some(head) = &exchange.response else {
            return Err(failure.unwrap_or_else(|| Error::new(ErrorKind::Decode, "the recorded exchange has no answer")));
        };
        let status = StatusCode::from_u16(head.status)
            .map_err(|e| Error::new(ErrorKind::Decode, "the recorded status is none").with_source(e))?;
        let headers: HeaderMap = head
            .headers
            .iter()
            .filter_map(|(name, value)| {
                Some((
                    HeaderName::try_from(name).ok()?,
                    HeaderValue::from_str(value.as_str()?).ok()?,
                ))
            })
            .collect();
        let chunks: Vec<Result<Bytes>> = exchange
            .chunks
            .iter()
            .cloned()
            .map(Ok)
            .chain(failure.map(Err))
            .collect();
        Ok(StreamingResponse::new(status)
            .with_headers(headers)
            .with_body(stream::iter(chunks).boxed()))
    }

    fn is_replay(&self) -> bool {
        true
    }
}
