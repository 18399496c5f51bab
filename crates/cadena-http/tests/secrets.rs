//! A key is in no text that this crate prints.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use cadena_core::ErrorKind;
use cadena_http::{
    Failure, HttpClient, HttpRequest, Redactor, ReqwestTransport, RetryPolicy, Secret, Streamed, Transport,
};
use futures::StreamExt;
use http::header;
use support::{CANARY, Conn, Server};

fn ask(server: &Server) -> HttpRequest {
    let url = server.url.replace("http://", &format!("http://user:{CANARY}-PW@"));
    HttpRequest::post(format!("{url}/v1?key={CANARY}-QUERY"))
        .with_header(header::AUTHORIZATION, Secret::new(CANARY).bearer().unwrap())
        .with_json(&serde_json::json!({"prompt": "PROMPT-CANARY"}))
        .unwrap()
}

#[track_caller]
fn clean(text: &str) {
    assert!(!text.contains("CANARY"), "{text}");
}

/// A server that puts the key wherever it can.
async fn echoing(status: &'static str, kind: &'static str) -> Server {
    Server::start(move |mut conn: Conn| async move {
        conn.request().await;
        let headers = format!("content-type: {kind}\r\nx-request-id: {CANARY}\r\nconnection: close\r\n");
        let body = format!(r#"{{"error": {{"message": "Incorrect key {CANARY}", "code": "{CANARY}-QUERY"}}}}"#);
        conn.answer(status, &headers, body).await;
    })
    .await
}

#[tokio::test]
async fn a_key_that_the_server_echoes_is_masked_before_anyone_sees_it() {
    for (status, kind) in [
        ("401 Unauthorized", "application/json"),
        ("400 Bad HttpRequest", "text/plain"),
        ("503 Busy", "x/y"),
    ] {
        let server = echoing(status, kind).await;
        let client = HttpClient::new(ReqwestTransport::new())
            .with_http_retry(RetryPolicy::none())
            .with_classifier(|failure| {
                clean(std::str::from_utf8(failure.body).unwrap());
                clean(&format!("{failure:?}"));
                failure.to_error()
            });
        let error = client.send(ask(&server)).await.unwrap_err();
        clean(&format!("{error} {error:?} {error:#?}"));
        assert_eq!(error.detail(), "Incorrect key ***");
        assert_eq!(error.request_id(), Some("***"));
        clean(&format!("{client:?}"));
    }
}

#[tokio::test]
async fn an_unexpected_answer_is_quoted_without_the_key() {
    let server = echoing("200 OK", "text/html").await;
    let error = HttpClient::new(ReqwestTransport::new())
        .stream(ask(&server))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    clean(&format!("{error} {error:?}"));
}

/// The key as servers write it: with the escapes of JSON, inside of another text of JSON, and cut short.
fn written(key: &str) -> Vec<String> {
    let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let first = key
        .bytes()
        .next()
        .map(|byte| format!("\\u{byte:04X}"))
        .unwrap_or_default();
    vec![
        key.to_owned(),
        format!("{first}{}", &key[1..]),
        escaped.replace('\\', "\\\\"),
        escaped,
        key.replace('/', "\\/"),
        key.replace('/', "\\\\\\/"),
        key[..12].to_owned(),
        format!("{}…", &key[3..18]),
        key[key.len() - 12..].to_owned(),
    ]
}

#[tokio::test]
async fn a_key_is_masked_however_a_server_writes_it() {
    const KEY: &str = "sk-long/key-0123456789/abcdefghi";
    for form in written(KEY) {
        // A failed status with JSON and without, and a body that is neither events nor JSON.
        for (status, kind) in [
            ("401 Unauthorized", "application/json"),
            ("503 Busy", "text/plain"),
            ("200 OK", "text/html"),
        ] {
            let form = form.clone();
            let server = Server::start(move |mut conn: Conn| {
                let body = format!(r#"{{"error": {{"message": "Incorrect key <{form}>"}}"#);
                let body = if kind == "application/json" { body + "}" } else { body };
                async move {
                    conn.request().await;
                    let headers = format!("content-type: {kind}\r\nconnection: close\r\n");
                    conn.answer(status, &headers, body).await;
                }
            })
            .await;
            let request = HttpRequest::post(format!("{}/v1", server.url))
                .with_header(header::AUTHORIZATION, Secret::new(KEY).bearer().unwrap());
            let client = HttpClient::new(ReqwestTransport::new()).with_http_retry(RetryPolicy::none());
            let error = client.stream(request).await.unwrap_err();
            assert!(error.detail().contains("Incorrect key <***"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_stream_gives_its_redactor_and_prints_nothing() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk(&format!("data: {CANARY}\n\n")).await;
        conn.end().await;
    })
    .await;
    let answer = HttpClient::new(ReqwestTransport::new())
        .stream(ask(&server))
        .await
        .unwrap();
    clean(&format!("{answer:?}"));
    let Streamed::Events(mut events) = answer else {
        panic!("expected events")
    };
    let event = events.next().await.unwrap().unwrap();
    clean(&format!("{event:?} {events:?}"));
    assert_eq!(events.redactor().snippet(event.data()), "***");
}

#[tokio::test]
async fn requests_and_failed_connections_print_no_key_and_no_prompt() {
    let server = Server::start(|_conn: Conn| async {}).await;
    let request = ask(&server);
    clean(&format!("{request:?} {request:#?} {:?}", Redactor::of(&request)));
    let error = ReqwestTransport::new().send(request).await.unwrap_err();
    clean(&format!("{error} {error:?}"));
    let bad = ReqwestTransport::new()
        .send(HttpRequest::get(format!("not an address {CANARY}")))
        .await
        .unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::Config);
    clean(&format!("{bad} {bad:?}"));
}

#[tokio::test]
async fn a_client_with_a_key_in_its_default_headers_does_not_print_it() {
    let secret = Secret::new(CANARY);
    clean(&format!("{secret} {secret:?} {:?}", secret.bearer()));
    let failure = Failure::new(http::StatusCode::BAD_REQUEST, CANARY.as_bytes());
    clean(&format!("{failure:?}"));
}
