//! [`PartialJson`]: the value of JSON text that is still arriving.

use std::sync::OnceLock;

use serde_json::Value;

use super::brackets::{Brackets, rewind};
use super::quote::SHOWN;
use super::scanner::Scanner;
use crate::error::{Error, ErrorKind, Result};

static NULL: Value = Value::Null;

/// Reads JSON in pieces and has the value of the text so far at every moment.
///
/// A piece costs as much as its bytes, plus a step per open bracket, wherever the text was cut: within a word, a
/// number, an escape or a surrogate pair. The value is always ready, so looking at it costs nothing.
/// The [module page](super) defines the value of an unfinished text.
///
/// Arrays and objects may be nested 128 deep, unless [`depth_limit`](Self::depth_limit) sets another limit. The text
/// is kept as far as it is JSON, so memory is the value and that text.
///
/// # Examples
///
/// ```
/// use cadena_core::json::PartialJson;
/// use serde_json::json;
///
/// let mut json = PartialJson::new();
/// json.push(r#"{"a": [1, {"b": "caf\u00"#)?;
/// assert_eq!(json.value(), Some(&json!({"a": [1, {}]})));
///
/// json.push(r#"e9"#)?;
/// assert_eq!(json.value(), Some(&json!({"a": [1, {"b": "café"}]})));
///
/// json.push(r#""}]}"#)?;
/// assert_eq!(json.finish()?, json!({"a": [1, {"b": "café"}]}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PartialJson {
    scanner: Scanner,
    rest: Option<Rest>,
}

/// The text from the first byte on that is not JSON.
#[derive(Clone, Debug)]
struct Rest {
    brackets: Brackets,
    /// The value that the brackets now open would close, computed when it is asked for.
    rewound: OnceLock<Option<Value>>,
    /// The beginning of the text, for an error.
    words: String,
    chars: usize,
}

impl PartialJson {
    /// Makes a reader of an empty text, which has no value.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::json::PartialJson::new().value(), None);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how deep arrays and objects may be nested.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new().depth_limit(2);
    /// json.push("[[")?;
    /// assert_eq!(json.push("[").unwrap_err().kind(), ErrorKind::LimitExceeded);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    // A byte, as a value of some thousand levels overflows the stack when it is dropped.
    #[must_use]
    pub fn depth_limit(mut self, levels: u8) -> Self {
        self.scanner = self.scanner.depth_limit(levels);
        self
    }

