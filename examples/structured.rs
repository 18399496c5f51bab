//! Structured output: a value of a type, growing while it streams, with the probability of each of its parts.
//!
//! Run it with `cargo run --example structured`. It prints the order as it grows, then how sure the model was of each value. Without a
//! key the model's part is a script.

use cadena::prelude::*;

/// An order, as somebody says it.
#[derive(serde::Deserialize, JsonSchema)]
struct Order {
    /// The thing, in the singular.
    item: String,
    pieces: u32,
    /// Where it goes to, if they say so.
    city: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::order_model(); // or `ChatOpenAI::new("gpt-4o-mini")`
    let llm = model
        .bind(ChatOptions::new().logprobs(true))
        .with_structured_output::<Order>();

    let question = "Send a dozen pears to Zürich, or was it Geneva?";
    let mut chunks = llm.stream(question);
    while let Some(chunk) = chunks.try_next().await? {
        println!("{}", chunk.json());
    }

    let order = llm.invoke(question).await?;
    let Order { item, pieces, city } = &*order;
    println!("{pieces} of {item:?} to {city:?}");
    for pointer in ["/item", "/pieces", "/city"] {
        let probability = order.probability(pointer).unwrap_or(f64::NAN);
        println!("{pointer}: probability {probability:.2}");
    }
    Ok(())
}
