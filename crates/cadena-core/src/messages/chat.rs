//! A message in a role that has no type of its own.

use super::Content;
use super::fields::Fields;
use super::spoken::{keep_first, message_kind, same};
use crate::Result;

message_kind! {
    /// A message in a role that has no type of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ChatMessage::new("critic", "Too long.").role, "critic");
    /// ```
    ChatMessage = "chat",
    /// A piece of a message in a role that has no type of its own. Pieces of two roles do not add up.
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
        /// The role, as the provider names it.
        role: String = Fields::required_text, same_role;
    }
}

fn same_role(left: &mut String, right: String) -> Result<()> {
    same(left, right, "the chunks are in two different roles")
}

impl ChatMessage {
    /// A message in a role.
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
    /// A piece of a message in a role.
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            role: role.into(),
            content: content.into(),
            ..Self::default()
        }
    }
}
