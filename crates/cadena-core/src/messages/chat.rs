//! A message in a role without a message type.

use super::Content;
use super::fields::Fields;
use super::spoken::{keep_first, message_kind, same};
use crate::Result;

message_kind! {
    /// A message in a role without a message type.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ChatMessage::new("critic", "Too long.").role, "critic");
    /// ```
    ChatMessage = "chat",
    /// A piece of a message in a role without a message type. Pieces of two roles do not add up.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageChunk, ErrorKind, Merge};
    ///
    /// let mut chunk = ChatMessageChunk::new("critic", "Too ");
    /// chunk.merge(ChatMessageChunk::new("critic", "long."))?;
    /// assert_eq!(chunk.text(), "Too long.");
    ///
    /// let error = chunk.merge(ChatMessageChunk::new("fan", "!")).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Merge);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ChatMessageChunk = "ChatMessageChunk",
    content: Fields::content,
    name: Fields::text, keep_first,
    fields: {
        /// The role, with the provider's name for it.
        role: String = Fields::required_text, same_role;
    }
}

fn same_role(left: &mut String, right: String) -> Result<()> {
    same(left, right, "the chunks are in two different roles")
}

impl ChatMessage {
    /// Makes a message in a role.
    ///
    /// # Examples
    ///
    /// ```
    /// let message = cadena_core::ChatMessage::new("critic", "Too long.");
    /// assert_eq!((message.role.as_str(), message.text().as_ref()), ("critic", "Too long."));
    /// ```
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            role: role.into(),
            content: content.into(),
            ..Self::default()
        }
    }
}

impl ChatMessageChunk {
    /// Makes a piece of a message in a role.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatMessageChunk;
    ///
    /// let sum = ChatMessageChunk::new("critic", "Too ") + ChatMessageChunk::new("critic", "long.");
    /// assert_eq!(sum.text(), "Too long.");
    /// ```
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            role: role.into(),
            content: content.into(),
            ..Self::default()
        }
    }
}
