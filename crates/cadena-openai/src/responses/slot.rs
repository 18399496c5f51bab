//! How much of an item chunks have had.

use std::collections::BTreeMap;

use cadena_core::AIMessageChunk;
use serde_json::Value;

use super::block::{push, with};
use super::event::Words;

/// One item of the output while its pieces come in.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The place of its block in the content, once it has one. The parts of a message have their own.
    pub(super) block: Option<i64>,
    /// The members that chunks have had whole.
    pub(super) sent: Vec<String>,
    /// How many bytes of its arguments or its input chunks have had.
    pub(super) said: usize,
    /// The same as text, for a call of a tool of the caller's.
    pub(super) called_with: String,
    /// Whether its pieces were not those of its whole, so that the call must not run.
    pub(super) differs: bool,
    /// The parts of a message, or of a thought's summary.
    pub(super) parts: BTreeMap<u32, Piece>,
    /// The parts of a thought itself.
    pub(super) thoughts: BTreeMap<u32, Piece>,
    /// The type of its block, if a piece of a text has shown it.
    pub(super) kind: Option<&'static str>,
    /// Whether it has come whole.
    pub(super) closed: bool,
}

/// A text of an item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    /// The place of its block in the content, for a part of a message.
    pub(super) block: i64,
    /// The type of that block, if a piece of a text has shown it.
    pub(super) kind: Option<&'static str>,
    /// How many of its bytes chunks have had.
    pub(super) said: usize,
    /// How many of its tokens.
    pub(super) tokens: usize,
    /// How many of the things that it cites.
    pub(super) cited: usize,
}

impl Slot {
    /// The number of its block, if it is one block.
    pub(super) fn number(&mut self, blocks: &mut i64) -> i64 {
        *self.block.get_or_insert_with(|| next(blocks))
    }

    /// As [`rest`](Self::rest), for a call of a tool of the caller's.
    pub(super) fn rest_of_call(&mut self, whole: Option<&str>) -> String {
        let rest = self.news_of_call(whole.unwrap_or_default()).to_owned();
        self.called_with.push_str(&rest);
        self.said += rest.len();
        rest
    }

    /// The new part of the whole text that a tool of the caller's is called with: it runs with exactly that text, or not at all.
    pub(super) fn news_of_call<'a>(&mut self, whole: &'a str) -> &'a str {
        match whole.strip_prefix(self.called_with.as_str()) {
            Some(rest) => rest,
            None => {
                // A server may leave the whole empty, or write it with other blanks than the pieces.
                self.differs |= !whole.is_empty() && !is_same_json(whole, &self.called_with);
                ""
            }
        }
    }

    /// The new part of the whole of its one text, which counts as handed on after this call.
    pub(super) fn rest(&mut self, whole: Option<&str>) -> String {
        let rest = whole.and_then(|whole| whole.get(self.said..)).unwrap_or_default();
        self.said += rest.len();
        rest.to_owned()
    }

    /// A part of a message, a new one if it is not known.
    pub(super) fn part(&mut self, place: u32, blocks: &mut i64) -> &mut Piece {
        self.parts.entry(place).or_insert_with(|| Piece {
            block: next(blocks),
            ..Piece::default()
        })
    }

    /// How many bytes and tokens of a text chunks have had.
    pub(super) fn said_of(&self, words: Words, content: Option<u32>, summary: Option<u32>) -> (usize, usize) {
        let piece = match words {
            Words::Text | Words::Refusal => self.parts.get(&content.unwrap_or(0)),
            Words::Summary => self.parts.get(&summary.unwrap_or(0)),
            Words::Thought => self.thoughts.get(&content.unwrap_or(0)),
            Words::Arguments | Words::Input | Words::McpArguments | Words::Code => return (self.said, 0),
        };
        piece.map_or((0, 0), |piece| (piece.said, piece.tokens))
    }

    /// Whether a member chunks have had whole.
    pub(super) fn has_sent(&self, key: &str) -> bool {
        self.sent.iter().any(|sent| sent == key)
    }
}

