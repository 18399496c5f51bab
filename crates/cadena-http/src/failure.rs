//! A failed answer, and what kind of error it is.

use std::fmt;
use std::time::SystemTime;

use cadena_core::{Error, ErrorKind};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::response::{names, request_id};
use crate::retry::{retry_after, should_retry};
use crate::{HttpRequest, Redactor};

/// An answer whose status is not of the 2xx class, as a provider's classifier sees it.
///
/// The secrets of the request are already masked in the body. Whatever the classifier makes of it, the client adds status, request id
/// and `retry_after` where they are missing.
///
/// # Examples
///
/// ```
/// use cadena_core::{Error, ErrorKind};
/// use cadena_http::{Failure, HttpClient, Replay};
///
/// fn classify(failure: &Failure<'_>) -> Error {
///     match failure.message() {
///         Some(message) if message.contains("quota") => Error::new(ErrorKind::QuotaExhausted, message),
///         _ => failure.to_error(),
///     }
/// }
///
/// let body = br#"{"error": {"message": "no quota left"}}"#;
/// let failure = Failure::new(http::StatusCode::TOO_MANY_REQUESTS, body);
/// assert_eq!(classify(&failure).kind(), ErrorKind::QuotaExhausted);
///
/// # fn client(transport: Replay) -> HttpClient {
/// HttpClient::new(transport).with_classifier(classify)
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Failure<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, cut at [`Limits::error_body`](crate::Limits::error_body), without known secrets.
    pub body: &'a [u8],
    redactor: Redactor,
}

impl<'a> Failure<'a> {
    /// Makes a failed answer without headers.
    ///
    /// # Examples
    ///
    /// ```
    /// let failure = cadena_http::Failure::new(http::StatusCode::NOT_FOUND, b"");
    /// assert_eq!(failure.to_error().status(), Some(404));
    /// ```
    #[must_use]
    pub fn new(status: StatusCode, body: &'a [u8]) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body,
            redactor: Redactor::new(),
        }
    }

    pub(crate) fn of(request: &HttpRequest, status: StatusCode, headers: HeaderMap, body: &'a [u8]) -> Self {
        Self {
            status,
            headers,
            body,
            redactor: Redactor::of(request),
        }
    }

    /// Returns the server's message, from the places where servers write it: `error.message`, `error`, `message` or `detail`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Failure;
    /// use http::StatusCode;
    ///
    /// let said = |body: &'static str| Failure::new(StatusCode::BAD_REQUEST, body.as_bytes()).message();
    /// assert_eq!(said(r#"{"error": {"message": "bad"}}"#).as_deref(), Some("bad"));
    /// assert_eq!(said(r#"{"detail": [{"msg": "field required"}]}"#).as_deref(), Some("field required"));
    /// assert_eq!(said("<html>"), None);
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(self.body).ok()?;
        let found = [
            "/error/message",
            "/error",
            "/message",
            "/detail/0/msg",
            "/detail",
            "/0/error/message",
        ]
        .iter()
        .find_map(|place| body.pointer(place)?.as_str())?;
        Some(self.redactor.snippet(found.as_bytes())).filter(|text| !text.is_empty())
    }

    /// Returns the error that the status alone suggests, with the server's message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::Failure;
    /// use http::StatusCode;
    ///
    /// let error = Failure::new(StatusCode::UNAUTHORIZED, br#"{"error": {"message": "no such key"}}"#).to_error();
    /// assert_eq!(error.kind(), ErrorKind::Authentication);
    /// assert_eq!(error.to_string(), "authentication failed: no such key (status 401)");
    /// ```
    #[must_use]
    pub fn to_error(&self) -> Error {
        let detail = self.message().unwrap_or_else(|| {
            let reason = self.status.canonical_reason().unwrap_or("an unknown status");
            match self.redactor.snippet(self.body) {
                body if body.is_empty() => format!("the server answered `{reason}`"),
                body => format!("the server answered `{reason}`: {body}"),
            }
        });
        self.complete(Error::new(kind_of(self.status), detail))
    }

    /// Adds the facts that stand outside the body, such as the status and `Retry-After`, where the error does not have them.
    pub(crate) fn complete(&self, mut error: Error) -> Error {
        if error.status().is_none() {
            error = error.with_status(self.status.as_u16());
        }
        if let (None, Some(id)) = (error.request_id(), request_id(&self.headers)) {
            let id = self.redactor.snippet(id.as_bytes());
            error = error.with_request_id(id);
        }
        if let (None, Some(wait)) = (error.retry_after(), retry_after(&self.headers, SystemTime::now())) {
            error = error.with_retry_after(wait);
        }
        match should_retry(&self.headers) {
            Some(retry) if error.kind() != ErrorKind::QuotaExhausted => error.with_retryable(retry),
            _ => error,
        }
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("status", &self.status)
            .field("headers", &names(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Authentication,
        // DeepSeek, OpenRouter and others use 402 for what its name means: payment is required.
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        404 | 410 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        // 409 is a lock that was not free: another try finds it free.
        409 | 500.. => ErrorKind::Server,
        413 => ErrorKind::LimitExceeded,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Decode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_kind() {
        for (status, kind) in [
            (400, ErrorKind::InvalidRequest),
            (401, ErrorKind::Authentication),
            (402, ErrorKind::QuotaExhausted),
            (403, ErrorKind::PermissionDenied),
            (404, ErrorKind::NotFound),
            (408, ErrorKind::Timeout),
            (409, ErrorKind::Server),
            (413, ErrorKind::LimitExceeded),
            (418, ErrorKind::InvalidRequest),
            (422, ErrorKind::InvalidRequest),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Server),
            (529, ErrorKind::Server),
        ] {
            let error = Failure::new(StatusCode::from_u16(status).unwrap(), b"").to_error();
            assert_eq!((error.kind(), error.status()), (kind, Some(status)));
        }
    }

    #[test]
    fn what_the_provider_filled_in_stays() {
        let mut failure = Failure::new(StatusCode::BAD_GATEWAY, b"");
        failure.headers.insert("x-request-id", "r1".parse().unwrap());
        let error = failure.complete(
            Error::new(ErrorKind::Server, "")
                .with_status(599)
                .with_request_id("mine"),
        );
        assert_eq!((error.status(), error.request_id()), (Some(599), Some("mine")));
    }
}
