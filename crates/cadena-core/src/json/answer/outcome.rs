//! The outcome of a candidate: it is the answer, or a fault, or neither.

use serde_json::Value;

use super::candidate::{Candidate, Place, Read};
use super::thought::{Tag, last_close};
use super::{AnswerJson, FENCE, Fault, Found, State};
use crate::json::brackets::Brackets;

impl AnswerJson {
    pub(super) fn read(&mut self, mut candidate: Box<Candidate>, end: bool) -> bool {
        match candidate.read(&self.text, end) {
            Read::Waits => self.stop(State::Value(candidate)),
            Read::Value => self.complete(*candidate),
            Read::Cut => self.cut(candidate),
            Read::Limit => {
                self.found = None;
                self.fault = Some(Fault {
                    start: candidate.start,
                    why: candidate.json.fault(),
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

    fn broken(&mut self, candidate: Candidate) -> bool {
        self.note(&candidate, candidate.began());
        if !candidate.is_container() {
            let first = self.text.get(candidate.start..).and_then(|rest| rest.chars().next());
            return self.go(candidate.start + first.map_or(0, char::len_utf8), State::Words);
        }
        if candidate.place == Place::Words
            && let Some(close) = last_close(&self.text, candidate.start..candidate.fed)
        {
            return self.forget(close);
        }
        if candidate.began() {
            self.spoil(&candidate);
        }
        let brackets = candidate.json.brackets();
        if brackets.open.is_empty() {
            return self.go(candidate.fed, State::Words);
        }
        self.go(candidate.fed, State::Brackets(brackets))
    }

    fn note(&mut self, candidate: &Candidate, serious: bool) {
        let worse = match &self.fault {
            None => true,
            Some(fault) => serious && !fault.serious,
        };
        if worse {
            self.fault = Some(Fault {
                start: candidate.start,
                why: candidate.json.fault(),
                serious,
            });
        }
    }

    /// The text that was meant as the answer is not JSON; then JSON among the words is not the answer either.
    fn spoil(&mut self, candidate: &Candidate) {
        self.spoilt = true;
        if candidate.place == Place::Fence {
            self.found = None;
        }
    }

    /// Passes over brackets that hold no JSON: JSON within them is a part of something else.
    pub(super) fn brackets(&mut self, mut brackets: Brackets, end: bool) -> bool {
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
            if byte == b'`' && !brackets.quoted {
                if here().starts_with(FENCE) {
                    return self.go(self.at + at, State::Words);
                }
                if FENCE.starts_with(here()) && !end {
                    passed = at;
                    break;
                }
            }
            brackets.push(byte);
            if brackets.open.is_empty() {
                return self.go(self.at + at + 1, State::Words);
            }
        }
        self.at += passed;
        self.wait(State::Brackets(brackets), end)
    }
}

/// Whether a value has more in it than numbers: brackets around a few may be a footnote.
pub(super) fn is_strong(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => items
            .iter()
            .any(|item| matches!(item, Value::String(_) | Value::Array(_) | Value::Object(_))),
        _ => false,
    }
}
