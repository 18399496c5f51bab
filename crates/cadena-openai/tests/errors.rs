//! Errors as a reader sees them, and keys that nobody sees.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use cadena_core::{Bind, ChatModel, ChatOptions, ChatRequest, Error, ErrorKind, RunContext, RunnableExt, async_trait};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::ChatOpenAI;
use support::{Canned, block_on, collect, data, invoke, model, stream};

fn refused(status: u16, body: &'static str) -> Error {
    let by_invoke = invoke(Canned::json(body).status(status)).unwrap_err();
    let (chunks, by_stream) = stream(Canned::json(body).status(status));
    assert!(chunks.is_empty());
    assert_eq!(by_stream.unwrap().to_string(), by_invoke.to_string());
    by_invoke
}

#[test]
fn an_error_says_what_happened_and_what_to_do() {
    let said = [
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-canary-0123456789.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        ),
        (
            404,
            r#"{"error":{"message":"The model `gpt-4o-mini` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
        ),
        (404, "<html>nginx</html>"),
        (404, r#"{"detail":"Not Found"}"#),
        (200, "<!doctype html><title>Sign in</title>"),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        ),
        (
            400,
            r#"{"error":{"message":"Invalid value","type":"invalid_request_error","param":"top_logprobs","code":null}}"#,
        ),
        (
            422,
            r#"{"detail":[{"msg":"Extra inputs are not permitted: stream_options"}]}"#,
        ),
        (
            403,
            r#"{"error":{"message":"Project may not use it","type":"invalid_request_error"}}"#,
        ),
        (
            500,
            r#"{"error":{"message":"The server had an error","type":"server_error"}}"#,
        ),
    ];
    let lines: Vec<String> = said
        .iter()
        .map(|(status, body)| refused(*status, body).to_string())
        .collect();
    insta::assert_snapshot!("errors", lines.join("\n"));
}

#[test]
fn a_missing_key_is_an_error_of_the_first_call_and_names_the_variable() {
    if std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("OPENAI_")) {
        return; // someone's own settings: the same is tested below the environment in `config`
    }
    let llm = ChatOpenAI::new("gpt-4o-mini");
    let error = block_on(llm.invoke("hi")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("set OPENAI_API_KEY"), "{error}");
    let (_, error) = block_on(collect(&llm, ChatRequest::new("hi")));
    assert_eq!(error.unwrap().kind(), ErrorKind::Authentication);
}

#[derive(Debug)]
struct Unreachable;

#[async_trait]
impl Transport for Unreachable {
    async fn send(&self, request: HttpRequest) -> cadena_core::Result<StreamingResponse> {
        Err(Error::new(
            ErrorKind::Connect,
            format!("TCP: no connection to `{}`", request.origin()),
        ))
    }
}

#[test]
fn an_unreachable_server_is_named() {
    let llm = ChatOpenAI::new("m")
        .with_base_url("http://127.0.0.1:9/v1")
        .with_transport(Unreachable);
    let error = block_on(llm.chat(ChatRequest::new("hi"), RunContext::default())).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"connection failed: TCP: no connection to `http://127.0.0.1:9`; gave up after 3 attempts; is the server at `http://127.0.0.1:9/v1` running and reachable? OPENAI_BASE_URL or `with_base_url` sets the address");
    let once = llm.with_http_retry(RetryPolicy::none());
    let error = block_on(once.chat(ChatRequest::new("hi"), RunContext::default())).unwrap_err();
    assert!(error.hint().unwrap().starts_with("is the server at"));
}

