//! Parts that OpenAI has no place for in a message are refused before they are sent, with the message's place and what to do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::fmt::Write as _;

use cadena_core::{
    AIMessage, ChatMessage, Error, ErrorKind, FunctionMessage, HumanMessage, Message, PromptValue, RunnableExt,
    SystemMessage, ToolMessage,
};
use cadena_openai::{ChatOpenAI, ModelRule, ModelRules};
use serde_json::{Value, json};
use support::{Canned, block_on, model};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}"#;

/// Asks OpenAI itself, as far as the model knows.
fn openai(server: &Canned) -> ChatOpenAI {
    model(server.clone()).with_base_url("https://api.openai.com/v1")
}

fn send(llm: &ChatOpenAI, message: Message) -> Result<AIMessage, Error> {
    let prompt = PromptValue::from(vec!["hi".into(), message]);
    block_on(async { llm.invoke(prompt).await })
}

fn parts<M: serde::de::DeserializeOwned + Into<Message>>(parts: Value) -> Message {
    let message = json!({"content": parts, "tool_call_id": "c1", "name": "f", "role": "critic"});
    serde_json::from_value::<M>(message).unwrap().into()
}

fn ai(value: Value) -> Message {
    serde_json::from_value::<AIMessage>(value).unwrap().into()
}

fn image() -> Value {
    json!([{"type": "image", "url": "https://example.com/a.png"}])
}

fn misfits() -> Vec<Message> {
    vec![
        parts::<ToolMessage>(image()),
        parts::<ToolMessage>(json!([{"type": "file", "file_id": "f1"}])),
        parts::<FunctionMessage>(image()),
        parts::<SystemMessage>(image()),
        parts::<AIMessage>(image()),
        parts::<AIMessage>(json!([{"type": "image_generation_call", "id": "ig_1", "result": "aGk="}])),
        parts::<HumanMessage>(json!([{"type": "video_url", "video_url": {"url": "https://example.com"}}])),
        parts::<HumanMessage>(json!([{"type": "image_url", "image_url": {}}])),
        parts::<HumanMessage>(json!([{"text": "no type"}])),
        ChatMessage::new("critic", "Too long.").into(),
        ChatMessage::new("tool", "3").into(),
        ai(json!({"content": "", "additional_kwargs": {"audio": {"data": "AAAA", "transcript": "x"}}})),
        ai(json!({"content": "", "additional_kwargs": {"function_call": {"name": "f"}}})),
    ]
}

#[test]
fn what_has_no_place_is_refused_before_it_is_sent() {
    let mut table = String::new();
    for message in misfits() {
        let server = Canned::json(ANSWER);
        let error = send(&openai(&server), message).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(server.requests().is_empty());
        let hint = error
            .hint()
            .unwrap_or_default()
            .split("; for a server")
            .next()
            .unwrap_or_default();
        writeln!(table, "{}: {hint}", error.detail()).unwrap();
    }
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(table) });
}

#[test]
fn another_server_gets_what_was_said_and_so_does_openai_where_the_rule_is_off() {
    for message in misfits() {
        let other = Canned::json(ANSWER);
        send(&model(other.clone()), message.clone()).unwrap();
        let server = Canned::json(ANSWER);
        let rules = ModelRules::all().without(ModelRule::PartsByRole);
        send(&openai(&server).with_model_rules(rules), message).unwrap();
        assert_eq!(server.bodies()[0]["messages"], other.bodies()[0]["messages"]);
    }
    let server = Canned::json(ANSWER);
    send(&model(server.clone()), parts::<ToolMessage>(image())).unwrap();
    let sent = &server.bodies()[0]["messages"][1]["content"][0];
    assert_eq!(
        *sent,
        json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})
    );
}

#[test]
fn openai_is_told_what_an_answer_of_the_responses_api_said_and_not_what_its_tools_did() {
    let answer = parts::<AIMessage>(json!([
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "text", "text": "Found.", "id": "msg_1", "annotations": []},
    ]));
    for llm in [openai, |server: &Canned| model(server.clone())] {
        let server = Canned::json(ANSWER);
        send(&llm(&server), answer.clone()).unwrap();
        let sent = &server.bodies()[0]["messages"][1]["content"];
        assert_eq!(*sent, json!([{"type": "text", "text": "Found."}]));
    }
}

#[test]
fn a_conversation_without_a_message_is_refused() {
    let server = Canned::json(ANSWER);
    let error = block_on(async { openai(&server).invoke(PromptValue::from(Vec::<Message>::new())).await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(server.requests().is_empty());
}

#[test]
fn what_can_be_said_in_openais_form_is() {
    let cases = [
        (
            parts::<FunctionMessage>(json!(["a", {"type": "text", "text": "b"}])),
            json!("ab"),
        ),
        (
            parts::<HumanMessage>(json!([{"type": "image_url", "image_url": "https://example.com"}])),
            json!([{"type": "image_url", "image_url": {"url": "https://example.com"}}]),
        ),
        (
            parts::<HumanMessage>(json!([{"type": "audio", "base64": "aGk=", "mime_type": "audio/mpeg"}])),
            json!([{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}}]),
        ),
        (
            parts::<ToolMessage>(json!([{"type": "text", "text": "a", "index": 0}])),
            json!([{"type": "text", "text": "a"}]),
        ),
    ];
    for (message, expect) in cases {
        let server = Canned::json(ANSWER);
        send(&openai(&server), message).unwrap();
        assert_eq!(server.bodies()[0]["messages"][1]["content"], expect);
    }
}
