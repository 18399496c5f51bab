//! The models that the examples ask: a server's if the environment names one, else a recording or a script.

use std::env;
use std::sync::Arc;

use cadena::http::{Recorder, Replay, ReqwestTransport};
use cadena::messages::{Logprobs, TokenLogprob, ToolCall};
use cadena::{AIMessage, AIMessageChunk, ChatModel, ChatOpenAI, ChatOptions, Result};
use cadena_testing::ScriptedModel;
use serde_json::{Value, json};

const MODEL: &str = "gpt-4o-mini";

/// A recording of everything that the examples ask; the example `record` makes it.
pub const RECORDING: &str = include_str!("recordings/smollm2.jsonl");

/// Where [`RECORDING`] lies, from the root of the repository.
pub const RECORDING_PATH: &str = "examples/recordings/smollm2.jsonl";

/// The environment variable by which the example `record` tells an example to write a recording, and where.
pub const RECORD_TO: &str = "CADENA_EXAMPLES_RECORD_TO";

/// The model of the environment: OpenAI's with `OPENAI_API_KEY`, another server's with `OPENAI_BASE_URL`, else the
/// recording; then one line says so.
///
/// # Errors
///
/// If the recording cannot be read or written.
pub fn model() -> Result<ChatOpenAI> {
    if let Ok(path) = env::var(RECORD_TO) {
        return recorded(&path);
    }
    if is_live() {
        return Ok(short_answers());
    }
    let replay = Replay::from_jsonl(RECORDING)?;
    let about = |key: &str| {
        replay
            .about()
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned()
    };
    println!(
        "Replaying answers of {} recorded from {}; set OPENAI_API_KEY (or OPENAI_BASE_URL) to go live.\n",
        about("model"),
        about("server"),
    );
    Ok(short_answers().with_transport(replay))
}

/// The model that answers from [`RECORDING`], whatever the environment.
///
/// # Errors
///
/// If the recording cannot be read.
pub fn replay() -> Result<ChatOpenAI> {
    Ok(short_answers().with_transport(Replay::from_jsonl(RECORDING)?))
}

/// The model of the environment for the example `batch`, or one that replays a batch job; then one line says so.
///
/// # Errors
///
/// If the recording cannot be read.
pub fn batch_model() -> Result<ChatOpenAI> {
    if is_live() {
        return Ok(short_answers());
    }
    println!("Replaying a batch job that was written by hand; set OPENAI_API_KEY to submit one.\n");
    let replay = Replay::from_jsonl(include_str!("recordings/batch.jsonl"))?;
    Ok(short_answers().with_transport(replay))
}

/// The model of the environment for the example `tools`, or a script: calls in two turns, then an answer.
#[must_use]
pub fn weather_model() -> Arc<dyn ChatModel> {
    if is_live() {
        return Arc::new(ChatOpenAI::new(MODEL));
    }
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
    let script = ScriptedModel::new()
        .chunks(calls(&["Madrid", "Oslo", "Atlantis"].map(temperature)))
        .chunks(calls(&[("subtract", json!({"a": 31, "b": 14}))]))
        .say("Madrid is 17 degrees warmer than Oslo; of Atlantis nothing is known.");
    Arc::new(script)
}

/// The model of the environment for the example `structured`, or a script that says the same twice: JSON in tokens, of which one is
/// a guess.
#[must_use]
pub fn order_model() -> Arc<dyn ChatModel> {
    if is_live() {
        return Arc::new(ChatOpenAI::new(MODEL));
    }
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
    Arc::new(ScriptedModel::new().chunks(answer.clone()).chunks(answer))
}

/// Set to answer briefly and, as far as the server can, the same way every time.
fn short_answers() -> ChatOpenAI {
    ChatOpenAI::new(MODEL).with_options(ChatOptions::new().temperature(0.0).seed(7).max_tokens(24))
}

/// Whether the environment names a server: a key of OpenAI's, or another server's address.
fn is_live() -> bool {
    ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"]
        .iter()
        .any(|name| env::var(name).is_ok_and(|value| !value.is_empty()))
}

/// The model of the environment, with a transport that writes the exchanges to a file.
fn recorded(path: &str) -> Result<ChatOpenAI> {
    let answering = env::var("CADENA_LIVE_MODEL").unwrap_or_default();
    let about = json!({"what": "answers", "model": answering, "server": "a llama.cpp server", "made_by": "cargo run --example record"});
    let recorder = Recorder::create(ReqwestTransport::new(), path, about)?;
    Ok(short_answers().with_transport(recorder))
}
