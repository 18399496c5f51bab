//! The facts that an [`Error`] carries, each with the method that attaches it and the one that reads it.

use std::borrow::Cow;
use std::time::Duration;

use super::{BoxError, Error};

impl Error {
    /// Attaches the error that caused this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error as _;
    ///
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Storage, "the file cannot be read").with_source("permission denied");
    /// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("permission denied"));
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.repr.source = Some(source.into());
        self
    }

    /// Adds a remedy for the reader, printed after the detail.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Authentication, "no key").with_hint("set `OPENAI_API_KEY`");
    /// assert_eq!(error.to_string(), "authentication failed: no key; set `OPENAI_API_KEY`");
    /// ```
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.repr.hint = Some(hint.into());
        self
    }

    /// Names the step of the chain that failed, unless a step inside it is already named.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::Timeout).in_step("model").in_step("chain");
    /// assert_eq!(error.step(), Some("model"));
    /// ```
    #[must_use]
    pub fn in_step(mut self, step: impl Into<String>) -> Self {
        self.repr.step.get_or_insert_with(|| step.into());
        self
    }

    /// Names the run in place of its step, unless a step inside it is already named.
    #[must_use]
    pub(crate) fn in_run(mut self, step: &str, run: &str) -> Self {
        if self.step().is_none_or(|named| named == step) {
            self.repr.step = Some(run.into());
        }
        self
    }

    /// Sets the HTTP status of the response.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Server, "it is overloaded").with_status(503);
    /// assert_eq!(error.status(), Some(503));
    /// assert!(error.to_string().ends_with("(status 503)"));
    /// ```
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.repr.status = Some(status);
        self
    }

    /// Sets the provider's own error code, such as `insufficient_quota`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::QuotaExhausted, "pay the bill").with_code("insufficient_quota");
    /// assert_eq!(error.code(), Some("insufficient_quota"));
    /// assert!(error.to_string().ends_with("(code `insufficient_quota`)"));
    /// ```
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.repr.code = Some(code.into());
        self
    }

    /// Sets the provider's own class of the error, such as `invalid_request_error`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::InvalidRequest).with_type("invalid_request_error");
    /// assert_eq!(error.error_type(), Some("invalid_request_error"));
    /// assert_eq!(error.code(), None);
    /// ```
    #[must_use]
    pub fn with_type(mut self, r#type: impl Into<String>) -> Self {
        self.repr.r#type = Some(r#type.into());
        self
    }

    /// Sets the parameter of the request that the server complains about, such as `messages[0].content`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::InvalidRequest).with_param("messages[0].content");
    /// assert_eq!(error.param(), Some("messages[0].content"));
    /// ```
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.repr.param = Some(param.into());
        self
    }

    /// Sets the id that the server assigned to the request, for its support.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Server, "it is overloaded").with_request_id("req_7");
    /// assert_eq!(error.request_id(), Some("req_7"));
    /// assert!(error.to_string().ends_with("(request `req_7`)"));
    /// ```
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.repr.request_id = Some(id.into());
        self
    }

    /// Sets how long the server asked to wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::RateLimited).with_retry_after(Duration::from_millis(1500));
    /// assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.repr.retry_after = Some(wait);
        self
    }

    /// Overrides [`ErrorKind::is_transient`](crate::ErrorKind::is_transient), as the header `x-should-retry` or a failed
    /// certificate do.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// assert!(!Error::from(ErrorKind::Connect).with_retryable(false).is_retryable());
    /// ```
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.repr.retryable = Some(retryable);
        self
    }

    /// Sets how often the request of the step was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// assert_eq!(Error::from(ErrorKind::Server).with_attempts(3).attempts(), 3);
    /// assert_eq!(Error::from(ErrorKind::Server).with_attempts(0).attempts(), 1); // it was sent at least once
    /// ```
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.repr.attempts = attempts.max(1);
        self
    }

    /// Returns the remedy, if the code that failed knew one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Authentication, "no key").with_hint("set `OPENAI_API_KEY`");
    /// assert_eq!(error.hint(), Some("set `OPENAI_API_KEY`"));
    /// assert_eq!(Error::new(ErrorKind::Authentication, "no key").hint(), None);
    /// ```
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.repr.hint.as_deref()
    }

    /// Returns the name of the innermost step that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let parse = lambda(|text: String| text.parse::<i32>()).named("parse");
    /// let error = parse.invoke("x").await.unwrap_err();
    /// assert_eq!(error.step(), Some("parse"));
    /// # });
    /// ```
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        self.repr.step.as_deref()
    }

    /// Returns the HTTP status, if there was a response.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// assert_eq!(Error::new(ErrorKind::Server, "").with_status(503).status(), Some(503));
    /// assert_eq!(Error::from(ErrorKind::Connect).status(), None);
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.repr.status
    }

    /// Returns the provider's own error code.
    ///
    /// Where a server sends a type and no code, this is the type, unless it repeats the kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::QuotaExhausted).with_code("insufficient_quota");
    /// assert_eq!(error.code(), Some("insufficient_quota"));
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.repr.code.as_deref()
    }

    /// Returns the provider's own class of the error, as the server wrote it in `type`.
    ///
    /// Branch on [`kind`](Self::kind) instead: servers write the same type for errors that need different actions.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::InvalidRequest, "it must be at most 2").with_type("invalid_request_error");
    /// assert_eq!(error.error_type(), Some("invalid_request_error"));
    /// assert_eq!(error.to_string(), "invalid request: it must be at most 2");
    /// ```
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.repr.r#type.as_deref()
    }

    /// Returns the parameter of the request that the server complains about, as the server wrote it in `param`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::InvalidRequest, "it must be at most 2").with_param("temperature");
    /// assert_eq!(error.param(), Some("temperature"));
    /// assert_eq!(Error::from(ErrorKind::Server).param(), None);
    /// ```
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.repr.param.as_deref()
    }

    /// Returns the id that the server assigned to the request.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::Server).with_request_id("req_7");
    /// assert_eq!(error.request_id(), Some("req_7"));
    /// assert_eq!(Error::from(ErrorKind::Connect).request_id(), None);
    /// ```
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.repr.request_id.as_deref()
    }

    /// Returns how long the server asked to wait before another try.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::RateLimited).with_retry_after(Duration::from_secs(2));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.repr.retry_after
    }

    /// Returns how often the request of the step was sent: 1, or more if a client has repeated it.
    ///
    /// [`with_retry`](crate::RunnableExt::with_retry) counts each of them as an attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// assert_eq!(Error::from(ErrorKind::Server).attempts(), 1);
    /// assert_eq!(Error::from(ErrorKind::Server).with_attempts(3).attempts(), 3);
    /// ```
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.repr.attempts
    }
}
