//! A recording is played back as it was made: bytes, chunk borders, failures and order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cadena_core::ErrorKind;
use cadena_http::{
    HttpClient, HttpRequest, Recorder, Recording, Replay, ReqwestTransport, RetryPolicy, Secret, SseStream, Streamed,
    Transport,
};
use futures::StreamExt;
use http::{HeaderName, HeaderValue, header};
use proptest::prelude::*;
use serde_json::json;
use support::{CANARY, Conn, Server};

/// A file that is gone when the test is.
struct TempFile(PathBuf);

impl TempFile {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("cadena-recording-{}-{number}.jsonl", std::process::id())))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn post(url: &str, body: serde_json::Value) -> HttpRequest {
    HttpRequest::post(format!("{url}/v1/chat")).with_json(&body).unwrap()
}

async fn chunks(transport: &impl Transport, request: HttpRequest) -> Vec<Result<Vec<u8>, ErrorKind>> {
    let response = transport.send(request).await.unwrap();
    response
        .body
        .map(|chunk| chunk.map(|bytes| bytes.to_vec()).map_err(|error| error.kind()))
        .collect()
        .await
}

#[tokio::test]
async fn a_recording_gives_the_same_chunks_headers_and_errors() {
    let server = Server::start(|mut conn: Conn| async move {
        while let Some(request) = conn.request().await {
            conn.stream_head().await;
            // The pauses keep the pieces apart, and one border lies inside a character.
            for piece in [&b"data: w\xc3"[..], b"\xb6rld\n\n", b"data: [DONE]\n\n"] {
                conn.send(format!("{:x}\r\n", piece.len())).await;
                conn.send(piece).await;
                conn.send("\r\n").await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if request.contains("\"cut\":true") {
                return conn.reset();
            }
            conn.end().await;
        }
    })
    .await;

    let file = TempFile::new();
    let about = json!({"description": "two streams", "model": "demo"});
    let recorder = Recorder::create(ReqwestTransport::new(), &file.0, about.clone()).unwrap();
    let whole = chunks(&recorder, post(&server.url, json!({"cut": false}))).await;
    let cut = chunks(&recorder, post(&server.url, json!({"cut": true}))).await;
    assert_eq!((whole.len(), cut.len()), (3, 4), "{whole:?} {cut:?}");
    assert_eq!(cut.last(), Some(&Err(ErrorKind::Truncated)));

    let text = file.text();
    assert!(text.starts_with("{\"recording\":1,\"about\":{\"description\":\"two streams\",\"model\":\"demo\"}}\n"));
    assert!(
        text.contains("{\"chunk\":\"data: [DONE]\\n\\n\"}\n") && text.contains("chunk_base64"),
        "{text}"
    );

    let replay = Replay::open(&file.0).unwrap();
    assert_eq!(replay.about(), &about);
    for _ in 0..3 {
        assert_eq!(
            chunks(&replay, post("https://elsewhere", json!({"cut": false}))).await,
            whole
        );
        assert_eq!(
            chunks(&replay, post("https://elsewhere", json!({"cut": true}))).await,
            cut
        );
    }
    let head = replay.send(post("", json!({"cut": false}))).await.unwrap();
    assert_eq!(
        (head.status.as_u16(), &head.headers[header::CONTENT_TYPE]),
        (200, &HeaderValue::from_static("text/event-stream"))
    );
    assert_eq!(
        Recording::from_jsonl(&text).unwrap().to_jsonl().unwrap(),
        text,
        "reading and writing changes nothing"
    );
}

#[tokio::test]
async fn answers_to_equal_requests_come_in_their_order_and_the_last_repeats() {
    let server = Server::start(|mut conn: Conn| async move {
        while conn.request().await.is_some() {
            let (status, headers) = if conn.number == 1 {
                ("503 Busy", "retry-after-ms: 1\r\n")
            } else {
                ("200 OK", "")
            };
            conn.answer(status, headers, format!("answer {}", conn.number)).await;
        }
    })
    .await;
    let file = TempFile::new();
    let recorder = Recorder::create(ReqwestTransport::new(), &file.0, json!(null)).unwrap();
    let live = HttpClient::new(recorder)
        .send(post(&server.url, json!({})))
        .await
        .unwrap();
    assert_eq!(live.body, "answer 2");

    let replay = HttpClient::new(Replay::open(&file.0).unwrap());
    let busy = replay
        .clone()
        .with_http_retry(RetryPolicy::none())
        .send(post("http://x", json!({})))
        .await
        .unwrap_err();
    assert_eq!(busy.status(), Some(503));
    for _ in 0..3 {
        assert_eq!(replay.send(post("http://x", json!({}))).await.unwrap().body, "answer 2");
    }
}

#[tokio::test]
async fn exchanges_at_the_same_time_are_written_one_by_one() {
    let server = Server::start(|mut conn: Conn| async move {
        let request = conn.request().await.unwrap();
        conn.stream_head().await;
        let caller: String = request.chars().rev().filter(char::is_ascii_digit).take(1).collect();
        for _ in 0..5 {
            conn.chunk(&format!("data: {caller}\n\n")).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        conn.end().await;
    })
    .await;
    let file = TempFile::new();
    let recorder = Recorder::create(ReqwestTransport::new(), &file.0, json!(null)).unwrap();
    let callers = (0..8).map(|caller| chunks(&recorder, post(&server.url, json!({"caller": caller}))));
    let live = futures::future::join_all(callers).await;

    let replay = Replay::open(&file.0).unwrap();
    for (caller, live) in live.iter().enumerate() {
        assert_eq!(
            &chunks(&replay, post("http://x", json!({"caller": caller}))).await,
            live
        );
    }
}

#[tokio::test]
async fn a_dropped_stream_is_recorded_as_far_as_it_was_read() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk("data: 1\n\n").await;
        conn.gone().await;
    })
    .await;
    let file = TempFile::new();
    let recorder = Recorder::create(ReqwestTransport::new(), &file.0, json!(null)).unwrap();
    let mut events = SseStream::from_response(recorder.send(post(&server.url, json!({}))).await.unwrap());
    assert_eq!(events.next().await.unwrap().unwrap().data(), b"1");
    drop(events);
    assert!(file.text().ends_with("{\"end\":\"dropped\"}\n"));
    let replayed = chunks(&Replay::open(&file.0).unwrap(), post("http://x", json!({}))).await;
    assert_eq!(replayed, [Ok(b"data: 1\n\n".to_vec()), Err(ErrorKind::Truncated)]);
}

