//! Every answer of an error to its kind, its hint and its words.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn check(status: u16, body: Value, kind: ErrorKind, display: &str) {
    let body = body.to_string();
    let failure = Failure::new(StatusCode::from_u16(status).unwrap(), body.as_bytes());
    let error = of_status(&failure);
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, display));
}

#[test]
fn code_and_type_come_before_the_status() {
    check(
        429,
        json!({"error": {"message": "no credit", "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}}),
        ErrorKind::QuotaExhausted,
        "quota exhausted: no credit (code `insufficient_quota`)",
    );
    check(
        429,
        json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}),
        ErrorKind::RateLimited,
        "rate limited: slow down (code `rate_limit_exceeded`)",
    );
    check(
        401,
        json!({"error": {"message": "wrong key", "type": "invalid_request_error", "code": "invalid_api_key"}}),
        ErrorKind::Authentication,
        "authentication failed: wrong key (code `invalid_api_key`)",
    );
    check(
        400,
        json!({"error": {"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}),
        ErrorKind::ContextOverflow,
        "context overflow: too long (parameter `messages`) (code `context_length_exceeded`)",
    );
    check(
        400,
        json!({"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}),
        ErrorKind::ContextOverflow,
        "context overflow: the request exceeds the available context size (code `exceed_context_size_error`)",
    );
    check(
        400,
        json!({"error": {"message": "filtered", "code": "content_filter"}}),
        ErrorKind::ContentFilter,
        "content filtered: filtered (code `content_filter`)",
    );
    check(
        404,
        json!({"error": {"message": "no such model", "code": "model_not_found"}}),
        ErrorKind::NotFound,
        "not found: no such model (code `model_not_found`)",
    );
}

#[test]
fn a_status_decides_where_no_word_does() {
    let said =
        |text: &str| json!({"error": {"message": text, "type": "invalid_request_error", "param": null, "code": null}});
    check(400, said("bad"), ErrorKind::InvalidRequest, "invalid request: bad");
    check(
        401,
        said("who?"),
        ErrorKind::Authentication,
        "authentication failed: who?",
    );
    check(403, said("no"), ErrorKind::PermissionDenied, "permission denied: no");
    check(404, said("gone"), ErrorKind::NotFound, "not found: gone");
    check(422, said("odd"), ErrorKind::InvalidRequest, "invalid request: odd");
    check(
        503,
        json!({"detail": "later"}),
        ErrorKind::Server,
        "server error: later",
    );
    check(
        429,
        json!({"message": "slow"}),
        ErrorKind::RateLimited,
        "rate limited: slow",
    );
    check(
        400,
        said("This model's maximum context length is 8192 tokens."),
        ErrorKind::ContextOverflow,
        "context overflow: This model's maximum context length is 8192 tokens.",
    );
}

#[test]
fn a_body_that_is_no_json_is_quoted() {
    let error = of_status(&Failure::new(StatusCode::BAD_GATEWAY, b"<html>bad  gateway</html>"));
    assert_eq!(
        error.to_string(),
        "server error: the server answered `Bad Gateway`: <html>bad gateway</html> (status 502)"
    );
    let error = of_status(&Failure::new(StatusCode::BAD_REQUEST, b"prompt is too long"));
    assert_eq!(error.kind(), ErrorKind::ContextOverflow);
}

#[track_caller]
fn check_report(report: Value, kind: ErrorKind, display: &str) {
    let error = of_report(&report, &Redactor::new());
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, display));
}

#[test]
fn reports_inside_of_an_answer_have_many_forms() {
    check_report(
        json!({"error": "overloaded"}),
        ErrorKind::Server,
        "server error: overloaded",
    );
    check_report(json!("overloaded"), ErrorKind::Server, "server error: overloaded");
    check_report(
        json!({"error": {"code": 429, "message": "wait"}}),
        ErrorKind::RateLimited,
        "rate limited: wait (status 429)",
    );
    check_report(
        json!({"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}),
        ErrorKind::InvalidRequest,
        "invalid request: bad (status 400, code `BadRequestError`)",
    );
    check_report(
        json!({"error": {"message": "The server had an error", "type": "server_error", "param": null, "code": null}}),
        ErrorKind::Server,
        "server error: The server had an error (code `server_error`)",
    );
    check_report(
        json!([{"error": {"code": 404, "message": "no"}}]),
        ErrorKind::NotFound,
        "not found: no (status 404)",
    );
    check_report(
        json!({"error": {}}),
        ErrorKind::Server,
        "server error: the server reported an error without a message",
    );
}

#[test]
fn an_echoed_key_is_masked() {
    let redactor = Redactor::new().with_secret(&"sk-canary".into());
    let error = of_report(
        &json!({"error": {"message": "wrong key sk-canary", "code": "sk-canary"}}),
        &redactor,
    );
    assert!(!format!("{error} {error:?}").contains("canary"));
}

/// JSON that looks like a report, with a secret wherever servers repeat the request.
fn reports() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(false)),
        Just(json!(1008)),
        Just(json!("a sentence.")),
        Just(json!("x ".repeat(500))),
        Just(json!(
            r#"code 400 - {"error":{"message":"inner","input":"sekret"}} behind"#
        )),
        Just(json!(r#"{"messages":["sekret"],"loc":["a"],"msg":"#)),
        Just(json!("[{'input': {'a': 'sekret'}, 'msg': 'x'}]")),
    ];
    let key = proptest::sample::select(vec![
        "error",
        "message",
        "msg",
        "detail",
        "details",
        "loc",
        "metadata",
        "raw",
        "reasons",
        "errors",
        "code",
        "type",
        "status",
        "base_resp",
        "status_code",
        "Response",
        "Error",
        "innererror",
        "provider_name",
        "param",
        "title",
        "odd",
        "field",
        "description",
    ]);
    let echo = proptest::sample::select(vec!["input", "messages", "body", "flagged_input"]);
    leaf.prop_recursive(6, 60, 12, move |inner| {
        let members = proptest::collection::vec((key.clone(), inner.clone()), 0..5);
        let echoes = proptest::collection::vec(echo.clone(), 0..2);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..12).prop_map(Value::Array),
            (members, echoes).prop_map(|(members, echoes)| {
                let echoes = echoes.into_iter().map(|key| (key, json!({"content": "sekret"})));
                members
                    .into_iter()
                    .chain(echoes)
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            }),
            inner.prop_map(|value| json!({"error": {"message": "outer", "metadata": {"raw": value.to_string()}}})),
        ]
    })
}

proptest! {
    #[test]
    fn any_report_gives_a_short_error_without_what_it_repeats_of_the_request(report in reports()) {
        let body = report.to_string();
        let failure = Failure::new(StatusCode::BAD_REQUEST, body.as_bytes());
        for error in [of_status(&failure), of_report(&report, &Redactor::new())] {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("sekret"), "{}: {}", body, shown);
            prop_assert!(error.to_string().chars().count() < 3000, "{}", error);
        }
        is_report(&report);
    }
}
