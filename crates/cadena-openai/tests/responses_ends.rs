//! How a response ends: cut, filtered, refused, failed, or not at all; and what is asked for the next one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use bytes::Bytes;
use cadena_core::{
    AIMessage, Bind, ChatOptions, Error, ErrorKind, HumanMessage, Message, OnUnsupported, RunnableExt, ToolMessage,
    fold,
};
use cadena_openai::{ChatOpenAI, Endpoint};
use serde_json::{Value, json};
use support::{Canned, End, block_on, data, model};

/// The bytes of the recorded stream.
fn recorded() -> String {
    let lines = data("responses.jsonl");
    let chunks = lines.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        Some(line.get("chunk")?.as_str()?.to_owned())
    });
    chunks.filter(|chunk| chunk.starts_with("event: ")).collect()
}

fn asked(transport: Canned) -> ChatOpenAI {
    model(transport).with_endpoint(Endpoint::Responses)
}

fn stream(transport: Canned) -> cadena_core::Result<AIMessage> {
    block_on(async { Ok(fold::<AIMessage>(asked(transport).stream("hi")).await?.unwrap()) })
}

fn invoke(body: &Value) -> cadena_core::Result<AIMessage> {
    block_on(async { asked(Canned::json(body.to_string())).invoke("hi").await })
}

/// Both ways of one answer, which must agree.
fn both(mut body: Value) -> cadena_core::Result<AIMessage> {
    body["id"] = "resp_1".into();
    let kind = format!("response.{}", body["status"].as_str().unwrap());
    let event = format!("data: {}\n\n", json!({"type": kind, "response": body}));
    let (whole, streamed) = (invoke(&body), stream(Canned::events(event)));
    match (whole, streamed) {
        (Ok(whole), Ok(streamed)) => {
            assert_eq!(whole, streamed);
            Ok(whole)
        }
        (Err(whole), Err(streamed)) => {
            assert_eq!((whole.kind(), whole.detail()), (streamed.kind(), streamed.detail()));
            Err(whole)
        }
        (whole, streamed) => panic!("{whole:?} {streamed:?}"),
    }
}

fn says(part: Value) -> Value {
    json!([{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}])
}

#[test]
fn any_split_of_the_bytes_gives_the_same_answer() {
    let body = Bytes::from(recorded());
    let whole = stream(Canned::events(body.clone())).unwrap();
    for at in 1..body.len() {
        let split = [body.slice(..at), body.slice(at..)];
        assert_eq!(
            stream(Canned::new("text/event-stream", split)).unwrap(),
            whole,
            "split at {at}"
        );
    }
}

#[test]
fn every_prefix_is_an_error_with_what_had_come_or_the_whole_answer() {
    let body = Bytes::from(recorded());
    let whole = stream(Canned::events(body.clone())).unwrap();
    let ends = (0..body.len()).map(|at| (at, if at % 8 == 0 { End::Reset } else { End::Clean }));
    for (at, end) in ends {
        match stream(Canned::events(body.slice(..at)).end(end)) {
            Ok(message) => assert_eq!(message, whole, "cut at {at}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Truncated, "cut at {at}");
                let Some(partial) = error.partial() else { continue };
                let tokens: String = partial.logprobs().map_or_else(String::new, |logprobs| {
                    logprobs.tokens().map(|token| token.token.as_str()).collect()
                });
                assert_eq!(tokens, partial.text(), "cut at {at}");
                assert_eq!(partial.id.as_deref(), Some("resp_1"));
            }
        }
    }
}

#[test]
fn a_connection_that_stays_open_behind_the_end_is_not_waited_for() {
    block_on(async {
        let started = tokio::time::Instant::now();
        let llm = asked(Canned::events(recorded()).end(End::Open));
        assert!(fold::<AIMessage>(llm.stream("hi")).await.is_ok());
        assert!(started.elapsed().as_millis() <= 110);
    });
}

