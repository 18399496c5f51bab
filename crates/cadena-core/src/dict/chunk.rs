//! A piece of a [`Dict`](crate::Dict).

use indexmap::IndexMap;
use serde::Serialize;

use super::ValueChunk;
use crate::{Merge, Result};

/// A piece of a [`Dict`](crate::Dict): pieces of the values of some keys.
///
/// # Examples
///
/// ```
/// use cadena_core::{Dict, DictChunk, Merge, Streamable, ValueChunk};
///
/// let mut sum = DictChunk::of("joke", ValueChunk::text("Why did"));
/// sum.merge(DictChunk::of("joke", ValueChunk::text(" the bear…")))?;
/// assert_eq!(Dict::from_chunk(sum)?["joke"], "Why did the bear…");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "AddableDict")]
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct DictChunk(IndexMap<String, ValueChunk>);

impl DictChunk {
    /// Returns a chunk with a piece of one key's value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert_eq!(chunk.get("joke").and_then(ValueChunk::as_text), Some("Why"));
    /// assert!(chunk.get("poem").is_none());
    /// ```
    #[must_use]
    pub fn of(key: impl Into<String>, piece: ValueChunk) -> Self {
        Self(IndexMap::from([(key.into(), piece)]))
    }

    /// Returns the piece of a key's value, if this chunk has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert!(chunk.get("joke").is_some() && chunk.get("poem").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&ValueChunk> {
        self.0.get(key)
    }

    /// Sets the piece of a key's value. Returns the piece that was there before.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let mut chunk = DictChunk::default();
    /// assert!(chunk.insert("joke", ValueChunk::text("Why")).is_none());
    /// let before = chunk.insert("joke", ValueChunk::text("How"));
    /// assert_eq!(before.as_ref().and_then(ValueChunk::as_text), Some("Why"));
    /// ```
    pub fn insert(&mut self, key: impl Into<String>, piece: ValueChunk) -> Option<ValueChunk> {
        self.0.insert(key.into(), piece)
    }

    /// Removes a key and returns the piece of its value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let mut chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert!(chunk.remove("joke").is_some() && chunk.is_empty());
    /// ```
    pub fn remove(&mut self, key: &str) -> Option<ValueChunk> {
        self.0.shift_remove(key)
    }

    /// Returns every key with its piece.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert_eq!(chunk.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["joke"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ValueChunk)> {
        self.0.iter().map(|(key, piece)| (key.as_str(), piece))
    }

    /// Returns whether the chunk has no piece of any key.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::DictChunk::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for DictChunk {
    type Item = (String, ValueChunk);
    type IntoIter = indexmap::map::IntoIter<String, ValueChunk>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(String, ValueChunk)> for DictChunk {
    fn from_iter<I: IntoIterator<Item = (String, ValueChunk)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl Merge for DictChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        for (key, piece) in next.0 {
            match self.0.get_mut(&key) {
                Some(sum) => sum.merge(piece)?,
                None => drop(self.0.insert(key, piece)),
            }
        }
        Ok(())
    }
}
