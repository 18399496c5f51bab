//! [`Candidate`]: a part of an answer that may be its JSON.

use std::ops::Range;

use super::FENCE;
use crate::json::markdown::AROUND;
use crate::json::scanner::Scanner;

/// How many bytes are read at first: a candidate that fails at once must not cost as much as the text is long.
const STEP: usize = 64;

/// Where a value begins, which decides what it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// At the beginning: an object or array, or all that there is.
    Begin,
    /// In a fence: any value.
    Fence,
    /// Among words: an object or array.
    Words,
}

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) start: usize,
    /// The end of what was read.
    pub(super) fed: usize,
    /// The end of the text that was looked at.
    seen: usize,
    /// The end of the last character in it that counts also at the end of an answer.
    solid: usize,
    step: usize,
    pub(super) json: Scanner,
    /// Whether a number, word or text has ended.
    ended: bool,
}

pub(super) enum Read {
    /// More text is needed.
    Waits,
    /// It is JSON.
    Value,
    /// The text ended within it.
    Cut,
    /// It is not JSON.
    Broken,
    /// It is too deep, or has a number that is too long.
    Limit,
}

impl Candidate {
    pub(super) fn boxed(place: Place, start: usize) -> Box<Self> {
        Box::new(Self {
            place,
            start,
            fed: start,
            seen: start,
            solid: start,
            step: STEP,
            json: Scanner::default(),
            ended: false,
        })
    }

    pub(super) fn read(&mut self, text: &str, end: bool) -> Read {
        let new = text.get(self.seen..).unwrap_or_default().trim_end_matches(AROUND);
        if !new.is_empty() {
            self.solid = self.seen + new.len();
        }
        self.seen = text.len();
        // As LangChain does, blanks show only when something follows them.
        let limit = if end { text.len() } else { self.solid };
        while self.fed < limit && !self.ended {
            let mut to = self.fed.saturating_add(self.step).min(limit);
            while !text.is_char_boundary(to) {
                to += 1;
            }
            let piece = text.get(self.fed..to).unwrap_or_default();
            let Ok(read) = self.json.push(piece) else {
                return Read::Limit;
            };
            self.fed += read;
            if self.is_container() && self.json.is_closed() {
                return if self.json.is_unfit() {
                    Read::Broken
                } else {
                    Read::Value
                };
            }
            if read < piece.len() {
                if self.is_container() || !self.json.is_closed() || self.json.is_unfit() {
                    return Read::Broken;
                }
                self.ended = true;
            }
            self.step = self.step.saturating_mul(2);
        }
        if self.ended {
            return self.tail(text, end);
        }
        match end {
            false => Read::Waits,
            true if self.json.is_complete() => Read::Value,
            true => Read::Cut,
        }
    }

    /// Only the end may follow a number, a word or a text.
    fn tail(&mut self, text: &str, end: bool) -> Read {
        let tail = text.get(self.fed..).unwrap_or_default();
        if self.place == Place::Fence && tail.starts_with(FENCE) {
            return Read::Value;
        }
        if !tail.trim_start_matches(AROUND).is_empty() {
            return Read::Broken;
        }
        if self.place == Place::Begin {
            self.fed = text.len();
        }
        if end { Read::Value } else { Read::Waits }
    }

    pub(super) fn is_container(&self) -> bool {
        self.json.text().starts_with(['{', '['])
    }

    /// Whether so much of it was JSON that it was meant to be some.
    pub(super) fn began(&self) -> bool {
        self.json
            .text()
            .get(1..)
            .is_some_and(|rest| rest.contains(['{', '[', '"']))
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.start + self.json.text().trim_end().len()
    }
}