#[test]
fn the_text_for_a_tool_that_a_filter_cut_is_no_call() {
    let custom = json!({"type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "run", "input": "rm"});
    for reason in ["content_filter", "something_new"] {
        let cut = json!({"status": "incomplete", "incomplete_details": {"reason": reason}, "output": [custom]});
        let message = both(cut).unwrap();
        assert!(message.tool_calls.is_empty(), "{reason}");
        assert_eq!(message.invalid_tool_calls[0].args.as_deref(), Some("rm"));
    }
}

#[test]
fn an_answer_that_became_too_long_is_cut_and_so_is_its_call() {
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "pay", "arguments": "{\"a\": 1", "status": "incomplete"});
    let custom = json!({"type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "run", "input": "rm"});
    let cut = json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [call, custom]});
    let message = both(cut).unwrap();
    assert!(message.response_metadata.is_cut());
    assert!(message.tool_calls.is_empty());
    let invalid: Vec<_> = message
        .invalid_tool_calls
        .iter()
        .map(|call| call.name.as_deref().unwrap())
        .collect();
    assert_eq!(invalid, ["pay", "run"]);
    let text = says(json!({"type": "output_text", "text": "par", "annotations": []}));
    let filtered = json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": text});
    let message = both(filtered).unwrap();
    assert_eq!(
        message.response_metadata.finish_reason.as_deref(),
        Some("content_filter")
    );
}

#[test]
fn a_refusal_is_where_that_of_chat_completions_is() {
    let output = says(json!({"type": "refusal", "refusal": "No."}));
    let message = both(json!({"status": "completed", "output": output})).unwrap();
    assert_eq!((message.refusal(), &*message.text()), (Some("No."), ""));
}

#[test]
fn a_failure_is_an_error_of_its_kind() {
    let kind = |error: Value| {
        both(json!({"status": "failed", "error": error, "output": []}))
            .unwrap_err()
            .kind()
    };
    for (code, expect) in [
        ("server_error", ErrorKind::Server),
        ("rate_limit_exceeded", ErrorKind::RateLimited),
        ("invalid_prompt", ErrorKind::ContentFilter),
        ("image_content_policy_violation", ErrorKind::ContentFilter),
    ] {
        assert_eq!(kind(json!({"code": code, "message": "boom"})), expect, "{code}");
    }
    assert_eq!(kind(Value::Null), ErrorKind::Server);
    let event = "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\",\"param\":null}\n\n";
    let begun = recorded();
    let begun = &begun[..begun.find("event: response.output_text.done").unwrap()];
    let error = stream(Canned::events(format!("{begun}{event}"))).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::RateLimited, "slow down"));
    assert_eq!(error.partial().unwrap().text(), "I'm fine");
    let completion = invoke(&json!({"choices": [{"message": {"content": "hi"}}]})).unwrap_err();
    assert_eq!(completion.kind(), ErrorKind::Decode);
}

#[test]
fn an_answer_that_is_still_worked_on_is_an_error_with_its_id_and_not_an_empty_message() {
    for status in ["queued", "in_progress"] {
        let body = json!({"id": "resp_7", "status": status, "background": true, "output": []});
        let error = invoke(&body).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Truncated, false));
        assert!(error.to_string().contains("/responses/resp_7"), "{error}");
        let partial = error.partial().unwrap();
        assert_eq!(partial.response_metadata.id.as_deref(), Some("resp_7"));
        assert_eq!(partial.response_metadata.extra.get("status"), Some(&json!(status)));
    }
    // A stream waits for it.
    let begun = |status: &str| {
        let response = json!({"id": "resp_7", "status": status, "output": []});
        format!(
            "data: {}\n\n",
            json!({"type": format!("response.{status}"), "response": response})
        )
    };
    let events = [begun("queued"), begun("in_progress"), begun("completed")].concat();
    assert_eq!(stream(Canned::events(events)).unwrap().id.as_deref(), Some("resp_7"));
}

