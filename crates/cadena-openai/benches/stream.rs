//! The cost of reading a stream, per chunk, beside the least that a reader can do: `cargo bench -p cadena-openai`.
//!
//! It prints the time and the allocations. Every figure is for 2,000 events that arrive one by one from memory. `raw` is a hand-written
//! reader of the same fields: split at the blank line, one typed parse, tokens pushed into a list. It has no timers, no errors, no
//! metadata and no other choices.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;

use bytes::Bytes;
use cadena_core::{AIMessageChunk, ChatModel, ChatRequest, Result, RunContext, async_trait};
use cadena_http::{HttpRequest, StreamingResponse, Transport};
use cadena_openai::{ChatOpenAI, Endpoint};
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use futures::StreamExt;
use futures::executor::block_on;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const EVENTS: usize = 2_000;

fn main() {
    divan::main();
}

#[divan::bench(args = [Kind::Plain, Kind::TopFive, Kind::ToolCall])]
fn raw(bencher: Bencher<'_, '_>, kind: Kind) {
    let events = kind.events();
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| read_raw(&events));
}

#[divan::bench(args = [Kind::Plain, Kind::TopFive, Kind::ToolCall])]
fn cadena(bencher: Bencher<'_, '_>, kind: Kind) {
    let llm = model(kind.events());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut chunks = llm.stream_chat(ChatRequest::new("hi"), RunContext::default());
        block_on(async {
            while let Some(chunk) = chunks.next().await {
                black_box(&chunk.unwrap());
            }
        });
    });
}

/// As `cadena`, and the chunks added up, which is what most callers do.
#[divan::bench(args = [Kind::Plain, Kind::TopFive, Kind::ToolCall])]
fn cadena_and_fold(bencher: Bencher<'_, '_>, kind: Kind) {
    let llm = model(kind.events());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut chunks = llm.stream_chat(ChatRequest::new("hi"), RunContext::default());
        block_on(async {
            let mut full = AIMessageChunk::default();
            while let Some(chunk) = chunks.next().await {
                full += chunk.unwrap();
            }
            black_box(full)
        })
    });
}

/// As `raw`, for the events of the Responses API.
#[divan::bench(args = [Kind::Plain, Kind::TopFive])]
fn responses_raw(bencher: Bencher<'_, '_>, kind: Kind) {
    let events = kind.responses();
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| read_raw_responses(&events));
}

/// As `cadena`, for the events of the Responses API, those that repeat the whole among them.
#[divan::bench(args = [Kind::Plain, Kind::TopFive])]
fn responses_cadena(bencher: Bencher<'_, '_>, kind: Kind) {
    let llm = model(kind.responses()).with_endpoint(Endpoint::Responses);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut chunks = llm.stream_chat(ChatRequest::new("hi"), RunContext::default());
        block_on(async {
            while let Some(chunk) = chunks.next().await {
                black_box(&chunk.unwrap());
            }
        });
    });
}

/// As `responses_cadena`, and the chunks added up.
#[divan::bench(args = [Kind::Plain, Kind::TopFive])]
fn responses_cadena_and_fold(bencher: Bencher<'_, '_>, kind: Kind) {
    let llm = model(kind.responses()).with_endpoint(Endpoint::Responses);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut chunks = llm.stream_chat(ChatRequest::new("hi"), RunContext::default());
        block_on(async {
            let mut full = AIMessageChunk::default();
            while let Some(chunk) = chunks.next().await {
                full += chunk.unwrap();
            }
            black_box(full)
        })
    });
}

fn model(events: Vec<Bytes>) -> ChatOpenAI {
    ChatOpenAI::new("m")
        .with_base_url("http://localhost/v1")
        .with_transport(Memory(events))
}

#[derive(Debug)]
struct Memory(Vec<Bytes>);

#[async_trait]
impl Transport for Memory {
    async fn send(&self, _request: HttpRequest) -> Result<StreamingResponse> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        let body = futures::stream::iter(self.0.clone().into_iter().map(Ok)).boxed();
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(headers)
            .with_body(body))
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    TopFive,
    ToolCall,
}

