//! The content of a request: options, headers, keys; and options that cannot be honoured.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cadena_core::{AIMessage, Bind, ChatOptions, Error, ErrorKind, OnUnsupported, Result, RunnableExt, ToolChoice};
use cadena_http::Secret;
use cadena_openai::{ChatOpenAI, Endpoint, ModelRule, ModelRules, OpenAIOptionsExt, Verbosity};
use futures::StreamExt;
use serde_json::{Value, json};
use support::{Canned, block_on, model};

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}]}"#;
const EVENTS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"o\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"k\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn ask(change: impl FnOnce(ChatOpenAI) -> ChatOpenAI, options: ChatOptions) -> (Canned, Result<AIMessage>) {
    let server = Canned::json(ANSWER);
    let llm = change(model(server.clone())).bind(options);
    let answer = block_on(async { llm.invoke("hi").await });
    (server, answer)
}

#[track_caller]
fn sent(change: impl FnOnce(ChatOpenAI) -> ChatOpenAI, options: ChatOptions) -> Value {
    let (server, answer) = ask(change, options);
    answer.unwrap();
    let mut body = server.bodies().remove(0);
    let body = body.as_object_mut().unwrap();
    body.shift_remove("messages");
    Value::Object(body.clone())
}

#[track_caller]
fn refused(change: impl FnOnce(ChatOpenAI) -> ChatOpenAI, options: ChatOptions) -> Error {
    let (server, answer) = ask(change, options);
    assert!(server.requests().is_empty(), "nothing was sent");
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    error
}

#[test]
fn an_option_that_is_not_known_is_forwarded() {
    let options = ChatOptions::new().verbosity(Verbosity::Low).extra("min_p", 0.05);
    let body = sent(|llm| llm, options);
    assert_eq!((&body["verbosity"], &body["min_p"]), (&json!("low"), &json!(0.05)));
    // OpenAI's clients in other languages name such options in a body of their own.
    let options = ChatOptions::try_from(json!({"extra_body": {"top_k": 5}, "max_completion_tokens": 3})).unwrap();
    let body = sent(|llm| llm, options);
    assert_eq!(
        body,
        json!({"model": "gpt-4o-mini", "max_completion_tokens": 3, "top_k": 5, "stream": false})
    );
}

#[test]
fn a_rule_that_is_off_changes_nothing() {
    let options = || ChatOptions::new().max_tokens(5).temperature(0.5).model("o1");
    refused(|llm| llm, options());
    let body = sent(|llm| llm.with_model_rules(ModelRules::none()), options());
    assert_eq!(
        body,
        json!({"model": "o1", "max_tokens": 5, "temperature": 0.5, "stream": false})
    );
    let rules = ModelRules::none().with(ModelRule::MaxCompletionTokens);
    let body = sent(|llm| llm.with_model_rules(rules), options());
    assert_eq!(body["max_completion_tokens"], 5);
}

#[test]
fn a_refusal_names_the_option_and_the_remedy() {
    let reasoning = refused(|llm| llm, ChatOptions::new().model("gpt-5").logprobs(true));
    let alone = refused(|llm| llm, ChatOptions::new().top_logprobs(3));
    let choice = refused(|llm| llm, ChatOptions::new().tool_choice(ToolChoice::Required));
    let stream = refused(|llm| llm, ChatOptions::new().extra("stream", true));
    insta::assert_snapshot!(
        [reasoning, alone, choice, stream].map(|error| error.to_string()).join("\n\n"),
        @r"
    unsupported: `logprobs` cannot be sent: the reasoning model `gpt-5` does not take it (in step `ChatOpenAI`); take it out, ask another model, or switch off `ModelRule::ReasoningSampling`; `with_on_unsupported` leaves such options out

    unsupported: `top_logprobs` cannot be sent: it needs `logprobs` (in step `ChatOpenAI`); set `logprobs(true)` as well; `with_on_unsupported` leaves such options out

    unsupported: `tool_choice` cannot be sent: there are no tools to choose from (in step `ChatOpenAI`); bind tools as well; `with_on_unsupported` leaves such options out

    unsupported: `stream` cannot be sent: it follows from how the model is called (in step `ChatOpenAI`); call `stream` or `invoke`; `with_on_unsupported` leaves such options out
    "
    );
}

#[test]
fn only_openai_itself_is_known_to_have_another_endpoint_for_an_option() {
    let options = || ChatOptions::new().extra("reasoning", json!({"effort": "low"}));
    assert_eq!(sent(|llm| llm, options())["reasoning"], json!({"effort": "low"}));
    let openai = |llm: ChatOpenAI| {
        llm.with_base_url("https://api.openai.com/v1")
            .with_endpoint(Endpoint::ChatCompletions)
    };
    assert!(refused(openai, options()).to_string().contains("Responses API"));
    let search = ChatOptions::new().tools(vec![json!({"type": "web_search"})]);
    assert!(refused(openai, search).to_string().contains("`web_search`"));
}

