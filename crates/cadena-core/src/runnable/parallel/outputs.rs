//! The outputs of several steps of one type, in their order.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::streamable::place;
use crate::{Merge, Result, Streamable};

/// The output of a [`parallel`](fn@crate::parallel) array or `Vec` of steps: one value for each, in their order.
///
/// The chunks of a `Vec` append; the chunks of this type keep their index.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, parallel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let powers = parallel([1, 2, 3].map(|power| lambda(move |n: i32| n.pow(power))));
/// assert_eq!(powers.invoke(5).await?.into_vec(), [5, 25, 125]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outputs<T>(Vec<T>);

impl<T> Outputs<T> {
    /// Returns the values.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Outputs;
    ///
    /// assert_eq!(Outputs::from(vec![5, 25]).into_vec(), [5, 25]);
    /// ```
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Deref for Outputs<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for Outputs<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T> IntoIterator for Outputs<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: Streamable> Streamable for Outputs<T> {
    type Chunk = OutputsChunk<T::Chunk>;

    fn into_chunk(self) -> Self::Chunk {
        OutputsChunk {
            count: self.0.len(),
            pieces: self.0.into_iter().map(T::into_chunk).enumerate().collect(),
        }
    }

    fn from_chunk(mut chunk: Self::Chunk) -> Result<Self> {
        let places = (0..chunk.count).map(|index| place(index, chunk.pieces.remove(&index)));
        places.collect::<Result<_>>().map(Self)
    }

    fn empty() -> Option<Self> {
        Some(Self(Vec::new()))
    }

    fn from_json(json: serde_json::Value) -> Result<Self> {
        let values = crate::streamable::read_json::<Vec<_>>(json)?.into_iter();
        values.map(T::from_json).collect::<Result<_>>().map(Self)
    }
}

/// Pieces of some of the values of [`Outputs`].
///
/// # Examples
///
/// ```
/// use cadena_core::{Merge, Outputs, OutputsChunk, Streamable};
///
/// let mut sum = OutputsChunk::of(2, 1, "b".to_owned());
/// sum.merge(OutputsChunk::of(2, 0, "a".to_owned()))?;
/// assert_eq!(Outputs::<String>::from_chunk(sum)?.into_vec(), ["a", "b"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
pub struct OutputsChunk<C> {
    /// How many places there are.
    #[serde(skip)]
    count: usize,
    #[serde(flatten)]
    pieces: BTreeMap<usize, C>,
}

impl<C> OutputsChunk<C> {
    /// A piece of the value at a place, counted from 0, of `count` places.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::OutputsChunk;
    ///
    /// let chunk = OutputsChunk::of(2, 1, "b");
    /// assert_eq!((chunk.get(0), chunk.get(1)), (None, Some(&"b")));
    /// ```
    #[must_use]
    pub fn of(count: usize, place: usize, piece: C) -> Self {
        Self {
            count: count.max(place.saturating_add(1)),
            pieces: BTreeMap::from([(place, piece)]),
        }
    }

    /// The piece of the value at a place, counted from 0, if this chunk has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Merge, OutputsChunk};
    ///
    /// let mut sum = OutputsChunk::of(2, 1, "b".to_owned());
    /// assert_eq!(sum.get(0), None);
    /// sum.merge(OutputsChunk::of(2, 0, "a".to_owned()))?;
    /// assert_eq!(sum.get(0).map(String::as_str), Some("a"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&C> {
        self.pieces.get(&place)
    }

    /// Every place and its piece.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::OutputsChunk;
    ///
    /// let chunk = OutputsChunk::of(2, 1, "b");
    /// assert_eq!(chunk.iter().collect::<Vec<_>>(), [(1, &"b")]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (usize, &C)> {
        self.pieces.iter().map(|(place, piece)| (*place, piece))
    }
}

impl<C: Merge> Merge for OutputsChunk<C> {
    fn merge(&mut self, next: Self) -> Result<()> {
        let Self { count, pieces } = next;
        self.count = self.count.max(count);
        for (place, piece) in pieces {
            match self.pieces.get_mut(&place) {
                Some(sum) => sum.merge(piece)?,
                None => drop(self.pieces.insert(place, piece)),
            }
        }
        Ok(())
    }
}
