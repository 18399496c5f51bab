//! The events of a chain, while it runs.
//!
//! Run it with `cargo run --example events`. It prints the first events of a chain, with the log probability of each token, then an event as JSON.

use cadena::prelude::*;
use cadena::run::{EventFilter, RunEvent, RunKind};

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
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
        println!("{}", line.trim_end());
    }

    let parser = EventFilter::new().include_kind(RunKind::Parser);
    let mut events = chain.stream_events(dict! {"who": "you"}).only(parser).skip(2);
    if let Some(event) = events.try_next().await? {
        let json = event.to_langchain_json();
        let said = |key| json.get(key).map(ToString::to_string).unwrap_or_default();
        println!("\n{} {} {}", said("event"), said("tags"), said("data"));
    }
    Ok(())
}
