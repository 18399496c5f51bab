//! The errors of a case, and the Python class of each.

use std::fmt;

use cadena_core::{Error, ErrorKind};
use serde_json::Value;

use crate::runnable::Raised;

/// Why a case has no result.
#[derive(Debug)]
pub(crate) struct CaseError {
    cause: Cause,
    partial: Option<Value>,
}

#[derive(Debug)]
enum Cause {
    /// An error of cadena.
    Cadena(Error),
    /// The arguments are not what a type accepts; pydantic and constructors say the same.
    Rejected(serde_json::Error),
    /// The case asks for what does not exist yet.
    Open(&'static str),
    /// The case is a program that the compiler refuses.
    DoesNotCompile(&'static str),
}

impl CaseError {
    /// A case that asks for what does not exist yet: it counts as open, never as passed or failed.
    pub(crate) fn open(what: &'static str) -> Self {
        Self {
            cause: Cause::Open(what),
            partial: None,
        }
    }

    /// A case that cannot be written: where LangChain looks at run time, the compiler does.
    pub(crate) fn does_not_compile(what: &'static str) -> Self {
        Self {
            cause: Cause::DoesNotCompile(what),
            partial: None,
        }
    }

    /// The missing feature, if that is the reason.
    pub(crate) fn is_open(&self) -> Option<&'static str> {
        match self.cause {
            Cause::Open(what) => Some(what),
            _ => None,
        }
    }

    /// Adds what had been produced before.
    pub(crate) fn with_partial(mut self, partial: Value) -> Self {
        self.partial = Some(partial);
        self
    }

    /// The output before the error.
    pub(crate) fn partial(&self) -> Option<&Value> {
        self.partial.as_ref()
    }

    /// The kind of cadena's error; `Rejected` for arguments that no type accepts.
    pub(crate) fn kind_name(&self) -> String {
        match &self.cause {
            Cause::Cadena(error) => format!("{:?}", error.kind()),
            Cause::Rejected(_) => "Rejected".to_owned(),
            Cause::Open(_) => "Open".to_owned(),
            Cause::DoesNotCompile(_) => "DoesNotCompile".to_owned(),
        }
    }

    /// The classes, or bases of classes, that LangChain raises for the same fault.
    pub(crate) fn python_classes(&self, op: &str) -> &'static [&'static str] {
        match &self.cause {
            Cause::Rejected(_) => &["ValidationError", "ValueError", "TypeError", "KeyError"],
            Cause::Cadena(error) => match error.downcast_source_ref::<Raised>() {
                Some(raised) => raised.classes(),
                None => kind_classes(error.kind(), op),
            },
            Cause::Open(_) | Cause::DoesNotCompile(_) => &[],
        }
    }
}

fn kind_classes(kind: ErrorKind, op: &str) -> &'static [&'static str] {
    match kind {
        ErrorKind::InvalidInput if op == "convert_to_messages" => {
            &["NotImplementedError", "ValueError", "TypeError", "KeyError"]
        }
        // A name that the input does not have, in Jinja.
        ErrorKind::InvalidInput if op == "prompt_jinja2" => &["UndefinedError", "KeyError"],
        ErrorKind::InvalidInput | ErrorKind::Config | ErrorKind::Unsupported => {
            &["ValueError", "TypeError", "KeyError"]
        }
        ErrorKind::Template => &[
            "KeyError",
            "IndexError",
            "ValueError",
            "TypeError",
            "TemplateError",
            "SyntaxError",
            "NotImplementedError",
            "OverflowError",
        ],
        // What the XML parser of Python raises in a stream, and `defusedxml` for entities.
        ErrorKind::Parse => &[
            "OutputParserException",
            "JSONDecodeError",
            "ParseError",
            "EntitiesForbidden",
        ],
        // Python looks up the id of the right side, which another kind of chunk has not.
        ErrorKind::Merge if op == "add_message_chunks" => &["TypeError", "ValueError", "KeyError"],
        ErrorKind::Merge => &["TypeError", "ValueError", "AttributeError"],
        ErrorKind::LimitExceeded => &["RecursionError", "OverflowError"],
        ErrorKind::Authentication => &["ModelAuthenticationError"],
        ErrorKind::PermissionDenied => &["ModelPermissionDeniedError"],
        ErrorKind::NotFound => &["ModelNotFoundError"],
        ErrorKind::InvalidRequest => &["ModelInvalidRequestError", "UnprocessableEntityError"],
        ErrorKind::ContextOverflow => &["ContextOverflowError", "ModelInvalidRequestError"],
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted => &["ModelRateLimitError"],
        // 409 is a lock that was not free, which OpenAI's client tries again as it does a failure.
        ErrorKind::Server => &["ModelAPIError", "ConflictError", "APIError"],
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Stalled => &["ModelConnectionError"],
        ErrorKind::Decode => &[
            "JSONDecodeError",
            "ValidationError",
            "ValueError",
            "TypeError",
            "IndexError",
        ],
        // A body that is cut is a lost connection in Python; a stream without a chunk is a wrong value.
        ErrorKind::Truncated => &["ModelConnectionError", "ValueError"],
        // LangChain has no error for the rest: an operation that gives one departs from it.
        _ => &[],
    }
}

impl From<Error> for CaseError {
    fn from(error: Error) -> Self {
        Self {
            cause: Cause::Cadena(error),
            partial: None,
        }
    }
}

impl From<serde_json::Error> for CaseError {
    fn from(error: serde_json::Error) -> Self {
        Self {
            cause: Cause::Rejected(error),
            partial: None,
        }
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Cadena(error) => write!(f, "{:?} ({error})", error.kind()),
            Cause::Rejected(error) => write!(f, "Rejected ({error})"),
            Cause::Open(what) => write!(f, "open: {what}"),
            Cause::DoesNotCompile(what) => write!(f, "does not compile: {what}"),
        }
    }
}
