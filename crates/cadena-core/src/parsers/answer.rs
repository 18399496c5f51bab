//! The model's text behind an error of a parser.

use std::fmt;

use crate::{Error, ErrorKind};

/// What a model said where a parser expected something else: a source of the parser's error.
///
/// The text is content, so neither `Debug` nor `Display` prints it. Only if there is no JSON in an answer at all, the error shows how the answer begins, 80 characters at most:
/// without them nobody knows what to change.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonOutputParser, UnparsedAnswer};
///
/// let error = JsonOutputParser::new().parse("I had rather not").unwrap_err();
/// assert_eq!(error.to_string(), r#"parse error: expected a value at line 1 column 1; the answer begins with "I had rather not""#);
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
        let detail = format!("{}{}", error.detail(), begin(&text));
        Self::of(text, detail)
    }
}

/// How many characters of an answer an error shows.
const SHOWN: usize = 80;

fn begin(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("; the answer begins with {:?} …", text.get(..end).unwrap_or_default()),
        None => format!("; the answer begins with {text:?}"),
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
