//! Conversations that outlast a call: where messages are kept, and how they get into a step's input.

mod memory;
pub use memory::InMemoryChatMessageHistory;
mod input;
pub use input::{HistoryInput, HistoryKeys};
mod output;
pub use output::HistoryOutput;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{ConfigKey, Message, Result};

/// The key of the config that names the conversation of a call, for a step [with message history](crate::RunnableExt::with_message_history).
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, InMemoryChatMessageHistory, RunConfig, RunnableExt, SESSION_ID};
///
/// # futures::executor::block_on(async {
/// let history = InMemoryChatMessageHistory::new();
/// let chat = EchoModel::new().with_message_history(history.clone());
/// chat.invoke_with("hi", RunConfig::new().set(SESSION_ID, "user-7/chat-1".to_owned())).await?;
/// assert_eq!(history.sessions(), ["user-7/chat-1"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub const SESSION_ID: ConfigKey<String> = ConfigKey::new("session_id");

/// Keeps the messages of conversations, each under the id of its session.
///
/// [`InMemoryChatMessageHistory`] keeps them in the program; the crate `cadena-sqlite` keeps them in a file.
///
/// # Implementing
///
/// [`append`](Self::append) stores all of its messages or none, one after the other: the messages of two turns that are stored at the same time must not mix. A
/// message comes back as it was stored, with its log probabilities. When the future of an `append` is dropped, either all of the messages are stored or
/// none of them.
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
    /// Returns the messages of a session, oldest first; an empty list for a session that does not exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// history.append("chat-1", vec!["hi".into()]).await?;
    /// assert_eq!(history.messages("chat-1").await?[0].text(), "hi");
    /// assert!(history.messages("chat-2").await?.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the messages cannot be read.
    async fn messages(&self, session: &str) -> Result<Vec<Message>>;

    /// Adds messages to the end of a session: all of them, one after the other, or none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// history.append("chat-1", vec!["hi".into(), ("ai", "Hello!").into()]).await?;
    /// history.append("chat-1", vec!["And now?".into()]).await?;
    /// assert_eq!(history.messages("chat-1").await?[2].text(), "And now?");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the messages cannot be written.
    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()>;

    /// Deletes a session with its messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// history.append("chat-1", vec!["hi".into()]).await?;
    /// history.clear("chat-1").await?;
    /// assert!(history.messages("chat-1").await?.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the session cannot be deleted.
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
