//! Conversations of everything that a user can write, whether OpenAI can be told so or not.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use cadena_core::{
    AIMessage, ChatMessage, Content, FunctionMessage, HumanMessage, Message, SystemMessage, ToolMessage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn text() -> impl Strategy<Value = String> {
    "[ -~é\u{1f600}\n]{0,12}"
}

fn name() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-z]{1,8}")
}

/// Parts of every protocol that is about, whole and broken, in places where they belong and where they do not.
fn part() -> impl Strategy<Value = Value> {
    let fixed = prop::sample::select(vec![
        json!("bare"),
        json!({"type": "text", "text": "t", "index": 0, "annotations": [], "cache_control": {"type": "ephemeral"}}),
        json!({"type": "text"}),
        json!({"type": "text", "text": null}),
        json!({"text": "no type"}),
        json!({"type": 7}),
        json!({"type": "image", "url": "https://example.com/a.png"}),
        json!({"type": "image", "url": 5}),
        json!({"type": "image", "base64": "aGk=", "mime_type": "image/png"}),
        json!({"type": "image", "base64": "aGk="}),
        json!({"type": "image", "file_id": "file-1"}),
        json!({"type": "image"}),
        json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}),
        json!({"type": "image_url", "image_url": "https://example.com/a.png"}),
        json!({"type": "image_url", "image_url": {"detail": "low"}}),
        json!({"type": "image_url"}),
        json!({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}),
        json!({"type": "audio", "base64": "aGk=", "mime_type": "audio/mpeg"}),
        json!({"type": "audio", "base64": "aGk="}),
        json!({"type": "audio", "url": "https://example.com/a.wav"}),
        json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}}),
        json!({"type": "input_audio", "input_audio": {"data": 1, "format": "mp3"}}),
        json!({"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "filename": "a.pdf"}),
        json!({"type": "file", "base64": "aGk=", "mime_type": "application/pdf"}),
        json!({"type": "file", "file_id": "file-1"}),
        json!({"type": "file", "url": "https://example.com/a.pdf"}),
        json!({"type": "file", "file": {"file_id": "file-1"}}),
        json!({"type": "file", "file": {"file_id": 1}}),
        json!({"type": "file", "file": "file-1"}),
        json!({"type": "file", "file_id": 1}),
        json!({"type": "text-plain", "text": "t", "mime_type": "text/plain"}),
        json!({"type": "video", "url": "https://example.com/a.mp4"}),
        json!({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}),
        json!({"type": "refusal", "refusal": "no"}),
        json!({"type": "refusal"}),
        json!({"type": "reasoning", "reasoning": "hm"}),
        json!({"type": "reasoning", "id": "rs_1", "summary": []}),
        json!({"type": "thinking", "thinking": "hm", "signature": "s"}),
        json!({"type": "tool_use", "id": "1", "name": "f", "input": {}}),
        json!({"type": "tool_call", "name": "f", "args": {}, "id": "1"}),
        json!({"type": "invalid_tool_call", "name": "f", "args": "{", "id": "1"}),
        json!({"type": "tool_call_chunk", "name": "f", "args": "{", "id": "1"}),
        json!({"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}),
        json!({"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "x"}),
        json!({"type": "web_search_call", "id": "ws_1", "status": "completed"}),
        json!({"type": "output_text", "text": "t"}),
        json!({"type": "input_text", "text": "t"}),
        json!({"type": "tool_result", "tool_use_id": "1", "content": "3"}),
        json!({"type": "non_standard", "value": {"a": 1}}),
    ]);
    prop_oneof![1 => text().prop_map(|text| json!({"type": "text", "text": text})), 3 => fixed]
}

fn content() -> impl Strategy<Value = Content> {
    let content = prop_oneof![
        text().prop_map(Value::String),
        prop::collection::vec(part(), 0..3).prop_map(Value::Array),
    ];
    content.prop_map(|content| serde_json::from_value(content).unwrap())
}

fn id() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(""),
        json!("call_1"),
        json!("call_2"),
        json!("call_0_0"),
    ])
}

