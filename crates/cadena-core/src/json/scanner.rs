//! [`Scanner`]: reads JSON byte by byte, and has the value of the text so far.

mod fault;
pub(super) use fault::Fault;
mod plain;
mod state;
mod text;

use serde_json::Value;

use self::plain::{WORDS, Word};
use self::state::{Escape, Limit, PartialNumber, State, Step, Unfit};
use super::brackets::{Bracket, Brackets};
use super::number::Part;
use super::spans::{Places, SpanNode, Spans};
use super::tree::Tree;
use crate::error::{Error, Result};

pub(super) const DEPTH_LIMIT: u8 = 128;

/// Reads a text as far as it is JSON. The first byte that cannot belong to JSON stops it for good.
///
/// `P` notes where the values are. Nobody asks for the places while an answer streams, so `()` notes nothing and costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Scanner<P = ()> {
    depth_limit: u8,
    strict: bool,
    /// The text, up to the first byte that is not JSON.
    text: String,
    tree: Tree,
    state: State,
    /// The string that cannot be closed where the last piece ended.
    hidden: Option<Value>,
    /// The first half of a surrogate pair, while the second may follow.
    half: Option<u16>,
    unfit: Option<Unfit>,
    limit: Option<Limit>,
    stopped: bool,
    places: P,
}

impl<P: Places + Default> Default for Scanner<P> {
    fn default() -> Self {
        Self::new(P::default())
    }
}

impl<P: Places> Scanner<P> {
    pub(super) fn new(places: P) -> Self {
        Self {
            depth_limit: DEPTH_LIMIT,
            strict: false,
            text: String::new(),
            tree: Tree::default(),
            state: State::Value,
            hidden: None,
            half: None,
            unfit: None,
            limit: None,
            stopped: false,
            places,
        }
    }

    pub(super) fn depth_limit(self, depth_limit: u8) -> Self {
        Self { depth_limit, ..self }
    }

    pub(super) fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// An empty scanner with the same limits.
    pub(super) fn again(&self) -> Scanner {
        Scanner::default().depth_limit(self.depth_limit).strict(self.strict)
    }

    /// Reads a piece as far as it is JSON, and returns how far that is.
    pub(super) fn push(&mut self, piece: &str) -> Result<usize> {
        if let Some(limit) = self.limit {
            return Err(limit.into());
        }
        if self.stopped {
            return Ok(0);
        }
        self.text.push_str(piece);
        let read = self.read(piece)?;
        if read < piece.len() {
            self.text.truncate(self.text.len() - (piece.len() - read));
            self.stop();
        }
        Ok(read)
    }

    /// The text as far as it is JSON.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The value of the text as far as it is JSON.
    pub(super) fn root(&self) -> Option<&Value> {
        self.tree.root()
    }

    pub(super) fn into_root(self) -> Option<Value> {
        self.tree.into_root()
    }

    /// Whether the text is not JSON any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether the text is one complete JSON value.
    pub(super) fn is_complete(&self) -> bool {
        self.is_closed() && !self.stopped && self.limit.is_none() && self.unfit.is_none()
    }

    /// Whether a value has ended, whatever follows it.
    pub(super) fn is_closed(&self) -> bool {
        let closed = match self.state {
            State::AfterValue => true,
            State::Number(number) => number.part.is_whole(),
            _ => false,
        };
        closed && self.tree.depth() == 0
    }

    /// Whether the text has a number or word that [`Value`] cannot hold.
    pub(super) fn is_unfit(&self) -> bool {
        self.unfit.is_some()
    }

    /// Whether exactly these brackets are open where the text stops to be JSON.
    pub(super) fn has_open(&self, brackets: &[Bracket]) -> bool {
        self.tree.brackets().eq(brackets.iter().copied())
    }

    /// The brackets and quotes that are open where the text stops to be JSON.
    pub(super) fn brackets(&self) -> Brackets {
        let escape = match self.state {
            State::Text(escape) | State::Key(escape) => Some(escape),
            _ => None,
        };
        Brackets {
            open: self.tree.brackets().collect(),
            quoted: escape.is_some(),
            escaped: escape == Some(Escape::Start),
            mismatched: false,
        }
    }

    /// Keeps the tree as it is from now on.
    fn stop(&mut self) {
        self.stopped = true;
        // A string that is open now can never be closed.
        if matches!(self.state, State::Text(_)) && self.hidden.take().is_none() {
            self.tree.take_back();
        }
    }

