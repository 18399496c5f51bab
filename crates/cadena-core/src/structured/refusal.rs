//! The text with which a model declines to answer.

use std::fmt;

/// The text with which a model declined to answer: the source of an error of kind [`Refused`](crate::ErrorKind::Refused).
///
/// The text is content, so neither `Debug` nor `Display` prints it.
///
/// # Examples
///
/// ```
/// use cadena_core::{ErrorKind, Refusal, RunnableExt, AIMessageChunk, ChatModelExt};
/// use cadena_testing::ScriptedModel;
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// let mut refusal = AIMessageChunk::new("");
/// refusal.additional_kwargs.insert("refusal".to_owned(), json!("I had rather not."));
/// let model = ScriptedModel::new().chunks([refusal]); // stands for a real one
///
/// let model = model.with_structured_output_schema("joke", json!({"type": "object"}));
/// let error = model.invoke("Tell a bad joke.").await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Refused);
/// assert_eq!(error.downcast_source_ref::<Refusal>().map(Refusal::text), Some("I had rather not."));
/// assert!(!error.to_string().contains("rather"));
/// # });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    text: String,
}

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// Returns the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ChatModelExt, Refusal, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let mut refusal = AIMessageChunk::new("");
    /// refusal.additional_kwargs.insert("refusal".to_owned(), json!("I had rather not."));
    /// let model = ScriptedModel::new().chunks([refusal]).with_structured_output_schema("joke", json!({"type": "object"}));
    /// let error = model.invoke("Tell a bad joke.").await.unwrap_err();
    /// assert_eq!(error.downcast_source_ref().map(Refusal::text), Some("I had rather not."));
    /// # });
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refusal(..)")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the refusal has {} bytes", self.text.len())
    }
}

impl std::error::Error for Refusal {}
