//! Conversations that the server remembers: what is left out of a request, and when.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{AIMessage, Bind, ChatOptions, HumanMessage, Message, RunnableExt, SystemMessage, ToolMessage};
use cadena_openai::{ChatOpenAI, Endpoint};
use serde_json::{Value, json};
use support::{Canned, block_on, model};

/// The body of a request with these messages and options.
fn sent(messages: &[Message], options: ChatOptions, change: impl FnOnce(ChatOpenAI) -> ChatOpenAI) -> Value {
    let server = Canned::json(r#"{"status": "completed", "output": [], "choices": [{"message": {"content": ""}}]}"#);
    let llm = change(model(server.clone()).with_base_url("https://api.openai.com/v1"))
        .with_use_previous_response_id(true)
        .bind(options);
    block_on(async { llm.invoke(messages.to_vec()).await }).unwrap();
    server.bodies().remove(0)
}

fn plain(messages: &[Message]) -> Value {
    sent(messages, ChatOptions::new(), |llm| llm)
}

/// An answer that a response with this id gave.
fn answer(id: &str, content: Value) -> Message {
    let metadata = json!({"id": id});
    let message = json!({"type": "ai", "content": content, "response_metadata": metadata});
    serde_json::from_value::<AIMessage>(message).unwrap().into()
}

fn talk() -> Vec<Message> {
    vec![
        SystemMessage::new("Be kind.").into(),
        HumanMessage::new("one").into(),
        answer("resp_1", json!("1")),
        HumanMessage::new("two").into(),
        answer("resp_2", json!("2")),
        HumanMessage::new("three").into(),
    ]
}

#[test]
fn only_what_stands_behind_the_last_response_is_sent() {
    let body = plain(&talk());
    assert_eq!(body["previous_response_id"], "resp_2");
    assert_eq!(
        body["input"],
        json!([{"content": "three", "role": "user", "type": "message"}])
    );
    let first = plain(&talk()[..2]);
    assert_eq!(first.get("previous_response_id"), None);
    assert_eq!(first["input"].as_array().unwrap().len(), 2);
}

#[test]
fn the_answer_of_another_endpoint_is_sent_behind_the_last_response() {
    let mut messages = talk();
    messages[4] = answer("chatcmpl-1", json!("2"));
    let body = plain(&messages);
    assert_eq!(body["previous_response_id"], "resp_1");
    let roles: Vec<_> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["role"].clone())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
}

#[test]
fn a_loop_of_an_agent_sends_the_results_of_its_tools_alone_in_the_form_of_their_calls() {
    let calls = json!([
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "run", "input": "ls"},
    ]);
    let messages = [
        HumanMessage::new("go").into(),
        answer("resp_1", calls),
        ToolMessage::new("1", "c1").into(),
        ToolMessage::new("a b", "c2").into(),
    ];
    let expect = json!([
        {"type": "function_call_output", "output": "1", "call_id": "c1"},
        {"type": "custom_tool_call_output", "output": "a b", "call_id": "c2"},
    ]);
    assert_eq!(plain(&messages)["input"], expect);
}

#[test]
fn everything_is_sent_where_the_server_remembers_nothing_or_the_caller_says_what() {
    for (options, id) in [
        (json!({"store": false}), Value::Null),
        (json!({"previous_response_id": "resp_0"}), json!("resp_0")),
        (json!({"conversation": "conv_1"}), Value::Null),
    ] {
        let mut bound = ChatOptions::new();
        for (key, value) in options.as_object().unwrap() {
            bound = bound.extra(key, value.clone());
        }
        let body = sent(&talk(), bound, |llm| llm);
        assert_eq!(body.get("previous_response_id").cloned().unwrap_or_default(), id);
        assert_eq!(body["input"].as_array().unwrap().len(), 6, "{options}");
    }
    let chat = sent(&talk(), ChatOptions::new(), |llm| {
        llm.with_endpoint(Endpoint::ChatCompletions)
    });
    assert_eq!(chat["messages"].as_array().unwrap().len(), 6);
    let elsewhere = sent(&talk(), ChatOptions::new(), |llm| {
        llm.with_base_url("https://gateway.invalid/v1")
    });
    assert_eq!(elsewhere["messages"].as_array().unwrap().len(), 6);
}
