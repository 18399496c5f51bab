//! What a person says.

use super::Content;
use super::fields::Fields;
use super::spoken::{keep_first, message_kind};

message_kind! {
    /// What a person says to the model.
    ///
    /// # Examples
    ///
    /// ```
    /// let message = cadena_core::HumanMessage::new("hi").with_name("Ann");
    /// assert_eq!(serde_json::to_value(&message)?["type"], "human");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    HumanMessage = "human",
    /// A piece of what a person says, such as speech that is being recognised.
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
    /// What a person says.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

impl HumanMessageChunk {
    /// A piece of what a person says.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}
