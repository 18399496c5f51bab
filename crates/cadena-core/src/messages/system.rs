//! What the application tells the model.

use super::Content;
use super::fields::Fields;
use super::spoken::{keep_first, message_kind};

message_kind! {
    /// What the application tells the model before the conversation.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::SystemMessage::new("Be brief.").text(), "Be brief.");
    /// ```
    SystemMessage = "system",
    /// A piece of what the application tells the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::SystemMessageChunk;
    ///
    /// let sum: SystemMessageChunk = ["Be ", "brief."].map(SystemMessageChunk::new).into_iter().sum();
    /// assert_eq!(sum.text(), "Be brief.");
    /// ```
    SystemMessageChunk = "SystemMessageChunk",
    content: Fields::content,
    name: Fields::text, keep_first,
    fields: {}
}

impl SystemMessage {
    /// What the application says.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

impl SystemMessageChunk {
    /// A piece of what the application says.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}