    fn refuse(&mut self, limit: Limit) -> Error {
        self.limit = Some(limit);
        limit.into()
    }

    /// Reads a piece that is at the end of `text`, and returns how many of its bytes may belong to JSON.
    fn read(&mut self, piece: &str) -> Result<usize> {
        if let Some(value) = self.hidden.take() {
            self.tree.put(value);
        }
        let base = self.text.len() - piece.len();
        let mut at = 0;
        while let Some(&byte) = piece.as_bytes().get(at) {
            let step = match self.state {
                State::Text(escape) | State::Key(escape) => self.string(piece, at, byte, escape, base),
                State::Number(number) => self.number(number, byte, base, at)?,
                State::Word(word) => self.word(word, byte, base + at, at),
                _ => self.structure(piece, byte, base, at)?,
            };
            match step {
                Step::To(next) => at = next,
                Step::Again => {}
                Step::Malformed => break,
            }
        }
        match self.state {
            State::Number(mut number) => {
                self.show(&mut number);
                self.state = State::Number(number);
            }
            // Such a string cannot be closed here: the reader sees it again when the escape is complete.
            State::Text(Escape::Hex { .. }) => self.hidden = self.tree.take_back(),
            _ => {}
        }
        Ok(at)
    }

    fn structure(&mut self, piece: &str, byte: u8, base: usize, at: usize) -> Result<Step> {
        match (self.state, byte) {
            (_, b' ' | b'\n' | b'\r' | b'\t') => {}
            (State::AfterValue, b',') => {
                self.state = match self.tree.bracket() {
                    Some(Bracket::Curly) => State::NextKey,
                    Some(Bracket::Square) => State::Value,
                    None => return Ok(Step::Malformed),
                };
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::FirstKey | State::NextKey, b'"') => {
                let end = self.plain_run(piece, at + 1);
                self.tree.key.clear();
                self.tree.key.push_str(piece.get(at + 1..end).unwrap_or_default());
                self.state = State::Key(Escape::None);
                return Ok(Step::To(end));
            }
            (State::Value | State::FirstItem, b'"') => {
                let end = self.plain_run(piece, at + 1);
                self.places.text_begins(base + at);
                self.tree.put(Value::from(piece.get(at + 1..end).unwrap_or_default()));
                self.state = State::Text(Escape::None);
                return Ok(Step::To(end));
            }
            (State::FirstItem, b']') | (State::FirstKey, b'}') => self.close(base + at + 1),
            (State::AfterValue, b']' | b'}') if self.tree.bracket() == Bracket::closed_by(byte) => {
                self.close(base + at + 1);
            }
            (State::Value | State::FirstItem, _) => return self.value_start(byte, base, at),
            _ => return Ok(Step::Malformed),
        }
        Ok(Step::To(at + 1))
    }

    fn close(&mut self, end: usize) {
        self.places.close(end);
        self.tree.close();
        self.state = State::AfterValue;
    }

    fn value_start(&mut self, byte: u8, base: usize, at: usize) -> Result<Step> {
        let start = base + at;
        if let Some(bracket) = Bracket::opened_by(byte) {
            if self.tree.depth() >= usize::from(self.depth_limit) {
                return Err(self.refuse(Limit::Depth(self.depth_limit)));
            }
            self.places.open(bracket, start);
            self.tree.open(bracket);
            self.state = match bracket {
                Bracket::Square => State::FirstItem,
                Bracket::Curly => State::FirstKey,
            };
        } else if let Some(part) = Part::first(byte) {
            let end = if part.is_whole() { start + 1 } else { start };
            self.state = State::Number(PartialNumber {
                part,
                start,
                end,
                shown: start,
            });
        } else if let Some(text) = WORDS.into_iter().find(|word| word.as_bytes().first() == Some(&byte)) {
            self.state = State::Word(Word { text, read: 1, start });
        } else {
            return Ok(Step::Malformed);
        }
        Ok(Step::To(at + 1))
    }
}

impl Scanner<Spans> {
    /// The places of the values that are shown, as [`root`](Self::root) shows them.
    pub(super) fn into_spans(mut self) -> Vec<SpanNode> {
        let end = self.text.len();
        match self.state {
            // A text that cannot be closed is not shown.
            State::Text(_) if !self.stopped && self.hidden.is_none() => self.places.cut_text(end),
            State::Number(number) if number.shown > number.start => {
                self.places.plain(number.start..number.shown, false);
            }
            State::Word(word) if self.stopped => return self.places.finish(word.start),
            _ => {}
        }
        self.places.finish(end)
    }
}
