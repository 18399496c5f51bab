//! What a [`PartialJson`] is in the end: a value, or an error that says where and why not.

use serde_json::Value;

use super::{DEPTH_LIMIT, Escape, Limit, PartialJson, State};
use crate::error::{Error, ErrorKind, Result};
use crate::json::number::MAX_DIGITS;
use crate::json::scan::Bracket;

impl PartialJson {
    /// The value of a text that is one complete JSON value, and nothing else.
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
    /// assert_eq!(error.to_string(), "parse error: expected `:` at line 2 column 6");
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

    /// The value of the text so far, as [`value`](Self::value) shows it.
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
        if self.fault.is_some() {
            return self.value().cloned().ok_or_else(|| self.error());
        }
        if self.tree.root().is_none() {
            return Err(self.error());
        }
        self.tree.into_root().ok_or_else(|| ErrorKind::Internal.into())
    }

    /// Why the text is not one complete JSON value.
    fn error(&self) -> Error {
        self.error_after("")
    }

    /// Why it is not, where the text stands after another: places count from the begin of that.
    pub(in crate::json) fn error_after(&self, before: &str) -> Error {
        if let Some(limit) = self.limit {
            return limit.into();
        }
        let at = match (self.state, &self.fault) {
            // A word that is none of JSON's is one mistake, from its first letter.
            (State::Word { read, .. }, Some(_)) => self.text.len() - read,
            _ => self.text.len(),
        };
        let place = self.place(before, at);
        let expected = self.expected();
        let detail = match (&self.fault, self.unfit) {
            (Some(_), _) => format!("expected {expected} at {place}"),
            (None, Some(unfit)) => format!("{} at {}", unfit.problem, self.place(before, unfit.at)),
            (None, None) => format!("the text ends at {place}, where {expected} is expected"),
        };
        Error::new(ErrorKind::Parse, detail)
    }

    fn expected(&self) -> String {
        let expected = match (self.state, self.tree.bracket()) {
            (State::Value, _) => "a value",
            (State::Word { .. }, _) if self.fault.is_some() => "a value",
            (State::FirstItem, _) => "a value or `]`",
            (State::FirstKey, _) => "a key or `}`",
            (State::NextKey, _) => "a key",
            (State::Colon, _) => "`:`",
            (State::Number(number), _) if !number.part.is_whole() => "a digit",
            (State::AfterValue | State::Number(_), Some(Bracket::Square)) => "`,` or `]`",
            (State::AfterValue | State::Number(_), Some(Bracket::Curly)) => "`,` or `}`",
            (State::AfterValue | State::Number(_), None) => "the end of the text",
            // Only in strict mode does a plain character end the JSON.
            (State::Text(Escape::None) | State::Key(Escape::None), _) if self.fault.is_some() => {
                "the escape of a control character"
            }
            (State::Text(Escape::None) | State::Key(Escape::None), _) => "`\"`",
            (State::Text(Escape::Start) | State::Key(Escape::Start), _) => "an escape such as `n` after the backslash",
            (State::Text(_) | State::Key(_), _) => "a hexadecimal digit",
            (State::Word { word, .. }, _) => return format!("`{word}`"),
        };
        expected.to_owned()
    }

    /// A place in the text as readers count: lines and characters from 1.
    fn place(&self, before: &str, at: usize) -> String {
        let text = self.text.get(..at).unwrap_or(&self.text);
        let lines = [before, text].map(|text| text.bytes().filter(|byte| *byte == b'\n').count());
        let chars = |text: &str| text.rsplit('\n').next().unwrap_or_default().chars().count();
        let same_line = if text.contains('\n') { 0 } else { chars(before) };
        format!(
            "line {} column {}",
            lines.iter().sum::<usize>() + 1,
            chars(text) + same_line + 1
        )
    }
}

impl From<Limit> for Error {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Depth(levels) => Self::new(
                ErrorKind::LimitExceeded,
                format!("the JSON is nested deeper than {levels} levels (the default is {DEPTH_LIMIT})"),
            ),
            Limit::Number => Self::new(
                ErrorKind::LimitExceeded,
                format!("a number has more than {MAX_DIGITS} characters"),
            ),
        }
    }
}
