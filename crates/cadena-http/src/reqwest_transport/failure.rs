//! Failures below HTTP, told apart by the types of their causes.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use cadena_core::{BoxError, Error, ErrorKind};

/// The cause of an error after which the request may have reached the server: it was sent, perhaps in part, and no byte of an answer came.
///
/// The server may have worked on it, so another try may do (and bill) the work twice.
/// [`RetryPolicy::resend_unanswered`](crate::RetryPolicy::resend_unanswered) decides whether it is made.
///
/// # Examples
///
/// ```
/// use cadena_core::{Error, ErrorKind};
/// use cadena_http::Unanswered;
///
/// let error = Error::new(ErrorKind::Connect, "the connection was lost").with_source(Unanswered::new("reset by peer"));
/// assert!(error.downcast_source_ref::<Unanswered>().is_some());
/// ```
#[derive(Debug)]
pub struct Unanswered(BoxError);

impl Unanswered {
    /// Wraps the cause that lies below.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Unanswered::new("reset").to_string(), "the request was sent, but not answered");
    /// ```
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was sent, but not answered")
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.as_ref())
    }
}

/// Turns a failure to get the head of an answer into our error.
pub(super) fn of_send(error: reqwest::Error, origin: &str, connect_timeout: Duration) -> Error {
    // The address may hold a key in its query; the origin is named instead.
    let error = error.without_url();
    if let Some(cause) = find::<Error>(&error) {
        // The source of an upload failed, which another try does not heal.
        let (kind, detail) = (cause.kind(), cause.detail().to_owned());
        return Error::new(kind, detail).with_retryable(false).with_source(error);
    }
    if error.is_connect() {
        return of_connect(error, origin, connect_timeout);
    }
    if error.is_builder() {
        return Error::new(ErrorKind::Config, format!("the request to `{origin}` cannot be built")).with_source(error);
    }
    if error.is_timeout() {
        return Error::new(
            ErrorKind::Timeout,
            format!("the client's own timer ran out before `{origin}` answered"),
        )
        .with_source(error);
    }
    match find::<hyper::Error>(&error) {
        Some(cause) if cause.is_parse() => {
            Error::new(ErrorKind::Decode, format!("`{origin}` does not speak HTTP")).with_source(error)
        }
        Some(cause) if cause.is_user() => {
            Error::new(ErrorKind::Internal, format!("the request to `{origin}` cannot be sent")).with_source(error)
        }
        _ => Error::new(
            ErrorKind::Connect,
            format!("`{origin}` closed the connection before it answered"),
        )
        .with_source(Unanswered::new(error)),
    }
}

/// Turns a failure in the middle of a body into our error.
pub(super) fn of_body(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_timeout() {
        return Error::new(
            ErrorKind::Timeout,
            "the client's own timer ran out while the body arrived",
        )
        .with_source(error);
    }
    // hyper reports a broken chunk size, and the decoder a broken gzip stream, as an I/O error of invalid data or input.
    let malformed = find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse)
        || find::<io::Error>(&error)
            .is_some_and(|e| matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData));
    if malformed {
        Error::new(ErrorKind::Decode, "the body's transfer or content encoding is broken").with_source(error)
    } else {
        Error::new(ErrorKind::Truncated, "the connection was lost before the body ended").with_source(error)
    }
}

fn of_connect(error: reqwest::Error, origin: &str, timeout: Duration) -> Error {
    if error.is_timeout() {
        let within = if timeout.is_zero() {
            String::new()
        } else {
            format!(" within {} s", timeout.as_secs_f64())
        };
        let detail = format!("TCP: no connection to `{origin}`{within}, with DNS and TLS");
        return Error::new(ErrorKind::Connect, detail).with_source(error);
    }
    #[cfg(feature = "tls")]
    if let Some(cause) = find_in_io::<rustls::Error>(&error) {
        let certificate = matches!(cause, rustls::Error::InvalidCertificate(_));
        let detail = if certificate {
            format!("TLS: the certificate of `{origin}` is not accepted")
        } else {
            format!("TLS: the handshake with `{origin}` failed")
        };
        // The same certificate is there at the next try.
        let failed = Error::new(ErrorKind::Connect, detail).with_retryable(false);
        let failed = match (certificate, super::tls::has_roots()) {
            (true, false) => failed.with_hint("this system has no root certificates: install them (`ca-certificates`)"),
            _ => failed,
        };
        return failed.with_source(error);
    }
    let stage = match said(&error) {
        Said::Dns => "DNS: no address for",
        Said::Proxy => "TCP: no connection through the proxy to",
        Said::Tls => "TLS: the handshake was cut off by",
        Said::Other => "TCP: no connection to",
    };
    Error::new(ErrorKind::Connect, format!("{stage} `{origin}`")).with_source(error)
}

enum Said {
    Dns,
    Proxy,
    Tls,
    Other,
}

/// The stage that the connector names in its text; it has no public type to ask.
fn said(error: &(dyn StdError + 'static)) -> Said {
    for cause in chain(error) {
        let text = cause.to_string();
        if text == "dns error" {
            return Said::Dns;
        }
        if text.contains("tunnel") || text.contains("proxy") {
            return Said::Proxy;
        }
        if text.contains("handshake") {
            return Said::Tls;
        }
    }
    Said::Other
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// As `find`, and inside the custom errors of `std::io`, which their `source` skips.
#[cfg(feature = "tls")]
fn find_in_io<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause.downcast_ref().or_else(|| find_in_box(inner?))
    })
}

#[cfg(feature = "tls")]
fn find_in_box<'a, E: StdError + 'static>(mut error: &'a (dyn StdError + Send + Sync + 'static)) -> Option<&'a E> {
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = error.downcast_ref::<io::Error>()?.get_ref()?;
    }
}
