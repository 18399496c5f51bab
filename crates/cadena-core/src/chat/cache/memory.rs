//! [`InMemoryCache`]: a cache in the program that keeps the answers used last.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{CacheKey, ChatCache};
use crate::{AIMessage, Result};

/// A cache in the program that keeps as many answers as fit, those that were used last.
///
/// Clones share their answers. The cache returns copies: changing one does not change the stored answer. The size of an answer is
/// the length of its JSON, to which its size in memory is roughly proportional. An answer that is larger than the whole cache is not stored.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatModelExt, EchoModel, InMemoryCache, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let cache = InMemoryCache::bounded(1, 1_000_000);
/// let model = EchoModel::new().with_cache(cache.clone());
/// model.batch(["one", "two", "three"]).await;
/// assert_eq!(cache.len(), 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct InMemoryCache {
    max_entries: usize,
    max_bytes: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: HashMap<CacheKey, Entry>,
    /// The keys by their last use, the oldest use first.
    uses: BTreeMap<u64, CacheKey>,
    next_use: u64,
    bytes: usize,
}

struct Entry {
    answer: AIMessage,
    bytes: usize,
    last_use: u64,
}

impl InMemoryCache {
    /// The default limit on the number of answers.
    pub const DEFAULT_MAX_ENTRIES: usize = 1024;

    /// The default limit on the bytes of all answers.
    pub const DEFAULT_MAX_BYTES: usize = 64 << 20;

    /// Makes a cache of at most [`DEFAULT_MAX_ENTRIES`](Self::DEFAULT_MAX_ENTRIES) and [`DEFAULT_MAX_BYTES`](Self::DEFAULT_MAX_BYTES).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::InMemoryCache::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::bounded(Self::DEFAULT_MAX_ENTRIES, Self::DEFAULT_MAX_BYTES)
    }

    /// Makes a cache of at most this many answers, and at most this many bytes of all answers together.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, InMemoryCache, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let too_small = InMemoryCache::bounded(10, 1);
    /// EchoModel::new().with_cache(too_small.clone()).invoke("hi").await?;
    /// assert!(too_small.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn bounded(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            max_entries,
            max_bytes,
            state: Arc::default(),
        }
    }

    /// Returns the number of answers in the cache.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, InMemoryCache, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let cache = InMemoryCache::new();
    /// EchoModel::new().with_cache(cache.clone()).invoke("hi").await?;
    /// assert_eq!(cache.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().answers.len()
    }

    /// Returns whether the cache has no answer.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::InMemoryCache::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of all answers together, as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, InMemoryCache, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let cache = InMemoryCache::new();
    /// assert_eq!(cache.bytes(), 0);
    /// EchoModel::new().with_cache(cache.clone()).invoke("hi").await?;
    /// assert!(cache.bytes() > 0);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Locks the state. A poisoned lock is used as it is, since no change of the state can panic half way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn touch(&mut self, key: &CacheKey) -> Option<AIMessage> {
        let entry = self.answers.get_mut(key)?;
        self.uses.remove(&entry.last_use);
        entry.last_use = self.next_use;
        self.uses.insert(self.next_use, *key);
        self.next_use += 1;
        Some(entry.answer.clone())
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(entry) = self.answers.remove(key) {
            self.uses.remove(&entry.last_use);
            self.bytes -= entry.bytes;
        }
    }

    fn insert(&mut self, key: CacheKey, answer: AIMessage, bytes: usize) {
        self.remove(&key);
        let last_use = self.next_use;
        self.next_use += 1;
        self.uses.insert(last_use, key);
        self.bytes += bytes;
        self.answers.insert(
            key,
            Entry {
                answer,
                bytes,
                last_use,
            },
        );
    }
}

#[async_trait]
impl ChatCache for InMemoryCache {
    async fn get(&self, key: &CacheKey) -> Result<Option<AIMessage>> {
        Ok(self.lock().touch(key))
    }

    async fn put(&self, key: &CacheKey, answer: AIMessage) -> Result<()> {
        let bytes = json_len(&answer);
        let mut state = self.lock();
        if bytes > self.max_bytes {
            state.remove(key); // the older answer of this key is outdated
            return Ok(());
        }
        state.insert(*key, answer, bytes);
        while state.answers.len() > self.max_entries || state.bytes > self.max_bytes {
            let Some((_, oldest)) = state.uses.first_key_value() else {
                break;
            };
            let oldest = *oldest;
            state.remove(&oldest);
        }
        Ok(())
    }

    async fn clear(&self) -> Result<()> {
        *self.lock() = State::default();
        Ok(())
    }
}

impl Default for InMemoryCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Prints the number and the size of the answers, not their texts.
impl fmt::Debug for InMemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("InMemoryCache")
            .field("entries", &state.answers.len())
            .field("bytes", &state.bytes)
            .field("max_entries", &self.max_entries)
            .field("max_bytes", &self.max_bytes)
            .finish()
    }
}

/// Returns the length of the answer's JSON, without allocating it.
fn json_len(answer: &AIMessage) -> usize {
    struct Count(usize);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, answer) {
        Ok(()) => count.0,
        Err(_) => usize::MAX, // an answer without a JSON form fits into no cache
    }
}
