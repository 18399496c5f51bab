//! All answers of one call, if a model was asked for several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::{AIMessage, AIMessageChunk};
use crate::{Merge, Result, Streamable};

/// All answers of one call, in the order of their indexes.
///
/// Each answer has its log probabilities and its finish reason. The usage of the whole call, [`usage_metadata`](AIMessage::usage_metadata), is on the
/// first answer alone, so that a sum over the answers is right.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, Choices};
///
/// let choices = Choices::from(vec![AIMessage::new("a"), AIMessage::new("b")]);
/// assert_eq!(choices.iter().map(|message| message.text()).collect::<String>(), "ab");
/// ```
#[doc(alias = "ChatResult")]
#[doc(alias = "ChatGeneration")]
#[doc(alias = "generations")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Choices(pub(crate) Vec<AIMessage>);

impl Choices {
    /// Returns the first answer: the one that `invoke` returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Choices};
    ///
    /// let choices = Choices::from(vec![AIMessage::new("a"), AIMessage::new("b")]);
    /// assert_eq!(choices.first().map(AIMessage::text).as_deref(), Some("a"));
    /// ```
    #[must_use]
    pub fn first(&self) -> Option<&AIMessage> {
        self.0.first()
    }

    /// Iterates over the answers, first choice first.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Choices};
    ///
    /// let choices = Choices::from(vec![AIMessage::new("a"), AIMessage::new("b")]);
    /// assert!(choices.iter().any(|message| message.text() == "b"));
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, AIMessage> {
        self.0.iter()
    }

    /// Returns the number of answers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Choices};
    ///
    /// assert_eq!(Choices::from(vec![AIMessage::new("a"), AIMessage::new("b")]).len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no answers.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::Choices::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the answers as a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Choices};
    ///
    /// let messages = Choices::from(vec![AIMessage::new("a")]).into_vec();
    /// assert_eq!(messages[0].text(), "a");
    /// ```
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

/// Pieces of choices by their index, nearly always one piece. Addition keeps the choices apart.
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
#[doc(alias = "ChatGenerationChunk")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChoicesChunk(pub(crate) BTreeMap<u32, AIMessageChunk>);

impl ChoicesChunk {
    /// Makes a chunk with a piece of one choice.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ChoicesChunk};
    ///
    /// let chunk = ChoicesChunk::new(1, AIMessageChunk::new("b"));
    /// assert!(chunk.get(0).is_none() && chunk.get(1).is_some());
    /// ```
    #[must_use]
    pub fn new(index: u32, chunk: AIMessageChunk) -> Self {
        Self(BTreeMap::from([(index, chunk)]))
    }

    /// Returns the piece of a choice.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ChoicesChunk};
    ///
    /// let chunk = ChoicesChunk::new(1, AIMessageChunk::new("b"));
    /// assert_eq!(chunk.get(1).map(AIMessageChunk::text).as_deref(), Some("b"));
    /// ```
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&AIMessageChunk> {
        self.0.get(&index)
    }

    /// Iterates over the indexes and their pieces, lowest index first.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ChoicesChunk};
    ///
    /// let chunk = ChoicesChunk::from_iter([(1, AIMessageChunk::new("b")), (0, AIMessageChunk::new("a"))]);
    /// assert_eq!(chunk.iter().map(|(index, _)| index).collect::<Vec<_>>(), [0, 1]);
    /// ```
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
