//! Structured output: a value of a type, growing while it streams, with the probability of each of its parts.
//!
//! Run it with `cargo run --example structured`. It prints the order as it grows, then how sure the model was of each value. Without a
//! key the model's part is a script.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use cadena::{Bind, ChatModel, ChatModelExt, ChatOpenAI, ChatOptions, Result, RunnableExt, schemars};
use cadena_examples::failed_to_write;
use futures::TryStreamExt;

/// What somebody wants to buy.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[schemars(crate = "cadena::schemars")]
pub(crate) struct Order {
    /// The thing, in the singular.
    item: String,
    pieces: u32,
    /// Where it goes to, if they say so.
    city: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let model: Arc<dyn ChatModel> = match cadena_examples::is_live() {
        true => Arc::new(ChatOpenAI::new(cadena_examples::MODEL)),
        false => Arc::new(cadena_examples::order_script()),
    };
    cadena_examples::finish(run(model, &mut std::io::stdout()).await)
}

/// Reads an order out of a sentence.
pub(crate) async fn run(model: impl ChatModel + Clone, out: &mut (dyn Write + Send)) -> Result<()> {
    let llm = model
        .bind(ChatOptions::new().logprobs(true))
        .with_structured_output::<Order>();

    let question = "Send a dozen pears to Zürich, or was it Geneva?";
    let mut chunks = llm.stream(question);
    while let Some(chunk) = chunks.try_next().await? {
        writeln!(out, "{}", chunk.json()).map_err(failed_to_write)?;
    }

    let order = llm.invoke(question).await?;
    let Order { item, pieces, city } = &*order;
    writeln!(out, "{pieces} of {item:?} to {city:?}").map_err(failed_to_write)?;
    for pointer in ["/item", "/pieces", "/city"] {
        let probability = order.probability(pointer).unwrap_or(f64::NAN);
        writeln!(out, "{pointer}: probability {probability:.2}").map_err(failed_to_write)?;
    }
    Ok(())
}
