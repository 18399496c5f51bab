//! The kinds of messages, for a choice among them.

use std::fmt;
use std::str::FromStr;

use super::Message;
use crate::{Error, ErrorKind, Result};

/// The kinds of messages, for a choice among them.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, MessageKind};
///
/// assert!(MessageKind::Human.is(&Message::from("hi")));
/// assert_eq!("tool".parse::<MessageKind>()?, MessageKind::Tool);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "include_types")]
#[doc(alias = "exclude_types")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// A message of a person: `human`.
    Human,
    /// Instructions of the application: `system`.
    System,
    /// An answer of a model: `ai`.
    AI,
    /// An answer of a tool: `tool`.
    Tool,
    /// A message in another role: `chat`.
    Chat,
    /// An answer of a function: `function`.
    Function,
    /// The marker that removes a message from a history: `remove`.
    Remove,
}

impl MessageKind {
    const ALL: [Self; 7] = [
        Self::Human,
        Self::System,
        Self::AI,
        Self::Tool,
        Self::Chat,
        Self::Function,
        Self::Remove,
    ];

    /// Returns the word that a message of this kind has as its `type`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::MessageKind::AI.as_str(), "ai");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::System => "system",
            Self::AI => "ai",
            Self::Tool => "tool",
            Self::Chat => "chat",
            Self::Function => "function",
            Self::Remove => "remove",
        }
    }

    /// Returns whether a message is of this kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Message, MessageKind};
    ///
    /// assert!(MessageKind::Human.is(&Message::from("hi")));
    /// assert!(!MessageKind::AI.is(&Message::from("hi")));
    /// ```
    #[must_use]
    pub fn is(self, message: &Message) -> bool {
        self.as_str() == message.kind()
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MessageKind {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| {
            let words = Self::ALL.map(Self::as_str).join(", ");
            Error::new(
                ErrorKind::InvalidInput,
                format!("`{word}` is not a kind of message: use one of {words}"),
            )
        })
    }
}
