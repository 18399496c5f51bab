//! Tools: two functions that a model may call, and an agent that runs the calls until there is an answer.
//!
//! Run it with `cargo run --example tools`. It prints what the tools answer, and the model's words as they arrive. Without a key
//! the model's part is a script.

use cadena::agents::AgentPart;
use cadena::prelude::*;

/// Tells the temperature in a city, in degrees Celsius.
#[tool]
async fn temperature(
    /// The city, in English.
    city: String,
) -> Result<i32, String> {
    match city.as_str() {
        "Madrid" => Ok(31),
        "Oslo" => Ok(14),
        _ => Err(format!("no weather station in {city}")),
    }
}

/// Subtracts b from a.
#[tool]
async fn subtract(a: i32, b: i32) -> i32 {
    a - b
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::weather_model(); // or `ChatOpenAI::new("gpt-4o-mini")`
    let agent = agent(model, (temperature, subtract))?.with_system_prompt("Use the tools.");
    let mut chunks = agent.stream("How much warmer is Madrid than Oslo, and than Atlantis?");
    while let Some(chunk) = chunks.try_next().await? {
        for (_, part) in chunk.parts() {
            match part {
                AgentPart::Token(token) => print!("{}", token.text()),
                AgentPart::Call(call) => println!("calling {} with {}", call.name, serde_json::json!(call.args)),
                AgentPart::Message(message) => println!("[{}] {}", message.kind(), message.text()),
                _ => {}
            }
        }
    }
    println!();
    Ok(())
}
