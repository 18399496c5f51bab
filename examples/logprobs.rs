//! The log probability of every token: of a whole answer, and of an answer that arrives in chunks.
//!
//! Run it with `cargo run --example logprobs`. It prints the first five tokens with their log probabilities and their
//! alternatives, then the list of log probabilities as it grows while the first five chunks are added up.

use cadena::messages::{Logprobs, TokenLogprob};
use cadena::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    let llm = model.bind(ChatOptions::new().logprobs(true));

    let message = llm.invoke(("human", "how are you today")).await?;
    for token in tokens(message.logprobs()).iter().take(5) {
        println!("{}", full_line(token));
    }

    println!();
    let mut full = AIMessageChunk::new("");
    let mut chunks = llm.stream(("human", "how are you today")).take(5);
    while let Some(chunk) = chunks.try_next().await? {
        full += chunk;
        let list: Vec<_> = tokens(full.logprobs())
            .iter()
            .map(|t| format!("{:?} {:.4}", t.token, t.logprob))
            .collect();
        println!("[{}]", list.join(", "));
    }
    Ok(())
}

/// The list `logprobs.content`; empty where there is none.
fn tokens(logprobs: Option<&Logprobs>) -> &[TokenLogprob] {
    logprobs
        .and_then(|logprobs| logprobs.content.as_deref())
        .unwrap_or_default()
}

/// A token with everything that is known about it, and the first of its alternatives.
fn full_line(token: &TokenLogprob) -> String {
    let alternatives = token.top_logprobs.as_deref().unwrap_or_default();
    let mut top: Vec<_> = alternatives
        .iter()
        .take(3)
        .map(|t| format!("{:?} {:.4}", t.token, t.logprob))
        .collect();
    if alternatives.len() > top.len() {
        top.push(format!("and {} more", alternatives.len() - top.len()));
    }
    let bytes = token.bytes.as_deref().unwrap_or_default();
    format!(
        "token {:?}, bytes {bytes:?}, logprob {:.4}, top_logprobs [{}]",
        token.token,
        token.logprob,
        top.join(", ")
    )
}
