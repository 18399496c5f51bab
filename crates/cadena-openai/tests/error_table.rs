//! Every error that OpenAI and its kin are known to answer with: its kind, whether another try may help, and its words.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use cadena_core::ErrorKind::{self, *};
use support::{Canned, data, invoke, stream};

/// Status, type, code, message; then the kind that follows.
type Row = (u16, &'static str, Option<&'static str>, &'static str, ErrorKind);

const INVALID: &str = "invalid_request_error";

const TABLE: [Row; 32] = [
    (
        401,
        INVALID,
        Some("invalid_api_key"),
        "Incorrect API key provided: sk-canary-0123456789.",
        Authentication,
    ),
    (
        401,
        INVALID,
        Some("invalid_organization"),
        "No such organization: org-x.",
        Authentication,
    ),
    (
        401,
        INVALID,
        Some("mismatched_organization"),
        "OpenAI-Organization header should match organization for API key",
        Authentication,
    ),
    (
        401,
        INVALID,
        Some("mismatched_project"),
        "OpenAI-Project header should match project for API key",
        Authentication,
    ),
    (
        401,
        INVALID,
        Some("no_organization"),
        "You must be a member of an organization to use the API.",
        Authentication,
    ),
    (
        401,
        INVALID,
        None,
        "You have insufficient permissions for this operation. Missing scopes: model.request.",
        PermissionDenied,
    ),
    (
        401,
        INVALID,
        Some("account_deactivated"),
        "This account was deactivated.",
        PermissionDenied,
    ),
    (
        401,
        INVALID,
        Some("ip_not_authorized"),
        "Your request IP is not authorized.",
        PermissionDenied,
    ),
    (
        403,
        "request_forbidden",
        Some("unsupported_country_region_territory"),
        "Country, region, or territory not supported",
        PermissionDenied,
    ),
    (
        403,
        INVALID,
        Some("model_not_found"),
        "Project `p` does not have access to model `m`",
        NotFound,
    ),
    (
        404,
        INVALID,
        Some("model_not_found"),
        "The model `m` does not exist or you do not have access to it.",
        NotFound,
    ),
    (
        404,
        INVALID,
        Some("model_not_found"),
        "The model `text-davinci-003` has been deprecated, learn more here",
        NotFound,
    ),
    (410, INVALID, None, "This model has been shut down.", NotFound),
    (
        429,
        "insufficient_quota",
        Some("insufficient_quota"),
        "You exceeded your current quota, please check your plan.",
        QuotaExhausted,
    ),
    (
        429,
        "insufficient_quota",
        Some("credit_balance_exhausted"),
        "Your credit balance is exhausted.",
        QuotaExhausted,
    ),
    (
        429,
        "insufficient_quota",
        Some("organization_spend_limit_exceeded"),
        "The organization has reached its spend limit.",
        QuotaExhausted,
    ),
    (
        429,
        "insufficient_quota",
        Some("project_spend_limit_exceeded"),
        "The project has reached its spend limit.",
        QuotaExhausted,
    ),
    (
        429,
        "billing_not_active",
        Some("billing_not_active"),
        "Your account is not active.",
        QuotaExhausted,
    ),
    (
        400,
        INVALID,
        Some("billing_hard_limit_reached"),
        "Billing hard limit has been reached",
        QuotaExhausted,
    ),
    (
        429,
        "requests",
        Some("rate_limit_exceeded"),
        "Rate limit reached for m on requests per min (RPM): Limit 3",
        RateLimited,
    ),
    (
        429,
        "tokens",
        Some("rate_limit_exceeded"),
        "Request too large for m on tokens per min (TPM): Limit 10, Requested 20.",
        RateLimited,
    ),
    (
        400,
        INVALID,
        Some("context_length_exceeded"),
        "This model's maximum context length is 8192 tokens.",
        ContextOverflow,
    ),
    (
        400,
        "exceed_context_size_error",
        None,
        "the request exceeds the available context size, try increasing it",
        ContextOverflow,
    ),
    (
        400,
        INVALID,
        Some("content_policy_violation"),
        "Your request was rejected by our safety system.",
        ContentFilter,
    ),
    (
        400,
        INVALID,
        Some("content_filter"),
        "The response was filtered due to the prompt.",
        ContentFilter,
    ),
    (
        400,
        INVALID,
        Some("invalid_prompt"),
        "Invalid prompt: it was flagged by our usage policy.",
        ContentFilter,
    ),
    (
        400,
        INVALID,
        Some("unsupported_value"),
        "'temperature' does not support 0.2 with this model.",
        InvalidRequest,
    ),
    (
        400,
        INVALID,
        None,
        "Missing required parameter: 'messages'.",
        InvalidRequest,
    ),
    (
        500,
        "server_error",
        None,
        "The server had an error while processing your request.",
        Server,
    ),
    (
        503,
        "server_error",
        None,
        "The engine is currently overloaded, please try again later",
        Server,
    ),
    (503, "service_unavailable", Some("slow_down"), "Slow down", Server),
    (
        503,
        "service_unavailable_error",
        Some("server_is_overloaded"),
        "Our servers are currently overloaded.",
        Server,
    ),
];

fn body(kind: &str, code: Option<&str>, message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

#[test]
fn every_published_error_has_its_kind_by_its_status_and_its_words() {
    let mut said = Vec::new();
    for (status, kind, code, message, expected) in TABLE {
        let error = invoke(Canned::json(body(kind, code, message)).status(status)).unwrap_err();
        assert_eq!((error.kind(), error.status()), (expected, Some(status)), "{message}");
        assert_eq!(error.request_id(), Some("req_1"), "{message}");
        let again = if error.is_retryable() { "again" } else { "final" };
        said.push(format!("{again}: {error}"));
    }
    insta::assert_snapshot!("error_table", said.join("\n"));
}

#[test]
fn the_same_error_inside_of_a_stream_has_the_same_kind() {
    for (_, kind, code, message, expected) in TABLE {
        // Where nothing but the status says it, a stream cannot.
        if code.is_none() && kind == INVALID {
            continue;
        }
        let event = format!("data: {}\n\n", body(kind, code, message));
        let (chunks, error) = stream(Canned::events(event));
        let error = error.unwrap();
        assert!(chunks.is_empty());
        assert_eq!(error.kind(), expected, "{message}");
    }
}

#[test]
fn a_refusal_and_a_length_are_answers_and_not_errors() {
    let refused = invoke(Canned::json(data("refusal.json"))).unwrap();
    assert!(
        refused
            .additional_kwargs
            .get("refusal")
            .is_some_and(|refusal| refusal.is_string())
    );
    for reason in ["length", "content_filter"] {
        let body = format!(
            r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"so far"}},"finish_reason":"{reason}"}}]}}"#
        );
        let message = invoke(Canned::json(body)).unwrap();
        assert_eq!(message.text(), "so far");
        assert_eq!(message.response_metadata.finish_reason.as_deref(), Some(reason));
    }
}
