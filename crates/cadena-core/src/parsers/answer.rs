//! [`UnparsedAnswer`]: the model's text, among the sources of a parser's error.

use std::fmt;

use crate::json::quote;
use crate::{Error, ErrorKind};

/// The text that a parser could not read: a source of the parser's error.
///
/// The error itself names the place and quotes a short piece of the text there, 60 characters at most: without them nobody knows what to
/// change. The whole text is content, so neither `Debug` nor `Display` of this type prints it.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonOutputParser, UnparsedAnswer};
///
/// let error = JsonOutputParser::new().parse("I had rather not").unwrap_err();
/// assert_eq!(error.to_string(), r#"parse error: expected a value at line 1 column 1, got "I had rather not""#);
///
/// let answer: &UnparsedAnswer = error.downcast_source_ref().expect("a parser failed");
/// assert_eq!(answer.text(), "I had rather not");
/// assert_eq!(answer.to_string(), "the answer has 16 bytes");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UnparsedAnswer {
    text: String,
    pointer: Option<String>,
}

impl UnparsedAnswer {
    /// Returns the text of the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonOutputParser, UnparsedAnswer};
    ///
    /// let error = JsonOutputParser::new().parse("I had rather not").unwrap_err();
    /// assert_eq!(error.downcast_source_ref().map(UnparsedAnswer::text), Some("I had rather not"));
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the JSON pointer of the value that does not fit the type; `None` if the text is not JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TypedOutputParser, UnparsedAnswer};
    ///
    /// let error = TypedOutputParser::<Vec<Vec<u8>>>::new().parse("[[1], [2, \"two\"]]").unwrap_err();
    /// assert_eq!(error.detail(), "`/1/1`: expected u8, got \"two\"");
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

    /// Makes the text the source of an error about it.
    pub(super) fn source_of(error: Error, text: impl Into<String>) -> Error {
        error.with_source(Self {
            text: text.into(),
            pointer: None,
        })
    }

    /// An error about a complete text without a readable value. It also shows how the text begins, unless it quotes that already.
    pub(crate) fn unread(text: impl Into<String>, error: Error) -> Error {
        let text = text.into();
        if error.kind() != ErrorKind::Parse {
            return Self::source_of(error, text);
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
