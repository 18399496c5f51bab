//! A conversation that is remembered, and answers that are kept.
//!
//! Run it with `cargo run --example history`. The model repeats what it was told, so that its memory shows; no server is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cadena::chat::InMemoryCache;
use cadena::history::{InMemoryChatMessageHistory, SESSION_ID};
use cadena::prelude::*;
use cadena::prompts::MessagesPlaceholder;
use cadena::{ChatRequest, ChunkStream, ModelProfile, RunContext};
use futures::stream;

/// Repeats all that a person said, and counts how often it is asked.
#[derive(Clone, Default)]
struct Recall(Arc<AtomicU32>);

impl ChatModel for Recall {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("examples", "recall-1")
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let said = request.messages.iter().filter(|message| message.kind() == "human");
        let said: Vec<_> = said.map(|message| message.text()).collect();
        stream::iter([Ok(AIMessageChunk::new(format!("You said: {}", said.join(" "))))]).boxed()
    }
}

/// Two turns in one session, then the first turn again in another.
#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = Recall::default();
    let prompt = ChatPromptTemplate::new()
        .placeholder(MessagesPlaceholder::new("history"))
        .human("{text}")?;
    let chain = prompt | model.clone().with_cache(InMemoryCache::new()) | StrOutputParser;
    let chat = chain
        .with_message_history(InMemoryChatMessageHistory::new())
        .input_key("text")
        .history_key("history");

    for (session, text) in [("ann", "I am Ann."), ("ann", "Who am I?"), ("bob", "I am Ann.")] {
        let config = RunConfig::new().set(SESSION_ID, session.to_owned());
        let answer = chat.invoke_with(dict! {"text": text}, config).await?;
        let calls = model.0.load(Ordering::Relaxed);
        println!("{session}: {text} -> {answer} (model asked {calls} times)");
    }
    Ok(())
}
