//! Over a real connection: what servers and networks do wrong means the same for everything that asks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../../cadena-http/tests/support/mod.rs"]
mod server;
#[path = "support/surface.rs"]
mod surface;

use std::time::{Duration, Instant};

use cadena_core::{Error, ErrorKind};
use cadena_http::{Limits, RetryPolicy, Timers};
use server::{Conn, Server};
use surface::{SURFACES, Surface, client};
use tokio::io::AsyncWriteExt;

/// The error of each thing that asks a server which answers every request with this.
async fn errors(status: &'static str, headers: &'static str, body: &'static str) -> Vec<(Surface, Error, usize)> {
    let mut errors = Vec::new();
    for surface in SURFACES {
        let server = Server::start(move |mut conn: Conn| async move {
            while conn.request().await.is_some() {
                conn.answer(status, headers, body).await;
            }
        })
        .await;
        let error = surface.ask(&server.url).await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{}: {error:?}",
            surface.name
        );
        errors.push((surface, error, server.requests()));
    }
    errors
}

#[tokio::test]
async fn a_busy_server_is_asked_again_after_the_pause_that_it_names() {
    for surface in SURFACES {
        let server = Server::start(move |mut conn: Conn| async move {
            while conn.request().await.is_some() {
                let headers = format!("content-type: {}\r\n", surface.content_type);
                match conn.number {
                    1 => {
                        conn.answer(
                            "429 Too Many Requests",
                            "retry-after-ms: 60\r\n",
                            r#"{"error":{"message":"slow down"}}"#,
                        )
                        .await
                    }
                    2 => conn.answer("500 Internal Server Error", "", "").await,
                    _ => conn.answer("200 OK", &headers, surface.answer).await,
                }
            }
        })
        .await;
        let begin = Instant::now();
        surface.ask(&server.url).await.unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(60), "{}", surface.name);
        assert_eq!(server.requests(), 3, "{}", surface.name);
    }
}

#[tokio::test]
async fn a_server_that_stays_busy_is_given_up_with_its_words() {
    let body = r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#;
    for (surface, error, requests) in errors("429 Too Many Requests", "x-request-id: req_7\r\n", body).await {
        assert_eq!(
            (error.kind(), error.status(), requests),
            (ErrorKind::RateLimited, Some(429), 3),
            "{}",
            surface.name
        );
        assert_eq!(
            (error.detail(), error.request_id()),
            ("slow down", Some("req_7")),
            "{}",
            surface.name
        );
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("gave up after 3 attempts")),
            "{}: {error}",
            surface.name
        );
    }
}

#[tokio::test]
async fn an_exhausted_quota_is_final() {
    let body = r#"{"error":{"message":"pay","code":"insufficient_quota"}}"#;
    for (surface, error, requests) in errors("429 Too Many Requests", "", body).await {
        assert_eq!(
            (error.kind(), requests),
            (ErrorKind::QuotaExhausted, 1),
            "{}",
            surface.name
        );
        assert!(
            error.hint().is_some_and(|hint| hint.contains("add credit")),
            "{}: {error}",
            surface.name
        );
    }
}

#[tokio::test]
async fn an_error_in_a_good_answer_is_that_error() {
    let body = r#"{"error":{"message":"the model sleeps","type":"server_error","code":503}}"#;
    for (surface, error, _) in errors(
        "200 OK",
        "content-type: application/json\r\nx-request-id: req_7\r\n",
        body,
    )
    .await
    {
        assert_eq!(
            (error.kind(), error.detail()),
            (ErrorKind::Server, "the model sleeps"),
            "{}",
            surface.name
        );
        assert_eq!(error.request_id(), Some("req_7"), "{}", surface.name);
    }
}

#[tokio::test]
async fn a_page_in_place_of_an_answer_is_quoted() {
    let page = "<html><body>Sign in to the <b>guest network</b></body></html>";
    for (surface, error, _) in errors("200 OK", "content-type: text/html\r\n", page).await {
        assert_eq!(error.kind(), ErrorKind::Decode, "{}: {error}", surface.name);
        assert!(error.to_string().contains("guest network"), "{}: {error}", surface.name);
    }
}

#[tokio::test]
async fn an_empty_answer_is_no_answer() {
    for (surface, error, _) in errors("200 OK", "content-type: application/json\r\n", "{}").await {
        assert_eq!(error.kind(), ErrorKind::Decode, "{}: {error}", surface.name);
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_truncated_and_never_half_an_answer() {
    for surface in SURFACES {
        let server = Server::start(move |mut conn: Conn| async move {
            if conn.request().await.is_some() {
                let (length, half) = (
                    surface.answer.len(),
                    surface.answer.split_at(surface.answer.len() / 2).0,
                );
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\r\n",
                    surface.content_type
                );
                conn.send(head + half).await;
            }
        })
        .await;
        let no_retry = client(&server.url, surface.azure).with_http_retry(RetryPolicy::none());
        let error = surface.ask_by(no_retry).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{}: {error}", surface.name);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_meets_its_timer() {
    for surface in SURFACES {
        let server = Server::start(|mut conn: Conn| async move {
            conn.request().await;
            conn.gone().await;
        })
        .await;
        let short = Duration::from_millis(80);
        let timers = Timers::default().answer(short).first_event(short);
        let client = client(&server.url, surface.azure)
            .with_timers(timers)
            .with_http_retry(RetryPolicy::none());
        let error = surface.ask_by(client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{}: {error}", surface.name);
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_read_to_its_end() {
    for surface in SURFACES {
        let server = Server::start(move |mut conn: Conn| async move {
            conn.request().await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n",
                surface.content_type
            );
            conn.send(head).await;
            let chunk = format!("1000\r\n\"{}\r\n", "a".repeat(0xfff));
            // A client that reads all of it would never end.
            while conn.stream.write_all(chunk.as_bytes()).await.is_ok() {}
        })
        .await;
        let limits = Limits::default().response(1 << 14).event(1 << 14);
        let client = client(&server.url, surface.azure)
            .with_limits(limits)
            .with_http_retry(RetryPolicy::none());
        let answer = tokio::time::timeout(Duration::from_secs(20), surface.ask_by(client)).await;
        let error = answer
            .unwrap_or_else(|_| panic!("{}: it reads for ever", surface.name))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{}: {error}", surface.name);
    }
}

#[tokio::test]
async fn nobody_there_says_where_it_was_asked() {
    for surface in SURFACES {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let error = surface.ask(&format!("http://{free}")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{}: {error}", surface.name);
        assert!(
            error.hint().is_some_and(|hint| hint.contains(&free.to_string())),
            "{}: {error}",
            surface.name
        );
    }
}