fn call() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["function", "custom"]);
    let args = prop::sample::select(vec![json!({}), json!({"a": [1]}), json!({"__arg1": "SELECT 1"})]);
    (id(), kind, args).prop_map(|(id, kind, args)| json!({"name": "f", "args": args, "id": id, "kind": kind}))
}

fn invalid_call() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["function", "custom"]);
    (id(), kind, prop::option::of(text()), name())
        .prop_map(|(id, kind, args, name)| json!({"name": name, "args": args, "id": id, "error": "cut", "kind": kind}))
}

/// Members beside the content of an answer, as providers and users leave it.
fn kwargs() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(vec![
        ("none", json!(null)),
        ("refusal", json!("no")),
        ("refusal", json!("")),
        ("refusal", json!(7)),
        ("audio", json!({"id": "audio_1", "data": "AAAA", "transcript": "x"})),
        ("audio", json!({"data": "AAAA"})),
        ("audio", json!("AAAA")),
        ("function_call", json!({"name": "f", "arguments": "{}"})),
        ("function_call", json!({"name": "f", "arguments": {}})),
        ("function_call", json!("f")),
        (
            "tool_calls",
            json!([{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]),
        ),
        (
            "tool_calls",
            json!([{"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}]),
        ),
        (
            "tool_calls",
            json!([{"id": null, "function": {"name": "f", "arguments": "{}"}}]),
        ),
        (
            "tool_calls",
            json!([{"id": "c", "type": "other", "function": {"name": "f", "arguments": "{}"}}]),
        ),
        (
            "tool_calls",
            json!([{"id": "c", "function": {"name": "f", "arguments": {}}}]),
        ),
        ("tool_calls", json!([])),
        ("tool_calls", json!({})),
        ("tool_calls", json!("f")),
        ("name", json!("ann")),
        ("name", json!(7)),
        ("reasoning_content", json!("hm")),
    ])
}

fn answer() -> impl Strategy<Value = Message> {
    let calls = prop::collection::vec(call(), 0..3);
    let invalid = prop::collection::vec(invalid_call(), 0..2);
    (content(), calls, invalid, kwargs(), name()).prop_map(|(content, calls, invalid, (key, value), name)| {
        let message = json!({"content": content, "tool_calls": calls, "invalid_tool_calls": invalid, "name": name});
        let mut message: AIMessage = serde_json::from_value(message).unwrap();
        message.additional_kwargs.insert(key.to_owned(), value);
        message.into()
    })
}

fn message() -> impl Strategy<Value = Message> {
    let roles = prop::sample::select(vec![
        "user",
        "system",
        "developer",
        "assistant",
        "tool",
        "function",
        "critic",
        "",
    ]);
    prop_oneof![
        (content(), name()).prop_map(|(content, name)| {
            let mut message = HumanMessage::new(content);
            message.name = name;
            message.into()
        }),
        (content(), name(), any::<bool>()).prop_map(|(content, name, developer)| {
            let mut message = SystemMessage::new(content);
            message.name = name;
            if developer {
                message.additional_kwargs.insert("__openai_role__", "developer");
            }
            message.into()
        }),
        answer(),
        answer(),
        (content(), id())
            .prop_map(|(content, id)| { ToolMessage::new(content, id.as_str().unwrap_or_default()).into() }),
        (content(), name()).prop_map(|(content, name)| {
            let mut message = FunctionMessage::new("f", content);
            message.name = name;
            message.into()
        }),
        (roles, content()).prop_map(|(role, content)| ChatMessage::new(role, content).into()),
    ]
}

/// Messages in any order: answers before their questions, results without calls, or nothing.
pub(crate) fn conversation() -> impl Strategy<Value = Vec<Message>> {
    prop::collection::vec(message(), 0..4)
}