#[tokio::test]
async fn a_connection_that_failed_is_recorded_with_its_kind() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let file = TempFile::new();
    let recorder = Recorder::create(ReqwestTransport::new(), &file.0, json!(null)).unwrap();
    let live = recorder
        .send(post(&format!("http://{free}"), json!({})))
        .await
        .unwrap_err();
    let replayed = Replay::open(&file.0)
        .unwrap()
        .send(post("http://x", json!({})))
        .await
        .unwrap_err();
    assert_eq!((live.kind(), live.detail()), (replayed.kind(), replayed.detail()));
}

#[tokio::test]
async fn no_secret_reaches_the_file_even_over_chunk_borders() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.send("HTTP/1.1 200 OK\r\nset-cookie: s=CANARY-COOKIE\r\nopenai-organization: CANARY-ORG\r\n")
            .await;
        conn.send(format!("x-request-id: {CANARY}\r\ntransfer-encoding: chunked\r\n\r\n"))
            .await;
        for piece in [
            "your key is sk-LEAK",
            "CANARY-0123456789, and again ",
            CANARY,
            " CANARY-EXTRA",
        ] {
            conn.chunk(piece).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        conn.end().await;
    })
    .await;
    let file = TempFile::new();
    let recorder = Recorder::create(ReqwestTransport::new(), &file.0, json!(null)).unwrap();
    let recorder = recorder.with_secret(&Secret::new("CANARY-EXTRA"));
    let ask = |url: &str| {
        let cookie = HeaderValue::from_static("CANARY-SENT");
        post(
            &format!("{url}/{CANARY}?api_key=CANARY-QUERY"),
            json!({"user": CANARY, CANARY: [format!("my key: {CANARY}")]}),
        )
        .with_header(header::AUTHORIZATION, Secret::new(CANARY).bearer().unwrap())
        .with_header(header::COOKIE, cookie.clone())
        .with_header(
            HeaderName::from_static("openai-organization"),
            HeaderValue::from_static("CANARY-ORG"),
        )
    };
    let live = chunks(&recorder, ask(&server.url)).await;
    let text = file.text();
    assert!(!text.contains("CANARY"), "{text}");
    assert!(!text.contains("LEAK") && text.contains("your key is "), "{text}");

    // The same request, with its key again, finds the masked one; nothing has moved.
    let replayed = chunks(&Replay::open(&file.0).unwrap(), ask("https://elsewhere")).await;
    let lengths =
        |chunks: &[Result<Vec<u8>, ErrorKind>]| chunks.iter().map(|c| c.as_ref().unwrap().len()).collect::<Vec<_>>();
    assert_eq!(lengths(&live), lengths(&replayed));
}

