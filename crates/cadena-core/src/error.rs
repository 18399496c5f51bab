//! The one error type of the workspace, and the kinds that tell a caller what to do.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ChoicesChunk;
use crate::messages::AIMessageChunk;

/// The result of everything in cadena that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error that can be a source of an [`Error`].
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong in a step, where, and whether another try can help.
///
/// One word wide. [`kind`](Self::kind) says what the caller can do; the accessors hold what a server or a
/// step told us. `Display` is one line that never repeats its [`source`](StdError::source) and never holds a
/// secret or a prompt.
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
                partial: None,
                source: None,
            }),
        }
    }

    /// Attaches the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.repr.source = Some(source.into());
        self
    }

    /// Adds what the reader can do about it, printed after the detail.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.repr.hint = Some(hint.into());
        self
    }

    /// Names the step of the chain that failed, unless a step inside it was named before.
    #[must_use]
    pub fn in_step(mut self, step: impl Into<String>) -> Self {
        self.repr.step.get_or_insert_with(|| step.into());
        self
    }

    /// Names the run in place of its step, unless a step inside it was named before.
    #[must_use]
    pub(crate) fn in_run(mut self, step: &str, run: &str) -> Self {
        if self.step().is_none_or(|named| named == step) {
            self.repr.step = Some(run.into());
        }
        self
    }

    /// Sets the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.repr.status = Some(status);
        self
    }

    /// Sets the provider's own error code, such as `insufficient_quota`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.repr.code = Some(code.into());
        self
    }

    /// Sets the provider's own class of the error, such as `invalid_request_error`.
    #[must_use]
    pub fn with_type(mut self, r#type: impl Into<String>) -> Self {
        self.repr.r#type = Some(r#type.into());
        self
    }

    /// Sets the parameter of the request that the server complains about, such as `messages[0].content`.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.repr.param = Some(param.into());
        self
    }

    /// Sets the id that the server gave the request, for its support.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.repr.request_id = Some(id.into());
        self
    }

    /// Sets how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.repr.retry_after = Some(wait);
        self
    }

    /// Overrides what the kind says about another try, as `x-should-retry` or a failed certificate do.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.repr.retryable = Some(retryable);
        self
    }

    /// Attaches the part of the answer that had arrived: of several, of the first.
    #[must_use]
    pub fn with_partial(self, partial: AIMessageChunk) -> Self {
        self.with_partial_choices(ChoicesChunk::new(0, partial))
    }

    /// Attaches the parts of several answers that had arrived, in place of what is attached for the same ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ChoicesChunk, Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Truncated, "the stream ended early")
    ///     .with_partial(AIMessageChunk::new("Hel"))
    ///     .with_partial_choices(ChoicesChunk::new(1, AIMessageChunk::new("Goo")));
    /// assert_eq!(error.partial_choices().map(|choices| choices.iter().count()), Some(2));
    /// ```
    #[must_use]
    pub fn with_partial_choices(mut self, partial: ChoicesChunk) -> Self {
        let before = self.repr.partial.take().map(|before| *before).unwrap_or_default();
        let kept = before.into_iter().filter(|(index, _)| partial.get(*index).is_none());
        let all: ChoicesChunk = kept.collect::<Vec<_>>().into_iter().chain(partial).collect();
        self.repr.partial = Some(Box::new(all));
        self
    }

    /// Says what the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.repr.kind
    }

    /// The line that was given to [`Error::new`], without kind, step or hint.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.repr.detail
    }

    /// What the reader can do about it, if the place that failed knew.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.repr.hint.as_deref()
    }

    /// The name of the innermost step that failed.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        self.repr.step.as_deref()
    }

    /// The HTTP status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.repr.status
    }

    /// The provider's own error code. Where a server sends a type and no code, this is the type, unless it repeats the kind.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.repr.code.as_deref()
    }

    /// The provider's own class of the error, as the server wrote it in `type`. [`kind`](Self::kind) is what to branch on: servers
    /// write the same type for errors that want different things of a caller.
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

    /// The parameter of the request that the server complains about, as the server wrote it in `param`.
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

    /// The id that the server gave the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.repr.request_id.as_deref()
    }

    /// How long the server asked to wait before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.repr.retry_after
    }

    /// Whether the same call may succeed later: by the kind, unless the server or the cause said otherwise.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.repr.retryable.unwrap_or_else(|| self.repr.kind.is_transient())
    }

    /// The part of the answer that had arrived before the error, with its logprobs. Of several answers this is the first:
    /// [`partial_choices`](Self::partial_choices) has the others.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Truncated, "the stream ended early").with_partial(AIMessageChunk::new("Hel"));
    /// assert_eq!(error.partial().map(|chunk| chunk.text().into_owned()), Some("Hel".to_owned()));
    /// ```
    #[must_use]
    pub fn partial(&self) -> Option<&AIMessageChunk> {
        self.repr.partial.as_deref()?.get(0)
    }

    /// What had arrived of every answer, by its index, where a model was asked for several
    /// ([`ChatModelExt::all_choices`](crate::ChatModelExt::all_choices), [`generate`](crate::ChatModelExt::generate)).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Truncated, "the stream ended early").with_partial(AIMessageChunk::new("Hel"));
    /// assert_eq!(error.partial_choices().and_then(|all| all.get(0)), error.partial());
    /// assert_eq!(Error::from(ErrorKind::Timeout).partial_choices(), None);
    /// ```
    #[must_use]
    pub fn partial_choices(&self) -> Option<&ChoicesChunk> {
        self.repr.partial.as_deref()
    }

    /// Looks for a cause of type `E` behind this error.
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

    /// Turns any error into ours: an [`Error`] stays as it is, another becomes the source of a new one.
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
}

