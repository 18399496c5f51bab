//! Thoughts: the tags that some models and servers leave around them.

use std::ops::Range;

use super::candidate::{Candidate, Place};
use super::{AnswerJson, State};

const TAGS: [(&str, &str); 2] = [("<think>", "</think>"), ("<thinking>", "</thinking>")];

/// The tag that begins at a `<`.
#[derive(Debug, PartialEq)]
pub(super) enum Tag {
    /// A thought begins, and ends with the second tag.
    Open(&'static str, &'static str),
    Close(&'static str),
    /// It may become a tag.
    Unfinished,
    None,
}

impl Tag {
    pub(super) fn at(text: &str) -> Self {
        for (open, close) in TAGS {
            if text.starts_with(open) {
                return Self::Open(open, close);
            }
            if text.starts_with(close) {
                return Self::Close(close);
            }
        }
        let begun = |tag: &str| tag.starts_with(text);
        if TAGS.iter().any(|(open, close)| begun(open) || begun(close)) {
            return Self::Unfinished;
        }
        Self::None
    }
}

impl AnswerJson {
    pub(super) fn tag(&mut self, within: State, end: bool) -> bool {
        match Tag::at(self.rest()) {
            Tag::Unfinished if !end => self.stop(within),
            Tag::Open(tag, close) if !self.unclosed => self.go(self.at + tag.len(), State::Thought(close, self.at)),
            Tag::Open(tag, _) => self.go(self.at + tag.len(), State::Words),
            Tag::Close(tag) => self.forget(self.at + tag.len()),
            Tag::Unfinished | Tag::None if matches!(within, State::Begin) => {
                self.go(self.at, State::Value(Candidate::boxed(Place::Begin, self.at)))
            }
            Tag::Unfinished | Tag::None => self.go(self.at + 1, State::Words),
        }
    }

    /// Drops everything up to here: it was a thought.
    pub(super) fn forget(&mut self, to: usize) -> bool {
        self.found = None;
        self.fault = None;
        self.spoilt = false;
        self.go(to, State::Begin)
    }

    pub(super) fn thought(&mut self, close: &'static str, start: usize, end: bool) -> bool {
        let rest = self.rest();
        if let Some(at) = rest.find(close) {
            return self.forget(self.at + at + close.len());
        }
        if end {
            // It never ended: the answer is in it.
            self.unclosed = true;
            return self.go(start, State::Words);
        }
        // The tag may have begun.
        let mut seen = self.text.len().saturating_sub(close.len()).max(self.at);
        while !self.text.is_char_boundary(seen) {
            seen += 1;
        }
        self.at = seen;
        self.stop(State::Thought(close, start))
    }
}

/// The end of the last closing tag in a part of a text.
pub(super) fn last_close(text: &str, part: Range<usize>) -> Option<usize> {
    let start = part.start;
    let part = text.get(part)?;
    let ends = TAGS
        .iter()
        .filter_map(|(_, close)| Some(part.rfind(close)? + close.len()));
    ends.max().map(|end| start + end)
}
