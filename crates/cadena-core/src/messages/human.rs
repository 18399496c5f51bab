//! The message of a person.

use super::Content;
use super::fields::Fields;
use super::spoken::{keep_first, message_kind};

message_kind! {
    /// A message of a person to the model.
    ///
    /// # Examples
    ///
    /// ```
    /// let message = cadena_core::HumanMessage::new("hi").with_name("Ann");
    /// assert_eq!(serde_json::to_value(&message)?["type"], "human");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    HumanMessage = "human",
    /// A piece of a person's message, such as speech that is being recognised.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{HumanMessage, HumanMessageChunk};
    ///
    /// let whole = HumanMessageChunk::new("Hel") + HumanMessageChunk::new("lo");
    /// assert_eq!(HumanMessage::from(whole), HumanMessage::new("Hello"));
    /// ```
    HumanMessageChunk = "HumanMessageChunk",
    content: Fields::content,
    name: Fields::text, keep_first,
    fields: {}
}

impl HumanMessage {
    /// Makes a message of a person.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::HumanMessage::new("hi").text(), "hi");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

impl HumanMessageChunk {
    /// Makes a piece of a person's message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::HumanMessageChunk;
    ///
    /// assert_eq!((HumanMessageChunk::new("Hel") + HumanMessageChunk::new("lo")).text(), "Hello");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}