#[test]
fn what_the_model_said_goes_back_as_it_came() {
    let output = json!([
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "x"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [
            {"type": "output_text", "text": "See ", "annotations": [{"type": "file_citation", "file_id": "f", "filename": "a", "index": 0}], "logprobs": []},
            {"type": "output_text", "text": "this.", "annotations": [], "logprobs": []},
        ]},
        {"type": "message", "id": "msg_2", "status": "completed", "role": "assistant", "content": []},
        {"type": "message", "id": "msg_3", "status": "incomplete", "role": "assistant", "phase": "commentary", "x_of_message": [1], "content": [
            {"type": "output_text", "text": "And ", "annotations": [{"type": "url_citation", "x_new": 1}], "logprobs": [], "x_new": {"index": 2}},
            {"type": "output_something", "sound": "x", "text": "y", "logprobs": 3},
            {"type": "refusal", "refusal": "no", "x_why": "z"},
        ]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"a\": 1}", "status": "completed"},
        {"type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "run", "input": "ls \"x\""},
        {"type": "something_new", "id": "sn_1", "words": [1, {"index": 3}]},
    ]);
    let message = both(json!({"status": "completed", "output": output})).unwrap();
    assert_eq!(message.tool_calls[1].input(), Some("ls \"x\""));
    let server = Canned::json(r#"{"status": "completed", "output": []}"#);
    let messages: Vec<Message> = vec![
        HumanMessage::new("q").into(),
        message.into(),
        ToolMessage::new("1", "c1").into(),
        ToolMessage::new("a b", "c2").into(),
    ];
    block_on(async { asked(server.clone()).invoke(messages).await }).unwrap();
    let sent = server.bodies().remove(0);
    let sent = sent["input"].as_array().unwrap();
    assert_eq!(sent[1..9], output.as_array().unwrap()[..]);
    assert_eq!(
        sent[9],
        json!({"type": "function_call_output", "output": "1", "call_id": "c1"})
    );
    assert_eq!(
        sent[10],
        json!({"type": "custom_tool_call_output", "output": "a b", "call_id": "c2"})
    );
}

/// The path that was asked, or the error.
fn path(change: impl FnOnce(ChatOpenAI) -> ChatOpenAI, options: ChatOptions) -> Result<String, Error> {
    let server = Canned::json(r#"{"status": "completed", "output": [], "choices": [{"message": {"content": ""}}]}"#);
    let llm = change(model(server.clone()).with_base_url("https://api.openai.com/v1")).bind(options);
    block_on(async { llm.invoke("hi").await })?;
    let url = server.requests()[0].url.clone();
    Ok(url.rsplit("/v1").next().unwrap().to_owned())
}

#[test]
fn what_needs_the_responses_api_is_asked_there_and_only_of_openai() {
    let needs = || ChatOptions::new().extra("reasoning", json!({"effort": "low"}));
    assert_eq!(path(|llm| llm, ChatOptions::new()).unwrap(), "/chat/completions");
    assert_eq!(path(|llm| llm, needs()).unwrap(), "/responses");
    let search = ChatOptions::new().tools(vec![json!({"type": "web_search"})]);
    assert_eq!(path(|llm| llm, search).unwrap(), "/responses");
    assert_eq!(
        path(|llm| llm, ChatOptions::new().model("gpt-5-pro")).unwrap(),
        "/responses"
    );
    let elsewhere = |llm: ChatOpenAI| llm.with_base_url("https://gateway.invalid/v1");
    assert_eq!(path(elsewhere, needs()).unwrap(), "/chat/completions");
    let told = |llm: ChatOpenAI| elsewhere(llm).with_endpoint(Endpoint::Responses);
    assert_eq!(path(told, ChatOptions::new()).unwrap(), "/responses");
}

#[test]
fn options_that_it_has_not_are_refused_or_named() {
    let ask = |llm: ChatOpenAI| llm.with_endpoint(Endpoint::Responses);
    for options in [
        ChatOptions::new().stop(["\n"]),
        ChatOptions::new().seed(7),
        ChatOptions::new().n(2),
        ChatOptions::new().presence_penalty(0.5),
        ChatOptions::new().frequency_penalty(0.5),
    ] {
        assert_eq!(path(ask, options).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert!(path(ask, ChatOptions::new().n(1).presence_penalty(0.0)).is_ok());
    let server = Canned::json(r#"{"status": "completed", "output": []}"#);
    let llm = asked(server.clone()).with_on_unsupported(OnUnsupported::Warn);
    let message = block_on(async { llm.bind(ChatOptions::new().seed(7)).invoke("hi").await }).unwrap();
    assert!(message.response_metadata.extra.get("warnings").is_some());
    assert_eq!(server.bodies()[0].get("seed"), None);
}
