//! [`ErrorKind`]: the kinds of errors, by the caller's remedy.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of an [`Error`](crate::Error), which decides the caller's remedy.
///
/// Match on it with a `_` arm: later versions may add kinds.
///
/// # Examples
///
/// ```
/// use cadena_core::{Error, ErrorKind};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Authentication => "check the key",
///         ErrorKind::ContextOverflow => "send less",
///         _ if error.is_retryable() => "try again later",
///         _ => "look at the causes",
///     }
/// }
/// assert_eq!(advice(&ErrorKind::Server.into()), "try again later");
/// assert_eq!(advice(&ErrorKind::QuotaExhausted.into()), "look at the causes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input of a step was not acceptable: change the input.
    InvalidInput,
    /// A prompt template cannot be parsed or filled: change the template or its variables.
    Template,
    /// A parser could not read the model's text: ask again, or loosen the parser.
    Parse,
    /// A tool failed or was called wrongly.
    Tool,
    /// A function of the caller failed inside a step.
    Step,
    /// The provider or this version does not support the request: remove the option or choose another model.
    Unsupported,
    /// A setting is missing or malformed; nothing was sent.
    Config,
    /// The key was missing or not accepted: check it.
    Authentication,
    /// The key is valid but lacks the permission for the request.
    PermissionDenied,
    /// The model or the address does not exist.
    NotFound,
    /// The server rejected the request: change it.
    InvalidRequest,
    /// The prompt and the answer do not fit into the model's context: shorten them.
    ContextOverflow,
    /// The provider's content filter stopped the request or the answer.
    ContentFilter,
    /// The model declined to answer: ask for something else. A [`Refusal`](crate::Refusal) among the sources has its words.
    Refused,
    /// The server received too many requests: wait, then try again.
    RateLimited,
    /// The account has no credit left: another try cannot help.
    QuotaExhausted,
    /// The server failed: try again.
    Server,
    /// No connection could be made; the detail names DNS, TCP or TLS.
    Connect,
    /// A timer ran out; the detail names it.
    Timeout,
    /// The stream was open, but nothing came for too long.
    Stalled,
    /// The answer ended before it was complete: [`Error::partial`](crate::Error::partial) has the part that arrived.
    Truncated,
    /// The server sent something that its protocol does not allow.
    Decode,
    /// A size limit was exceeded, such as the length of one event.
    LimitExceeded,
    /// The call was cancelled.
    Cancelled,
    /// Two chunks do not add up.
    Merge,
    /// A message history or a cache cannot be read or written; the detail has the reason.
    Storage,
    /// An invariant of cadena is broken: please report it.
    Internal,
}

impl ErrorKind {
    /// Returns the kind in words, as `Display` prints it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::RateLimited.as_str(), "rate limited");
    /// assert_eq!(ErrorKind::RateLimited.to_string(), "rate limited");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid input",
            Self::Template => "invalid template",
            Self::Parse => "parse error",
            Self::Tool => "tool error",
            Self::Step => "step failed",
            Self::Unsupported => "unsupported",
            Self::Config => "invalid configuration",
            Self::Authentication => "authentication failed",
            Self::PermissionDenied => "permission denied",
            Self::NotFound => "not found",
            Self::InvalidRequest => "invalid request",
            Self::ContextOverflow => "context overflow",
            Self::ContentFilter => "content filtered",
            Self::Refused => "refused",
            Self::RateLimited => "rate limited",
            Self::QuotaExhausted => "quota exhausted",
            Self::Server => "server error",
            Self::Connect => "connection failed",
            Self::Timeout => "timed out",
            Self::Stalled => "stalled",
            Self::Truncated => "truncated answer",
            Self::Decode => "malformed response",
            Self::LimitExceeded => "limit exceeded",
            Self::Cancelled => "cancelled",
            Self::Merge => "chunks do not add up",
            Self::Storage => "storage error",
            Self::Internal => "internal error",
        }
    }

    /// Returns whether errors of this kind usually go away without a change by the caller.
    ///
    /// [`Error::is_retryable`](crate::Error::is_retryable) also knows what the server reported.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    ///
    /// assert!(ErrorKind::Server.is_transient());
    /// assert!(!ErrorKind::QuotaExhausted.is_transient());
    /// ```
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Server | Self::Connect | Self::Timeout | Self::Stalled | Self::Truncated
        )
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
