//! The transport that speaks HTTP: `reqwest`, with the settings and the error texts that a model's client needs.

mod failure;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use cadena_core::{BoxError, Error, ErrorKind, Result};
use futures::StreamExt;
use http::{HeaderValue, header};
use tokio::runtime::Handle;

use crate::secret::mark_secret_headers;
use crate::{HttpRequest, StreamingResponse, Transport};

pub use failure::Unanswered;

/// Speaks HTTP/1.1 through a [`reqwest::Client`]. A clone shares its connections.
///
/// [`new`](Self::new) connects within 5 s, keeps connections for reuse, respects the system's proxies (`HTTPS_PROXY`, `NO_PROXY`),
/// accepts gzip, follows no redirect and trusts the certificates that the operating system trusts. For other needs, as a private
/// certificate or HTTP/2, build a `reqwest::Client` and use [`from_client`](Self::from_client).
///
/// It works inside of a tokio runtime with I/O and time enabled; outside of one, a call is an error of the kind
/// [`Config`](ErrorKind::Config).
///
/// # Examples
///
/// ```
/// # // No server listens on port 9 of the loopback address, so this shows the error of a refused connection.
/// use cadena_core::ErrorKind;
/// use cadena_http::{ReqwestTransport, HttpRequest, Transport};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let transport = ReqwestTransport::new();
/// let error = transport.send(HttpRequest::get("http://127.0.0.1:9/v1/models?key=abcdef")).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Connect);
/// assert_eq!(error.detail(), "TCP: no connection to `http://127.0.0.1:9`");
/// # });
/// ```
#[derive(Clone)]
pub struct ReqwestTransport {
    client: Arc<OnceLock<reqwest::Client>>,
    connect_timeout: Duration,
}

impl ReqwestTransport {
    /// Makes a transport with the defaults of this crate.
    ///
    /// Costs nothing yet: the client is built, and the system's certificates are read, when the first request is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{HttpClient, ReqwestTransport};
    ///
    /// let client = HttpClient::new(ReqwestTransport::new());
    /// assert!(format!("{client:?}").contains("ReqwestTransport"));
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn new() -> Self {
        Self {
            client: Arc::default(),
            connect_timeout: Duration::from_secs(5),
        }
    }

    /// Makes a transport over a client of your own, with its settings: those of this crate are not applied.
    ///
    /// Turn its redirects off (`redirect::Policy::none()`): `reqwest` sends the prompt, and headers such as `api-key`, to wherever a
    /// redirect points.
    ///
    /// The example hands over a TLS configuration, as reqwest panics where it would have to make one and knows no crypto provider: see
    /// [reqwest beside this crate](crate#reqwest-beside-this-crate).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::ReqwestTransport;
    ///
    /// # // reqwest builds no client without some TLS setting, so the example takes a provider that this crate depends on.
    /// # let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    /// # let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    /// # let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    /// let client = reqwest::Client::builder()
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .tls_backend_preconfigured(tls)
    ///     .build()?;
    /// let transport = ReqwestTransport::from_client(client);
    /// assert!(format!("{transport:?}").starts_with("ReqwestTransport"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_client(client: reqwest::Client) -> Self {
        Self {
            client: Arc::new(OnceLock::from(client)),
            connect_timeout: Duration::ZERO,
        }
    }

    /// Sets how long DNS, TCP and TLS may take together, 5 s by default.
    ///
    /// Takes effect before the first request of this transport, and not on a client of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::ReqwestTransport;
    /// use std::time::Duration;
    ///
    /// let transport = ReqwestTransport::new().with_connect_timeout(Duration::from_secs(20));
    /// assert!(format!("{transport:?}").contains("20s"));
    /// ```
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    fn client(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = self
            .build()
            .map_err(|e| Error::new(ErrorKind::Config, "the HTTP client cannot be built").with_source(e))?;
        Ok(self.client.get_or_init(|| client))
    }

    fn build(&self) -> Result<reqwest::Client, BoxError> {
        let builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            // A dead peer is noticed while a model thinks for minutes, and middle boxes keep the connection.
            .tcp_keepalive(Duration::from_secs(60))
            .user_agent(concat!("cadena/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "tls")]
        let builder = builder.tls_backend_preconfigured(tls::config()?);
        Ok(builder.build()?)
    }
}

#[cfg(feature = "tls")]
impl Default for ReqwestTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client's own Debug prints its default headers, and with them whatever key was put there.
        f.debug_struct("ReqwestTransport")
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        if Handle::try_current().is_err() {
            let detail = "`ReqwestTransport`, the default transport, works inside of a tokio runtime only";
            let hint = "call it from `#[tokio::main]`, or from a `tokio::runtime::Runtime` built with `enable_all`";
            return Err(Error::new(ErrorKind::Config, detail).with_hint(hint));
        }
        let origin = request.origin();
        let url = reqwest::Url::parse(&request.url).map_err(|e| {
            Error::new(ErrorKind::Config, format!("`{origin}` is not an absolute address")).with_source(e)
        })?;
        let mut headers = request.headers;
        mark_secret_headers(&mut headers);
        let body = match request.upload {
            // With its length announced it is not sent in chunks, which some gateways refuse.
            Some(upload) => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(upload.length()));
                reqwest::Body::wrap_stream(upload.open())
            }
            None => request.body.into(),
        };
        let answer = self
            .client()?
            .request(request.method, url)
            .headers(headers)
            .body(body)
            .send()
            .await;
        let mut answer = answer.map_err(|e| failure::of_send(e, &origin, self.connect_timeout))?;
        let status = answer.status();
        let headers = std::mem::take(answer.headers_mut());
        let body = answer
            .bytes_stream()
            .map(|chunk| chunk.map_err(failure::of_body))
            .boxed();
        Ok(StreamingResponse::new(status).with_headers(headers).with_body(body))
    }
}
