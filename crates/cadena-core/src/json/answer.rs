//! [`AnswerJson`]: the JSON in what a model said, among thoughts, words and fences.

mod candidate;
mod tag;

use std::ops::Range;

use serde_json::Value;

use self::candidate::{Candidate, Place, Read};
use self::tag::{Tag, last_close};
use super::markdown::AROUND;
use super::partial::PartialJson;
use super::scan::Scan;
use crate::error::{Error, Result};

const BLANK: [char; 5] = [' ', '\n', '\r', '\t', '\u{feff}'];
const FENCE: &str = "```";

/// Longer words after a fence are no names of a language.
const MAX_TAG: usize = 32;

/// Finds the JSON in an answer that comes in pieces; every cut of an answer gives the same.
///
/// Thoughts (`<think>…</think>`) are passed over; a lone `</think>` makes everything before it a thought. Then counts, in this order:
///
/// 1. an object or array that the answer begins with, or any value that is the whole answer;
/// 2. the first Markdown fence that holds JSON, whatever fences its strings hold;
/// 3. the first object or array among the words; one of bare numbers, as in `[1]`, only if there is no other.
///
/// Words after the JSON do not matter. JSON that is cut off or broken is an error, and nothing within it counts.
#[derive(Debug, Default)]
pub(crate) struct AnswerJson {
    text: String,
    /// Everything before is read.
    at: usize,
    state: State,
    found: Option<Found>,
    /// The first place where JSON ended that should not, or else where it was expected and something else stood.
    fault: Option<Fault>,
    /// JSON that began and was no JSON then: no other JSON among the words is taken for it.
    spoilt: bool,
    /// No `</think>` follows.
    unclosed: bool,
}

#[derive(Debug, Default)]
enum State {
    /// Nothing but blanks yet.
    #[default]
    Begin,
    Words,
    /// After the backticks of a fence.
    FenceTag,
    /// After the language of a fence.
    Fence,
    Value(Box<Candidate>),
    /// Within brackets that hold no JSON.
    Brackets(Scan),
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
    start: usize,
    error: Error,
    /// Whether JSON had begun there, so that it is no mere word.
    serious: bool,
}

