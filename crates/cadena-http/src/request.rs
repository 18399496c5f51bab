//! One HTTP request, with a body that can be sent again.

use std::fmt;

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Serialize;

use crate::Upload;
use crate::secret::mark_secret_headers;

/// An HTTP request as a provider makes it. A clone shares the body, so a retry copies no prompt.
///
/// `Debug` prints the method, the address without user and query, the names of the headers and the length of the body: never a
/// key or a prompt.
///
/// # Examples
///
/// ```
/// use cadena_http::{HttpRequest, Secret};
///
/// let request = HttpRequest::post("https://example.com/v1/chat?key=abcdef")
///     .with_header(http::header::AUTHORIZATION, Secret::new("sk-abcdef").bearer()?)
///     .with_json(&serde_json::json!({"prompt": "hi"}))?;
/// assert_eq!(request.body.as_ref(), br#"{"prompt":"hi"}"#);
/// let printed = format!("{request:?}");
/// assert!(printed.contains("POST") && printed.contains("authorization"));
/// assert!(!printed.contains("abcdef") && !printed.contains("hi\""));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method, such as `POST`.
    pub method: Method,
    /// The absolute address with scheme, host, path and query.
    pub url: String,
    /// The headers. Values that carry keys should be marked as sensitive, as [`Secret`](crate::Secret) does.
    pub headers: HeaderMap,
    /// The body, which may be empty.
    pub body: Bytes,
    /// The body that is read while it is sent, if it is too large for memory. A transport must look here first.
    pub upload: Option<Upload>,
}

impl HttpRequest {
    /// Makes a request without headers and body.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::HttpRequest;
    ///
    /// let request = HttpRequest::new(http::Method::DELETE, "http://localhost/v1/files/1");
    /// assert_eq!(request.method, "DELETE");
    /// ```
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            upload: None,
        }
    }

    /// Makes a `GET` request.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::HttpRequest::get("http://localhost/v1/models").method, "GET");
    /// ```
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// Makes a `POST` request.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::HttpRequest::post("http://localhost/v1/chat").method, "POST");
    /// ```
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// Sets a header, in place of an earlier value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::HttpRequest;
    /// use http::{HeaderName, HeaderValue, header};
    ///
    /// let request = HttpRequest::get("http://localhost/")
    ///     .with_header(header::ACCEPT, HeaderValue::from_static("*/*"))
    ///     .with_header(HeaderName::from_static("x-trace"), HeaderValue::from_static("1"));
    /// assert_eq!(request.headers["accept"], "*/*");
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        mark_secret_headers(&mut self.headers);
        self
    }

    /// Sets a body of JSON and its content type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::HttpRequest;
    ///
    /// let request = HttpRequest::post("http://localhost/").with_json(&[1, 2])?;
    /// assert_eq!(request.body.as_ref(), b"[1,2]");
    /// assert_eq!(request.headers["content-type"], "application/json");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the value cannot be written as JSON, as a map with keys that are not text.
    pub fn with_json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        let body = serde_json::to_vec(value)
            .map_err(|e| Error::new(ErrorKind::InvalidInput, "the request cannot be written as JSON").with_source(e))?;
        self.body = body.into();
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// Sets a body of bytes; its content type is up to the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::HttpRequest::post("http://localhost/").with_body("text").body.len(), 4);
    /// ```
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a body that is read while it is sent, in place of one in memory; its content type is up to the caller.
    ///
    /// # Examples
    ///
    /// See [`Upload`].
    #[must_use]
    pub fn with_upload(mut self, upload: Upload) -> Self {
        self.upload = Some(upload);
        self
    }

    /// Returns scheme, host and port, without user: the part of the address that an error may show.
    ///
    /// # Examples
    ///
    /// ```
    /// let request = cadena_http::HttpRequest::get("http://user:password@localhost:8000/v1?key=abcdef");
    /// assert_eq!(request.origin(), "http://localhost:8000");
    /// ```
    #[must_use]
    pub fn origin(&self) -> String {
        origin(&self.url)
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        let bytes = match &self.upload {
            Some(upload) => upload.length(),
            None => u64::try_from(self.body.len()).unwrap_or(u64::MAX),
        };
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &format_args!("{}{}", self.origin(), path(&self.url)))
            .field("headers", &names)
            .field("body", &format_args!("{bytes} bytes"))
            .finish()
    }
}

/// Scheme, host and port of an address, or a description if it has no scheme.
pub(crate) fn origin(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
            let host = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
            format!("{scheme}://{host}")
        }
        None => "an address without a scheme".to_owned(),
    }
}

/// The path of an address without query, at least `/`.
pub(crate) fn path(url: &str) -> &str {
    let path = path_and_query(url);
    path.split('?').next().unwrap_or(path)
}

/// The path and query of an address, at least `/`.
pub(crate) fn path_and_query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or(rest);
    rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_user_and_a_path_no_query() {
        let url = "https://u:p@h:1/a/b?c=d#e";
        assert_eq!(origin(url), "https://h:1");
        assert_eq!(path(url), "/a/b");
        assert_eq!(path_and_query(url), "/a/b?c=d");
        assert_eq!(path_and_query("https://h"), "/");
    }

    #[test]
    fn a_known_header_is_marked_whoever_made_its_value() {
        let request = HttpRequest::get("http://h/")
            .with_header(HeaderName::from_static("api-key"), HeaderValue::from_static("abcdef"));
        assert!(request.headers["api-key"].is_sensitive());
    }
}
