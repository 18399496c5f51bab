//! A piece of one of the answers of a model to one prompt.

use std::borrow::Cow;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{AIMessageChunk, ResponseMetadata};
use crate::{Merge, Result};

/// A piece of one of the answers of a model to one prompt, with the provider's metadata about that answer.
///
/// Serialises with the text of the message beside it, as LangChain's does.
///
/// # Examples
///
/// ```
/// use cadena_core::AIMessageChunk;
/// use cadena_core::messages::ChatGenerationChunk;
///
/// let sum: ChatGenerationChunk = ["Hel", "lo"].map(|text| ChatGenerationChunk::new(AIMessageChunk::new(text))).into_iter().sum();
/// assert_eq!(sum.text(), "Hello");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChatGenerationChunk {
    /// The piece of the answer.
    pub message: AIMessageChunk,
    /// The provider's metadata about the answer, typed as in a message.
    #[serde(default)]
    pub generation_info: Option<ResponseMetadata>,
}

impl ChatGenerationChunk {
    /// Makes a piece without metadata.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessageChunk;
    /// use cadena_core::messages::ChatGenerationChunk;
    ///
    /// assert_eq!(ChatGenerationChunk::new(AIMessageChunk::new("Hel")).generation_info, None);
    /// ```
    #[must_use]
    pub fn new(message: AIMessageChunk) -> Self {
        Self {
            message,
            generation_info: None,
        }
    }

    /// Returns the text of the piece.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessageChunk;
    /// use cadena_core::messages::ChatGenerationChunk;
    ///
    /// assert_eq!(ChatGenerationChunk::new(AIMessageChunk::new("Hel")).text(), "Hel");
    /// ```
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.message.text()
    }
}

/// Messages and metadata add up by their rules; a sum of empty metadata is `None`.
impl Merge for ChatGenerationChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        let Self {
            message,
            generation_info,
        } = next;
        let results = [self.message.merge(message), self.generation_info.merge(generation_info)];
        if self.generation_info.as_ref().is_some_and(ResponseMetadata::is_empty) {
            self.generation_info = None;
        }
        results.into_iter().collect()
    }
}

/// As [`Merge`], but where two values cannot be added the left one stays.
impl AddAssign for ChatGenerationChunk {
    fn add_assign(&mut self, next: Self) {
        let _ = self.merge(next);
    }
}

impl Add for ChatGenerationChunk {
    type Output = Self;
    fn add(mut self, next: Self) -> Self {
        self += next;
        self
    }
}

impl Sum for ChatGenerationChunk {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}

impl Serialize for ChatGenerationChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut dump = serializer.serialize_struct("ChatGenerationChunk", 3)?;
        dump.serialize_field("text", &self.text())?;
        dump.serialize_field("message", &self.message)?;
        dump.serialize_field("generation_info", &self.generation_info)?;
        dump.end()
    }
}