impl Error {
    /// Puts something between the error and its source.
    pub(crate) fn map_source(mut self, wrap: impl FnOnce(Option<BoxError>) -> BoxError) -> Self {
        self.repr.source = Some(wrap(self.repr.source.take()));
        self
    }

    /// The same error for another reader of the same stream; the original, with its sources, is its source.
    pub(crate) fn shared(error: &Arc<Self>) -> Self {
        let repr = &*error.repr;
        Self {
            repr: Box::new(Repr {
                kind: repr.kind,
                detail: repr.detail.clone(),
                hint: repr.hint.clone(),
                step: repr.step.clone(),
                status: repr.status,
                code: repr.code.clone(),
                r#type: repr.r#type.clone(),
                param: repr.param.clone(),
                request_id: repr.request_id.clone(),
                retry_after: repr.retry_after,
                retryable: repr.retryable,
                partial: repr.partial.clone(),
                source: repr.source.as_ref().map(|_| SharedSource(Arc::clone(error)).into()),
            }),
        }
    }
}

/// The source of an error that several readers share.
#[derive(Debug)]
struct SharedSource(Arc<Error>);

impl fmt::Display for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(source) => fmt::Display::fmt(source, f),
            None => Ok(()),
        }
    }
}

impl StdError for SharedSource {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()?.source()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repr = &*self.repr;
        f.write_str(repr.kind.as_str())?;
        if !repr.detail.is_empty() {
            write!(f, ": {}", repr.detail)?;
        }
        let mut facts = Vec::new();
        facts.extend(repr.status.map(|status| format!("status {status}")));
        facts.extend(repr.code.as_ref().map(|code| format!("code `{code}`")));
        facts.extend(repr.request_id.as_ref().map(|id| format!("request `{id}`")));
        facts.extend(repr.step.as_ref().map(|step| format!("in step `{step}`")));
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        if let Some(hint) = &repr.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            fmt::Display::fmt(self, f)?;
            let mut head = "\n\nCaused by:";
            let mut source = self.source();
            while let Some(cause) = source {
                f.write_str(std::mem::take(&mut head))?;
                match Withheld::is(cause) {
                    true => f.write_str("\n    (a text that may quote the input; `source()` has it)")?,
                    false => write!(f, "\n    {cause}")?,
                }
                source = cause.source();
            }
            return Ok(());
        }
        let repr = &*self.repr;
        let mut out = f.debug_struct("Error");
        out.field("kind", &repr.kind).field("detail", &repr.detail);
        if let Some(hint) = &repr.hint {
            out.field("hint", hint);
        }
        if let Some(step) = &repr.step {
            out.field("step", step);
        }
        if let Some(status) = &repr.status {
            out.field("status", status);
        }
        if let Some(code) = &repr.code {
            out.field("code", code);
        }
        if let Some(r#type) = &repr.r#type {
            out.field("type", r#type);
        }
        if let Some(param) = &repr.param {
            out.field("param", param);
        }
        if let Some(id) = &repr.request_id {
            out.field("request_id", id);
        }
        if let Some(wait) = &repr.retry_after {
            out.field("retry_after", wait);
        }
        if repr.partial.is_some() {
            // The partial answer is content: it stays out of logs.
            out.field("partial", &format_args!("AIMessageChunk {{ .. }}"));
        }
        if let Some(source) = &repr.source {
            out.field("source", source);
        }
        out.finish()
    }
}

