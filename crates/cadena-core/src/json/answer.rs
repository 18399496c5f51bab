//! [`AnswerJson`]: finds the JSON in a model's answer, among thoughts, words and fences.

mod candidate;
mod fence;
mod outcome;
mod thought;

use std::ops::Range;

use serde_json::Value;

use self::candidate::{Candidate, Place};
use self::outcome::is_strong;
use super::brackets::Brackets;
use super::scanner::{self, Scanner};
use crate::error::Result;

const BLANK: [char; 5] = [' ', '\n', '\r', '\t', '\u{feff}'];
const FENCE: &str = "```";

/// Finds the JSON in an answer that comes in pieces. The result does not depend on where the answer is cut.
///
/// Thoughts (`<think>…</think>`) are passed over; a lone `</think>` makes everything before it a thought. Of the rest, the answer is, in
/// this order:
///
/// 1. an object or array at the beginning, or any value that is the whole text;
/// 2. the first Markdown fence that holds JSON, whatever fences its strings hold;
/// 3. the first object or array among the words; one of bare numbers, as in `[1]`, only if there is no other.
///
/// Words after the JSON do not matter. JSON that is cut off or broken is an error, and nothing within it counts.
#[derive(Debug, Default)]
pub(crate) struct AnswerJson {
    text: String,
    /// Everything before this place is read.
    at: usize,
    state: State,
    found: Option<Found>,
    /// The first fault within JSON, or else the first place that should be JSON and is not.
    fault: Option<Fault>,
    /// JSON began and turned out not to be JSON, so no other JSON among the words is taken for it.
    spoilt: bool,
    /// No `</think>` follows.
    unclosed: bool,
}

#[derive(Debug, Default)]
enum State {
    /// The text so far is blank.
    #[default]
    Begin,
    Words,
    /// After the backticks of a fence.
    FenceTag,
    /// After the language of a fence.
    Fence,
    Value(Box<Candidate>),
    /// Within brackets that hold no JSON.
    Brackets(Brackets),
    /// Until this tag; the thought began at this place.
    Thought(&'static str, usize),
    Done,
    /// The text ended within this value.
    Cut(Box<Candidate>),
}

#[derive(Debug)]
struct Found {
    value: Value,
    span: Range<usize>,
    /// Whether it can hardly be anything but the answer.
    strong: bool,
}

#[derive(Debug)]
struct Fault {
    /// Where the candidate begins.
    start: usize,
    why: scanner::Fault,
    /// Whether JSON had begun there, so that it is not a mere word.
    serious: bool,
}

impl AnswerJson {
    /// Reads the next piece.
    pub(crate) fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        while self.step(false) {}
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The value as far as it has arrived.
    pub(crate) fn value(&self) -> Option<&Value> {
        if let State::Value(candidate) | State::Cut(candidate) = &self.state {
            let value = candidate.json.root();
            let answered = self.spoilt || self.found.as_ref().is_some_and(|found| found.strong);
            match candidate.place {
                Place::Begin | Place::Fence => return value,
                Place::Words if !answered => return value.filter(|value| is_strong(value)),
                Place::Words => {}
            }
        }
        let found = self.found.as_ref().filter(|found| found.strong);
        found.map(|found| &found.value)
    }

    /// The value of the complete answer. No piece may follow.
    pub(crate) fn finish(&mut self) -> Result<Value> {
        self.end();
        if let Some(found) = self.found.take() {
            return Ok(found.value);
        }
        let fault = match self.fault.take() {
            Some(fault) => fault.why.after(fault.start),
            None => Scanner::<()>::default().fault().after(self.text.len()),
        };
        Err(fault.error(&self.text))
    }

    /// The place of the JSON in a text, also if it is cut off or broken.
    pub(super) fn span_of(text: &str) -> Option<Range<usize>> {
        let mut answer = Self::default();
        answer.push(text);
        answer.end();
        if let Some(found) = answer.found {
            return Some(found.span);
        }
        let start = match (answer.state, answer.fault) {
            (State::Cut(candidate), _) => candidate.start,
            (_, Some(fault)) => fault.start,
            _ => return None,
        };
        Some(start..text.len())
    }

    fn end(&mut self) {
        while self.step(true) {}
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads on, and returns whether there is more to read. `end` means that no text follows.
    fn step(&mut self, end: bool) -> bool {
        match std::mem::take(&mut self.state) {
            State::Begin => self.begin(end),
            State::Words => self.words(end),
            State::FenceTag => self.fence_tag(end),
            State::Fence => self.fence(end),
            State::Value(candidate) => self.read(candidate, end),
            State::Brackets(brackets) => self.brackets(brackets, end),
            State::Thought(close, start) => self.thought(close, start, end),
            last @ (State::Done | State::Cut(_)) => self.stop(last),
        }
    }

    fn go(&mut self, to: usize, state: State) -> bool {
        self.at = to;
        self.state = state;
        true
    }

    fn stop(&mut self, state: State) -> bool {
        self.state = state;
        false
    }

    /// Waits for more text in this state, or ends.
    fn wait(&mut self, state: State, end: bool) -> bool {
        self.stop(if end { State::Done } else { state })
    }

    fn begin(&mut self, end: bool) -> bool {
        self.at = self.text.len() - self.rest().trim_start_matches(BLANK).len();
        let rest = self.rest();
        match rest.bytes().next() {
            None => self.wait(State::Begin, end),
            Some(b'`') => self.backtick(State::Begin, end),
            Some(b'<') => self.tag(State::Begin, end),
            Some(_) => self.go(self.at, State::Value(Candidate::boxed(Place::Begin, self.at))),
        }
    }

    fn words(&mut self, end: bool) -> bool {
        let Some(next) = self.rest().find(['{', '[', '`', '<']) else {
            self.at = self.text.len();
            return self.wait(State::Words, end);
        };
        self.at += next;
        match self.rest().bytes().next() {
            Some(b'`') => self.backtick(State::Words, end),
            Some(b'<') => self.tag(State::Words, end),
            _ => self.go(self.at, State::Value(Candidate::boxed(Place::Words, self.at))),
        }
    }
}

#[cfg(test)]
mod tests;
