//! What every chat model can do beside answering once.

use std::future::Future;

use super::cache::ChatCache;
use super::{AllChoices, Cached, ChatModel, Choices, PromptValue, RateLimited, RateLimiter};
use crate::{Result, RunnableExt};

/// What every chat model can do beside answering once: be wrapped and stay a chat model, and give every choice.
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

    /// Answers with every choice that [`n`](crate::ChatOptions::n()) asks for, where `invoke` gives the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel};
    ///
    /// # futures::executor::block_on(async {
    /// // A model that knows `n` gives as many; this one gives one.
    /// let llm = EchoModel::new().bind(ChatOptions::new().n(2));
    /// let choices = llm.generate("hi").await?;
    /// assert_eq!(choices.first().map(|message| message.text()), Some("hi".into()));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the model.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the work.
    fn generate(&self, input: impl Into<PromptValue>) -> impl Future<Output = Result<Choices>> + Send
    where
        Self: Clone,
    {
        let step = self.all_choices();
        let input = input.into();
        async move { step.invoke(input).await }
    }

    /// The model as a step that gives every choice, whole or in chunks that say which choice they belong to.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut chunks = EchoModel::new().all_choices().stream("hi there");
    /// let mut first = String::new();
    /// while let Some(chunk) = chunks.try_next().await? {
    ///     for (index, piece) in &chunk {
    ///         assert_eq!(index, 0);
    ///         first += &piece.text();
    ///     }
    /// }
    /// assert_eq!(first, "hi there");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn all_choices(&self) -> AllChoices<Self>
    where
        Self: Clone,
    {
        AllChoices::new(self.clone())
    }
}

impl<M: ChatModel + ?Sized> ChatModelExt for M {}