/// A cause whose text may quote the input, so that only a caller who asks for it gets it.
pub(crate) struct Withheld(String);

impl Withheld {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether a cause is such a text, also one that several readers share.
    fn is(cause: &(dyn StdError + 'static)) -> bool {
        let shared = cause.downcast_ref::<SharedSource>();
        cause.is::<Self>() || shared.is_some_and(|shared| shared.0.source().is_some_and(Self::is))
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withheld(..)")
    }
}

impl StdError for Withheld {}

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

/// What a caller can do about an [`Error`].
///
/// # Examples
///
/// ```
/// use cadena_core::ErrorKind;
///
/// assert!(ErrorKind::Server.is_transient());
/// assert!(!ErrorKind::QuotaExhausted.is_transient());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input of a step was not acceptable: change the input.
    InvalidInput,
    /// A prompt template cannot be parsed or filled: change the template or its variables.
    Template,
    /// A model's text was not what a parser expected: ask again, or loosen the parser.
    Parse,
    /// A tool failed or was called wrongly.
    Tool,
    /// A function of the caller's failed inside a step.
    Step,
    /// The provider or this version cannot do what was asked: remove the option or choose another model.
    Unsupported,
    /// A setting is missing or malformed, found before anything was sent.
    Config,
    /// The key was missing or not accepted: check it.
    Authentication,
    /// The key is valid but may not do this.
    PermissionDenied,
    /// The model or the address does not exist.
    NotFound,
    /// The server rejected the request: change it.
    InvalidRequest,
    /// The prompt and the answer do not fit into the model's context: shorten them.
    ContextOverflow,
    /// The provider's content filter stopped the request or the answer.
    ContentFilter,
    /// The model declined to answer: ask for something else. A [`Refusal`](crate::Refusal) behind the error has its words.
    Refused,
    /// Too many requests: wait, then try again.
    RateLimited,
    /// The account has no credit left: another try cannot help.
    QuotaExhausted,
    /// The server failed: try again.
    Server,
    /// No connection could be made (DNS, TCP or TLS; the detail says which).
    Connect,
    /// A timer ran out (the detail says which).
    Timeout,
    /// The stream was open, but nothing came for too long.
    Stalled,
    /// The answer ended before it was complete: [`Error::partial`] has what arrived.
    Truncated,
    /// What the server sent is not what the protocol says.
    Decode,
    /// A size limit was exceeded, such as the length of one event.
    LimitExceeded,
    /// The call was cancelled.
    Cancelled,
    /// Two chunks do not add up.
    Merge,
    /// A message history or a cache cannot be read or written (the detail says why).
    Storage,
    /// An invariant of cadena is broken: please report it.
    Internal,
}

impl ErrorKind {
    /// The kind in words, as `Display` prints it.
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

    /// Whether errors of this kind usually pass by themselves.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_does_not_repeat_its_source() {
        let error = Error::new(ErrorKind::Decode, "the body is not JSON")
            .with_source("expected value at line 1")
            .in_step("model")
            .in_step("chain");
        assert_eq!(
            error.to_string(),
            "malformed response: the body is not JSON (in step `model`)"
        );
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("expected value at line 1")
        );
    }

    #[test]
    fn debug_does_not_print_the_partial_answer() {
        let error = Error::from(ErrorKind::Truncated).with_partial(AIMessageChunk::new("a secret"));
        assert!(!format!("{error:?} {error:#?}").contains("secret"));
    }

    #[test]
    fn debug_withholds_a_text_that_may_quote_the_input_also_where_it_is_shared() {
        let error = Error::new(ErrorKind::Step, "the function panicked").with_source(Withheld::new("a secret"));
        let shared = Error::shared(&Arc::new(error));
        assert_eq!(shared.source().map(ToString::to_string).as_deref(), Some("a secret"));
        assert!(!format!("{shared:?} {shared:#?}").contains("secret"));
    }

    #[test]
    fn debug_prints_the_line_and_the_causes_and_its_long_form_the_fields() {
        let inner = Error::new(ErrorKind::Connect, "refused").with_source("os error 111");
        let error = Error::new(ErrorKind::Server, "no answer")
            .with_hint("try again")
            .with_source(inner);
        assert_eq!(
            format!("{error:?}"),
            "server error: no answer; try again\n\nCaused by:\n    connection failed: refused\n    os error 111"
        );
        assert!(format!("{error:#?}").contains("kind: Server"));
    }
}
