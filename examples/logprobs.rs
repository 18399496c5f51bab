//! The log probability of every token: of a whole answer, and of an answer that arrives in chunks.
//!
//! Run it with `cargo run --example logprobs`. It prints the first five tokens with their log probabilities and their
//! alternatives, then the list of log probabilities as it grows while the first five chunks are added up.

use std::io::Write;
use std::process::ExitCode;

use cadena::{AIMessageChunk, Bind, ChatModel, ChatOptions, Logprobs, Result, RunnableExt, TokenLogprob};
use cadena_examples::failed_to_write;
use futures::TryStreamExt;
use futures::stream::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    cadena_examples::finish(match cadena_examples::model(&mut out) {
        Ok(model) => run(model, &mut out).await,
        Err(error) => Err(error),
    })
}

/// Asks the model twice, once for a whole answer and once for a stream.
#[allow(
    clippy::assign_op_pattern,
    reason = "written as in LangChain's guide; `full += chunk` is the same"
)]
pub(crate) async fn run(model: impl ChatModel + Clone, out: &mut (dyn Write + Send)) -> Result<()> {
    let llm = model.bind(ChatOptions::new().logprobs(true));

    let message = llm.invoke(("human", "how are you today")).await?;
    for token in tokens(message.logprobs()).iter().take(5) {
        writeln!(out, "{}", full_line(token)).map_err(failed_to_write)?;
    }

    writeln!(out).map_err(failed_to_write)?;
    let mut full = AIMessageChunk::new("");
    let mut chunks = llm.stream(("human", "how are you today")).take(5);
    while let Some(chunk) = chunks.try_next().await? {
        full = full + chunk;
        let list: Vec<_> = tokens(full.logprobs())
            .iter()
            .map(|t| format!("{:?} {:.4}", t.token, t.logprob))
            .collect();
        writeln!(out, "[{}]", list.join(", ")).map_err(failed_to_write)?;
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
