//! The instructions of the application to the model.

use super::Content;
use super::fields::Fields;
use super::spoken::{keep_first, message_kind};

message_kind! {
    /// The instructions of the application to the model, before the conversation.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::SystemMessage::new("Be brief.").text(), "Be brief.");
    /// ```
    SystemMessage = "system",
    /// A piece of the instructions of the application.
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
    /// Makes instructions for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::SystemMessage::new("Be brief.").text(), "Be brief.");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

impl SystemMessageChunk {
    /// Makes a piece of instructions for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::SystemMessageChunk;
    ///
    /// assert_eq!((SystemMessageChunk::new("Be ") + SystemMessageChunk::new("brief.")).text(), "Be brief.");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}
