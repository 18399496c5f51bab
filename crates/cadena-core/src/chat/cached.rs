//! [`Cached`]: a model whose answers are stored in a cache.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::FutureExt;
use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::cache::{CacheKey, ChatCache};
use super::{ChatModel, ChatRequest, Composition, RateLimited, RateLimiter};
use crate::messages::FROM_CACHE;
use crate::stream::{kept, later};
use crate::{
    AIMessage, ChatOptions, Choices, ChunkPosition, ChunkStream, Error, ErrorKind, ModelProfile, Result, RunContext,
    Streamable, impl_pipe,
};

/// A chat model whose answers are stored in a cache; [`ChatModelExt::with_cache`](crate::ChatModelExt::with_cache) makes one.
///
/// It is a model: the [key](CacheKey) of an answer includes options bound later, and models with different [identities](ChatModel::cache_identity)
/// never share an answer. The cache stores sampled answers as well: for a new answer to each call at `temperature` 1, use no cache, or bind another
/// `seed`.
///
/// - **An answer from the cache** is marked: [`ResponseMetadata::is_from_cache`](crate::ResponseMetadata::is_from_cache) returns true. Its id is
///   that of its run, and its `usage_metadata` is that of the first answer. Listeners and [`UsageTracker`](crate::UsageTracker) receive no model
///   call. The call takes a permit of `max_concurrency` for as long as the look-up.
/// - **A stream** is stored when it has come to its end, and the cache returns it as one chunk. `invoke` and `stream` share answers.
/// - **The cache never stores** errors, streams that are dropped, and answers that are not whole: those with the finish reason `length` or
///   `content_filter`.
/// - **Several choices**, which [`generate`](crate::ChatModelExt::generate) returns, never come from the cache.
/// - **Calls at the same time** each ask the model; the cache stores the last answer.
///
/// # Errors
///
/// A call returns the errors of the model. It returns [`Storage`](ErrorKind::Storage) if the cache cannot be read or written: after a failed write,
/// the answer is in [`partial()`](Error::partial), and a stream has already yielded it. See [`ignore_errors`](Self::ignore_errors).
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel, InMemoryCache, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let model = EchoModel::new().with_cache(InMemoryCache::new());
/// assert!(!model.invoke("hi").await?.response_metadata.is_from_cache());
/// assert!(model.invoke("hi").await?.response_metadata.is_from_cache());
///
/// let other = model.bind(ChatOptions::new().temperature(0.0));
/// assert!(!other.invoke("hi").await?.response_metadata.is_from_cache());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Cached<M> {
    model: Arc<M>,
    cache: Arc<dyn ChatCache>,
    ignores_errors: bool,
}

impl<M: ChatModel> Cached<M> {
    pub(super) fn new(model: M, cache: impl ChatCache) -> Self {
        Self {
            model: Arc::new(model),
            cache: Arc::new(cache),
            ignores_errors: false,
        }
    }

    /// Ignores errors of the cache; default: a call fails if the cache cannot be read or written.
    pub fn ignore_errors(mut self) -> Self {
        self.ignores_errors = true;
        self
    }

    /// Limits how often the model is called; an answer from the cache never waits. See [`RateLimiter`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, InMemoryCache, RateLimiter, RunnableExt};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_cache(InMemoryCache::new()).with_rate_limiter(RateLimiter::per_minute(1));
    /// let start = tokio::time::Instant::now();
    /// model.invoke("hi").await?;
    /// assert!(model.invoke("hi").await?.response_metadata.is_from_cache());
    /// assert!(start.elapsed().is_zero());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_rate_limiter(self, limiter: RateLimiter) -> Cached<RateLimited<M>> {
        Cached {
            model: Arc::new(RateLimited::new(self.model, limiter)),
            cache: self.cache,
            ignores_errors: self.ignores_errors,
        }
    }

    /// Returns the key of a question, and its answer if the cache has it.
    async fn look_up(&self, request: &ChatRequest, cx: &RunContext) -> Result<(CacheKey, Option<AIMessage>)> {
        let key = CacheKey::in_context(&*self.model, request, cx)?;
        match self.cache.get(&key).await {
            Ok(answer) => Ok((key, answer.map(recalled))),
            Err(_) if self.ignores_errors => Ok((key, None)),
            Err(error) => {
                Err(Error::new(ErrorKind::Storage, "the cache of the model cannot be read").with_source(error))
            }
        }
    }

    async fn keep(self, key: CacheKey, mut answer: AIMessage) -> Result<()> {
        if !is_whole(&answer) {
            return Ok(());
        }
        answer.id = None;
        answer.response_metadata.extra.remove(FROM_CACHE);
        // The error carries the answer, which was paid for.
        match self.cache.put(&key, answer.clone()).await {
            Err(error) if !self.ignores_errors => Err(Error::new(
                ErrorKind::Storage,
                "the answer cannot be written to the cache of the model",
            )
            .with_hint("the answer is in `partial()`")
            .with_retryable(false)
            .with_partial(answer.into_chunk())
            .with_source(error)),
            _ => Ok(()),
        }
    }
}

fn is_whole(answer: &AIMessage) -> bool {
    let metadata = &answer.response_metadata;
    !metadata.is_cut() && metadata.finish_reason.as_deref() != Some("content_filter")
}

fn recalled(mut answer: AIMessage) -> AIMessage {
    answer.id = None;
    answer.response_metadata.extra.insert(FROM_CACHE, true);
    answer
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a cached model is its model in everything but the asking"
)]
#[async_trait]
impl<M: ChatModel> ChatModel for Cached<M> {
    fn profile(&self) -> ModelProfile {
        self.model.profile()
    }

    fn name(&self) -> Cow<'_, str> {
        ChatModel::name(&*self.model)
    }

    fn bound_options(&self) -> ChatOptions {
        self.model.bound_options()
    }

    fn composition(&self) -> Option<Composition<'_>> {
        self.model.composition().map(Composition::with_run)
    }

    fn cache_identity(&self) -> Value {
        self.model.cache_identity()
    }

    fn cache_identity_in(&self, cx: &RunContext) -> Result<Value> {
        self.model.cache_identity_in(cx)
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        let this = self.clone();
        later(ChatModel::name(self).into_owned(), async move {
            let (key, answer) = this.look_up(&request, &cx).await?;
            if let Some(answer) = answer {
                let mut chunk = answer.into_chunk();
                chunk.chunk_position = Some(ChunkPosition::Last);
                return Ok(stream::once(std::future::ready(Ok(chunk))).boxed());
            }
            let chunks = this.model.stream_chat(request, cx);
            Ok(kept::<AIMessage>(chunks, move |sum| match sum {
                Some(sum) => this.keep(key, sum.into()).boxed(),
                None => std::future::ready(Ok(())).boxed(),
            }))
        })
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        let (key, answer) = self.look_up(&request, &cx).await?;
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let answer = self.model.chat(request, cx).await?;
        self.clone().keep(key, answer.clone()).await?;
        Ok(answer)
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        self.model.stream_choices(request, cx)
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        self.model.choices(request, cx).await
    }
}

impl_pipe!(Cached<M>, for <M: ChatModel>);

impl<M> Clone for Cached<M> {
    fn clone(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            cache: Arc::clone(&self.cache),
            ignores_errors: self.ignores_errors,
        }
    }
}

impl<M: ChatModel> fmt::Debug for Cached<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("model", &ChatModel::name(&*self.model))
            .field("ignores_errors", &self.ignores_errors)
            .finish_non_exhaustive()
    }
}
