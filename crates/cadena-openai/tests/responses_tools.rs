//! The server's own tools in a stream: what they do, what they run, and what stays of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{AIMessage, AIMessageChunk, ChatRequest, Content, ContentPart};
use cadena_openai::Endpoint;
use serde_json::{Value, json};
use support::{Canned, block_on, collect, fold, model};

fn event(kind: &str, mut members: Value) -> String {
    members["type"] = kind.into();
    format!("event: {kind}\ndata: {members}\n\n")
}

/// The chunks of these events about the first item, which ends as given.
fn chunks(item: &Value, events: &[(&str, Value)]) -> Vec<AIMessageChunk> {
    let mut body = event(
        "response.output_item.added",
        json!({"output_index": 0, "item": {"type": item["type"], "id": item["id"], "status": "in_progress"}}),
    );
    for (kind, members) in events {
        let mut members = members.clone();
        (members["item_id"], members["output_index"]) = (item["id"].clone(), 0.into());
        body += &event(kind, members);
    }
    body += &event("response.output_item.done", json!({"output_index": 0, "item": item}));
    let response = json!({"id": "resp_1", "status": "completed", "output": [item]});
    body += &event("response.completed", json!({"response": response}));
    let llm = model(Canned::events(body)).with_endpoint(Endpoint::Responses);
    let (chunks, error) = block_on(collect(&llm, ChatRequest::new("hi")));
    assert!(error.is_none(), "{error:?}");
    chunks
}

/// A member of the first block of each chunk that has it.
fn members(chunks: &[AIMessageChunk], key: &str) -> Vec<Value> {
    let block = |chunk: &AIMessageChunk| match &chunk.content {
        Content::Parts(parts) => match parts.first() {
            Some(ContentPart::Block(block)) => block.get(key).cloned(),
            _ => None,
        },
        Content::Text(_) => None,
    };
    chunks.iter().filter_map(block).collect()
}

#[test]
fn what_a_tool_is_doing_is_told_and_is_no_part_of_the_message() {
    let item = json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}});
    let chunks = chunks(
        &item,
        &[
            ("response.web_search_call.in_progress", json!({})),
            (
                "response.web_search_call.searching",
                json!({"sequence_number": 4, "x_new": 1}),
            ),
            ("response.web_search_call.completed", json!({})),
        ],
    );
    let told = [
        json!({"status": "in_progress"}),
        json!({"x_new": 1, "status": "searching"}),
        json!({"status": "completed"}),
    ];
    assert_eq!(members(&chunks, "tool_progress"), told);
    let sum: AIMessageChunk = chunks.iter().cloned().sum();
    assert_eq!(members(&[sum], "tool_progress"), told[2..]);
    assert_eq!(serde_json::to_value(fold(chunks).content).unwrap(), json!([item]));
}

#[test]
fn an_image_is_shown_as_it_grows_and_only_the_last_state_is_held() {
    let item = json!({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "bGFzdA==", "size": "1x1"});
    let image = |number: usize, b64: &str| json!({"partial_image_index": number, "partial_image_b64": b64, "size": "1x1", "output_format": "png"});
    let name = "response.image_generation_call.partial_image";
    let chunks = chunks(&item, &[(name, image(0, "Zmlyc3Q=")), (name, image(1, "c2Vjb25k"))]);
    let shown: Vec<_> = members(&chunks, "tool_progress")
        .iter()
        .map(|progress| progress["partial_image_b64"].clone())
        .collect();
    assert_eq!(shown, ["Zmlyc3Q=", "c2Vjb25k"]);
    let mut sum = AIMessageChunk::default();
    for chunk in &chunks[..3] {
        sum += chunk.clone();
    }
    let held = members(&[sum], "tool_progress");
    assert_eq!(
        held,
        [
            json!({"partial_image_index": 1, "partial_image_b64": "c2Vjb25k", "size": "1x1", "output_format": "png", "status": "partial_image"})
        ]
    );
    assert_eq!(serde_json::to_value(fold(chunks).content).unwrap(), json!([item]));
}

#[test]
fn code_and_arguments_come_as_they_are_written() {
    let code = json!({"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "container_id": "c", "code": "1 + 1", "outputs": null});
    let name = "response.code_interpreter_call_code.delta";
    let pieces = chunks(
        &code,
        &[(name, json!({"delta": "1 +"})), (name, json!({"delta": " 1"}))],
    );
    assert_eq!(members(&pieces, "code")[..2], ["1 +", " 1"]);
    assert_eq!(serde_json::to_value(fold(pieces).content).unwrap(), json!([code]));

    let call = json!({"type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "n", "arguments": "{\"a\":1}", "output": "x", "error": null});
    let name = "response.mcp_call_arguments.delta";
    let pieces = chunks(
        &call,
        &[(name, json!({"delta": "{\"a\""})), (name, json!({"delta": ":1}"}))],
    );
    assert_eq!(members(&pieces, "arguments")[..2], ["{\"a\"", ":1}"]);
    let message: AIMessage = fold(pieces);
    assert!(message.tool_calls.is_empty(), "the server has called it");
    assert_eq!(serde_json::to_value(message.content).unwrap(), json!([call]));
}

#[test]
fn citations_come_at_once_and_two_of_one_index_stay_two() {
    let cited = |file: &str| json!({"type": "file_citation", "index": 7, "file_id": file, "filename": file});
    let part = json!({"type": "output_text", "text": "See.", "annotations": [cited("a"), cited("b"), cited("c")], "logprobs": []});
    let item = json!({"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]});
    let name = "response.output_text.annotation.added";
    let chunks = chunks(
        &item,
        &[
            (
                "response.output_text.delta",
                json!({"content_index": 0, "delta": "See."}),
            ),
            (
                name,
                json!({"content_index": 0, "annotation_index": 0, "annotation": cited("a")}),
            ),
            // One that overtakes another waits for the end of the text.
            (
                name,
                json!({"content_index": 0, "annotation_index": 2, "annotation": cited("c")}),
            ),
        ],
    );
    let told = members(&chunks, "annotations");
    assert_eq!(told, [json!([cited("a")]), json!([cited("b"), cited("c")])]);
    let message = serde_json::to_value(fold(chunks).content).unwrap();
    assert_eq!(message[0]["annotations"], part["annotations"]);
}

#[test]
fn what_is_spoken_is_where_that_of_chat_completions_is() {
    let body = [
        event("response.audio.delta", json!({"delta": "aGk="})),
        event("response.audio.transcript.delta", json!({"delta": "h"})),
        event("response.audio.transcript.delta", json!({"delta": "i"})),
        event(
            "response.completed",
            json!({"response": {"status": "completed", "output": []}}),
        ),
    ];
    let llm = model(Canned::events(body.concat())).with_endpoint(Endpoint::Responses);
    let (chunks, error) = block_on(collect(&llm, ChatRequest::new("hi")));
    assert!(error.is_none());
    let audio = &fold(chunks).additional_kwargs["audio"];
    assert_eq!(audio, &json!({"data": "aGk=", "transcript": "hi"}));
}