impl Kind {
    /// The events in OpenAI's shape, followed by a finish reason and `[DONE]`.
    fn events(self) -> Vec<Bytes> {
        let event = |at: usize, delta: &str, logprobs: &str, finish: &str| {
            // OpenAI ends each event with noise, so that its length does not tell the token.
            let noise = format!("{:x}", at * 0x9e37_79b9);
            Bytes::from(format!(
                "data: {{\"id\":\"chatcmpl-AXq2Ds3DNmHoh2HzR0Yy1QyKcvoCu\",\"object\":\"chat.completion.chunk\",\"created\":1732000000,\
                 \"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_06737a9306\",\
                 \"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":{logprobs},\"finish_reason\":{finish}}}],\"usage\":null,\"obfuscation\":\"{noise}\"}}\n\n"
            ))
        };
        let one = |at: usize| {
            let token = format!(" w{at}");
            let entry = |token: &str, logprob: f64| {
                format!(
                    "{{\"token\":\"{token}\",\"logprob\":{logprob:.6},\"bytes\":{:?}}}",
                    token.as_bytes()
                )
                .replace(", ", ",")
            };
            match self {
                Self::Plain => event(at, &format!("{{\"content\":\"{token}\"}}"), "null", "null"),
                Self::ToolCall => {
                    let piece = format!("{{\"index\":0,\"function\":{{\"arguments\":\"{token}\"}}}}");
                    event(at, &format!("{{\"tool_calls\":[{piece}]}}"), "null", "null")
                }
                Self::TopFive => {
                    let logprob = |rank: usize| -0.017_382 - rank as f64 * 1.318_77 - at as f64 * 0.000_131;
                    let top: Vec<String> = (0..5)
                        .map(|rank| entry(&format!(" w{}", at + rank), logprob(rank)))
                        .collect();
                    let own = entry(&token, logprob(0));
                    let own = own.strip_suffix('}').unwrap_or(&own);
                    let logprobs = format!(
                        "{{\"content\":[{own},\"top_logprobs\":[{}]}}],\"refusal\":null}}",
                        top.join(",")
                    );
                    event(at, &format!("{{\"content\":\"{token}\"}}"), &logprobs, "null")
                }
            }
        };
        let end = [
            event(EVENTS, "{}", "null", "\"stop\""),
            Bytes::from_static(b"data: [DONE]\n\n"),
        ];
        (0..EVENTS).map(one).chain(end).collect()
    }
}

impl Kind {
    /// The same words as a response, with the events that repeat the whole.
    fn responses(self) -> Vec<Bytes> {
        let event = |kind: &str, members: String| {
            Bytes::from(format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{members}}}\n\n"))
        };
        let (mut text, mut tokens, mut out) = (String::new(), Vec::new(), Vec::new());
        let at = "\"item_id\":\"msg_6876cf62471c8191\",\"output_index\":0,\"content_index\":0";
        for number in 0..EVENTS {
            let token = format!(" w{number}");
            let entry = |token: &str, rank: usize| {
                let logprob = -0.017_382 - rank as f64 * 1.318_77 - number as f64 * 0.000_131;
                let bytes = format!("{:?}", token.as_bytes()).replace(", ", ",");
                format!("\"token\":\"{token}\",\"logprob\":{logprob:.6},\"bytes\":{bytes}")
            };
            let logprobs = match self {
                Self::TopFive => {
                    let top: Vec<_> = (0..5)
                        .map(|rank| format!("{{{}}}", entry(&format!(" w{}", number + rank), rank)))
                        .collect();
                    format!("{{{},\"top_logprobs\":[{}]}}", entry(&token, 0), top.join(","))
                }
                _ => String::new(),
            };
            out.push(event(
                "response.output_text.delta",
                format!("{at},\"delta\":\"{token}\",\"logprobs\":[{logprobs}],\"sequence_number\":{number},\"obfuscation\":\"TgrEfaABcX\""),
            ));
            text += &token;
            tokens.extend(Some(logprobs).filter(|logprobs| !logprobs.is_empty()));
        }
        let part = format!(
            "{{\"type\":\"output_text\",\"text\":\"{text}\",\"annotations\":[],\"logprobs\":[{}]}}",
            tokens.join(",")
        );
        let item = format!(
            "{{\"id\":\"msg_6876cf62471c8191\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{part}]}}"
        );
        out.push(event("response.content_part.done", format!("{at},\"part\":{part}")));
        out.push(event(
            "response.output_item.done",
            format!("\"output_index\":0,\"item\":{item}"),
        ));
        let response = format!(
            "\"response\":{{\"id\":\"resp_1\",\"status\":\"completed\",\"model\":\"gpt-4o-mini-2024-07-18\",\"output\":[{item}]}}"
        );
        out.push(event("response.completed", response));
        out
    }
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(default)]
    choices: Vec<RawChoice>,
}

