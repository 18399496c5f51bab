//! The cost of a batch job besides the network: `cargo bench -p cadena-openai --bench batch_job`.
//!
//! Writing: requests become lines of a file that a transport takes at once. Reading: lines of results, with the log probabilities of 20
//! tokens each, come from memory. `raw` beside each is the least that must be done: one typed struct written, or read, by serde.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use bytes::Bytes;
use cadena_core::{ChatOptions, Result, async_trait};
use cadena_http::{HttpRequest, StreamingResponse, Transport};
use cadena_openai::{BatchJobHandle, ChatOpenAI};
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const LINES: usize = 5_000;
const PROMPT: &str = "Is this review positive? Answer yes or no: The pears were ripe and the driver was kind.";

fn main() {
    divan::main();
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(Desk::default());
    let llm = llm.with_options(ChatOptions::new().logprobs(true).temperature(0.0));
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        let rows = (0..LINES).map(|n| (format!("row-{n}"), PROMPT));
        block_on(llm.batch_job().submit(&mut BatchJobHandle::new(), rows)).unwrap()
    });
}

#[divan::bench]
fn write_raw(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        let mut file = Vec::new();
        for n in 0..LINES {
            let line = RawLine {
                custom_id: format!("row-{n}"),
                method: "POST",
                url: "/v1/chat/completions",
                body: RawBody {
                    model: "gpt-4o-mini",
                    messages: [RawMessage {
                        content: PROMPT,
                        role: "user",
                    }],
                    temperature: 0.0,
                    logprobs: true,
                    stream: false,
                },
            };
            serde_json::to_writer(&mut file, &line).unwrap();
            file.push(b'\n');
        }
        file
    });
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let file = results();
    let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(Desk { file });
    let job = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"]));
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        let mut results = job.results();
        let mut tokens = 0;
        while let Some((_, message)) = block_on(results.try_next()).unwrap() {
            tokens += message.unwrap().logprobs().unwrap().tokens().count();
        }
        assert_eq!(tokens, LINES * 20);
    });
}

#[divan::bench]
fn read_raw(bencher: Bencher<'_, '_>) {
    let file = results();
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        let mut tokens = 0;
        for line in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let result: RawResult = serde_json::from_slice(line).unwrap();
            let choices = &black_box(&result).response.body.choices;
            tokens += choices
                .iter()
                .map(|choice| choice.logprobs.content.len())
                .sum::<usize>();
        }
        assert_eq!(tokens, LINES * 20);
    });
}

/// A server that takes any file and has one.
#[derive(Debug, Default)]
struct Desk {
    file: Bytes,
}

#[async_trait]
impl Transport for Desk {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let ok = StreamingResponse::new(StatusCode::OK);
        if request.url.ends_with("/content") {
            let file = self.file.clone();
            // As large as what comes from a socket at once.
            let starts = (0..file.len()).step_by(16 << 10);
            let pieces = starts.map(move |at| Ok(file.slice(at..file.len().min(at + (16 << 10)))));
            return Ok(ok.with_body(stream::iter(pieces).boxed()));
        }
        let answer = match request.url.ends_with("/files") {
            true => r#"{"id":"file-1"}"#,
            false => r#"{"id":"batch_1","status":"completed","output_file_id":"file-2"}"#,
        };
        Ok(ok.with_body_chunks([answer]))
    }
}

fn results() -> Bytes {
    let token = r#"{"token":" word","logprob":-0.0123456789,"bytes":[32,119,111,114,100],"top_logprobs":[]}"#;
    let tokens = [token; 20].join(",");
    let text = " word".repeat(20);
    let line = |n: usize| {
        format!(
            r#"{{"id":"batch_req_{n}","custom_id":"row-{n}","response":{{"status_code":200,"request_id":"req_{n}","body":{{"id":"chatcmpl-{n}","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":"{text}","refusal":null}},"logprobs":{{"content":[{tokens}],"refusal":null}}}}],"usage":{{"prompt_tokens":20,"completion_tokens":20,"total_tokens":40}}}}}},"error":null}}"#
        ) + "\n"
    };
    (0..LINES).map(line).collect::<String>().into()
}

#[derive(Serialize)]
struct RawLine {
    custom_id: String,
    method: &'static str,
    url: &'static str,
    body: RawBody,
}

#[derive(Serialize)]
struct RawBody {
    model: &'static str,
    messages: [RawMessage; 1],
    temperature: f32,
    logprobs: bool,
    stream: bool,
}

#[derive(Serialize)]
struct RawMessage {
    content: &'static str,
    role: &'static str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawResult {
    custom_id: String,
    response: RawResponse,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawResponse {
    status_code: u16,
    request_id: String,
    body: RawCompletion,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawCompletion {
    id: String,
    model: String,
    choices: Vec<RawChoice>,
    usage: RawUsage,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawChoice {
    finish_reason: String,
    message: RawAnswer,
    logprobs: RawLogprobs,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawAnswer {
    content: String,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct RawLogprobs {
    content: Vec<RawToken>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawToken {
    token: String,
    logprob: f64,
    bytes: Vec<u8>,
    top_logprobs: Vec<Self>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "what is read must be kept, as a caller would")]
struct RawUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}
