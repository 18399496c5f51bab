//! Makes the recording that the other examples replay when there is no key.
//!
//! Run it against the server of the live tests, from the root of the repository:
//! `python3 tests/live/server.py run -- cargo run --example record`. It asks everything that the other examples ask and
//! writes `examples/recordings/smollm2.jsonl`.

use std::process::ExitCode;

use cadena::{Error, ErrorKind, Result};

#[path = "chain.rs"]
#[allow(dead_code, reason = "only its `run` is called here")]
mod chain;
#[path = "logprobs.rs"]
#[allow(dead_code, reason = "only its `run` is called here")]
mod logprobs;
#[path = "parallel.rs"]
#[allow(dead_code, reason = "only its `run` is called here")]
mod parallel;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cadena_examples::finish(record().await)
}

async fn record() -> Result<()> {
    let env = |name: &str| {
        std::env::var(name).map_err(|_| {
            Error::new(ErrorKind::Config, format!("`{name}` is not set"))
                .with_hint("run `python3 tests/live/server.py run -- cargo run --example record`")
        })
    };
    let (url, model) = (env("CADENA_LIVE_URL")?, env("CADENA_LIVE_MODEL")?);
    let llm =
        cadena_examples::recorded(cadena_examples::RECORDING_PATH, &model, "a llama.cpp server")?.with_base_url(url);
    let mut out = std::io::stdout();
    logprobs::run(llm.clone(), &mut out).await?;
    chain::run(llm.clone(), &mut out).await?;
    parallel::run(llm, &mut out).await
}
