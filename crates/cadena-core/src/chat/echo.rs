//! [`EchoModel`]: a model without a network, for examples.

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use super::model::nothing_came;
use super::{ChatModel, ChatRequest};
use crate::hash::Fnv;
use crate::{
    AIMessage, AIMessageChunk, Choices, ChoicesChunk, ChunkStream, Logprobs, ModelProfile, OptionName, Result,
    RunContext, TokenLogprob, UsageMetadata, fold,
};

/// A model that answers with the last message, word by word: for examples and first tries, without a network.
///
/// Each word is a token of log probability -0.1; the answer has the log probabilities if the option `logprobs` is set. An answer ends before a `stop`
/// text, and a call returns `n` choices. Options about sampling and tools change nothing; the model refuses other options. The same question has the
/// same answer with the same id. `ScriptedModel` in the crate `cadena-testing` returns answers that a test writes, errors and pauses.
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
/// assert_eq!(llm.invoke("hello there").await?.id, message.id);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EchoModel {}

impl EchoModel {
    /// Makes the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, EchoModel};
    ///
    /// assert_eq!(EchoModel::new().profile().model, "echo-1");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl ChatModel for EchoModel {
    fn profile(&self) -> ModelProfile {
        // The model neither samples nor calls tools, so these options change no answer.
        ModelProfile::new("echo", "echo-1").with_logprobs(true).with_options([
            OptionName::Temperature,
            OptionName::TopP,
            OptionName::Seed,
            OptionName::Stop,
            OptionName::N,
            OptionName::PresencePenalty,
            OptionName::FrequencyPenalty,
            OptionName::Tools,
            OptionName::ParallelToolCalls,
        ])
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let wants_logprobs = request.options.logprobs == Some(true);
        let mut text = request.last_text();
        let stops = request.options.stop.unwrap_or_default();
        let ends = stops
            .iter()
            .filter(|stop| !stop.is_empty())
            .filter_map(|stop| text.find(stop));
        if let Some(end) = ends.min() {
            text.truncate(end);
        }
        let id = message_id(request.messages.len(), &text);
        let words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let end_id = id.clone();
        let count = u64::try_from(words.len()).unwrap_or(u64::MAX);
        let chunks = words.into_iter().map(move |word| {
            let mut chunk = AIMessageChunk::new(word.as_str());
            chunk.id = Some(id.clone());
            if !wants_logprobs {
                return chunk;
            }
            chunk.with_logprobs(Logprobs::content(vec![TokenLogprob::new(word, -0.1)]))
        });
        let mut end = AIMessageChunk::new("")
            .with_finish_reason("stop")
            .with_usage(UsageMetadata::new(count, count));
        end.id = Some(end_id);
        stream::iter(chunks.chain([end]).map(Ok)).boxed()
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        let choices = 0..request.options.n.unwrap_or(1).max(1);
        let this = self.clone();
        let chunks = stream::iter(choices).flat_map(move |index| {
            let chunks = this.stream_chat(request.clone(), cx.clone());
            chunks.map(move |chunk| {
                let mut chunk = chunk?;
                if index > 0 {
                    // The first choice has the id and the usage of the call.
                    chunk.id = chunk.id.map(|id| format!("{id}-{index}"));
                    chunk.usage_metadata = None;
                }
                Ok(ChoicesChunk::new(index, chunk))
            })
        });
        chunks.boxed()
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        let choices = fold::<Choices>(self.stream_choices(request, cx)).await?;
        choices.ok_or_else(nothing_came)
    }
}

/// Returns an id for the answer to the last of so many messages. The id differs between the turns of a conversation, even if their texts are equal.
fn message_id(messages: usize, text: &str) -> String {
    format!("echo-{messages}-{:016x}", Fnv::of(text.as_bytes()))
}

crate::impl_pipe!(EchoModel);
