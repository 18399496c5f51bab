//! Azure: its addresses, keys and filters.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cadena_core::{
    AIMessage, Bind, CacheKey, ChatModel, ChatOptions, ChatRequest, Embeddings, Error, ErrorKind, RunnableExt, fold,
};
use cadena_http::{RetryPolicy, Secret};
use cadena_openai::{AzureChatOpenAI, ChatOpenAI, OpenAIClient, OpenAIEmbeddings};
use serde_json::json;
use support::{Canned, block_on};

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}]}"#;

fn azure(server: &Canned) -> AzureChatOpenAI {
    AzureChatOpenAI::new("my-gpt")
        .with_endpoint("https://r.openai.azure.com/")
        .with_api_version("2024-10-21")
        .with_api_key("canary-key-0123456789")
        .with_http_retry(RetryPolicy::none())
        .with_transport(server.clone())
}

fn ask(llm: &impl ChatModel) -> cadena_core::Result<AIMessage> {
    block_on(async { llm.invoke("hi").await })
}

#[test]
fn a_dated_version_asks_the_address_of_the_deployment() {
    let server = Canned::json(ANSWER);
    let llm = azure(&server);
    ask(&llm).unwrap();
    ask(&llm.bind(ChatOptions::new().model("other"))).unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[0].url,
        "https://r.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    );
    assert!(requests[1].url.contains("/deployments/other/chat/completions?"));
    assert_eq!(requests[0].headers["api-key"], "canary-key-0123456789");
    assert!(!requests[0].headers.contains_key("authorization"));
    assert!(!format!("{llm:?} {:?}", requests[0]).contains("canary"));
}

#[test]
fn without_a_version_the_newer_address_is_asked_and_the_body_names_the_deployment() {
    let server = Canned::json(ANSWER);
    ask(&azure(&server).with_api_version(None).with_model("gpt-4o")).unwrap();
    assert_eq!(
        server.requests()[0].url,
        "https://r.openai.azure.com/openai/v1/chat/completions"
    );
    assert_eq!(server.bodies()[0]["model"], "my-gpt");
}

#[test]
fn a_token_is_asked_for_before_every_call_and_sent_as_a_bearer() {
    let server = Canned::json(ANSWER);
    let calls = Arc::new(AtomicU32::new(0));
    let llm = azure(&server).with_token_fn(move || {
        let number = calls.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Secret::new(format!("token-{number}"))) }
    });
    ask(&llm).unwrap();
    ask(&llm).unwrap();
    let sent: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.headers["authorization"].clone())
        .collect();
    assert_eq!(sent, ["Bearer token-0", "Bearer token-1"]);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.headers.contains_key("api-key"))
    );

    let refused = Err::<Secret, _>(Error::new(ErrorKind::Authentication, "the login has expired"));
    let refused = Arc::new(std::sync::Mutex::new(Some(refused)));
    let llm = azure(&server).with_token_fn(move || {
        let answer = refused.lock().unwrap().take().unwrap();
        async move { answer }
    });
    let error = ask(&llm).unwrap_err();
    assert!(error.to_string().contains("the login has expired"), "{error}");
}

#[test]
fn a_key_behind_a_token_is_a_key_again() {
    let server = Canned::json(ANSWER);
    ask(&azure(&server).with_token("t").with_api_key("k")).unwrap();
    ask(&azure(&server).with_token("t")).unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].headers["api-key"], "k");
    assert_eq!(requests[1].headers["authorization"], "Bearer t");
}

