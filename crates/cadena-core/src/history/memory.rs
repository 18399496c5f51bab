//! Conversations in the memory of the program.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::ChatMessageHistory;
use crate::{Message, Result};

/// Keeps conversations in the memory of the program, until it ends or they are [cleared](ChatMessageHistory::clear).
///
/// Clones share their conversations. There is no limit: a server with many users clears old conversations, or keeps them in a
/// database.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
///
/// # futures::executor::block_on(async {
/// let history = InMemoryChatMessageHistory::new();
/// history.clone().append("chat-1", vec!["hi".into()]).await?;
/// assert_eq!(history.messages("chat-1").await?[0].text(), "hi");
/// history.clear("chat-1").await?;
/// assert!(history.sessions().is_empty());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct InMemoryChatMessageHistory {
    sessions: Arc<Mutex<Sessions>>,
}

type Sessions = HashMap<String, Vec<Message>>;

impl InMemoryChatMessageHistory {
    /// Makes a history without conversations.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// assert!(history.messages("chat-1").await?.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the ids of the sessions that have messages, sorted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageHistory, InMemoryChatMessageHistory};
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// history.append("chat-2", vec!["hi".into()]).await?;
    /// history.append("chat-1", vec!["hello".into()]).await?;
    /// assert_eq!(history.sessions(), ["chat-1", "chat-2"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.lock().keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// Every change is whole before the lock is released, so that a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ChatMessageHistory for InMemoryChatMessageHistory {
    async fn messages(&self, session: &str) -> Result<Vec<Message>> {
        Ok(self.lock().get(session).cloned().unwrap_or_default())
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut sessions = self.lock();
        match sessions.get_mut(session) {
            Some(known) => known.extend(messages),
            None => drop(sessions.insert(session.to_owned(), messages)),
        }
        Ok(())
    }

    async fn clear(&self, session: &str) -> Result<()> {
        self.lock().remove(session);
        Ok(())
    }
}

/// Prints the number of sessions; the messages are content and stay out of logs.
impl fmt::Debug for InMemoryChatMessageHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryChatMessageHistory")
            .field("sessions", &self.lock().len())
            .finish()
    }
}
