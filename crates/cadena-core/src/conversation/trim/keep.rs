//! The search for the part of one end of a conversation that fits.

use super::{TrimMessages, TrimStrategy};
use crate::messages::{Content, ContentPart, Message, MessageKind};

/// One end of a conversation, counted from that end: "the first n" messages are the last n if the last messages are kept.
pub(super) struct Keep<'a> {
    trim: &'a TrimMessages,
    messages: Vec<Message>,
    budget: usize,
}

impl<'a> Keep<'a> {
    pub(super) fn new(trim: &'a TrimMessages, messages: Vec<Message>, budget: usize) -> Self {
        Self { trim, messages, budget }
    }

    /// Returns the messages that fit, up to the last one of these kinds if any kind is given.
    pub(super) fn run(mut self, outer: &[MessageKind]) -> Vec<Message> {
        let mut kept = self.fitting();
        if self.trim.allow_partial && kept < self.messages.len() && self.cut(kept) {
            kept += 1;
        }
        if !outer.is_empty() {
            let fits = |message: Option<&Message>| message.is_some_and(|one| outer.iter().any(|kind| kind.is(one)));
            while kept > 0 && !fits(self.messages.get(self.place(kept - 1))) {
                kept -= 1;
            }
        }
        match self.trim.strategy {
            TrimStrategy::First => self.messages.truncate(kept),
            TrimStrategy::Last => drop(self.messages.drain(..self.messages.len().saturating_sub(kept))),
        }
        self.messages
    }

    /// Returns the index of message number `n` from the kept end.
    fn place(&self, n: usize) -> usize {
        match self.trim.strategy {
            TrimStrategy::First => n,
            TrimStrategy::Last => self.messages.len().saturating_sub(n + 1),
        }
    }

    /// Returns the first `n` messages from the kept end, in their order.
    fn window(&self, n: usize) -> &[Message] {
        let range = match self.trim.strategy {
            TrimStrategy::First => 0..n,
            TrimStrategy::Last => self.messages.len().saturating_sub(n)..self.messages.len(),
        };
        self.messages.get(range).unwrap_or_default()
    }

    fn count(&self, n: usize) -> usize {
        self.trim.counter.count(self.window(n))
    }

    /// Returns the tokens that message number `n` from the kept end adds.
    fn count_one(&self, n: usize) -> usize {
        self.messages
            .get(self.place(n))
            .map_or(0, |message| self.trim.count_one(message))
    }

    /// Returns how many messages fit whole.
    fn fitting(&self) -> usize {
        let all = self.messages.len();
        if self.trim.counter.is_additive() {
            let mut total = self.trim.counter.overhead();
            let exceeds = |n: &usize| {
                total = total.saturating_add(self.count_one(*n));
                total > self.budget
            };
            return (0..all).find(exceeds).unwrap_or(all);
        }
        if self.count(all) <= self.budget {
            return all;
        }
        most(0, all.saturating_sub(1), |n| self.count(n) <= self.budget)
    }

    /// Cuts the first message that does not fit, so that it fits, and returns whether a part of it does.
    fn cut(&mut self, kept: usize) -> bool {
        let at = self.place(kept);
        let Some(content) = self.messages.get_mut(at).and_then(Message::content_mut) else {
            return false;
        };
        match std::mem::take(content) {
            Content::Text(text) => self.cut_text(kept, &text),
            Content::Parts(parts) => self.cut_parts(kept, parts),
        }
    }

    /// Sets the content of the message that is cut.
    fn put(&mut self, kept: usize, content: Content) {
        let at = self.place(kept);
        if let Some(slot) = self.messages.get_mut(at).and_then(Message::content_mut) {
            *slot = content;
        }
    }

    fn take(&mut self, kept: usize) -> Vec<ContentPart> {
        let at = self.place(kept);
        match self
            .messages
            .get_mut(at)
            .and_then(Message::content_mut)
            .map(std::mem::take)
        {
            Some(Content::Parts(parts)) => parts,
            _ => Vec::new(),
        }
    }

    fn cut_parts(&mut self, kept: usize, mut parts: Vec<ContentPart>) -> bool {
        let all = parts.len();
        let first = self.trim.strategy == TrimStrategy::First;
        // The parts are moved into the message and back, never copied.
        let attempt = |this: &mut Self, parts: &mut Vec<ContentPart>, n: usize| {
            let tail = parts.split_off(if first { n } else { all - n });
            let (tried, rest) = if first {
                (std::mem::take(parts), tail)
            } else {
                (tail, std::mem::take(parts))
            };
            this.put(kept, Content::Parts(tried));
            let fits = this.count(kept + 1) <= this.budget;
            (fits, rest)
        };
        let found = most(0, all.saturating_sub(1), |n| {
            let (fits, rest) = attempt(self, &mut parts, n);
            let tried = self.take(kept);
            parts = if first {
                tried.into_iter().chain(rest).collect()
            } else {
                rest.into_iter().chain(tried).collect()
            };
            fits
        });
        if found > 0 {
            attempt(self, &mut parts, found);
            return true;
        }
        let edge = if first { parts.first() } else { parts.last() };
        match edge.and_then(ContentPart::as_text).map(str::to_owned) {
            Some(text) => self.cut_text(kept, &text),
            None => false,
        }
    }

    fn cut_text(&mut self, kept: usize, text: &str) -> bool {
        if text.is_empty() {
            return false;
        }
        let pieces = (self.trim.splitter)(text);
        let first = self.trim.strategy == TrimStrategy::First;
        let joined = |n: usize| {
            let range = if first { 0..n } else { pieces.len() - n..pieces.len() };
            Content::Text(pieces.get(range).unwrap_or_default().concat())
        };
        let base = self.count(kept);
        let found = most(0, pieces.len(), |n| {
            self.put(kept, joined(n));
            base.saturating_add(self.count_one(kept)) <= self.budget
        });
        self.put(kept, joined(found));
        found > 0
    }
}

/// Returns the greatest number for which `holds` is true, if it is true for all smaller numbers; the least number is not tested.
fn most(mut least: usize, mut greatest: usize, mut holds: impl FnMut(usize) -> bool) -> usize {
    while least < greatest {
        let middle = least + (greatest - least).div_ceil(2);
        if holds(middle) {
            least = middle;
        } else {
            greatest = middle - 1;
        }
    }
    least
}
