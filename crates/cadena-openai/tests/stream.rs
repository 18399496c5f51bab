//! Streams: what each recorded body gives, chunk by chunk.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use std::time::Duration;

use cadena_core::{AIMessageChunk, ChatModel, ChatOptions, ChatRequest, ErrorKind, RunContext};
use serde_json::{Value, json};
use support::{Canned, End, collect, data, fold, model, stream, stream_with};

/// One line per chunk: what differs from an empty one.
fn show(chunk: &AIMessageChunk) -> String {
    let Value::Object(chunk) = serde_json::to_value(chunk).unwrap() else {
        unreachable!()
    };
    let empty = json!({"type": "AIMessageChunk", "content": ""});
    let said = chunk.into_iter().filter(|(key, value)| {
        let nothing = value.is_null() || *value == json!([]) || *value == json!({});
        !nothing && empty.get(key) != Some(value) && key != "tool_calls" && key != "invalid_tool_calls"
    });
    Value::Object(said.collect()).to_string()
}

#[test]
fn every_recorded_stream_gives_these_chunks() {
    let mut out = String::new();
    for (name, body) in support::streams() {
        let choices = if name == "n_two" { 2 } else { 1 };
        let request = ChatRequest::new("hi").with_options(ChatOptions::new().n(choices));
        let (chunks, error) = stream_with(Canned::events(body), request);
        out += &format!("== {name}\n");
        chunks.iter().for_each(|chunk| out += &format!("{}\n", show(chunk)));
        if let Some(error) = &error {
            out += &format!("!! {error}\n");
            out += &format!("   partial: {}\n", error.partial().map_or("none".to_owned(), show));
        }
    }
    insta::assert_snapshot!("streams", out);
}

#[test]
fn a_stream_without_an_end_is_truncated_and_keeps_what_came() {
    let body = data("std_null_first.txt");
    let cut = body
        .find("data: {\"id\"")
        .map(|_| body.rfind("data: {").unwrap())
        .unwrap();
    for end in [End::Clean, End::Reset] {
        let (chunks, error) = stream(Canned::events(body[..cut].to_owned()).end(end));
        let error = error.unwrap();
        assert_eq!((chunks.len(), error.kind()), (3, ErrorKind::Truncated));
        let partial = error.partial().unwrap();
        assert_eq!(partial.text(), "Hello");
        assert_eq!(partial.logprobs(), fold(chunks).logprobs());
        assert_eq!(partial.response_metadata.id.as_deref(), Some("chatcmpl-A1"));
        assert_eq!(error.request_id(), Some("req_1"));
    }
}

#[test]
fn done_without_a_finish_reason_can_be_accepted() {
    let llm = model(Canned::events(data("no_finish_reason.txt"))).with_finish_reason_required(false);
    let (chunks, error) = support::block_on(collect(&llm, ChatRequest::new("hi")));
    assert!(error.is_none());
    assert_eq!(fold(chunks).text(), "Hi");
}

#[test]
fn a_server_that_says_nothing_more_is_waited_for_five_seconds_after_the_finish_reason() {
    support::block_on(async {
        let started = tokio::time::Instant::now();
        let llm = model(Canned::events(data("no_done.txt")).end(End::Open));
        let (chunks, error) = collect(&llm, ChatRequest::new("hi")).await;
        assert!(error.is_none());
        assert_eq!(fold(chunks).text(), "Hi");
        assert_eq!(started.elapsed().as_secs(), Duration::from_secs(5).as_secs());
    });
}

#[test]
fn a_connection_that_stays_open_behind_done_is_given_up_within_a_tenth_of_a_second() {
    support::block_on(async {
        let started = tokio::time::Instant::now();
        let llm = model(Canned::events(data("std_null_first.txt")).end(End::Open));
        assert!(collect(&llm, ChatRequest::new("hi")).await.1.is_none());
        assert!(started.elapsed() <= Duration::from_millis(110));
    });
}

#[test]
fn a_lost_connection_behind_a_complete_answer_changes_nothing() {
    let body = data("openai_empty_first.txt").replace("data: [DONE]\n\n", "");
    let (chunks, error) = stream(Canned::events(body).end(End::Reset));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(fold(chunks).usage_metadata.unwrap().total_tokens, 11);
}

#[test]
fn an_answer_that_was_not_streamed_is_one_chunk() {
    let (chunks, error) = stream(Canned::json(data("top_logprobs.json")));
    assert!(error.is_none());
    assert_eq!(chunks.len(), 1);
    assert_eq!(
        fold(chunks),
        support::invoke(Canned::json(data("top_logprobs.json"))).unwrap()
    );
}

#[test]
fn an_error_that_was_not_streamed_is_an_error() {
    let (chunks, error) = stream(Canned::json(r#"{"error": {"message": "boom", "code": 500}}"#));
    assert!(chunks.is_empty());
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert_eq!(error.to_string(), "server error: boom (status 500, request `req_1`)");
}

#[test]
fn nothing_is_sent_before_the_stream_is_polled() {
    let transport = Canned::events(data("std_null_first.txt"));
    drop(model(transport.clone()).stream_chat(ChatRequest::new("hi"), RunContext::default()));
    assert!(transport.requests().is_empty());
}

#[test]
fn usage_is_asked_for_unless_it_is_switched_off() {
    let transport = Canned::events(data("std_null_first.txt"));
    let llm = model(transport.clone());
    support::block_on(async {
        collect(&llm, ChatRequest::new("hi")).await;
        collect(&llm.clone().with_stream_usage(false), ChatRequest::new("hi")).await;
    });
    let bodies = transport.bodies();
    assert_eq!(bodies[0]["stream_options"], json!({"include_usage": true}));
    assert_eq!(bodies[1].get("stream_options"), None);
}