#[tokio::test]
async fn a_request_that_was_not_recorded_names_what_differs_and_quotes_no_prompt() {
    let recorded = concat!(
        r#"{"recording":1,"about":null}"#,
        "\n",
        r#"{"request":{"method":"POST","path":"/v1/chat","body":{"messages":[{"role":"user","content":"PROMPT-A"}],"seed":1}}}"#,
        "\n",
        r#"{"end":"complete"}"#,
        "\n",
        r#"{"request":{"method":"POST","path":"/v1/other","body":{}}}"#,
        "\n",
        r#"{"end":"complete"}"#,
        "\n",
    );
    let replay = Replay::from_jsonl(recorded).unwrap();
    let missing = async |request| replay.send(request).await.unwrap_err();

    let error = missing(post(
        "http://x",
        json!({"seed": 1, "messages": [{"role": "user", "content": "PROMPT-B"}]}),
    ))
    .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.detail().ends_with("differs in `messages[0].content`"), "{error}");
    assert!(!format!("{error:?} {replay:?}").contains("PROMPT"));

    let error = missing(HttpRequest::get("http://x/v1/other")).await;
    assert!(error.detail().ends_with("differs in the method, `body`"), "{error}");
}

#[test]
fn broken_recordings_name_their_line() {
    let head = "{\"recording\":1,\"about\":null}\n";
    let request = "{\"request\":{\"method\":\"GET\",\"path\":\"/\"}}\n";
    for (text, expected) in [
        (String::new(), "the recording is empty"),
        ("{}\n".into(), "in line 1: not a line of this format"),
        (format!("\n{request}"), "in line 2: the first line is no `recording`"),
        (
            "{\"recording\":2,\"about\":null}".into(),
            "in line 1: a version of the format that is not known",
        ),
        (
            format!("{head}{request}{request}"),
            "in line 3: a `request` before the `end` of the last one",
        ),
        (format!("{head}{request}"), "its last exchange has no `end`"),
        (
            format!("{head}{{\"end\":\"complete\"}}"),
            "in line 2: an `end` without a `request` before it",
        ),
    ] {
        let error = Recording::from_jsonl(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.detail().ends_with(expected), "{} / {expected}", error.detail());
    }
}

#[tokio::test]
async fn a_client_streams_from_a_recording_without_a_network() {
    let replay = Replay::from_jsonl(include_str!("data/stream.jsonl")).unwrap();
    let request = post("http://x", json!({"stream": true}));
    let Streamed::Events(events) = HttpClient::new(replay).stream(request).await.unwrap() else {
        panic!("expected events")
    };
    let data: Vec<_> = events
        .map(|event| event.unwrap().text().unwrap().to_owned())
        .collect()
        .await;
    assert_eq!(data, ["{\"token\":\"w\u{f6}\"}", "[DONE]"]);
}

proptest! {
    #[test]
    fn arbitrary_text_is_no_panic(text in "[{}\":,a-z\\n0-9]{0,200}") {
        let _ = Recording::from_jsonl(&text);
    }
}
