//! Numbers and words.

use serde_json::Value;

use super::super::number::{MAX_DIGITS, to_number};
use super::super::spans::Places;
use super::{Limit, PartialNumber, Scanner, State, Step, Unfit};
use crate::error::Result;
use crate::json::number::Part;

/// The words that are values. Python writes and reads the last two.
pub(super) const WORDS: [&str; 5] = ["true", "false", "null", "NaN", "Infinity"];

/// A word that may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: &'static str,
    /// How many of its letters were read.
    pub(super) read: usize,
    /// Its place in the text, with the sign.
    pub(super) start: usize,
}

impl<P: Places> Scanner<P> {
    pub(super) fn number(&mut self, mut number: PartialNumber, byte: u8, base: usize, at: usize) -> Result<Step> {
        if let Some(part) = number.part.next(byte) {
            number.part = part;
            if part.is_whole() {
                number.end = base + at + 1;
            }
            self.state = State::Number(number);
            if base + at - number.start >= MAX_DIGITS {
                return Err(self.refuse(Limit::Number));
            }
            return Ok(Step::To(at + 1));
        }
        if number.part == Part::Minus && byte == b'I' {
            self.state = State::Word(Word {
                text: "Infinity",
                read: 1,
                start: number.start,
            });
            return Ok(Step::To(at + 1));
        }
        if !number.part.is_whole() {
            return Ok(Step::Malformed);
        }
        self.show(&mut number);
        self.places.plain(number.start..number.end, true);
        self.state = State::AfterValue;
        Ok(Step::Again)
    }

    /// Puts the longest part of the number that is a number into the tree.
    pub(super) fn show(&mut self, number: &mut PartialNumber) {
        if number.shown == number.end {
            return;
        }
        let value = self.text.get(number.start..number.end).and_then(to_number);
        self.unfit = self.unfit.filter(|unfit| unfit.at != number.start);
        if value.is_none() {
            self.unfit.get_or_insert(Unfit {
                at: number.start,
                problem: "the number is out of range",
            });
        }
        let value = value.map_or(Value::Null, Value::Number);
        if number.shown == number.start {
            self.tree.put(value);
        } else if let Some(last) = self.tree.last() {
            *last = value;
        }
        number.shown = number.end;
    }

    pub(super) fn word(&mut self, mut word: Word, byte: u8, here: usize, at: usize) -> Step {
        if word.text.as_bytes().get(word.read) != Some(&byte) {
            return Step::Malformed;
        }
        word.read += 1;
        if word.read < word.text.len() {
            self.state = State::Word(word);
            return Step::To(at + 1);
        }
        self.places.plain(word.start..here + 1, true);
        self.tree.put(match word.text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        });
        if matches!(word.text, "NaN" | "Infinity") {
            self.unfit.get_or_insert(Unfit {
                at: word.start,
                problem: "JSON has no `NaN` and no `Infinity`",
            });
        }
        self.state = State::AfterValue;
        Step::To(at + 1)
    }
}