impl AnswerJson {
    /// Reads the next piece.
    pub(crate) fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        while self.step(false) {}
    }

    /// Everything that was said.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The value as far as it has arrived.
    pub(crate) fn value(&self) -> Option<&Value> {
        if let State::Value(candidate) | State::Cut(candidate) = &self.state {
            let value = candidate.json.value();
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

    /// The value of the complete answer, and where it stands. Nothing may follow.
    pub(crate) fn finish(&mut self) -> Result<(Value, Range<usize>)> {
        self.end();
        if let Some(found) = self.found.take() {
            return Ok((found.value, found.span));
        }
        match self.fault.take() {
            Some(fault) => Err(fault.error),
            None => Err(PartialJson::new().error_after(&self.text)),
        }
    }

    /// Where the JSON of a text stands, also if it is cut off or broken.
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
            State::Brackets(scan) => self.brackets(scan, end),
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

    fn backtick(&mut self, within: State, end: bool) -> bool {
        let ticks = self
            .rest()
            .bytes()
            .take(FENCE.len())
            .take_while(|byte| *byte == b'`')
            .count();
        if ticks == self.rest().len() && ticks < FENCE.len() && !end {
            return self.stop(within);
        }
        let state = if ticks == FENCE.len() { State::FenceTag } else { within };
        self.go(self.at + ticks, state)
    }

    fn tag(&mut self, within: State, end: bool) -> bool {
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

    /// Everything up to here was a thought.
    fn forget(&mut self, to: usize) -> bool {
        self.found = None;
        self.fault = None;
        self.spoilt = false;
        self.go(to, State::Begin)
    }

    fn thought(&mut self, close: &'static str, start: usize, end: bool) -> bool {
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

    fn fence_tag(&mut self, end: bool) -> bool {
        self.at = self.text.len() - self.rest().trim_start_matches('`').len();
        let rest = self.rest();
        let in_word = |byte: u8| byte.is_ascii_alphanumeric() || b"+-_.#".contains(&byte);
        let len = rest.bytes().take(MAX_TAG).take_while(|byte| in_word(*byte)).count();
        if len == rest.len() && !end {
            return self.stop(State::FenceTag);
        }
        let (word, after) = rest.split_at_checked(len).unwrap_or_default();
        let value =
            matches!(word, "true" | "false" | "null") || word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let ends = after.starts_with(|c: char| BLANK.contains(&c) || matches!(c, '{' | '[' | '"'));
        let named = word.eq_ignore_ascii_case("json") || (ends && !value);
        let skipped = if named { len } else { 0 };
        self.go(self.at + skipped, State::Fence)
    }

    fn fence(&mut self, end: bool) -> bool {
        self.at = self.text.len() - self.rest().trim_start_matches(BLANK).len();
        match self.rest().bytes().next() {
            None => self.wait(State::Fence, end),
            Some(b'`' | b'<') => self.go(self.at, State::Words),
            Some(_) => self.go(self.at, State::Value(Candidate::boxed(Place::Fence, self.at))),
        }
    }

    /// Passes over brackets that hold no JSON: JSON within them is a part of something else.
    fn brackets(&mut self, mut scan: Scan, end: bool) -> bool {
        let rest = self.rest();
        let mut passed = rest.len();
        for (at, byte) in rest.bytes().enumerate() {
            let here = || rest.get(at..).unwrap_or_default();
            if byte == b'<' {
                match Tag::at(here()) {
                    Tag::Close(tag) => return self.forget(self.at + at + tag.len()),
                    Tag::Unfinished if !end => {
                        passed = at;
                        break;
                    }
                    _ => {}
                }
            }
            if byte == b'`' && !scan.quoted {
                if here().starts_with(FENCE) {
                    return self.go(self.at + at, State::Words);
                }
                if FENCE.starts_with(here()) && !end {
                    passed = at;
                    break;
                }
            }
            scan.push(byte);
            if scan.open.is_empty() {
                return self.go(self.at + at + 1, State::Words);
            }
        }
        self.at += passed;
        self.wait(State::Brackets(scan), end)
    }

    fn read(&mut self, mut candidate: Box<Candidate>, end: bool) -> bool {
        match candidate.read(&self.text, end) {
            Read::Waits => self.stop(State::Value(candidate)),
            Read::Value => self.complete(*candidate),
            Read::Cut => self.cut(candidate),
            Read::Limit(error) => {
                self.found = None;
                self.fault = Some(Fault {
                    start: candidate.start,
                    error,
                    serious: true,
                });
                self.stop(State::Done)
            }
            Read::Broken => self.broken(*candidate),
        }
    }

    fn complete(&mut self, candidate: Candidate) -> bool {
        let place = candidate.place;
        let span = candidate.span();
        let to = span.end;
        let Some(value) = candidate.json.into_root() else {
            return self.stop(State::Done);
        };
        if place != Place::Words {
            let strong = true;
            self.found = Some(Found { value, span, strong });
            return self.stop(State::Done);
        }
        let strong = is_strong(&value);
        let better = match &self.found {
            None => true,
            Some(found) => strong && !found.strong,
        };
        if better && !self.spoilt {
            self.found = Some(Found { value, span, strong });
        }
        self.go(to, State::Words)
    }

    fn note(&mut self, candidate: &Candidate, serious: bool) {
        let worse = match &self.fault {
            None => true,
            Some(fault) => serious && !fault.serious,
        };
        if worse {
            let before = self.text.get(..candidate.start).unwrap_or_default();
            self.fault = Some(Fault {
                start: candidate.start,
                error: candidate.json.error_after(before),
                serious,
            });
        }
    }

    fn broken(&mut self, candidate: Candidate) -> bool {
        self.note(&candidate, candidate.began());
        let Some(scan) = candidate.json.brackets() else {
            let first = self.text.get(candidate.start..).and_then(|rest| rest.chars().next());
            return self.go(candidate.start + first.map_or(0, char::len_utf8), State::Words);
        };
        if candidate.place == Place::Words
            && let Some(close) = last_close(&self.text, candidate.start..candidate.fed)
        {
            return self.forget(close);
        }
        if candidate.began() {
            self.spoil(&candidate);
        }
        if scan.open.is_empty() {
            return self.go(candidate.fed, State::Words);
        }
        self.go(candidate.fed, State::Brackets(scan))
    }

    /// What was to be the answer is no JSON; then what stands among the words is not the answer either.
    fn spoil(&mut self, candidate: &Candidate) {
        self.spoilt = true;
        if candidate.place == Place::Fence {
            self.found = None;
        }
    }

    fn cut(&mut self, candidate: Box<Candidate>) -> bool {
        if (candidate.place != Place::Begin || !candidate.is_container())
            && let Some(close) = last_close(&self.text, candidate.start..self.text.len())
        {
            return self.forget(close);
        }
        self.note(&candidate, candidate.is_container());
        if candidate.place == Place::Fence && candidate.is_container() {
            self.found = None;
        }
        self.stop(State::Cut(candidate))
    }
}

/// Whether a value has more in it than numbers: brackets around a few may be a footnote.
fn is_strong(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => items
            .iter()
            .any(|item| matches!(item, Value::String(_) | Value::Array(_) | Value::Object(_))),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
