//! How much of an item has been given away.

use std::collections::BTreeMap;

use serde_json::Value;

/// One item of the output while its pieces come in.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The place of its block in the content, once it has one. The parts of a message have their own.
    pub(super) block: Option<i64>,
    /// The members that have been given away whole.
    pub(super) sent: Vec<String>,
    /// How many bytes of its arguments or its input have been given away.
    pub(super) said: usize,
    /// The same as text, for a call of a tool of the caller's.
    pub(super) called_with: String,
    /// Whether its pieces were not those of its whole, so that the call must not run.
    pub(super) differs: bool,
    /// The parts of a message, or of a thought's summary.
    pub(super) parts: BTreeMap<u32, Piece>,
    /// The parts of a thought itself.
    pub(super) thoughts: BTreeMap<u32, Piece>,
    /// Whether it has come whole.
    pub(super) closed: bool,
}

/// A text of an item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    /// The place of its block in the content, for a part of a message.
    pub(super) block: i64,
    /// How many of its bytes have been given away.
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

    /// As [`rest`](Self::rest), for a call of a tool of the caller's: it runs with exactly what the model said, or not at all.
    pub(super) fn rest_of_call(&mut self, whole: Option<&str>) -> String {
        let whole = whole.unwrap_or_default();
        if whole.is_empty() {
            return String::new();
        }
        let Some(rest) = whole.strip_prefix(self.called_with.as_str()) else {
            // A server may write the whole with other blanks than the pieces.
            self.differs |= !is_same_json(whole, &self.called_with);
            return String::new();
        };
        self.called_with.push_str(rest);
        self.said += rest.len();
        rest.to_owned()
    }

    /// What is new in the whole of its one text, which has been given away with it.
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

    /// Whether a member has been given away whole.
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
    /// What is new in the whole text.
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

    /// The call of a piece of arguments, which is the last one that began if the piece does not say.
    pub(super) fn find_call(&mut self, id: Option<&str>, place: Option<u32>) -> Option<&mut Slot> {
        match (id, place, self.last_call) {
            (None, None, Some(at)) => self.list.get_mut(at),
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
