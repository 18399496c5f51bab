//! The one trait that touches the network.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cadena_core::Result;

use crate::{HttpRequest, StreamingResponse};

/// Sends one request, once, and returns the head of the answer with its body to come.
///
/// Retries, timers, limits and the meaning of a status belong to [`HttpClient`](crate::HttpClient), which calls this. So an
/// implementation stays small: [`ReqwestTransport`](crate::ReqwestTransport) speaks HTTP, [`Recorder`](crate::Recorder) writes
/// down what another transport does, [`Replay`](crate::Replay) reads it back.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use cadena_core::Result;
/// use cadena_http::{HttpClient, HttpRequest, StreamingResponse, Transport};
/// use http::StatusCode;
///
/// #[derive(Debug)]
/// struct Hello;
///
/// #[async_trait]
/// impl Transport for Hello {
///     async fn send(&self, _request: HttpRequest) -> Result<StreamingResponse> {
///         Ok(StreamingResponse::new(StatusCode::OK).with_body_chunks(["hel", "lo"]))
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let answer = HttpClient::new(Hello).send(HttpRequest::get("http://localhost/")).await?;
/// assert_eq!(answer.body, "hello");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Implementing
///
/// - An answer of any status is `Ok`. `Err` means that there is no answer: [`ErrorKind::Connect`](cadena_core::ErrorKind::Connect) if
///   another try may help. If the request may have reached the server, [`Unanswered`](crate::Unanswered) is among the sources.
/// - [`HttpRequest::upload`] is sent in place of [`HttpRequest::body`], if it is there.
/// - Redirects are not followed: they would carry the prompt elsewhere.
/// - Dropping the future or the body must stop the work; no task may outlive them.
/// - A body that ends before its end was promised yields [`ErrorKind::Truncated`](cadena_core::ErrorKind::Truncated).
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// If no head of an answer arrived; see "Implementing" above.
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse>;

    /// Whether every answer comes from a recording, so that a provider derives the ids of messages from their requests and a test sees the same
    /// ids each time: false.
    fn is_replay(&self) -> bool {
        false
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        (**self).send(request).await
    }

    fn is_replay(&self) -> bool {
        (**self).is_replay()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Transport + ?Sized> Transport for Box<T> {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        (**self).send(request).await
    }

    fn is_replay(&self) -> bool {
        (**self).is_replay()
    }
}
