//! Errors of other servers than OpenAI's: each in its own form, and the kind that follows.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use cadena_core::ErrorKind::{self, *};
use cadena_core::RunnableExt;
use cadena_http::RetryPolicy;
use cadena_openai::AzureChatOpenAI;
use support::{Canned, block_on, invoke};

/// Who answers, the status, the body, and the kind that follows.
type Row = (&'static str, u16, &'static str, ErrorKind);

const SERVERS: [Row; 16] = [
    (
        "vLLM",
        400,
        r#"{"object":"error","message":"This model's maximum context length is 6048 tokens. However, you requested 6616 tokens (568 in the messages, 6048 in the completion).","type":"BadRequestError","param":null,"code":400}"#,
        ContextOverflow,
    ),
    (
        "vLLM, newer",
        400,
        r#"{"error":{"message":"The decoder prompt (length 5951) is longer than the maximum model length of 4096.","type":"BadRequestError","param":null,"code":400}}"#,
        ContextOverflow,
    ),
    (
        "vLLM, images",
        400,
        r#"{"object":"error","message":"The prompt (total length 25938) is too long to fit into the model (context length 8192).","type":"BadRequestError","code":400}"#,
        ContextOverflow,
    ),
    (
        "SGLang",
        400,
        r#"{"object":"error","message":"The input (9000 tokens) is longer than the model's context length (8192 tokens).","type":"BadRequestError","code":400}"#,
        ContextOverflow,
    ),
    (
        "llama.cpp",
        400,
        r#"{"error":{"code":400,"message":"request (1407 tokens) exceeds the available context size (256 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":1407,"n_ctx":256}}"#,
        ContextOverflow,
    ),
    (
        "llama.cpp, embeddings",
        500,
        r#"{"error":{"code":500,"message":"input is larger than the max context size. skipping","type":"server_error"}}"#,
        ContextOverflow,
    ),
    (
        "llama.cpp, batch",
        500,
        r#"{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}"#,
        ContextOverflow,
    ),
    (
        "llama.cpp, loading",
        503,
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
        Server,
    ),
    (
        "llama-cpp-python",
        500,
        r#"{"error":{"message":"Requested tokens (2285) exceed context window of 2048","type":"internal_server_error","param":null,"code":null}}"#,
        ContextOverflow,
    ),
    (
        "Ollama",
        400,
        r#"{"error":{"message":"the input length exceeds the context length","type":"invalid_request_error","param":null,"code":null}}"#,
        ContextOverflow,
    ),
    (
        "Ollama, model",
        404,
        r#"{"error":{"message":"model 'llama3' not found","type":"not_found_error","param":null,"code":null}}"#,
        NotFound,
    ),
    (
        "TGI",
        422,
        r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2000 `inputs` tokens and 100 `max_new_tokens`","error_type":"validation"}"#,
        ContextOverflow,
    ),
    (
        "TEI",
        413,
        r#"{"error":"Input validation error: `inputs` must have less than 512 tokens. Given: 600","error_type":"Validation"}"#,
        ContextOverflow,
    ),
    (
        "TGI, busy",
        429,
        r#"{"error":"Model is overloaded","error_type":"overloaded"}"#,
        RateLimited,
    ),
    (
        "Groq",
        400,
        r#"{"error":{"message":"The model `gemma2-9b-it` has been decommissioned and is no longer supported.","type":"invalid_request_error","code":"model_decommissioned"}}"#,
        NotFound,
    ),
    (
        "LiteLLM",
        400,
        r#"{"error":{"message":"litellm.ContextWindowExceededError: too many tokens","type":"invalid_request_error","param":null,"code":"400"}}"#,
        ContextOverflow,
    ),
];

const AZURE: [Row; 6] = [
    (
        "a wrong key",
        401,
        r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#,
        Authentication,
    ),
    (
        "a token that is too old",
        401,
        r#"{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}"#,
        Authentication,
    ),
    (
        "a role that is missing",
        401,
        r#"{"error":{"code":"PermissionDenied","message":"The principal `p` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/responses/write`."}}"#,
        PermissionDenied,
    ),
    (
        "no such deployment",
        404,
        r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
        NotFound,
    ),
    (
        "a filter, and why",
        400,
        r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"},"jailbreak":{"filtered":true,"detected":true},"violence":{"filtered":false,"severity":"safe"}}}}}"#,
        ContentFilter,
    ),
    (
        "too many calls",
        429,
        r#"{"error":{"code":"429","message":"Requests have exceeded the token rate limit of your current pricing tier. Please retry after 6 seconds."}}"#,
        RateLimited,
    ),
];

#[test]
fn every_server_says_it_in_its_own_form_and_means_the_same_kind() {
    let mut said = Vec::new();
    for (server, status, body, expected) in SERVERS {
        let error = invoke(Canned::json(body).status(status)).unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (expected, Some(status)),
            "{server}: {error}"
        );
        let again = if error.is_retryable() { "again" } else { "final" };
        said.push(format!("{server}: {again}: {error}"));
    }
    insta::assert_snapshot!("error_servers", said.join("\n"));
}

#[test]
fn azures_errors_say_what_to_do_on_azure() {
    let mut said = Vec::new();
    for (what, status, body, expected) in AZURE {
        let llm = AzureChatOpenAI::new("my-gpt")
            .with_endpoint("https://r.openai.azure.com")
            .with_api_version("2024-10-21")
            .with_api_key("canary-key-0123456789")
            .with_http_retry(RetryPolicy::none())
            .with_transport(Canned::json(body).status(status));
        let error = block_on(async { llm.invoke("hi").await }).unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (expected, Some(status)),
            "{what}: {error}"
        );
        let again = if error.is_retryable() { "again" } else { "final" };
        said.push(format!("{what}: {again}: {error}"));
    }
    insta::assert_snapshot!("error_azure", said.join("\n"));
}
