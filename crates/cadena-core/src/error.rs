//! The one error type of the workspace.

mod kind;
pub use kind::ErrorKind;
mod facts;
mod partial;
mod print;
mod shared;
mod withheld;
pub(crate) use withheld::Withheld;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use crate::ChoicesChunk;

/// The result of everything in cadena that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error that can be a source of an [`Error`].
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The reason why a step failed, the step, and whether another try can help.
///
/// [`kind`](Self::kind) tells a program what it can do; the accessors hold the facts that a server or a step reported. An
/// error is one word wide.
///
/// `Display` is one line that never repeats the [`source`](StdError::source) and never holds a secret or a prompt. The error
/// of a parser quotes at most a short piece of the model's answer. `{:?}` prints that line and the causes below it, so a
/// `main` that returns the error prints something readable; `{:#?}` prints the fields.
///
/// # Examples
///
/// ```
/// use cadena_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::RateLimited, "the server asks for a pause").with_status(429);
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "rate limited: the server asks for a pause (status 429)");
/// ```
///
/// # Example: the chain of causes
///
/// ```
/// use cadena_core::{Error, ErrorKind};
///
/// let refused = std::io::Error::other("connection refused");
/// let error = Error::new(ErrorKind::Storage, "the history cannot be read").with_source(refused);
///
/// let mut report = error.to_string();
/// let mut next = std::error::Error::source(&error);
/// while let Some(cause) = next {
///     report += &format!("\ncaused by: {cause}");
///     next = cause.source();
/// }
/// assert_eq!(report, "storage error: the history cannot be read\ncaused by: connection refused");
/// ```
pub struct Error {
    repr: Box<Repr>,
}

struct Repr {
    kind: ErrorKind,
    detail: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    step: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    r#type: Option<String>,
    param: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    retryable: Option<bool>,
    attempts: u32,
    partial: Option<Box<ChoicesChunk>>,
    source: Option<BoxError>,
}

impl Error {
    /// Makes an error of a kind with one line of detail: lower case, no final dot, names in backticks.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::InvalidInput, "`topic` is missing");
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                detail: detail.into(),
                hint: None,
                step: None,
                status: None,
                code: None,
                r#type: None,
                param: None,
                request_id: None,
                retry_after: None,
                retryable: None,
                attempts: 1,
                partial: None,
                source: None,
            }),
        }
    }

    /// Turns any error into an [`Error`]: one of ours stays as it is, another becomes the source of a new one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let parsed = "x".parse::<u8>().map_err(|e| Error::wrap(ErrorKind::Step, "the function failed", e));
    /// assert_eq!(parsed.unwrap_err().to_string(), "step failed: the function failed");
    /// ```
    #[must_use]
    pub fn wrap(kind: ErrorKind, detail: impl Into<Cow<'static, str>>, error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => Self::new(kind, detail).with_source(other),
        }
    }

    /// Returns the kind, on which a caller branches.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::InvalidInput, "`topic` is missing").in_step("prompt");
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.repr.kind
    }

    /// Returns the line that was passed to [`Error::new`], without kind, step or hint.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::InvalidInput, "`topic` is missing").in_step("prompt");
    /// assert_eq!(error.detail(), "`topic` is missing");
    /// assert_eq!(error.to_string(), "invalid input: `topic` is missing (in step `prompt`)");
    /// ```
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.repr.detail
    }

    /// Whether the same call may succeed later: by the kind, unless the server or the cause decided otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind};
    ///
    /// assert!(Error::from(ErrorKind::Server).is_retryable());
    /// assert!(!Error::from(ErrorKind::InvalidInput).is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.repr.retryable.unwrap_or_else(|| self.repr.kind.is_transient())
    }

    /// Looks for a cause of type `E` among the sources.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonOutputParser, UnparsedAnswer};
    ///
    /// let error = JsonOutputParser::new().parse("I had rather not").unwrap_err();
    /// let answer = error.downcast_source_ref::<UnparsedAnswer>().map(UnparsedAnswer::text);
    /// assert_eq!(answer, Some("I had rather not"));
    /// ```
    #[must_use]
    pub fn downcast_source_ref<E: StdError + 'static>(&self) -> Option<&E> {
        let mut next = self.source();
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Adds words to the detail.
    pub(crate) fn with_more_detail(mut self, more: &str) -> Self {
        self.repr.detail = format!("{}{more}", self.repr.detail).into();
        self
    }

    /// Replaces the source by what `wrap` makes of it.
    pub(crate) fn map_source(mut self, wrap: impl FnOnce(Option<BoxError>) -> BoxError) -> Self {
        self.repr.source = Some(wrap(self.repr.source.take()));
        self
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.repr.source.as_deref().map(|source| source as _)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, "")
    }
}

#[cfg(test)]
mod tests;
