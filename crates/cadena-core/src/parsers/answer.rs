//! The model's text behind an error of a parser.

use std::fmt;

use crate::{Error, ErrorKind};

/// What a model said where a parser expected something else: a source of the parser's error.
///
/// The text is content, so neither `Debug` nor `Display` prints it.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonOutputParser, UnparsedAnswer};
///
/// let error = JsonOutputParser::new().parse("I had rather not").unwrap_err();
/// assert_eq!(error.to_string(), "parse error: expected a value at line 1 column 1");
/// assert_eq!(error.downcast_source_ref::<UnparsedAnswer>().map(UnparsedAnswer::text), Some("I had rather not"));
/// assert!(!format!("{error:?}").contains("rather"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UnparsedAnswer(String);

impl UnparsedAnswer {
    /// What the model said.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// An error about a text.
    pub(super) fn of(text: impl Into<String>, detail: impl Into<String>) -> Error {
        Error::new(ErrorKind::Parse, detail.into()).with_source(Self(text.into()))
    }

    /// Attaches the text to an error about it.
    pub(super) fn behind(text: impl Into<String>, error: Error) -> Error {
        error.with_source(Self(text.into()))
    }
}

impl fmt::Debug for UnparsedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnparsedAnswer(..)")
    }
}

impl fmt::Display for UnparsedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer has {} bytes", self.0.len())
    }
}

impl std::error::Error for UnparsedAnswer {}
