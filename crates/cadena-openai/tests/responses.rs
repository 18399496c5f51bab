//! The Responses API: a stream adds up to what `invoke` returns, whatever the answer holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "support/schema.rs"]
mod schema;
mod support;

use std::sync::LazyLock;

use cadena_core::{AIMessage, Bind, ChatOptions, ErrorKind, RunnableExt, fold};
use cadena_http::Replay;
use cadena_openai::{ChatOpenAI, Endpoint};
use proptest::prelude::*;
use schema::Maker;
use serde_json::{Value, json};
use support::{Canned, block_on, data, model};

#[test]
fn log_probabilities_mean_the_same_as_in_chat_completions() {
    let ask = |file: &str, endpoint| {
        let replay = Replay::from_jsonl(&data(file)).unwrap();
        let llm = ChatOpenAI::new("gpt-4o-mini")
            .with_endpoint(endpoint)
            .with_transport(replay);
        let llm = llm.bind(ChatOptions::new().logprobs(true));
        block_on(async {
            let whole = llm.invoke(("human", "how are you today")).await.unwrap();
            let folded = fold::<AIMessage>(llm.stream(("human", "how are you today")))
                .await
                .unwrap()
                .unwrap();
            let (mut left, mut right) = (whole.clone(), folded);
            // Both are named after their runs, where the server does not name them.
            (left.id, right.id) = (None, None);
            assert_eq!(left, right);
            whole
        })
    };
    let chat = ask("hello.jsonl", Endpoint::ChatCompletions);
    let response = ask("responses.jsonl", Endpoint::Responses);
    assert_eq!(response.id.as_deref(), Some("resp_1"));
    assert_eq!(response.logprobs(), chat.logprobs());
    assert_eq!(response.text(), chat.text());
    let total = |message: &AIMessage| message.usage_metadata.as_ref().map(|usage| usage.total_tokens);
    assert_eq!(total(&response), total(&chat));
    assert_eq!(
        response.response_metadata.finish_reason,
        chat.response_metadata.finish_reason
    );
}

static EVENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&data("schemas/ResponseStreamEvent.json")).unwrap());

/// A value that is valid by one definition of the schema.
fn made(definition: &str, seed: u64) -> Value {
    Maker::new(&EVENT, seed).definition(definition)
}

fn event(kind: &str, mut members: Value) -> String {
    members["type"] = kind.into();
    format!("event: {kind}\ndata: {members}\n\n")
}

/// The whole response with these items.
fn response(status: &str, output: &[Value]) -> Value {
    let reason = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    json!({"id": "resp_1", "object": "response", "created_at": 1_732_000_000, "status": status, "model": "gpt-4o-mini", "error": null,
        "incomplete_details": reason, "output": output, "metadata": {},
        "usage": {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 5}})
}

/// A text in two pieces.
fn halves(text: &str) -> (&str, &str) {
    let middle = text
        .char_indices()
        .nth(text.chars().count() / 2)
        .map_or(0, |(at, _)| at);
    text.split_at(middle)
}

