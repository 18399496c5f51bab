//! Backticks: the beginning of a Markdown fence and its language.

use super::candidate::{Candidate, Place};
use super::{AnswerJson, BLANK, FENCE, State};

/// A longer word after a fence is not the name of a language.
const MAX_TAG: usize = 32;

impl AnswerJson {
    pub(super) fn backtick(&mut self, within: State, end: bool) -> bool {
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

    pub(super) fn fence_tag(&mut self, end: bool) -> bool {
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

    pub(super) fn fence(&mut self, end: bool) -> bool {
        self.at = self.text.len() - self.rest().trim_start_matches(BLANK).len();
        match self.rest().bytes().next() {
            None => self.wait(State::Fence, end),
            Some(b'`' | b'<') => self.go(self.at, State::Words),
            Some(_) => self.go(self.at, State::Value(Candidate::boxed(Place::Fence, self.at))),
        }
    }
}
