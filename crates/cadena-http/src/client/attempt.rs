//! One try of one request.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use cadena_core::{Error, ErrorKind, Result};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::Instant;

use super::download::watched;
use super::first_bytes::{BodyKind, ContentType, FirstBytes, without_mark};
use super::{HttpClient, Streamed};
use crate::clock::{self, Deadline};
use crate::request::origin;
use crate::response::request_id;
use crate::{Body, Failure, HttpRequest, HttpResponse, Redactor, SseStream, StreamingResponse};

/// A request on its way, once.
pub(super) struct Attempt<'a> {
    pub(super) client: &'a HttpClient,
    pub(super) request: HttpRequest,
    /// When the whole call must have ended.
    pub(super) deadline: Deadline,
}

/// Why a try failed, and the headers of the answer if its status was the reason.
pub(super) struct Lost {
    pub(super) error: Error,
    pub(super) answer: Option<HeaderMap>,
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self { error, answer: None }
    }
}

/// The timer that limits a try.
#[derive(Clone, Copy)]
struct Timer {
    name: &'static str,
    length: Duration,
    at: Deadline,
}

impl Attempt<'_> {
    /// The whole answer.
    pub(super) async fn whole(self) -> Result<HttpResponse, Lost> {
        let timer = Timer::start("answer", self.client.timers.answer);
        let response = self.head(timer).await?;
        Ok(self.read(response, timer).await?)
    }

    /// The stream of events, once its first one is there.
    pub(super) async fn events(mut self) -> Result<Streamed, Lost> {
        let accept = HeaderValue::from_static("text/event-stream");
        self.request.headers.entry(header::ACCEPT).or_insert(accept);
        let started = Instant::now();
        let timers = self.client.timers;
        let mut response = self.head(Timer::start("first_event", timers.first_event)).await?;
        let content_type = ContentType::of(&response.headers);
        if content_type == ContentType::Page {
            return Err(self.unexpected(response).await.into());
        }
        let timer = match content_type {
            ContentType::Json => Timer::since(started, "answer", timers.answer),
            _ => Timer::since(started, "first_event", timers.first_event),
        };
        let deadline = clock::earlier(timer.at, self.deadline);
        let mut first = FirstBytes::default();
        // If the time is over first, the wait that follows finds it over as well, and has the right error.
        let kind = clock::until(deadline, first.read(&mut response.body)).await?;
        match content_type.resolve(kind.transpose()?.flatten()) {
            BodyKind::Events => {
                let redactor = Redactor::of(&self.request);
                let mut events = SseStream::new(response, started, timers, &self.client.limits, redactor);
                events.set_deadline(self.deadline);
                events.push(first.into_bytes());
                events.wait_for_first().await?;
                Ok(Streamed::Events(events))
            }
            BodyKind::Json => {
                let timer = Timer::since(started, "answer", timers.answer);
                response.body = first.followed_by(response.body);
                Ok(Streamed::Whole(self.read(response, timer).await?))
            }
            BodyKind::Other => {
                response.body = first.followed_by(response.body);
                Err(self.unexpected(response).await.into())
            }
        }
    }

    /// The head of the answer, and its body under the timers and limits of a stream.
    pub(super) async fn opened(self) -> Result<StreamingResponse, Lost> {
        let timer = Timer::start("answer", self.client.timers.answer);
        let mut response = self.head(timer).await?;
        let (idle, limit) = (self.client.timers.idle, self.client.limits.stream);
        response.body = watched(response.body, idle, self.deadline, limit);
        Ok(response)
    }

    /// The head of a successful answer.
    async fn head(&self, timer: Timer) -> Result<StreamingResponse, Lost> {
        let sent = self.client.transport.send(self.request.clone());
        let deadline = clock::earlier(timer.at, self.deadline);
        let response = match clock::until(deadline, sent).await? {
            Some(response) => response?,
            None => return Err(self.expired(timer).into()),
        };
        match response.status {
            status if status.is_success() => Ok(response),
            status if status.is_redirection() && response.headers.contains_key(header::LOCATION) => {
                Err(redirected(status, &response.headers, &self.request).into())
            }
            _ => Err(self.failure(response).await),
        }
    }

    async fn read(&self, response: StreamingResponse, timer: Timer) -> Result<HttpResponse> {
        let StreamingResponse {
            status,
            headers,
            mut body,
            ..
        } = response;
        let limit = self.client.limits.response;
        let deadline = clock::earlier(timer.at, self.deadline);
        let tag = |error: Error| match request_id(&headers) {
            Some(id) => error.with_request_id(id),
            None => error,
        };
        let whole = match clock::until(deadline, collect(&mut body, limit)).await? {
            None => return Err(tag(self.expired(timer))),
            Some(Err(error)) => return Err(tag(error)),
            Some(Ok((_, true))) => {
                return Err(tag(Error::new(
                    ErrorKind::LimitExceeded,
                    format!("the answer is longer than {limit} bytes"),
                )));
            }
            Some(Ok((whole, false))) => whole,
        };
        Ok(HttpResponse::new(status, headers, without_mark(whole)))
    }

    async fn failure(&self, response: StreamingResponse) -> Lost {
        let StreamingResponse {
            status, headers, body, ..
        } = response;
        let body = self.error_body(body).await;
        let failure = Failure::of(&self.request, status, headers.clone(), &body);
        let error = failure.complete((self.client.classifier)(&failure));
        Lost {
            error,
            answer: Some(headers),
        }
    }

    async fn unexpected(&self, response: StreamingResponse) -> Error {
        let kind = response
            .headers
            .get(header::CONTENT_TYPE)
            .map_or(&b""[..], HeaderValue::as_bytes);
        let redactor = Redactor::of(&self.request);
        let kind = redactor.snippet(kind);
        let status = response.status.as_u16();
        let body = self.error_body(response.body).await;
        let detail = format!(
            "expected a stream of events and got `{kind}`: {}",
            redactor.snippet(&body)
        );
        Error::new(ErrorKind::Decode, detail).with_status(status)
    }

    /// As much of a failed answer as the limits allow, without the secrets of the request. Its own faults are not reported.
    async fn error_body(&self, mut body: Body) -> Bytes {
        let limit = self.client.limits.error_body;
        let deadline = clock::earlier(
            clock::after(Instant::now(), self.client.timers.error_body),
            self.deadline,
        );
        let mut whole = BytesMut::new();
        let reading = async {
            while let Some(Ok(chunk)) = body.next().await {
                let room = limit.saturating_sub(whole.len());
                whole.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if chunk.len() > room {
                    break;
                }
            }
        };
        // Whether it was read to its end or the time ran out: what is there is what there is.
        let _in_time = clock::until(deadline, reading).await;
        Redactor::of(&self.request).redact_bytes(without_mark(whole.freeze()))
    }

    fn expired(&self, timer: Timer) -> Error {
        let origin = self.request.origin();
        let detail = match (timer.at, self.deadline) {
            (Some(at), Some(total)) if total < at => {
                format!("the deadline of the call passed before `{origin}` answered")
            }
            _ => {
                let Timer { name, length, .. } = timer;
                format!(
                    "`{origin}` did not answer within {} s (timer `{name}`)",
                    length.as_secs_f64()
                )
            }
        };
        Error::new(ErrorKind::Timeout, detail)
    }
}

