//! Tools: two functions that a model may call, and an agent that runs the calls until there is an answer.
//!
//! Run it with `cargo run --example tools`. It prints what the tools answer, and the model's words as they arrive. Without a key
//! the model's part is a script.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use cadena::{AgentPart, ChatModel, ChatOpenAI, Result, RunnableExt, agent, tool};
use cadena_examples::failed_to_write;
use futures::TryStreamExt;

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
async fn main() -> ExitCode {
    let model: Arc<dyn ChatModel> = match cadena_examples::is_live() {
        true => Arc::new(ChatOpenAI::new(cadena_examples::MODEL)),
        false => Arc::new(cadena_examples::weather_script()),
    };
    cadena_examples::finish(run(model, &mut std::io::stdout()).await)
}

/// Asks what only the tools can tell.
pub(crate) async fn run(model: impl ChatModel + Clone, out: &mut (dyn Write + Send)) -> Result<()> {
    let agent = agent(model, (temperature, subtract))?.with_system_prompt("Use the tools.");
    let mut chunks = agent.stream("How much warmer is Madrid than Oslo, and than Atlantis?");
    while let Some(chunk) = chunks.try_next().await? {
        for (_, part) in chunk.parts() {
            match part {
                AgentPart::Token(token) => write!(out, "{}", token.text()),
                AgentPart::Message(message) => writeln!(out, "[{}] {}", message.kind(), message.text()),
                _ => Ok(()),
            }
            .map_err(failed_to_write)?;
        }
    }
    writeln!(out).map_err(failed_to_write)
}
