//! [`Fault`]: why a text is not one complete JSON value, and where.

use std::borrow::Cow;

use super::super::brackets::Bracket;
use super::super::quote;
use super::super::spans::Places;
use super::{Escape, Limit, Scanner, State};
use crate::error::{Error, ErrorKind};

/// Why a text is not one complete JSON value.
#[derive(Clone, Debug)]
pub(in crate::json) struct Fault {
    /// The place in the text that was read.
    at: usize,
    problem: Problem,
}

#[derive(Clone, Debug)]
enum Problem {
    Limit(Limit),
    /// Something else is at the place.
    Expected(Cow<'static, str>),
    /// The text ends there.
    Ends(Cow<'static, str>),
    /// JSON does not have the value there.
    Unfit(&'static str),
}

impl<P: Places> Scanner<P> {
    pub(in crate::json) fn fault(&self) -> Fault {
        let end = self.text.len();
        let (at, problem) = match (self.limit, self.stopped, self.unfit, self.state) {
            (Some(limit), ..) => (end, Problem::Limit(limit)),
            // A word that JSON does not have is one mistake, from its first letter.
            (None, true, _, State::Word(word)) => (word.start, Problem::Expected("a value".into())),
            (None, true, ..) => (end, Problem::Expected(self.expected())),
            (None, false, Some(unfit), _) => (unfit.at, Problem::Unfit(unfit.problem)),
            (None, false, None, _) => (end, Problem::Ends(self.expected())),
        };
        Fault { at, problem }
    }

    fn expected(&self) -> Cow<'static, str> {
        let expected = match (self.state, self.tree.bracket()) {
            (State::Value, _) => "a value",
            (State::FirstItem, _) => "a value or `]`",
            (State::FirstKey, _) => "a key or `}`",
            (State::NextKey, _) => "a key",
            (State::Colon, _) => "`:`",
            (State::Number(number), _) if !number.part.is_whole() => "a digit",
            (State::AfterValue | State::Number(_), Some(Bracket::Square)) => "`,` or `]`",
            (State::AfterValue | State::Number(_), Some(Bracket::Curly)) => "`,` or `}`",
            (State::AfterValue | State::Number(_), None) => "the end of the text",
            // Only in strict mode does a plain character end the JSON.
            (State::Text(Escape::None) | State::Key(Escape::None), _) if self.stopped => {
                "the escape of a control character"
            }
            (State::Text(Escape::None) | State::Key(Escape::None), _) => "`\"`",
            (State::Text(Escape::Start) | State::Key(Escape::Start), _) => "an escape such as `n` after the backslash",
            (State::Text(_) | State::Key(_), _) => "a hexadecimal digit",
            (State::Word(word), _) => return format!("`{}`", word.text).into(),
        };
        expected.into()
    }
}

impl Fault {
    /// The same fault in a longer text, in which the JSON begins at this place.
    pub(in crate::json) fn after(mut self, start: usize) -> Self {
        self.at += start;
        self
    }

    /// The error about this text: it names the place, and quotes the words there.
    pub(in crate::json) fn error(&self, text: &str) -> Error {
        let (before, words) = text.split_at_checked(self.at).unwrap_or((text, ""));
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = format!("line {line} column {column}");
        let detail = match &self.problem {
            Problem::Limit(limit) => return (*limit).into(),
            Problem::Expected(expected) => {
                // Blanks at the end show nothing, unless there is nothing else.
                let shown = Some(words.trim_end()).filter(|shown| !shown.is_empty());
                format!("expected {expected} at {place}, got {}", quote(shown.unwrap_or(words)))
            }
            Problem::Ends(expected) => format!("the text ends at {place}, where {expected} is expected"),
            Problem::Unfit(problem) => format!("{problem} at {place}"),
        };
        Error::new(ErrorKind::Parse, detail)
    }
}