#[test]
fn a_body_that_is_no_completion_is_an_error() {
    for (body, kind) in [
        ("", ErrorKind::Decode),
        ("{\"id\": ", ErrorKind::Decode),
        ("<html>hi</html>", ErrorKind::Decode),
        ("[]", ErrorKind::Decode),
        (r#"{"choices": null}"#, ErrorKind::Decode),
        (r#"{"choices": []}"#, ErrorKind::Decode),
        (r#"{"id": "x", "object": "chat.completion"}"#, ErrorKind::Decode),
        (r#"{"error": {"message": "boom", "code": 500}}"#, ErrorKind::Server),
        (r#"{"error": "boom"}"#, ErrorKind::Server),
        (
            r#"[{"error": {"code": 404, "message": "no such model"}}]"#,
            ErrorKind::NotFound,
        ),
        (
            r#"{"object": "error", "message": "bad", "code": 400}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            r#"{"choices": [{"error": {"code": 502, "message": "upstream"}}]}"#,
            ErrorKind::Server,
        ),
    ] {
        let error = invoke(Canned::json(body)).unwrap_err();
        assert_eq!(error.kind(), kind, "{body}: {error}");
        assert_eq!(error.request_id(), Some("req_1"), "{body}");
    }
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error_and_no_panic() {
    let llm = ChatOpenAI::new("m").with_base_url("http://127.0.0.1:9/v1");
    let error = futures::executor::block_on(llm.invoke("hi")).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"invalid configuration: `ReqwestTransport`, the default transport, works inside of a tokio runtime only (in step `ChatOpenAI`); call it from `#[tokio::main]`, or from a `tokio::runtime::Runtime` built with `enable_all`");
    let (chunks, by_stream) = futures::executor::block_on(collect(&llm, ChatRequest::new("hi")));
    assert!(chunks.is_empty());
    assert_eq!(by_stream.unwrap().detail(), error.detail());
}

#[test]
fn a_key_with_a_line_break_or_a_blank_is_explained() {
    let ask = |key: &str| block_on(model(Canned::json("{}").status(401)).with_api_key(key).invoke("hi")).unwrap_err();
    let error = ask("sk-canary-0123456789\n");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Config, None));
    insta::assert_snapshot!(error.to_string(), @"invalid configuration: the key ends in a line break (in step `ChatOpenAI`); cut it off before you give it, as `key.trim()` does");
    for key in [" sk-canary", "sk-canary ", "sk canary"] {
        let error = ask(key);
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.hint().unwrap().contains("holds a blank"), "{error}");
    }
}

#[test]
fn a_refused_conversation_names_its_cure_and_the_server_its_parameter() {
    let said = r#"{"error":{"message":"Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.","type":"invalid_request_error","param":"messages.[1].role","code":null}}"#;
    let error = refused(400, said);
    assert_eq!(error.error_type(), Some("invalid_request_error"));
    assert_eq!((error.param(), error.code()), (Some("messages.[1].role"), None));
    assert!(error.hint().unwrap().contains("start_on"), "{error}");
    let said = r#"{"error":{"message":"The `reasoning_content` in the thinking mode must be passed back to the API.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#;
    let error = refused(400, said);
    assert!(
        error.hint().unwrap().contains("with_reasoning_sent_back(true)"),
        "{error}"
    );
}

#[test]
fn a_wrapper_of_a_success_without_an_answer_is_quoted() {
    let error = invoke(Canned::json(r#"{"code":0,"message":"success","data":{"n":1}}"#)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.detail().contains(r#""message":"success""#), "{error}");
}

#[test]
fn the_key_is_nowhere_to_be_seen() {
    const KEY: &str = "sk-canary-0123456789";
    let mut seen = Vec::new();
    let llm = model(Canned::json(data("top_logprobs.json"))).with_organization("org");
    seen.push(format!("{llm:?} {llm:#?}"));
    seen.push(format!("{:?}", llm.bind(ChatOptions::new().logprobs(true))));
    let echo = r#"{"error":{"message":"wrong key sk-canary-0123456789","type":"sk-canary-0123456789","code":"sk-canary-0123456789"}}"#;
    for status in [400, 401, 500] {
        seen.push(format!(
            "{0} {0:?}",
            invoke(Canned::json(echo).status(status)).unwrap_err()
        ));
    }
    let bodies = [
        echo.to_owned(),
        format!(r#"{{"choices": 7, "x": "{KEY}"}}"#),
        format!(r#"{{"choices": "{KEY}"}}"#),
        format!("not json {KEY}"),
        format!(r#"{{"choices": [], "x": "{KEY}"}}"#),
    ];
    for body in bodies {
        let error = invoke(Canned::json(body.clone())).unwrap_err();
        seen.push(format!("{error} {error:?}"));
        for event in [format!("data: {body}\n\n"), format!("event: error\ndata: {body}\n\n")] {
            let (_, error) = stream(Canned::events(event));
            let error = error.unwrap();
            seen.push(format!("{error} {error:?}"));
        }
    }
    let password = model(Canned::json(echo).status(404))
        .with_base_url("http://user:sk-canary-0123456789@h/v1?key=sk-canary-0123456789");
    let error = block_on(password.chat(ChatRequest::new("hi"), RunContext::default())).unwrap_err();
    seen.push(format!("{password:?} {error} {error:?}"));
    for text in seen {
        assert!(!text.contains("canary"), "{text}");
    }
    let transport = Canned::json(data("top_logprobs.json"));
    block_on(model(transport.clone()).invoke("hi")).unwrap();
    let request = &transport.requests()[0];
    assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
    assert!(request.headers["authorization"].is_sensitive());
}