    /// Sets whether control characters other than the line feed must be escaped in strings. By default they need not be.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new().strict(true);
    /// json.push("[\"one\ntwo\tthree")?;
    /// assert_eq!(json.value(), Some(&serde_json::json!([])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.scanner = self.scanner.strict(strict);
        self
    }

    /// Reads the next piece of the text.
    ///
    /// Text that is not JSON is not an error here, as a model's answer may go on after its JSON: see [`finish`](Self::finish).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    /// use serde_json::json;
    ///
    /// let mut json = PartialJson::new();
    /// json.push("[1, 2")?;
    /// json.push("3] is what I found")?;
    /// assert_eq!(json.value(), Some(&json!([1, 23])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) if the nesting is too deep or a number has more than 2048
    /// characters; then every later piece is refused with the same error.
    pub fn push(&mut self, piece: &str) -> Result<()> {
        let read = self.scanner.push(piece)?;
        if self.scanner.is_stopped() {
            let scanner = &self.scanner;
            let rest = self.rest.get_or_insert_with(|| Rest::new(scanner.brackets()));
            rest.push(piece.get(read..).unwrap_or_default());
        }
        Ok(())
    }

    /// Returns the value of the text so far. `None` if the text is empty, does not begin with JSON, or stops in a word such as
    /// `tru`.
    ///
    /// It costs nothing while the text is JSON. After that, the first call after each change of the open brackets reads the
    /// JSON part of the text again.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    /// use serde_json::json;
    ///
    /// let mut json = PartialJson::new();
    /// assert_eq!(json.value(), None);
    ///
    /// json.push("[1, 2, thr")?;
    /// assert_eq!(json.value(), Some(&json!([1, 2])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        let Some(rest) = &self.rest else {
            return self.scanner.root();
        };
        if rest.brackets.mismatched {
            return Some(&NULL);
        }
        if self.scanner.has_open(&rest.brackets.open) {
            return self.scanner.root();
        }
        rest.rewound.get_or_init(|| self.value_within(&rest.brackets)).as_ref()
    }

    /// Whether the text so far is one complete JSON value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new();
    /// json.push(r#"{"amount": 10"#)?;
    /// assert!(json.value().is_some() && !json.is_complete());
    ///
    /// json.push("0}")?;
    /// assert!(json.is_complete());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.scanner.is_complete()
    }

    /// Returns the value of a text that is one complete JSON value, and nothing else.
    ///
    /// Control characters in strings are accepted as they were by [`push`](Self::push).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new();
    /// json.push("{\"a\": 1,\n \"b\" 2}")?;
    /// let error = json.finish().unwrap_err();
    /// assert_eq!(error.to_string(), "parse error: expected `:` at line 2 column 6, got \"2}\"");
    ///
    /// let mut json = PartialJson::new();
    /// json.push(r#"{"amount": 10"#)?;
    /// let error = json.finish().unwrap_err();
    /// assert_eq!(error.detail(), "the text ends at line 1 column 14, where `,` or `}` is expected");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Parse`](ErrorKind::Parse) if the text is cut off, is not JSON, or has a number that [`Value`] cannot hold;
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) as [`push`](Self::push).
    pub fn finish(self) -> Result<Value> {
        if !self.is_complete() {
            return Err(self.error());
        }
        self.into_value()
    }

    /// Returns the value of the text so far, as [`value`](Self::value) shows it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new();
    /// json.push(r#"{"amount": 10"#)?;
    /// assert_eq!(json.into_value()?, serde_json::json!({"amount": 10}));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Parse`](ErrorKind::Parse) if the text has no value.
    pub fn into_value(self) -> Result<Value> {
        if self.rest.is_some() {
            return self.value().cloned().ok_or_else(|| self.error());
        }
        if self.scanner.root().is_none() {
            return Err(self.error());
        }
        self.scanner.into_root().ok_or_else(|| ErrorKind::Internal.into())
    }

    /// The value of the longest beginning of the text that these brackets close.
    fn value_within(&self, brackets: &Brackets) -> Option<Value> {
        let mut again = self.scanner.again();
        again.push(rewind(self.scanner.text(), &brackets.open)?).ok()?;
        again.into_root()
    }

    /// Why the text is not one complete JSON value.
    fn error(&self) -> Error {
        let words = self.rest.as_ref().map_or("", |rest| &rest.words);
        self.scanner.fault().error(&[self.scanner.text(), words].concat())
    }
}

impl Rest {
    fn new(brackets: Brackets) -> Self {
        Self {
            brackets,
            rewound: OnceLock::new(),
            words: String::new(),
            chars: 0,
        }
    }

    fn push(&mut self, text: &str) {
        // One more than an error shows, so that it knows whether more follow.
        let shown = text.chars().take(SHOWN + 1 - self.chars);
        self.chars += shown.clone().count();
        self.words.extend(shown);
        for byte in text.bytes() {
            if self.brackets.push(byte) {
                self.rewound.take();
            }
        }
    }
}

/// Reads the JSON of a text that may be cut off, or followed by other text.
///
/// The [module page](super) defines the value of such a text.
///
/// # Examples
///
/// ```
/// use cadena_core::json::parse_partial_json;
/// use serde_json::json;
///
/// assert_eq!(parse_partial_json(r#"{"a": [1, 2"#)?, json!({"a": [1, 2]}));
/// assert_eq!(parse_partial_json(r#"{"a": 1, "b": tru"#)?, json!({"a": 1}));
/// assert!(parse_partial_json("I cannot answer in JSON").is_err());
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Parse`](crate::ErrorKind::Parse) if no part of the text is a value, and
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) as [`PartialJson::push`].
pub fn parse_partial_json(text: &str) -> Result<Value> {
    let mut json = PartialJson::new();
    json.push(text)?;
    json.into_value()
}

/// Reads as [`parse_partial_json`] does, except that a string ends the JSON where it has a control character other than
/// the line feed.
///
/// # Examples
///
/// ```
/// use cadena_core::json::{parse_partial_json, parse_partial_json_strict};
/// use serde_json::json;
///
/// let text = "{\"a\": \"one\ttwo\"";
/// assert_eq!(parse_partial_json(text)?, json!({"a": "one\ttwo"}));
/// assert_eq!(parse_partial_json_strict(text)?, json!({}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`parse_partial_json`].
pub fn parse_partial_json_strict(text: &str) -> Result<Value> {
    let mut json = PartialJson::new().strict(true);
    json.push(text)?;
    json.into_value()
}
