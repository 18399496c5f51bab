//! Finds the list element into which another one is merged.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::conflict::Conflict;
use super::{Item, integer};

/// A table pays for itself from this number of added elements on, and from this number of elements in all.
const TABLE_FROM: (usize, usize) = (8, 64);

/// The members that an element must have so that another one is merged into it.
pub(super) struct Wanted<'a> {
    index: Scalar<'a>,
    id: Id<'a>,
}

impl<'a> Wanted<'a> {
    /// Returns `None` for an element that is always appended.
    pub(super) fn of<T: Item>(block: &'a T) -> Option<Self> {
        let index = match block.member("index")? {
            index @ Value::Bool(_) => index, // Python's booleans are integers.
            index @ Value::Number(number) if integer(number).is_some() => index,
            index @ Value::String(text) if text.starts_with("lc_") => index,
            _ => return None,
        };
        Some(Self {
            index: Scalar::of(index)?,
            id: Id::of(block),
        })
    }
}

/// A value that is compared as Python compares it: `1 == 1.0 == True`.
#[derive(PartialEq, Eq, Hash)]
enum Scalar<'a> {
    Integer(i128),
    /// The bits of a float that is not a whole number.
    Float(u64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Integer((*value).into())),
            Value::Number(number) => integer(number)
                .map(Self::Integer)
                .or_else(|| number.as_f64().map(Self::of_float)),
            Value::String(text) => Some(Self::Text(text.into())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn of_float(float: f64) -> Self {
        // Both bounds are powers of two, so the comparison and the conversion are exact.
        if float.fract() == 0.0 && float >= i128::MIN as f64 && float < i128::MAX as f64 {
            Self::Integer(float as i128)
        } else {
            Self::Float(float.to_bits())
        }
    }

    fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Integer(integer) => Scalar::Integer(integer),
            Self::Float(bits) => Scalar::Float(bits),
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
        }
    }
}

#[derive(PartialEq)]
enum Id<'a> {
    /// A missing id, null or the empty text: it fits every other id.
    Empty,
    Known(Scalar<'a>),
    /// An object or a list: Python cannot look it up in a set, so LangChain fails, and so do we.
    Malformed,
}

impl<'a> Id<'a> {
    fn of<T: Item>(block: &'a T) -> Self {
        match block.member("id") {
            None | Some(Value::Null) => Self::Empty,
            Some(Value::String(id)) if id.is_empty() => Self::Empty,
            Some(id) => Scalar::of(id).map_or(Self::Malformed, Self::Known),
        }
    }
}

type Found = Result<Option<usize>, Box<Conflict>>;

/// Finds an element by a look at every one, or by a table where the looks would be quadratic.
pub(super) enum Finder {
    Scan,
    Table(Table),
}

#[derive(Default)]
pub(super) struct Table(HashMap<Scalar<'static>, Slot>);

/// The elements with one `index`, by position.
#[derive(Default)]
struct Slot {
    first: Option<usize>,
    /// Positions in ascending order. Only the front can get an `id`, as a piece with an `id` is merged into no other of these.
    without_id: VecDeque<usize>,
    /// The first element with each `id`.
    by_id: HashMap<Scalar<'static>, usize>,
    has_malformed: bool,
}

impl Finder {
    pub(super) fn new<T: Item>(left: &[T], added: usize) -> Self {
        if added < TABLE_FROM.0 || left.len() + added < TABLE_FROM.1 {
            Self::Scan
        } else {
            Self::table(left)
        }
    }

    pub(super) fn table<T: Item>(left: &[T]) -> Self {
        let mut finder = Self::Table(Table::default());
        (0..left.len()).for_each(|position| finder.has_grown(left, position));
        finder
    }

    /// Returns the first element that fits. Fails if an element with this `index` has a malformed `id`, or if the wanted `id` is malformed
    /// and has to be compared.
    pub(super) fn find<T: Item>(&self, left: &[T], wanted: &Wanted<'_>) -> Found {
        match self {
            Self::Scan => scan(left, wanted),
            Self::Table(Table(slots)) => slots.get(&wanted.index).map_or(Ok(None), |slot| slot.find(&wanted.id)),
        }
    }

    /// Records an element that was appended, or into which another one was merged.
    pub(super) fn has_grown<T: Item>(&mut self, left: &[T], position: usize) {
        let Self::Table(Table(slots)) = self else { return };
        let Some(block) = left.get(position) else {
            return;
        };
        let Some(index) = block.member("index").and_then(Scalar::of) else {
            return;
        };
        slots
            .entry(index.into_owned())
            .or_default()
            .insert(Id::of(block), position);
    }
}

fn scan<T: Item>(left: &[T], wanted: &Wanted<'_>) -> Found {
    let mut first = None;
    // The loop runs to the end, as a later element may be malformed.
    for (position, block) in left.iter().enumerate() {
        if block.member("index").and_then(Scalar::of).as_ref() != Some(&wanted.index) {
            continue;
        }
        let fits = match (Id::of(block), &wanted.id) {
            (Id::Malformed, _) | (Id::Known(_), Id::Malformed) => return Err(malformed()),
            (Id::Empty, _) | (_, Id::Empty) => true,
            (Id::Known(left), Id::Known(right)) => left == *right,
        };
        if fits {
            first = first.or(Some(position));
        }
    }
    Ok(first)
}

impl Slot {
    fn find(&self, id: &Id<'_>) -> Found {
        match id {
            _ if self.has_malformed => Err(malformed()),
            Id::Malformed if !self.by_id.is_empty() => Err(malformed()),
            Id::Empty | Id::Malformed => Ok(self.first),
            Id::Known(id) => Ok(self
                .by_id
                .get(id)
                .into_iter()
                .chain(self.without_id.front())
                .min()
                .copied()),
        }
    }

    fn insert(&mut self, id: Id<'_>, position: usize) {
        self.first.get_or_insert(position);
        if id == Id::Empty {
            if self.without_id.back().is_none_or(|last| *last < position) {
                self.without_id.push_back(position);
            }
            return;
        }
        if self.without_id.front() == Some(&position) {
            self.without_id.pop_front();
        }
        match id {
            Id::Known(id) => {
                let first = self.by_id.entry(id.into_owned()).or_insert(position);
                *first = position.min(*first);
            }
            _ => self.has_malformed = true,
        }
    }
}

fn malformed() -> Box<Conflict> {
    Conflict::merge("the `id` of an element must not be an object or a list")
}
