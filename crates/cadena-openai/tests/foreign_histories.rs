//! Histories that other providers or LangChain wrote, sent to OpenAI's two endpoints.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{Error, PromptValue, RunnableExt, messages_from_dict};
use cadena_openai::Endpoint::{self, ChatCompletions, Responses};
use serde_json::{Value, json};
use support::{Canned, block_on, model};

/// The request for messages in the form of `model_dump()`, or the reason why there is none.
fn send(messages: &Value, endpoint: Endpoint) -> Result<Value, Error> {
    let stored: Value = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|message| json!({"type": message["type"], "data": message}))
        .collect();
    let server = Canned::json("{}");
    let llm = model(server.clone()).with_endpoint(endpoint);
    let prompt = PromptValue::from(messages_from_dict(stored).unwrap());
    // What counts is the request, not its answer.
    let answer = block_on(async { llm.invoke(prompt).await });
    let key = if endpoint == Responses { "input" } else { "messages" };
    match server.bodies().first() {
        Some(body) => Ok(body[key].clone()),
        None => Err(answer.unwrap_err()),
    }
}

#[track_caller]
fn check(messages: Value, endpoint: Endpoint, expect: Value) {
    assert_eq!(send(&messages, endpoint).unwrap(), expect);
}

#[test]
fn images_and_documents_in_anthropics_form_are_sent_as_openais() {
    let data = |kind: &str, media_type: &str| json!({"type": kind, "source": {"type": "base64", "media_type": media_type, "data": "aGk="}, "title": "a.pdf"});
    let url = |kind: &str| json!({"type": kind, "source": {"type": "url", "url": "https://x/y"}});
    let text = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}});
    let (image, document) = (data("image", "image/png"), data("document", "application/pdf"));
    check(
        json!([{"type": "human", "content": [image, url("image"), document, text]}]),
        ChatCompletions,
        json!([{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "image_url", "image_url": {"url": "https://x/y"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
            {"type": "text", "text": "hi"},
        ]}]),
    );
    check(
        json!([{"type": "human", "content": [image, url("image"), document, url("document"), text]}]),
        Responses,
        json!([{"type": "message", "role": "user", "content": [
            {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"},
            {"type": "input_image", "image_url": "https://x/y", "detail": "auto"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
            {"type": "input_file", "file_url": "https://x/y"},
            {"type": "input_text", "text": "hi"},
        ]}]),
    );
}

#[test]
fn what_openai_has_no_place_for_is_an_error_that_names_it() {
    let human = |block: Value| json!([{"type": "human", "content": [block]}]);
    let rows = [
        (
            json!({"type": "image", "source": {"type": "file", "file_id": "f"}}),
            ChatCompletions,
            "`source` is `file`",
        ),
        (
            json!({"type": "image", "source": {"type": "file", "file_id": "f"}}),
            Responses,
            "`source` is `file`",
        ),
        (
            json!({"type": "image", "source": {"type": "base64", "data": "AA"}}),
            Responses,
            "`source.media_type` is missing",
        ),
        (
            json!({"type": "document", "source": {"type": "url", "url": "https://x"}}),
            ChatCompletions,
            "no file by URL",
        ),
        (
            json!({"type": "document", "source": {"type": "content", "content": []}}),
            Responses,
            "`source` is `content`",
        ),
    ];
    for (block, endpoint, expect) in rows {
        let error = send(&human(block), endpoint).unwrap_err();
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let said = causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"));
        assert!(said.contains(expect), "{said}");
    }
}

#[test]
fn an_answer_of_anthropics_goes_back_as_its_words_and_each_call_once() {
    let history = json!([
        {"type": "human", "content": "q"},
        {
            "type": "ai",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "t", "citations": [{"type": "char_location", "cited_text": "t"}]},
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
            ],
            "tool_calls": [{"name": "f", "args": {"a": 1}, "id": "c1"}],
            "response_metadata": {"model_provider": "anthropic"},
        },
        {"type": "tool", "content": "r", "tool_call_id": "c1"},
    ]);
    let call = json!({"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{\"a\":1}"}});
    check(
        history.clone(),
        ChatCompletions,
        json!([
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "text", "text": "t"}], "tool_calls": [call]},
            {"role": "tool", "content": "r", "tool_call_id": "c1"},
        ]),
    );
    check(
        history,
        Responses,
        json!([
            {"type": "message", "role": "user", "content": "q"},
            {"type": "message", "role": "assistant", "content": "t"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"},
            {"type": "function_call_output", "call_id": "c1", "output": "r"},
        ]),
    );
}