impl Timer {
    fn start(name: &'static str, length: Duration) -> Self {
        Self::since(Instant::now(), name, length)
    }

    fn since(started: Instant, name: &'static str, length: Duration) -> Self {
        Self {
            name,
            length,
            at: clock::after(started, length),
        }
    }
}

/// All bytes up to the limit, and whether there were more.
async fn collect(body: &mut Body, limit: usize) -> Result<(Bytes, bool)> {
    let Some(first) = body.next().await.transpose()? else {
        return Ok((Bytes::new(), false));
    };
    if first.len() > limit {
        return Ok((Bytes::new(), true));
    }
    // Most answers are one chunk, and that needs no copy.
    let Some(second) = body.next().await.transpose()? else {
        return Ok((first, false));
    };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if whole.len() + chunk.len() > limit {
            return Ok((Bytes::new(), true));
        }
        whole.extend_from_slice(&chunk);
        next = body.next().await.transpose()?;
    }
    Ok((whole.freeze(), false))
}

fn redirected(status: StatusCode, headers: &HeaderMap, request: &HttpRequest) -> Error {
    let location = headers
        .get(header::LOCATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let target = match location {
        Some(place) if place.contains("://") => origin(&place),
        Some(place) if place.starts_with("//") => origin(&format!("https:{place}")),
        _ => request.origin(),
    };
    let detail = format!("`{}` redirects to `{target}`, which is not followed", request.origin());
    Error::new(ErrorKind::NotFound, detail)
        .with_status(status.as_u16())
        .with_hint("set the base URL to the address that answers")
}