#[derive(Deserialize)]
struct RawChoice {
    delta: RawDelta,
    logprobs: Option<RawLogprobs>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct RawDelta {
    content: Option<String>,
    tool_calls: Option<Vec<RawCall>>,
}

#[derive(Deserialize)]
struct RawCall {
    function: RawFunction,
}

#[derive(Deserialize)]
struct RawFunction {
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct RawLogprobs {
    content: Option<Vec<RawToken>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed as a reader of log probabilities needs them")]
struct RawToken {
    token: String,
    logprob: f64,
    bytes: Option<Vec<u8>>,
    top_logprobs: Vec<RawTop>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed as a reader of log probabilities needs them")]
struct RawTop {
    token: String,
    logprob: f64,
    bytes: Option<Vec<u8>>,
}

fn read_raw(events: &[Bytes]) -> (String, Vec<RawToken>, Option<String>) {
    let (mut buffer, mut text, mut tokens, mut finish) = (Vec::new(), String::new(), Vec::new(), None);
    for bytes in events {
        buffer.extend_from_slice(bytes);
        while let Some(end) = memchr::memmem::find(&buffer, b"\n\n") {
            let event: Vec<u8> = buffer.drain(..end + 2).collect();
            let data = event.trim_ascii().strip_prefix(b"data: ").unwrap();
            if data == b"[DONE]" {
                break;
            }
            let event: RawEvent = serde_json::from_slice(data).unwrap();
            for choice in event.choices {
                text.push_str(&choice.delta.content.unwrap_or_default());
                for call in choice.delta.tool_calls.unwrap_or_default() {
                    text.push_str(&call.function.arguments.unwrap_or_default());
                }
                tokens.extend(
                    choice
                        .logprobs
                        .and_then(|logprobs| logprobs.content)
                        .unwrap_or_default(),
                );
                finish = choice.finish_reason.or(finish);
            }
        }
    }
    (text, tokens, finish)
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed as a reader of several items needs them")]
struct RawDeltaEvent<'a> {
    r#type: &'a str,
    item_id: Option<&'a str>,
    output_index: Option<u32>,
    content_index: Option<u32>,
    delta: Option<String>,
    #[serde(default)]
    logprobs: Vec<RawToken>,
}

/// The end of a response is skipped as far as a typed reader can.
fn read_raw_responses(events: &[Bytes]) -> (String, Vec<RawToken>, bool) {
    let (mut buffer, mut text, mut tokens, mut done) = (Vec::new(), String::new(), Vec::new(), false);
    for bytes in events {
        buffer.extend_from_slice(bytes);
        while let Some(end) = memchr::memmem::find(&buffer, b"\n\n") {
            let event: Vec<u8> = buffer.drain(..end + 2).collect();
            let start = memchr::memmem::find(&event, b"data: ").unwrap() + 6;
            let event: RawDeltaEvent<'_> = serde_json::from_slice(&event[start..]).unwrap();
            match event.r#type {
                "response.output_text.delta" => {
                    text.push_str(&event.delta.unwrap_or_default());
                    tokens.extend(event.logprobs);
                }
                "response.completed" => done = true,
                _ => {}
            }
        }
    }
    (text, tokens, done)
}
