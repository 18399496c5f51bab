//! What every chat model can be wrapped in.

use super::cache::ChatCache;
use super::{Cached, ChatModel, RateLimited, RateLimiter};

/// What every chat model can be wrapped in, and stay a chat model.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel, MemoryCache, RateLimiter, RunnableExt};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let model = EchoModel::new()
///     .with_rate_limiter(RateLimiter::per_second(5))
///     .with_cache(MemoryCache::new())
///     .bind(ChatOptions::new().logprobs(true));
/// assert_eq!(model.invoke("hi").await?.text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait ChatModelExt: ChatModel {
    /// Keeps answers, so that the same question is asked once. See [`Cached`].
    fn with_cache(self, cache: impl ChatCache) -> Cached<Self>
    where
        Self: Sized,
    {
        Cached::new(self, cache)
    }

    /// Limits how often the model is asked. See [`RateLimiter`].
    ///
    /// Also behind a cache: [`Cached::with_rate_limiter`] limits what the cache does not know.
    fn with_rate_limiter(self, limiter: RateLimiter) -> RateLimited<Self>
    where
        Self: Sized,
    {
        RateLimited::new(std::sync::Arc::new(self), limiter)
    }
}

impl<M: ChatModel + ?Sized> ChatModelExt for M {}
