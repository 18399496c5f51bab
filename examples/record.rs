//! Makes the recording that the other examples replay when there is no key.
//!
//! Run it against the server of the live tests, from the root of the repository:
//! `python3 tests/live/server.py run -- cargo run --example record`. It runs the examples that replay, each with a transport that
//! records, and joins their exchanges in `examples/recordings/smollm2.jsonl`.

use std::error::Error;
use std::process::Command;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("CADENA_LIVE_URL").map_err(
        |_| "`CADENA_LIVE_URL` is not set: run `python3 tests/live/server.py run -- cargo run --example record`",
    )?;
    let part = env::temp_dir().join("cadena-example-recording.jsonl");
    let mut all = String::new();
    for name in ["logprobs", "chain", "parallel"] {
        let status = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--example", name])
            .env("OPENAI_BASE_URL", &url)
            .env(cadena_examples::RECORD_TO, &part)
            .status()?;
        if !status.success() {
            return Err(format!("the example `{name}` failed").into());
        }
        let recorded = fs::read_to_string(&part)?;
        // Each recording begins with a line about itself, and one is enough.
        let exchanges = recorded.split_once('\n').map_or("", |(_, exchanges)| exchanges);
        all.push_str(if all.is_empty() { &recorded } else { exchanges });
    }
    fs::remove_file(part)?;
    fs::write(cadena_examples::RECORDING_PATH, all)?;
    println!("wrote {}", cadena_examples::RECORDING_PATH);
    Ok(())
}
