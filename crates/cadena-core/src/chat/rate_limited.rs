//! [`RateLimited`]: a model whose calls wait for a rate limiter.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::{ChatModel, ChatRequest, Composition, RateLimiter};
use crate::stream::later;
use crate::{
    AIMessage, ChatOptions, Choices, ChunkStream, ModelProfile, Result, RunContext, Streamable, UsageMetadata,
    count_tokens_approximately, impl_pipe,
};

/// A chat model whose calls wait for a [`RateLimiter`]; [`ChatModelExt::with_rate_limiter`](crate::ChatModelExt::with_rate_limiter) makes one.
///
/// It is the model in everything but the waiting. A stream waits when it is polled first. Each try of a retry that wraps it waits for its turn;
/// the tries that a provider makes inside the model do not.
///
/// # Errors
///
/// A call returns the errors of the model. It returns [`RateLimited`](crate::ErrorKind::RateLimited), at once and with
/// [`retry_after`](crate::Error::retry_after), if the wait does not fit into the time that [`RunConfig::timeout`](crate::RunConfig::timeout) leaves.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatModelExt, EchoModel, ErrorKind, RateLimiter, RunConfig, RunnableExt};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_minute(1));
/// model.invoke("first").await?;
/// let hurried = RunConfig::new().timeout(Duration::from_secs(5));
/// let error = model.invoke_with("second", hurried).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::RateLimited);
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct RateLimited<M> {
    model: Arc<M>,
    limiter: RateLimiter,
}

impl<M: ChatModel> RateLimited<M> {
    pub(super) fn new(model: Arc<M>, limiter: RateLimiter) -> Self {
        Self { model, limiter }
    }

    /// Waits for the turn of a call, and returns the tokens that the limiter counted for the request.
    async fn wait(&self, request: &ChatRequest, cx: &RunContext) -> Result<u64> {
        let tokens = if self.limiter.counts_tokens() {
            self.expected(request)
        } else {
            0
        };
        self.limiter.acquire(tokens, cx.deadline()).await?;
        Ok(tokens)
    }

    fn expected(&self, request: &ChatRequest) -> u64 {
        let prompt = count_tokens_approximately(&request.messages);
        let options = self.model.bound_options().merge(request.options.clone());
        let answer = options.max_tokens.unwrap_or_default();
        u64::try_from(prompt).unwrap_or(u64::MAX).saturating_add(answer.into())
    }

    /// Returns a stream that reports its tokens to the limiter when it has ended.
    fn settled<O: Streamable>(
        self,
        mut chunks: ChunkStream<O>,
        expected: u64,
        usage: impl Fn(&O::Chunk) -> Option<&UsageMetadata> + Send + 'static,
    ) -> ChunkStream<O> {
        if !self.limiter.counts_tokens() {
            return chunks;
        }
        let mut used: Option<UsageMetadata> = None;
        stream::poll_fn(move |task| {
            let item = std::task::ready!(chunks.poll_next_unpin(task));
            match &item {
                Some(Ok(chunk)) => {
                    if let Some(usage) = usage(chunk) {
                        *used.get_or_insert_default() += usage.clone();
                    }
                }
                _ => Self::settle(&self.limiter, expected, used.take().as_ref()),
            }
            Poll::Ready(item)
        })
        .boxed()
    }

    fn settle(limiter: &RateLimiter, expected: u64, usage: Option<&UsageMetadata>) {
        if let Some(usage) = usage {
            limiter.settle(expected, usage.total_tokens);
        }
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a limited model is its model in everything but the waiting"
)]
#[async_trait]
impl<M: ChatModel> ChatModel for RateLimited<M> {
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
        self.model.composition()
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
            let expected = this.wait(&request, &cx).await?;
            let chunks = this.model.stream_chat(request, cx);
            Ok(this.settled::<AIMessage>(chunks, expected, |chunk| chunk.usage_metadata.as_ref()))
        })
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        let expected = self.wait(&request, &cx).await?;
        let answer = self.model.chat(request, cx).await?;
        Self::settle(&self.limiter, expected, answer.usage_metadata.as_ref());
        Ok(answer)
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        let this = self.clone();
        later(ChatModel::name(self).into_owned(), async move {
            let expected = this.wait(&request, &cx).await?;
            let chunks = this.model.stream_choices(request, cx);
            Ok(this.settled::<Choices>(chunks, expected, |chunk| {
                chunk.into_iter().find_map(|(_, piece)| piece.usage_metadata.as_ref())
            }))
        })
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        let expected = self.wait(&request, &cx).await?;
        let choices = self.model.choices(request, cx).await?;
        let usage = choices.first().and_then(|answer| answer.usage_metadata.as_ref());
        Self::settle(&self.limiter, expected, usage);
        Ok(choices)
    }
}

impl_pipe!(RateLimited<M>, for <M: ChatModel>);

impl<M> Clone for RateLimited<M> {
    fn clone(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            limiter: self.limiter.clone(),
        }
    }
}

impl<M: ChatModel> fmt::Debug for RateLimited<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimited")
            .field("model", &ChatModel::name(&*self.model))
            .field("limiter", &self.limiter)
            .finish()
    }
}
