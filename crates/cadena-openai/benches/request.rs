//! The cost of building a request: `cargo bench -p cadena-openai --bench request`.
//!
//! The whole way to the bytes that would be sent: options merged and checked, messages converted, the body written, and the
//! transport called, which answers at once. The time for a message must not depend on how many there are.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use cadena_core::{AIMessage, ChatModel, ChatRequest, HumanMessage, Message, Result, RunContext, async_trait};
use cadena_http::{HttpRequest, StreamingResponse, Transport};
use cadena_openai::ChatOpenAI;
use divan::Bencher;
use divan::counter::ItemsCount;
use futures::executor::block_on;
use http::StatusCode;
use serde_json::{Value, json};

const ANSWER: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}"#;

fn main() {
    divan::main();
}

/// By `invoke`, conversation handed over.
#[divan::bench(args = [200, 1_000, 5_000])]
fn conversation(bencher: Bencher<'_, '_>, messages: usize) {
    let llm = ChatOpenAI::new("gpt-4o-mini")
        .with_base_url("http://test.invalid/v1")
        .with_transport(Answers);
    let request = ChatRequest::new(turns(messages));
    bencher
        .counter(ItemsCount::new(messages))
        .with_inputs(|| request.clone())
        .bench_local_values(|request| block_on(llm.chat(request, RunContext::default())).unwrap());
}

/// The least that must be done: the same body written from messages that are in OpenAI's form already, handed over as well.
#[divan::bench(args = [200, 1_000, 5_000])]
fn raw(bencher: Bencher<'_, '_>, messages: usize) {
    let role = |number: usize| if number.is_multiple_of(2) { "user" } else { "assistant" };
    let turns: Vec<Value> = (0..messages)
        .map(|n| json!({"role": role(n), "content": text(n)}))
        .collect();
    let body = json!({"model": "gpt-4o-mini", "messages": turns, "stream": false});
    bencher
        .counter(ItemsCount::new(messages))
        .with_inputs(|| body.clone())
        .bench_local_values(|body| serde_json::to_vec(&body).unwrap());
}

fn turns(count: usize) -> Vec<Message> {
    let turn = |number: usize| match number.is_multiple_of(2) {
        true => Message::from(HumanMessage::new(text(number))),
        false => AIMessage::new(text(number)).into(),
    };
    (0..count).map(turn).collect()
}

/// About the length of a turn in a conversation.
fn text(number: usize) -> String {
    format!(
        "Turn {number}: {}",
        "the quick brown fox jumps over the lazy dog. ".repeat(6)
    )
}

#[derive(Debug)]
struct Answers;

#[async_trait]
impl Transport for Answers {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        divan::black_box(request.body.len());
        Ok(StreamingResponse::new(StatusCode::OK).with_body_chunks([ANSWER]))
    }
}
