//! A provider of your own: one struct, one method, and it invokes, streams, batches, binds and composes.
//!
//! Run it with `cargo run --example custom_provider`. It prints one line for each of these.

use std::io::Write;
use std::process::ExitCode;

use cadena::{
    AIMessage, AIMessageChunk, Bind, ChatModel, ChatOptions, ChatRequest, ChunkStream, ModelProfile, Result,
    RunContext, RunnableExt, StrOutputParser, impl_pipe,
};
use cadena_examples::failed_to_write;
use futures::TryStreamExt;
use futures::stream::{self, StreamExt};

/// Says every word of the last message backwards, at most `max_tokens` of them.
#[derive(Clone)]
struct Mirror;

impl ChatModel for Mirror {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("mirror", "mirror-1")
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
async fn main() -> ExitCode {
    cadena_examples::finish(run(&mut std::io::stdout()).await)
}

/// Uses the model in every way that a model can be used.
pub(crate) async fn run(out: &mut (dyn Write + Send)) -> Result<()> {
    let message = Mirror.invoke("stressed desserts").await?;
    writeln!(out, "invoke: {}", message.text()).map_err(failed_to_write)?;

    let bound = Mirror.bind(ChatOptions::new().max_tokens(1));
    let chain = bound | StrOutputParser;
    let pieces: Vec<String> = chain.stream("stressed desserts").try_collect().await?;
    writeln!(out, "bound, piped, streamed: {}", pieces.concat()).map_err(failed_to_write)?;

    for answer in Mirror.batch(["live", "star"]).await {
        writeln!(out, "batch: {}", answer?.text()).map_err(failed_to_write)?;
    }
    Ok(())
}
