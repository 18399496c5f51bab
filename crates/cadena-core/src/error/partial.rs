//! The part of an answer that had arrived before an [`Error`].

use super::Error;
use crate::{AIMessageChunk, ChoicesChunk};

impl Error {
    /// Attaches the part of the answer that had arrived; of several answers, that of the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Error, ErrorKind};
    ///
    /// let error = Error::from(ErrorKind::Truncated).with_partial(AIMessageChunk::new("Hel"));
    /// assert_eq!(error.partial().map(|chunk| chunk.text().into_owned()), Some("Hel".to_owned()));
    /// assert_eq!(Error::from(ErrorKind::Truncated).partial(), None);
    /// ```
    #[must_use]
    pub fn with_partial(self, partial: AIMessageChunk) -> Self {
        self.with_partial_choices(ChoicesChunk::new(0, partial))
    }

    /// Attaches the parts of several answers that had arrived, in place of those attached before under the same indexes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ChoicesChunk, Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Truncated, "the stream ended early")
    ///     .with_partial(AIMessageChunk::new("Hel"))
    ///     .with_partial_choices(ChoicesChunk::new(1, AIMessageChunk::new("Goo")));
    /// assert_eq!(error.partial_choices().map(|choices| choices.iter().count()), Some(2));
    /// ```
    #[must_use]
    pub fn with_partial_choices(mut self, partial: ChoicesChunk) -> Self {
        let before = self.repr.partial.take().map(|before| *before).unwrap_or_default();
        let kept = before.into_iter().filter(|(index, _)| partial.get(*index).is_none());
        let all: ChoicesChunk = kept.collect::<Vec<_>>().into_iter().chain(partial).collect();
        self.repr.partial = Some(Box::new(all));
        self
    }

    /// Returns the part of the answer that had arrived before the error, with its logprobs.
    ///
    /// Of several answers this is the first; [`partial_choices`](Self::partial_choices) has the others.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Truncated, "the stream ended early").with_partial(AIMessageChunk::new("Hel"));
    /// assert_eq!(error.partial().map(|chunk| chunk.text().into_owned()), Some("Hel".to_owned()));
    /// ```
    #[must_use]
    pub fn partial(&self) -> Option<&AIMessageChunk> {
        self.repr.partial.as_deref()?.get(0)
    }

    /// Returns the parts of all answers by index, where a model was asked for several
    /// ([`ChatModelExt::all_choices`](crate::ChatModelExt::all_choices), [`generate`](crate::ChatModelExt::generate)).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Truncated, "the stream ended early").with_partial(AIMessageChunk::new("Hel"));
    /// assert_eq!(error.partial_choices().and_then(|all| all.get(0)), error.partial());
    /// assert_eq!(Error::from(ErrorKind::Timeout).partial_choices(), None);
    /// ```
    #[must_use]
    pub fn partial_choices(&self) -> Option<&ChoicesChunk> {
        self.repr.partial.as_deref()
    }
}
