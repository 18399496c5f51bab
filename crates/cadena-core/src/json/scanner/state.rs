//! [`State`]: how far the [`Scanner`](super::Scanner) has read a token.

use super::super::number::{MAX_DIGITS, Part};
use super::DEPTH_LIMIT;
use super::plain::Word;
use crate::error::{Error, ErrorKind};

/// The kind of the next token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Value,
    /// A value or `]`.
    FirstItem,
    /// A key or `}`.
    FirstKey,
    NextKey,
    Colon,
    AfterValue,
    /// Within a string that is a value.
    Text(Escape),
    Key(Escape),
    Number(PartialNumber),
    Word(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    /// After a backslash.
    Start,
    /// After `\u` and some of its four digits.
    Hex {
        code: u16,
        digits: u8,
    },
}

/// A number that may go on. The fields but `part` are places in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartialNumber {
    pub(super) part: Part,
    pub(super) start: usize,
    /// The last place where the number could end.
    pub(super) end: usize,
    /// The `end` of the number that the tree shows.
    pub(super) shown: usize,
}

/// A value that Python reads and [`Value`] cannot hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfit {
    pub(super) at: usize,
    pub(super) problem: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    Depth(u8),
    Number,
}

/// The effect of a byte.
pub(super) enum Step {
    /// It was read, with all bytes before this place of the piece.
    To(usize),
    /// It ended a token without belonging to it.
    Again,
    /// It cannot follow.
    Malformed,
}

impl From<Limit> for Error {
    fn from(limit: Limit) -> Self {
        let detail = match limit {
            Limit::Depth(levels) => {
                format!("the JSON is nested deeper than {levels} levels (the default is {DEPTH_LIMIT})")
            }
            Limit::Number => format!("a number has more than {MAX_DIGITS} characters"),
        };
        Self::new(ErrorKind::LimitExceeded, detail)
    }
}
