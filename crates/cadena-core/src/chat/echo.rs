//! A model without a network, for examples.

use futures::stream::{self, StreamExt};

use super::{ChatModel, ChatRequest};
use crate::{
    AIMessage, AIMessageChunk, ChunkStream, Logprobs, ModelProfile, OptionName, RunContext, TokenLogprob, UsageMetadata,
};

/// A model that answers with the last message, word by word: for examples and first tries, without a network.
///
/// Each word is a token of log probability -0.1, which the answer has if `logprobs` is asked for. The same question gives the same answer with the same id. For
/// answers that a test writes, for errors and for pauses there is `ScriptedModel` in the crate `cadena-testing`.
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
    /// Makes the model; the type has an example.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl ChatModel for EchoModel {
    fn profile(&self) -> ModelProfile {
        // It samples nothing and calls nothing, so these change nothing that it could do.
        ModelProfile::new("echo", "echo-1").with_logprobs(true).with_options([
            OptionName::Temperature,
            OptionName::TopP,
            OptionName::Seed,
            OptionName::PresencePenalty,
            OptionName::FrequencyPenalty,
            OptionName::Tools,
            OptionName::ParallelToolCalls,
        ])
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let wants_logprobs = request.options.logprobs == Some(true);
        let text = request.last_text();
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
}

/// An id for the answer to the last of so many messages. It differs between the turns of a conversation, also where they have one text.
fn message_id(messages: usize, text: &str) -> String {
    // FNV-1a, which is the same on every machine.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("echo-{messages}-{hash:016x}")
}

crate::impl_pipe!(EchoModel);
