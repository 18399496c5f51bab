//! [`StreamMode`]: how a step treats chunks.

use serde::Serialize;

/// How a step treats chunks, as [`RunnableExt::streaming`](crate::RunnableExt::streaming) reports it.
///
/// Tokens arrive at the end of a chain as the model emits them if every step after the model passes them through.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, passthrough, EchoModel, PromptValue, Runnable, RunnableExt, StreamMode};
///
/// let to_prompt = lambda(|text: String| PromptValue::from(text));
/// assert_eq!(to_prompt.streaming(), StreamMode::WaitsForAll);
/// assert_eq!(passthrough::<String>().streaming(), StreamMode::PassesThrough);
/// assert_eq!((to_prompt | EchoModel::new() | passthrough()).streaming(), StreamMode::StreamsOutput);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamMode {
    /// Works on chunks as they arrive: its output begins before its input is complete.
    PassesThrough,
    /// Waits for its whole input; its output comes in chunks.
    StreamsOutput,
    /// Waits for its whole input and returns its output in one piece.
    WaitsForAll,
}

impl StreamMode {
    /// Returns the mode of this step followed by `next`: the last one that waits decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::StreamMode::{PassesThrough, StreamsOutput, WaitsForAll};
    ///
    /// assert_eq!(WaitsForAll.then(StreamsOutput).then(PassesThrough), StreamsOutput);
    /// assert_eq!(StreamsOutput.then(WaitsForAll), WaitsForAll);
    /// ```
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match next {
            Self::PassesThrough => self,
            Self::StreamsOutput | Self::WaitsForAll => next,
        }
    }

    /// Returns the mode of parallel steps, or of a choice between steps: the one that waits least.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::StreamMode::{StreamsOutput, WaitsForAll};
    ///
    /// assert_eq!(WaitsForAll.beside(StreamsOutput), StreamsOutput);
    /// ```
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        self.min(other)
    }

    /// The mode of this step after one that needs the whole input first.
    pub(crate) fn waiting(self) -> Self {
        self.max(Self::StreamsOutput)
    }
}
