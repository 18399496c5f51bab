//! A provider of your own: one struct, one method, and it invokes, streams, batches, binds and composes.
//!
//! Run it with `cargo run --example custom_provider`. It prints one line for each of these.

use cadena::chat::OptionName;
use cadena::prelude::*;
use cadena::{ChatRequest, ChunkStream, ModelProfile, RunContext, impl_pipe};
use futures::stream;

/// Says every word of the last message backwards, at most `max_tokens` of them.
#[derive(Clone)]
struct Mirror;

impl ChatModel for Mirror {
    fn profile(&self) -> ModelProfile {
        // A call with any other option is refused before it comes here.
        ModelProfile::new("mirror", "mirror-1").with_options([OptionName::MaxTokens])
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let limit = request.options.max_tokens.map_or(usize::MAX, |limit| limit as usize);
        let text = request.last_text();
        let words = text
            .split_whitespace()
            .take(limit)
            .map(|word| word.chars().rev().collect::<String>() + " ");
        stream::iter(words.map(|word| Ok(AIMessageChunk::new(word))).collect::<Vec<_>>()).boxed()
    }
}
impl_pipe!(Mirror);

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let message = Mirror.invoke("stressed desserts").await?;
    println!("invoke: {}", message.text());

    let bound = Mirror.bind(ChatOptions::new().max_tokens(1));
    let chain = bound | StrOutputParser;
    let pieces: Vec<String> = chain.stream("stressed desserts").try_collect().await?;
    println!("bound, piped, streamed: {}", pieces.concat());

    for answer in Mirror.batch(["live", "star"]).await {
        println!("batch: {}", answer?.text());
    }
    Ok(())
}
