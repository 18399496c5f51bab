//! Every answer of one call, where a model was asked for several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::{AIMessage, AIMessageChunk};
use crate::{Merge, Result, Streamable};

/// Every answer of one call, in the order of their indexes. Each has its own log probabilities and finish reason; what the call
/// used as a whole, [`usage_metadata`](AIMessage::usage_metadata), stands on the first alone, so that a sum is right.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, Choices};
///
/// let choices = Choices::from(vec![AIMessage::new("a"), AIMessage::new("b")]);
/// assert_eq!(choices.iter().map(|message| message.text()).collect::<String>(), "ab");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Choices(pub(crate) Vec<AIMessage>);

impl Choices {
    /// The answer that `invoke` gives.
    #[must_use]
    pub fn first(&self) -> Option<&AIMessage> {
        self.0.first()
    }

    /// The answers, first choice first.
    pub fn iter(&self) -> std::slice::Iter<'_, AIMessage> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answers as a list.
    #[must_use]
    pub fn into_vec(self) -> Vec<AIMessage> {
        self.0
    }
}

impl From<Vec<AIMessage>> for Choices {
    fn from(messages: Vec<AIMessage>) -> Self {
        Self(messages)
    }
}

impl IntoIterator for Choices {
    type Item = AIMessage;
    type IntoIter = std::vec::IntoIter<AIMessage>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Choices {
    type Item = &'a AIMessage;
    type IntoIter = std::slice::Iter<'a, AIMessage>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Streamable for Choices {
    type Chunk = ChoicesChunk;

    fn into_chunk(self) -> ChoicesChunk {
        ChoicesChunk((0..).zip(self.0.into_iter().map(Streamable::into_chunk)).collect())
    }

    fn from_chunk(chunk: ChoicesChunk) -> Result<Self> {
        let messages = chunk.0.into_values().map(AIMessage::from_chunk);
        Ok(Self(messages.collect::<Result<_>>()?))
    }

    fn from_json(json: serde_json::Value) -> Result<Self> {
        crate::streamable::read_json(json)
    }
}

/// Pieces of choices by their index, nearly always one. Adding keeps the choices apart.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessageChunk, ChoicesChunk, Merge};
///
/// let mut sum = ChoicesChunk::new(0, AIMessageChunk::new("a"));
/// sum.merge(ChoicesChunk::new(1, AIMessageChunk::new("b")))?;
/// sum.merge(ChoicesChunk::new(0, AIMessageChunk::new("a")))?;
/// let texts: Vec<_> = sum.iter().map(|(index, chunk)| (index, chunk.text().into_owned())).collect();
/// assert_eq!(texts, [(0, "aa".to_owned()), (1, "b".to_owned())]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChoicesChunk(pub(crate) BTreeMap<u32, AIMessageChunk>);

impl ChoicesChunk {
    /// A piece of one choice.
    #[must_use]
    pub fn new(index: u32, chunk: AIMessageChunk) -> Self {
        Self(BTreeMap::from([(index, chunk)]))
    }

    /// The piece of a choice.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&AIMessageChunk> {
        self.0.get(&index)
    }

    /// Each index with its piece, lowest index first.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &AIMessageChunk)> {
        self.into_iter()
    }
}

impl FromIterator<(u32, AIMessageChunk)> for ChoicesChunk {
    fn from_iter<I: IntoIterator<Item = (u32, AIMessageChunk)>>(pieces: I) -> Self {
        let mut chunk = Self::default();
        for (index, piece) in pieces {
            *chunk.0.entry(index).or_default() += piece;
        }
        chunk
    }
}

impl IntoIterator for ChoicesChunk {
    type Item = (u32, AIMessageChunk);
    type IntoIter = std::collections::btree_map::IntoIter<u32, AIMessageChunk>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ChoicesChunk {
    type Item = (u32, &'a AIMessageChunk);
    type IntoIter = std::iter::Map<
        std::collections::btree_map::Iter<'a, u32, AIMessageChunk>,
        fn((&'a u32, &'a AIMessageChunk)) -> (u32, &'a AIMessageChunk),
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(index, chunk)| (*index, chunk))
    }
}

impl Merge for ChoicesChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        for (index, piece) in next {
            match self.0.entry(index) {
                std::collections::btree_map::Entry::Occupied(mut sum) => sum.get_mut().merge(piece)?,
                std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(piece)),
            }
        }
        Ok(())
    }
}

/// A list of pieces, each with its `index`.
impl Serialize for ChoicesChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Piece<'a> {
            index: u32,
            message: &'a AIMessageChunk,
        }
        serializer.collect_seq(self.iter().map(|(index, message)| Piece { index, message }))
    }
}
