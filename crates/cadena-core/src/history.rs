//! Conversations that are remembered between calls: where messages are kept, and how they get into a step's input.

mod memory;
pub use memory::InMemoryChatMessageHistory;
mod input;
pub use input::{HistoryInput, HistoryKeys};
mod output;
pub use output::HistoryOutput;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{ConfigKey, Message, Result};

/// The conversation that a call belongs to, for a step [with message history](crate::RunnableExt::with_message_history).
///
/// # Examples
///
/// ```
/// use cadena_core::{RunConfig, SESSION_ID};
///
/// let config = RunConfig::new().set(SESSION_ID, "user-7/chat-1".to_owned());
/// # let _ = config;
/// ```
pub const SESSION_ID: ConfigKey<String> = ConfigKey::new("session_id");

/// Keeps the messages of conversations, each under the id of its session.
///
/// [`InMemoryChatMessageHistory`] keeps them in the program; the crate `cadena-sqlite` keeps them in a file.
///
/// # Implementing
///
/// [`append`](Self::append) stores all of its messages or none, behind each other: two turns that are stored at the same time must not mix. A
/// message comes back as it was stored, with its log probabilities. When the future of an `append` is dropped, the messages may be stored or not,
/// but never some of them.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
///
/// # futures::executor::block_on(async {
/// let history = InMemoryChatMessageHistory::new();
/// history.append("chat-1", vec!["hi".into(), ("ai", "Hello!").into()]).await?;
/// assert_eq!(history.messages("chat-1").await?.len(), 2);
/// assert!(history.messages("chat-2").await?.is_empty());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[async_trait]
pub trait ChatMessageHistory: Send + Sync + 'static {
    /// The messages of a session, oldest first; none of a session that nobody has written to.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if they cannot be read.
    async fn messages(&self, session: &str) -> Result<Vec<Message>>;

    /// Adds messages to the end of a session: all of them or none, behind each other.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if they cannot be written.
    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()>;

    /// Forgets a session.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if it cannot be written.
    async fn clear(&self, session: &str) -> Result<()>;
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a pointer that forgets a method would change what it holds"
)]
#[async_trait]
impl<H: ChatMessageHistory + ?Sized> ChatMessageHistory for Arc<H> {
    async fn messages(&self, session: &str) -> Result<Vec<Message>> {
        (**self).messages(session).await
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        (**self).append(session, messages).await
    }

    async fn clear(&self, session: &str) -> Result<()> {
        (**self).clear(session).await
    }
}