fn is_same_json(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    read(one).is_some_and(|one| read(other) == Some(one))
}

fn next(blocks: &mut i64) -> i64 {
    *blocks += 1;
    *blocks - 1
}

impl Piece {
    /// The new part of the whole text.
    pub(super) fn rest<'a>(&self, whole: &'a str) -> &'a str {
        whole.get(self.said..).unwrap_or_default()
    }
}

/// The items by their ids and by their places: servers repeat the one or the other wrongly.
#[derive(Debug, Default)]
pub(super) struct Slots {
    list: Vec<Slot>,
    by_id: BTreeMap<String, usize>,
    by_place: BTreeMap<u32, usize>,
    /// The item that the last event was about, by its id.
    last: Option<(String, usize)>,
    /// The call of a tool of the caller's that began last.
    last_call: Option<usize>,
}

impl Slots {
    /// The item of an event, a new one if it is not known.
    pub(super) fn find(&mut self, id: Option<&str>, place: Option<u32>) -> Option<&mut Slot> {
        let at = match self.known(id, place) {
            Some(at) => at,
            None => self.add(id, place),
        };
        self.list.get_mut(at)
    }

    /// The item of a piece of a text. Arguments without an id or a place belong to the call that began last.
    pub(super) fn find_text(&mut self, words: Words, id: Option<&str>, place: Option<u32>) -> Option<&mut Slot> {
        match (id, place, self.last_call) {
            (None, None, Some(at)) if words.is_call() => self.list.get_mut(at),
            _ => self.find(id, place),
        }
    }

    /// Notes that the last item that was added is a call.
    pub(super) fn begin_call(&mut self, id: Option<&str>, place: Option<u32>) {
        self.last_call = self.known(id, place).or_else(|| self.list.len().checked_sub(1));
    }

    /// The item that begins: a new one, unless its id is known.
    pub(super) fn begin(&mut self, id: Option<&str>, place: Option<u32>) -> Option<&mut Slot> {
        let known = id.and_then(|id| self.by_id.get(id).copied());
        let at = match known {
            Some(at) => at,
            None => self.add(id, place),
        };
        self.list.get_mut(at)
    }

    /// Writes the ids of items that have never come whole into their blocks, where the response ends.
    pub(super) fn name_open(&self, chunk: &mut AIMessageChunk) {
        for (id, slot) in &self.by_id {
            let Some(slot) = self.list.get(*slot).filter(|slot| !slot.closed && !slot.has_sent("id")) else {
                continue;
            };
            let parts = slot.parts.values().map(|piece| (piece.block, piece.kind));
            let blocks = slot.block.map(|block| (block, slot.kind));
            let all: Vec<_> = if slot.block.is_some() {
                blocks.into_iter().collect()
            } else {
                parts.collect()
            };
            for (index, kind) in all {
                if let Some(kind) = kind {
                    push(chunk, with(kind, "id", id.as_str().into(), index));
                }
            }
        }
    }

    /// Whether nothing of a whole output with so many items can be new.
    pub(super) fn have_all(&self, items: usize) -> bool {
        let mut places = 0..u32::try_from(items).unwrap_or(u32::MAX);
        self.list.len() == items
            && self.list.iter().all(|slot| slot.closed)
            && places.all(|place| self.by_place.contains_key(&place))
    }

    fn known(&self, id: Option<&str>, place: Option<u32>) -> Option<usize> {
        if let (Some(id), Some((last, at))) = (id, &self.last)
            && id == last
        {
            return Some(*at);
        }
        let by_id = id.and_then(|id| self.by_id.get(id));
        by_id.or_else(|| self.by_place.get(&place?)).copied()
    }

    fn add(&mut self, id: Option<&str>, place: Option<u32>) -> usize {
        let at = self.list.len();
        self.list.push(Slot::default());
        if let Some(id) = id {
            self.by_id.insert(id.to_owned(), at);
            self.last = Some((id.to_owned(), at));
        }
        if let Some(place) = place {
            self.by_place.insert(place, at);
        }
        at
    }
}