#[test]
fn a_warning_arrives_with_the_answer_and_the_option_is_left_out() {
    let options = || ChatOptions::new().model("gpt-5").temperature(0.5).top_logprobs(2);
    let (server, answer) = ask(|llm| llm.with_on_unsupported(OnUnsupported::Warn), options());
    assert_eq!(server.bodies()[0].get("temperature"), None);
    let message = answer.unwrap();
    let warnings = message
        .response_metadata
        .extra
        .get("warnings")
        .unwrap()
        .as_array()
        .unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].as_str().unwrap().starts_with("`temperature` was left out"));
    let (_, silent) = ask(|llm| llm.with_on_unsupported(OnUnsupported::Ignore), options());
    assert!(silent.unwrap().response_metadata.extra.is_empty());
}

#[test]
fn headers_of_one_request_replace_those_of_the_client() {
    let options = || ChatOptions::new().header("x-trace", "2").header("x-user", "ann");
    let (server, answer) = ask(
        |llm| llm.with_header("x-trace".parse().unwrap(), "1".parse().unwrap()),
        options(),
    );
    answer.unwrap();
    let request = &server.requests()[0];
    assert_eq!(
        (&request.headers["x-trace"], &request.headers["x-user"]),
        (&"2".parse().unwrap(), &"ann".parse().unwrap())
    );
    assert!(!String::from_utf8_lossy(&request.body).contains("ann"));
    let (server, answer) = ask(|llm| llm, ChatOptions::new().header("x user", "ann"));
    assert!(server.requests().is_empty());
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_query_is_encoded_and_stands_behind_the_path() {
    let (server, answer) = ask(
        |llm| llm.with_query("api-version", "1&2").with_query("b", "ä"),
        ChatOptions::new(),
    );
    answer.unwrap();
    assert!(
        server.requests()[0]
            .url
            .ends_with("/chat/completions?api-version=1%262&b=%C3%A4")
    );
}

#[test]
fn a_key_is_asked_for_before_every_call_and_never_shown() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let key = move || {
        let number = count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Secret::new(format!("sk-canary-fresh-{number}"))) }
    };
    let server = Canned::json(r#"{"error":{"message":"bad key sk-canary-fresh-1","code":"invalid_api_key"}}"#);
    let llm = model(server.clone()).with_api_key_fn(key);
    let errors = [(); 2].map(|()| block_on(async { llm.invoke("hi").await }).unwrap_err());
    let keys: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.headers["authorization"].clone())
        .collect();
    assert_eq!(keys, ["Bearer sk-canary-fresh-0", "Bearer sk-canary-fresh-1"]);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(keys.iter().all(http::HeaderValue::is_sensitive));
    let [_, error] = errors;
    assert!(!format!("{error} {error:?} {llm:?}").contains("canary"), "{error}");
}

#[test]
fn a_key_that_cannot_be_had_ends_the_call_before_it_is_sent() {
    let server = Canned::events(EVENTS);
    let none = async || Err::<&str, _>(Error::new(ErrorKind::Authentication, "the token service is closed"));
    let llm = model(server.clone()).with_api_key_fn(none);
    let error = block_on(async { llm.stream("hi").next().await }).unwrap().unwrap_err();
    assert!(error.to_string().contains("the token service is closed"));
    assert!(server.requests().is_empty());
}

#[test]
fn headers_of_the_answer_stand_on_the_message_and_on_the_first_chunk() {
    let (_, answer) = ask(|llm| llm.with_response_headers(true), ChatOptions::new());
    let headers = answer.unwrap().response_metadata.extra.get("headers").cloned().unwrap();
    assert_eq!(
        headers,
        json!({"content-type": "application/json", "x-request-id": "req_1"})
    );

    let llm = model(Canned::events(EVENTS)).with_response_headers(true);
    let chunks: Vec<_> = block_on(async { llm.stream("hi").collect().await });
    let has = |chunk: &Result<cadena_core::AIMessageChunk>| {
        let metadata = &chunk.as_ref().unwrap().response_metadata;
        metadata.extra.get("headers").is_some()
    };
    assert_eq!(chunks.iter().map(has).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn a_streaming_model_is_asked_for_events_and_adds_them_up() {
    let server = Canned::events(EVENTS);
    let llm = model(server.clone()).with_streaming(true);
    let message = block_on(async { llm.invoke("hi").await }).unwrap();
    assert_eq!(message.text(), "ok");
    assert_eq!(server.bodies()[0]["stream"], true);
}

#[test]
fn thoughts_and_citations_are_kept_and_sent_back_only_if_told_to() {
    let body = r#"{"choices":[{"message":{"content":"42","reasoning":"hm","reasoning_content":"hm",
        "annotations":[{"type":"url_citation","url_citation":{"url":"https://x"}}]},"finish_reason":"stop"}]}"#;
    let message = support::invoke(Canned::json(body)).unwrap();
    assert_eq!(message.additional_kwargs["reasoning_content"], "hm");
    assert_eq!(message.additional_kwargs["annotations"][0]["type"], "url_citation");
    for told in [false, true] {
        let server = Canned::json(ANSWER);
        let llm = model(server.clone()).with_reasoning_sent_back(told);
        let history = vec![cadena_core::Message::from("q"), message.clone().into()];
        block_on(async { llm.invoke(history).await }).unwrap();
        let sent = &server.bodies()[0]["messages"][1];
        assert_eq!(sent.get("reasoning_content").is_some(), told);
        assert_eq!((&sent["content"], sent.get("annotations")), (&json!("42"), None));
    }
}
