//! Answers that are kept, so that the same question is asked once.

mod key;
pub use key::CacheKey;
pub(super) use key::options_as_json;
mod memory;
pub use memory::InMemoryCache;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{AIMessage, Result};

/// Keeps answers of chat models, each under the key of its question.
///
/// [`InMemoryCache`] keeps them in the program; the crate `cadena-sqlite` keeps them in a file.
///
/// # Implementing
///
/// Give an answer back as it was put, with its log probabilities, or not at all: an answer may be forgotten at any time. Bound what is kept.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, CacheKey, ChatCache, ChatModel, ChatRequest, EchoModel, InMemoryCache};
///
/// # futures::executor::block_on(async {
/// let cache = InMemoryCache::new();
/// let key = CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi"))?;
/// cache.put(&key, AIMessage::new("Hello!")).await?;
/// assert_eq!(cache.get(&key).await?.map(|answer| answer.text().into_owned()), Some("Hello!".to_owned()));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[async_trait]
pub trait ChatCache: Send + Sync + 'static {
    /// The answer of a key, if it is kept.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the cache cannot be read.
    async fn get(&self, key: &CacheKey) -> Result<Option<AIMessage>>;

    /// Keeps an answer; one that was there is replaced.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the cache cannot be written.
    async fn put(&self, key: &CacheKey, answer: AIMessage) -> Result<()>;

    /// Forgets every answer.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the cache cannot be written.
    async fn clear(&self) -> Result<()>;
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a pointer that forgets a method would change what it holds"
)]
#[async_trait]
impl<C: ChatCache + ?Sized> ChatCache for Arc<C> {
    async fn get(&self, key: &CacheKey) -> Result<Option<AIMessage>> {
        (**self).get(key).await
    }

    async fn put(&self, key: &CacheKey, answer: AIMessage) -> Result<()> {
        (**self).put(key, answer).await
    }

    async fn clear(&self) -> Result<()> {
        (**self).clear().await
    }
}
