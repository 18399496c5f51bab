//! Caches of answers, so that a model is asked the same question once.

mod key;
pub use key::CacheKey;
pub(super) use key::options_as_json;
mod memory;
pub use memory::InMemoryCache;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{AIMessage, Result};

/// A cache of chat models' answers, each stored under the key of its question.
///
/// [`InMemoryCache`] stores the answers in the program; the crate `cadena-sqlite` stores them in a file.
///
/// # Implementing
///
/// Return an answer as it was put, with its log probabilities, or `None`: a cache may drop an answer at any time. Limit the size of the cache.
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
    /// Returns the answer of a key, if the cache has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{CacheKey, ChatCache, ChatRequest, EchoModel, InMemoryCache};
    ///
    /// # futures::executor::block_on(async {
    /// let key = CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi"))?;
    /// assert!(InMemoryCache::new().get(&key).await?.is_none());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns [`Storage`](crate::ErrorKind::Storage) if the cache cannot be read.
    async fn get(&self, key: &CacheKey) -> Result<Option<AIMessage>>;

    /// Stores an answer, in place of an earlier one of the same key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, CacheKey, ChatCache, ChatRequest, EchoModel, InMemoryCache};
    ///
    /// # futures::executor::block_on(async {
    /// let cache = InMemoryCache::new();
    /// let key = CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi"))?;
    /// cache.put(&key, AIMessage::new("Hello!")).await?;
    /// cache.put(&key, AIMessage::new("Hi!")).await?;
    /// assert_eq!(cache.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns [`Storage`](crate::ErrorKind::Storage) if the cache cannot be written.
    async fn put(&self, key: &CacheKey, answer: AIMessage) -> Result<()>;

    /// Removes every answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, CacheKey, ChatCache, ChatRequest, EchoModel, InMemoryCache};
    ///
    /// # futures::executor::block_on(async {
    /// let cache = InMemoryCache::new();
    /// let key = CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi"))?;
    /// cache.put(&key, AIMessage::new("Hello!")).await?;
    /// cache.clear().await?;
    /// assert!(cache.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns [`Storage`](crate::ErrorKind::Storage) if the cache cannot be written.
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