/// The events that bring an item in pieces; `sparse` leaves out those that a server may leave out.
fn events_of(place: usize, item: &Value, sparse: u64) -> String {
    let mut out = String::new();
    let has = |bit: u64| sparse & (1 << bit) == 0;
    let about = |more: Value| {
        let mut members = json!({"output_index": place, "item_id": item["id"]});
        members
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        members
    };
    if has(0) {
        let mut begun = item.clone();
        for (key, empty) in [
            ("content", json!([])),
            ("summary", json!([])),
            ("arguments", json!("")),
            ("input", json!("")),
        ] {
            if let Some(slot) = begun.get_mut(key) {
                *slot = empty;
            }
        }
        begun["status"] = "in_progress".into();
        out += &event(
            "response.output_item.added",
            json!({"output_index": place, "item": begun}),
        );
    }
    let mut pieces = |kind: &str, key: &str, at: usize, text: &Value, logprobs: &Value| {
        let (left, right) = halves(text.as_str().unwrap_or_default());
        for (delta, logprobs) in [(left, logprobs), (right, &Value::Null)] {
            let mut members = about(json!({"delta": delta, "logprobs": logprobs}));
            members[key] = at.into();
            out += &event(kind, members);
        }
    };
    let list = |key: &str| item.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    if has(1) {
        match item["type"].as_str().unwrap() {
            "message" => {
                for (at, part) in list("content").iter().enumerate() {
                    let (kind, text) = match part["type"].as_str().unwrap() {
                        "output_text" => ("response.output_text.delta", "text"),
                        _ => ("response.refusal.delta", "refusal"),
                    };
                    pieces(kind, "content_index", at, &part[text], &part["logprobs"]);
                }
            }
            "function_call" => {
                pieces(
                    "response.function_call_arguments.delta",
                    "x",
                    0,
                    &item["arguments"],
                    &Value::Null,
                );
            }
            "custom_tool_call" => pieces(
                "response.custom_tool_call_input.delta",
                "x",
                0,
                &item["input"],
                &Value::Null,
            ),
            "reasoning" => {
                for (at, part) in list("summary").iter().enumerate() {
                    pieces(
                        "response.reasoning_summary_text.delta",
                        "summary_index",
                        at,
                        &part["text"],
                        &Value::Null,
                    );
                }
                for (at, part) in list("content").iter().enumerate() {
                    pieces(
                        "response.reasoning_text.delta",
                        "content_index",
                        at,
                        &part["text"],
                        &Value::Null,
                    );
                }
            }
            _ => {}
        }
    }
    if has(2) {
        out += &event(
            "response.output_item.done",
            json!({"output_index": place, "item": item}),
        );
    }
    out
}

fn asked(transport: Canned) -> ChatOpenAI {
    model(transport).with_endpoint(Endpoint::Responses)
}

fn whole(body: &Value) -> AIMessage {
    block_on(async { asked(Canned::json(body.to_string())).invoke("hi").await }).unwrap()
}

fn streamed(transport: Canned) -> cadena_core::Result<AIMessage> {
    block_on(async { Ok(fold::<AIMessage>(asked(transport).stream("hi")).await?.unwrap()) })
}

/// Items of the kinds that come in pieces, and every other one.
fn items(seed: u64) -> Vec<Value> {
    let kinds = [
        "OutputMessage",
        "FunctionToolCall",
        "CustomToolCall",
        "ReasoningItem",
        "OutputItem",
    ];
    let count = seed % 4;
    let make = |number: u64| {
        let seed = seed.wrapping_mul(31).wrapping_add(number);
        let mut item = made(kinds[usize::try_from(seed % 5).unwrap()], seed);
        // No schema says that ids differ.
        item["id"] = format!("item_{number}").into();
        item
    };
    (0..count).map(make).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_sum_of_the_pieces_of_a_valid_response_is_the_whole(seed in any::<u64>(), sparse in any::<u64>(), cut in any::<bool>()) {
        let (status, kind) = if cut { ("incomplete", "response.incomplete") } else { ("completed", "response.completed") };
        let output = items(seed);
        let body = response(status, &output);
        let mut events = event("response.created", json!({"response": response("in_progress", &[])}));
        for (place, item) in output.iter().enumerate() {
            // What is said of an item only at the very end cannot stand before what came earlier, so that only the last may lack its end.
            let ends = if place + 1 < output.len() { 0b011 } else { 0b111 };
            events += &events_of(place, item, (sparse >> (place * 3)) & ends);
        }
        events += &event(kind, json!({"response": body}));
        let sum = streamed(Canned::events(events.clone())).unwrap();
        prop_assert_eq!(sum, whole(&body), "{}", events);
    }

    #[test]
    fn valid_events_are_read_whatever_they_say(seed in any::<u64>()) {
        let mut body = String::new();
        for number in 0..6 {
            body += &format!("data: {}\n\n", made("ResponseStreamEvent", seed.wrapping_add(number)));
        }
        body += &event("response.completed", json!({"response": response("completed", &[])}));
        if let Err(error) = streamed(Canned::events(body.clone())) {
            // One of the events may be an error: then it is the server's.
            prop_assert!(!matches!(error.kind(), ErrorKind::Decode | ErrorKind::Truncated), "{error} for {body}");
        }
    }
}
