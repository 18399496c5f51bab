//! The two forms of an HTTP response: one whose body is still to come, and one that was read to its end.

use std::fmt;

use bytes::Bytes;
use cadena_core::Result;
use futures::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, StatusCode};

/// The bytes of a body as they arrive: pulled, never buffered ahead, and `'static`.
pub type Body = BoxStream<'static, Result<Bytes>>;

/// A response whose body is still to come, as a [`Transport`](crate::Transport) returns it, whatever the status.
///
/// # Examples
///
/// ```
/// use cadena_http::StreamingResponse;
/// use http::StatusCode;
///
/// let response = StreamingResponse::new(StatusCode::OK).with_body_chunks(["data: 1\n", "\n"]);
/// assert_eq!(response.status, 200);
/// ```
#[non_exhaustive]
pub struct StreamingResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, after decompression.
    pub body: Body,
}

impl StreamingResponse {
    /// Makes a response without headers and body.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_http::StreamingResponse::new(http::StatusCode::NO_CONTENT).headers.is_empty());
    /// ```
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: stream::empty().boxed(),
        }
    }

    /// Sets all headers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::StreamingResponse;
    /// use http::{HeaderMap, HeaderValue, StatusCode, header};
    ///
    /// let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
    /// assert_eq!(StreamingResponse::new(StatusCode::OK).with_headers(headers).headers.len(), 1);
    /// ```
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::StreamingResponse;
    /// use futures::StreamExt;
    /// use http::StatusCode;
    ///
    /// let endless = futures::stream::repeat_with(|| Ok("data: x\n\n".into()));
    /// let mut response = StreamingResponse::new(StatusCode::OK).with_body(endless.boxed());
    /// let first = futures::executor::block_on(response.body.next());
    /// assert_eq!(first.unwrap().unwrap(), "data: x\n\n");
    /// ```
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Sets a body that arrives in these chunks.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::StreamingResponse;
    /// use futures::StreamExt;
    ///
    /// let response = StreamingResponse::new(http::StatusCode::OK).with_body_chunks(["a", "b"]);
    /// assert_eq!(futures::executor::block_on(response.body.count()), 2);
    /// ```
    #[must_use]
    pub fn with_body_chunks(self, chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let chunks: Vec<Result<Bytes>> = chunks.into_iter().map(|chunk| Ok(chunk.into())).collect();
        self.with_body(stream::iter(chunks).boxed())
    }
}

impl fmt::Debug for StreamingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingResponse")
            .field("status", &self.status)
            .field("headers", &names(&self.headers))
            .finish_non_exhaustive()
    }
}

/// A response that was read to its end, within the limits.
///
/// # Examples
///
/// ```
/// use cadena_http::HttpResponse;
/// use http::{HeaderMap, StatusCode};
///
/// let answer = HttpResponse::new(StatusCode::OK, HeaderMap::new(), r#"{"ok": true}"#);
/// assert_eq!(answer.request_id(), None);
/// assert_eq!(format!("{answer:?}"), "HttpResponse { status: 200, headers: [], body: 12 bytes }");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status, always of the 2xx class when it comes from a client.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, after decompression.
    pub body: Bytes,
}

impl HttpResponse {
    /// Makes a response of its parts.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::HttpResponse;
    ///
    /// assert_eq!(HttpResponse::new(http::StatusCode::OK, http::HeaderMap::new(), "abc").body, "abc");
    /// ```
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// Returns the id that the server gave the request (`x-request-id` or `request-id`).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::HttpResponse;
    /// use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    ///
    /// let headers = HeaderMap::from_iter([(HeaderName::from_static("x-request-id"), HeaderValue::from_static("r1"))]);
    /// assert_eq!(HttpResponse::new(StatusCode::OK, headers, "").request_id(), Some("r1"));
    /// ```
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &names(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// The id that a server gave a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "request-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}

/// The names of headers, which are safe to print.
pub(crate) fn names(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(http::HeaderName::as_str).collect()
}
