//! What happens inside a chain, while it happens.
//!
//! Run it with `cargo run --example events`. It prints the first events of a chain, with the log probability of each token, then an event as JSON.

use std::io::Write;
use std::process::ExitCode;

use cadena::{
    Bind, ChatModel, ChatOptions, ChatPromptTemplate, EventFilter, Result, RunEvent, RunKind, RunnableExt,
    StrOutputParser, dict,
};
use cadena_examples::failed_to_write;
use futures::{StreamExt, TryStreamExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    cadena_examples::finish(match cadena_examples::model(&mut out) {
        Ok(model) => run(model, &mut out).await,
        Err(error) => Err(error),
    })
}

/// Reads the events of two calls: all of them, and those of the parser.
pub(crate) async fn run(model: impl ChatModel + Clone, out: &mut (dyn Write + Send)) -> Result<()> {
    let prompt = ChatPromptTemplate::new().human("how are {who} today")?;
    let chain = prompt | model.bind(ChatOptions::new().logprobs(true)) | StrOutputParser;

    let mut events = chain.stream_events(dict! {"who": "you"}).take(15);
    while let Some(event) = events.try_next().await? {
        let line = match &event {
            RunEvent::Start { run, .. } => format!("{} begins {}", run.name, run.tags.concat()),
            RunEvent::End { run, .. } => format!("{} ends", run.name),
            _ => {
                let chunk = event.message_chunk().unwrap_or_default();
                let tokens = chunk.logprobs().and_then(|logprobs| logprobs.content.as_deref());
                match tokens.unwrap_or_default() {
                    [token, ..] => format!("    token {:?}, logprob {:.4}", token.token, token.logprob),
                    [] => format!("    a chunk of {}", event.run().name),
                }
            }
        };
        writeln!(out, "{}", line.trim_end()).map_err(failed_to_write)?;
    }

    let parser = EventFilter::new().include_kind(RunKind::Parser);
    let mut events = chain.stream_events(dict! {"who": "you"}).only(parser).skip(2);
    if let Some(event) = events.try_next().await? {
        let json = event.to_langchain_json();
        let said = |key| json.get(key).map(ToString::to_string).unwrap_or_default();
        writeln!(out, "\n{} {} {}", said("event"), said("tags"), said("data")).map_err(failed_to_write)?;
    }
    Ok(())
}
