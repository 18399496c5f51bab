//! What the examples share: a model that talks to a server, or replays one that was recorded; a file; the end of a program.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use cadena::http::{Recorder, Replay, ReqwestTransport};
use cadena::{
    AIMessage, AIMessageChunk, ChatOpenAI, ChatOptions, Error, ErrorKind, Logprobs, Result, TokenLogprob, ToolCall,
};
use cadena_testing::ScriptedModel;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The model that every example asks.
pub const MODEL: &str = "gpt-4o-mini";

/// The model, set to answer briefly and, as far as the server can, the same way every time.
fn short_answers() -> ChatOpenAI {
    ChatOpenAI::new(MODEL).with_options(ChatOptions::new().temperature(0.0).seed(7).max_tokens(24))
}

/// A recording of everything that the examples ask, made by the example `record`.
pub const RECORDING: &str = include_str!("recordings/smollm2.jsonl");

/// Where [`RECORDING`] lies, from the root of the repository.
pub const RECORDING_PATH: &str = "examples/recordings/smollm2.jsonl";

/// The model of the environment: OpenAI's with `OPENAI_API_KEY`, another server's with `OPENAI_BASE_URL`, else the
/// recording; then one line says so.
///
/// # Errors
///
/// If the environment's settings or the recording cannot be read.
pub fn model(out: &mut dyn Write) -> Result<ChatOpenAI> {
    if is_live() {
        return Ok(short_answers());
    }
    replay(out)
}

/// Whether the environment names a server: a key of OpenAI's, or another server's address.
#[must_use]
pub fn is_live() -> bool {
    ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| !value.is_empty()))
}

/// What a model would say that has the tools of the example `tools`: calls in two turns, then an answer.
#[must_use]
pub fn weather_script() -> ScriptedModel {
    let calls = |calls: &[(&str, Value)]| {
        let mut message = AIMessage::new("");
        for (name, args) in calls {
            let args = args.as_object().cloned().unwrap_or_default();
            let id = format!("call_{}", message.tool_calls.len());
            message.tool_calls.push(ToolCall::new(*name, args, id));
        }
        [AIMessageChunk::from(message)]
    };
    let temperature = |city: &str| ("temperature", json!({"city": city}));
    ScriptedModel::new()
        .chunks(calls(&["Madrid", "Oslo", "Atlantis"].map(temperature)))
        .chunks(calls(&[("subtract", json!({"a": 31, "b": 14}))]))
        .say("Madrid is 17 degrees warmer than Oslo; of Atlantis nothing is known.")
}

/// What a model would say to the example `structured`, twice: JSON in tokens, of which one is a guess.
#[must_use]
pub fn order_script() -> ScriptedModel {
    let tokens = [
        ("{\"item\": \"", 1.0),
        ("pear", 0.98),
        ("\", \"pieces\": ", 1.0),
        ("1", 0.97),
        ("2", 0.99),
        (", \"city\": \"", 0.9),
        ("Z", 0.55),
        ("ürich", 0.99),
        ("\"}", 1.0),
    ];
    let chunk = |(text, probability): (&str, f64)| {
        let token = TokenLogprob::new(text, probability.ln());
        AIMessageChunk::new(text).with_logprobs(Logprobs::content(vec![token]))
    };
    let answer = tokens.map(chunk);
    ScriptedModel::new().chunks(answer.clone()).chunks(answer)
}

/// The model that answers from [`RECORDING`]; one line says so.
///
/// # Errors
///
/// If the recording cannot be read.
pub fn replay(out: &mut dyn Write) -> Result<ChatOpenAI> {
    let replay = Replay::from_jsonl(RECORDING)?;
    let about = |key: &str| {
        replay
            .about()
            .get(key)
            .and_then(|value| value.as_str())
            .unwrap_or("?")
            .to_owned()
    };
    writeln!(
        out,
        "Replaying answers of {} recorded from {}; set OPENAI_API_KEY (or OPENAI_BASE_URL) to go live.\n",
        about("model"),
        about("server"),
    )
    .map_err(failed_to_write)?;
    Ok(short_answers().with_transport(replay))
}

/// The model of the environment for the example `batch`, or one that replays a batch job; then one line says so.
///
/// # Errors
///
/// If the environment's settings or the recording cannot be read.
pub fn batch_model(out: &mut dyn Write) -> Result<ChatOpenAI> {
    if is_live() {
        return Ok(short_answers());
    }
    writeln!(
        out,
        "Replaying a batch job that was written by hand; set OPENAI_API_KEY to submit one.\n"
    )
    .map_err(failed_to_write)?;
    replay_batch()
}

/// The model that answers the example `batch` from a recording.
///
/// # Errors
///
/// If the recording cannot be read.
pub fn replay_batch() -> Result<ChatOpenAI> {
    let replay = Replay::from_jsonl(include_str!("recordings/batch.jsonl"))?;
    Ok(short_answers().with_transport(replay))
}

/// The model of the environment, writing what it is asked and answers to a file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn recorded(path: &str, answering: &str, server: &str) -> Result<ChatOpenAI> {
    let about = json!({
        "what": "answers",
        "model": answering,
        "server": server,
        "made_by": "cargo run --example record",
    });
    let recorder = Recorder::create(ReqwestTransport::new(), path, about)?;
    Ok(short_answers().with_transport(recorder))
}

/// An output that cannot be written, such as a closed pipe.
#[must_use]
pub fn failed_to_write(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Step, "the output cannot be written").with_source(error)
}

/// What was kept in a JSON file, or the default if there is none yet.
///
/// # Errors
///
/// If the file cannot be read, or holds something else.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| unusable(path, error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(unusable(path, error)),
    }
}

/// Keeps something in a JSON file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn save(path: &Path, kept: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec(kept).map_err(|error| unusable(path, error))?;
    std::fs::write(path, text).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let detail = format!("the file `{}` cannot be used", path.display());
    Error::new(ErrorKind::Config, detail).with_source(error)
}

/// Ends a program: an error is one paragraph on standard error, and the exit code is 1.
#[allow(clippy::print_stderr, reason = "this is where a program says what went wrong")]
#[must_use]
pub fn finish(result: Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    eprintln!("error: {message}");
    ExitCode::FAILURE
}
