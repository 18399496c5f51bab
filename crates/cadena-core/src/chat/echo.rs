//! A model without a network, for examples.

use futures::stream::{self, StreamExt};

use super::{ChatModel, ChatRequest};
use crate::{AIMessage, AIMessageChunk, ChunkStream, Logprobs, ModelProfile, RunContext, TokenLogprob, UsageMetadata};

/// A model that answers with the last message, word by word: for examples and first tries, without a network.
///
/// Every word is a token of log probability -0.1, given when `logprobs` is asked for. Scripted answers, errors and
/// pauses are in the crate `cadena-testing`.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, EchoModel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let llm = EchoModel::new().bind(ChatOptions::new().logprobs(true));
/// let message = llm.invoke("hello there").await?;
/// assert_eq!(message.text(), "hello there");
/// assert_eq!(message.logprobs().map(|logprobs| logprobs.tokens().count()), Some(2));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EchoModel {}

impl EchoModel {
    /// The model.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl ChatModel for EchoModel {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("echo", "echo-1").with_logprobs(true)
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let wants_logprobs = request.options.logprobs == Some(true);
        let text = request.last_text();
        let words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let count = u64::try_from(words.len()).unwrap_or(u64::MAX);
        let chunks = words.into_iter().map(move |word| {
            let chunk = AIMessageChunk::new(word.as_str());
            if !wants_logprobs {
                return chunk;
            }
            chunk.with_logprobs(Logprobs::content(vec![TokenLogprob::new(word, -0.1)]))
        });
        let end = AIMessageChunk::new("")
            .with_finish_reason("stop")
            .with_usage(UsageMetadata::new(count, count));
        stream::iter(chunks.chain([end]).map(Ok)).boxed()
    }
}

crate::impl_pipe!(EchoModel);
