//! The model's text behind an error of a parser.

use std::fmt;

use crate::json::quote;
use crate::{Error, ErrorKind};

/// What a model said where a parser expected something else: a source of the parser's error.
///
/// The text is content, so neither `Debug` nor `Display` prints it. Only if there is no JSON in an answer at all, the error shows how the answer begins, 60 characters at most:
/// without them nobody knows what to change.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonOutputParser, UnparsedAnswer};
///
/// let error = JsonOutputParser::new().parse("I had rather not").unwrap_err();
/// assert_eq!(error.to_string(), r#"parse error: expected a value at line 1 column 1, got "I had rather not""#);
/// assert_eq!(error.downcast_source_ref::<UnparsedAnswer>().map(UnparsedAnswer::text), Some("I had rather not"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UnparsedAnswer {
    text: String,
    pointer: Option<String>,
}

impl UnparsedAnswer {
    /// What the model said.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which value of the answer was not as expected, as a JSON pointer; `None` if the answer is not JSON or the place is not known.
    ///
    /// Its keys are the model's words, so it is not in the text of the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TypedOutputParser, UnparsedAnswer};
    ///
    /// let error = TypedOutputParser::<Vec<Vec<u8>>>::new().parse("[[1], [2, \"two\"]]").unwrap_err();
    /// assert_eq!(error.detail(), "expected u8 at line 1 column 15");
    /// assert_eq!(error.downcast_source_ref().and_then(UnparsedAnswer::pointer), Some("/1/1"));
    /// ```
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    /// An error about a text.
    pub(crate) fn of(text: impl Into<String>, detail: impl Into<String>) -> Error {
        Self::at(text, None, detail)
    }

    /// An error about a value of a text.
    pub(super) fn at(text: impl Into<String>, pointer: Option<String>, detail: impl Into<String>) -> Error {
        let text = text.into();
        Error::new(ErrorKind::Parse, detail.into()).with_source(Self { text, pointer })
    }

    /// Attaches the text to an error about it.
    pub(super) fn behind(text: impl Into<String>, error: Error) -> Error {
        error.with_source(Self {
            text: text.into(),
            pointer: None,
        })
    }

    /// The same for a text without a readable value: the error shows how it begins.
    pub(crate) fn unread(text: impl Into<String>, error: Error) -> Error {
        let text = text.into();
        if error.kind() != ErrorKind::Parse {
            return Self::behind(text, error);
        }
        let begin = quote(text.trim());
        let detail = match error.detail() {
            detail if text.trim().is_empty() || detail.ends_with(&begin) => detail.to_owned(),
            detail => format!("{detail}; the answer begins with {begin}"),
        };
        Self::of(text, detail)
    }
}

impl fmt::Debug for UnparsedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnparsedAnswer(..)")
    }
}

impl fmt::Display for UnparsedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer has {} bytes", self.text.len())
    }
}

impl std::error::Error for UnparsedAnswer {}