#[test]
fn items_that_langchain_keeps_in_the_content_of_a_message_are_items_of_the_input() {
    let approval = json!({"type": "mcp_approval_response", "approval_request_id": "a", "approve": true});
    let words = json!({"type": "text", "text": "go"});
    let thought = json!({"type": "reasoning", "reasoning": "hm"});
    let tools = json!({"type": "additional_tools", "tools": []});
    check(
        json!([
            {"type": "system", "content": [tools]},
            {"type": "human", "content": [thought, words, approval]},
            {"type": "human", "content": [{"type": "non_standard", "value": approval}]},
        ]),
        Responses,
        json!([
            tools,
            approval,
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]},
            approval,
        ]),
    );
}

#[test]
fn work_of_a_server_in_langchains_form_is_not_sent_to_the_responses_api() {
    check(
        json!([{
            "type": "ai",
            "content": [
                {"type": "server_tool_call", "id": "ws_1", "name": "web_search", "args": {}},
                {"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success"},
                {"type": "non_standard", "value": {"type": "compaction", "id": "cm_1", "encrypted_content": "x"}},
                {"type": "text", "text": "t"},
            ],
            "response_metadata": {"output_version": "v1"},
        }]),
        Responses,
        json!([
            {"type": "compaction", "id": "cm_1", "encrypted_content": "x"},
            {"type": "message", "role": "assistant", "content": "t"},
        ]),
    );
}

#[test]
fn the_result_of_a_tool_is_read_by_the_model_in_whatever_form_the_tool_gave_it() {
    let result = |content: Value, kwargs: Value| json!([{"type": "tool", "tool_call_id": "c1", "content": content, "additional_kwargs": kwargs}]);
    let image = json!({"type": "input_image", "image_url": "data:x"});
    let checks = json!([{"id": "s"}]);
    let output = |kind: &str, output: Value| json!({"type": kind, "output": output, "call_id": "c1"});
    let mut shown = output("computer_call_output", image.clone());
    shown["acknowledged_safety_checks"] = checks.clone();
    let rows = [
        (
            result(json!([{"type": "custom_tool_call_output", "output": "3"}]), json!({})),
            output("custom_tool_call_output", json!("3")),
        ),
        (
            result(
                json!("data:x"),
                json!({"type": "computer_call_output", "acknowledged_safety_checks": checks}),
            ),
            shown,
        ),
        (
            result(json!([{"type": "weird", "a": 1}]), json!({})),
            output("function_call_output", json!(r#"[{"type":"weird","a":1}]"#)),
        ),
        (
            result(
                json!(["a", {"type": "image", "source": {"type": "url", "url": "https://x"}}]),
                json!({}),
            ),
            output(
                "function_call_output",
                json!([{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "https://x", "detail": "auto"}]),
            ),
        ),
    ];
    for (message, expect) in rows {
        check(message, Responses, json!([expect]));
    }
}

#[test]
fn a_cited_file_has_the_place_that_langchain_renamed() {
    let citation = |key: &str| json!({"type": "file_citation", "file_id": "f", "filename": "a", key: 3});
    let words = json!({"type": "text", "text": "t", "id": "msg_1", "annotations": [citation("file_index")]});
    let sent = send(&json!([{"type": "ai", "content": [words]}]), Responses).unwrap();
    assert_eq!(sent[0]["content"][0]["annotations"], json!([citation("index")]));
}

#[test]
fn a_breakpoint_of_the_cache_in_the_extras_is_set_on_the_part_of_either_endpoint() {
    let point = json!({"mode": "explicit"});
    let extras = json!({"prompt_cache_breakpoint": point});
    let said = json!([{"type": "human", "content": [
        {"type": "text", "text": "t", "extras": extras},
        {"type": "image", "url": "https://x", "extras": extras},
    ]}]);
    for endpoint in [ChatCompletions, Responses] {
        let sent = send(&said, endpoint).unwrap();
        for part in sent[0]["content"].as_array().unwrap() {
            assert_eq!(part["prompt_cache_breakpoint"], point);
            assert!(part.get("extras").is_none());
        }
    }
}