#[test]
fn the_rules_of_the_model_behind_the_deployment_hold() {
    let server = Canned::json(ANSWER);
    let hot = ChatOptions::new().temperature(0.5);
    ask(&azure(&server).bind(hot.clone())).unwrap();
    let error = ask(&azure(&server).with_model("o3-mini").bind(hot)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`o3-mini`"), "{error}");
}

#[test]
fn what_filters_found_is_kept_and_a_stream_adds_up_to_it() {
    let found =
        json!({"hate": {"filtered": false, "severity": "safe"}, "violence": {"filtered": false, "severity": "low"}});
    let prompt =
        json!([{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": false, "severity": "safe"}}}]);
    let whole = json!({"id": "c1", "model": "gpt-4o", "prompt_filter_results": prompt, "choices": [
        {"index": 0, "message": {"content": "Hi you"}, "content_filter_results": found, "finish_reason": "stop"}]});
    let piece = |text: &str, severity: &str| {
        json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": text}, "content_filter_results": {
            "hate": {"filtered": false, "severity": "safe"}, "violence": {"filtered": false, "severity": severity}}}]})
    };
    let events = [
        json!({"id": "", "model": "", "choices": [], "prompt_filter_results": prompt}),
        json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "content_filter_results": {}}]}),
        piece("Hi", "safe"),
        piece(" you", "low"),
        json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": {}}]}),
    ];
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let invoked = ask(&azure(&Canned::json(whole.to_string()))).unwrap();
    let llm = azure(&Canned::events(events + "data: [DONE]\n\n"));
    let streamed = block_on(fold::<AIMessage>(llm.stream("hi"))).unwrap().unwrap();
    for message in [&invoked, &streamed] {
        let extra = &message.response_metadata.extra;
        assert_eq!(
            (extra.get("prompt_filter_results"), extra.get("content_filter_results")),
            (Some(&prompt), Some(&found))
        );
        assert_eq!(message.text(), "Hi you");
    }
    let plain = |message: &AIMessage| {
        let mut value = serde_json::to_value(message).unwrap();
        value.as_object_mut().unwrap().shift_remove("id");
        value
    };
    assert_eq!(plain(&invoked), plain(&streamed));
}

#[test]
fn a_refused_prompt_says_which_filters_refused_it() {
    let body = json!({"error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": null, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {
            "hate": {"filtered": false, "severity": "safe"}, "jailbreak": {"filtered": true, "detected": true},
            "violence": {"filtered": true, "severity": "high"}}}}});
    let error = ask(&azure(&Canned::json(body.to_string()).status(400))).unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::ContentFilter, Some(400), Some("content_filter"))
    );
    assert!(
        error.detail().ends_with("(filtered: jailbreak, violence (high))"),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[test]
fn a_deployment_that_is_not_there_is_explained() {
    let body =
        r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#;
    let error = ask(&azure(&Canned::json(body).status(404))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.to_string().contains("the deployment `my-gpt`") && error.to_string().contains("2024-10-21"),
        "{error}"
    );
}

#[test]
fn a_cache_tells_resources_and_versions_apart() {
    let server = Canned::json(ANSWER);
    let key = |llm: &AzureChatOpenAI| CacheKey::new(llm, &ChatRequest::new("hi")).unwrap();
    let one = azure(&server);
    assert_eq!(key(&one), key(&one.clone().with_api_key("another")));
    for other in [
        one.clone().with_endpoint("https://other.openai.azure.com"),
        one.clone().with_api_version("2025-01-01"),
        one.clone().with_api_version(None),
    ] {
        assert_ne!(key(&one), key(&other));
    }
}

#[test]
fn a_client_of_openai_gives_its_key_to_nobody_else() {
    let client = OpenAIClient::new()
        .with_api_key("sk-openai")
        .with_endpoint("https://r.openai.azure.com");
    assert!(!client.has_api_key());
    let elsewhere = OpenAIClient::azure()
        .with_api_key("azure-key")
        .with_base_url("http://other.invalid/v1");
    assert!(!elsewhere.has_api_key());
    let llm = ChatOpenAI::new("my-gpt").with_client(client.with_api_key("azure-key"));
    assert_eq!(llm.profile().provider, "azure");
}

#[test]
fn embeddings_are_asked_of_their_deployment() {
    let server = Canned::json(r#"{"data":[{"index":0,"embedding":[1]}]}"#);
    let client = OpenAIClient::azure()
        .with_endpoint("https://r.openai.azure.com")
        .with_api_version("2024-10-21")
        .with_api_key("k")
        .with_transport(server.clone());
    let embeddings = OpenAIEmbeddings::new("my-ada").with_client(client);
    assert_eq!(block_on(embeddings.embed_query("hi")).unwrap(), [1.0]);
    assert_eq!(
        server.requests()[0].url,
        "https://r.openai.azure.com/openai/deployments/my-ada/embeddings?api-version=2024-10-21"
    );
}
