//! A client of a misbehaving server or network, over real sockets: its errors and its retries.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::{Duration, Instant};

use cadena_core::{Error, ErrorKind};
use cadena_http::{
    HttpClient, HttpRequest, Limits, ReqwestTransport, RetryPolicy, SseStream, Streamed, Timers, Unanswered,
};
use futures::StreamExt;
use support::{Conn, EVENTS, Server, client};

async fn events(client: &HttpClient, request: HttpRequest) -> Result<SseStream, Error> {
    match client.stream(request).await? {
        Streamed::Events(events) => Ok(events),
        Streamed::Whole(answer) => panic!("expected events: {answer:?}"),
    }
}

/// Reads a stream to its end: the data of its events, and the error.
async fn read(mut events: SseStream) -> (Vec<String>, Option<Error>) {
    let mut data = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => data.push(event.text().unwrap().to_owned()),
            Err(error) => return (data, Some(error)),
        }
    }
    (data, None)
}

#[tokio::test]
async fn a_good_stream_arrives_whole_in_whatever_pieces() {
    let server = Server::start(|mut conn: Conn| async move {
        while conn.request().await.is_some() {
            conn.stream_head().await;
            for byte in EVENTS.split_inclusive(|_| true) {
                conn.chunk(byte).await;
            }
            conn.end().await;
        }
    })
    .await;
    let (data, error) = read(events(&client(), server.post()).await.unwrap()).await;
    assert_eq!(
        (data.as_slice(), error.is_none()),
        (&["1".to_owned(), "2".into(), "[DONE]".into()][..], true)
    );
}

#[tokio::test]
async fn a_refused_connection_is_tried_three_times_and_named() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = client()
        .send(HttpRequest::get(format!("http://user:pw@{free}/v1?key=abcdef")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.detail(), format!("TCP: no connection to `http://{free}`"));
    assert_eq!(error.hint(), Some("gave up after 3 attempts"));
    assert!(
        error.downcast_source_ref::<std::io::Error>().is_some(),
        "the cause is kept: {error:?}"
    );
    assert!(!format!("{error:?}").contains("abcdef"), "{error:?}");
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_error() {
    let error = client()
        .send(HttpRequest::get("http://no-such-host.invalid/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.detail().starts_with("DNS: "), "{error:?}");
    assert!(error.is_retryable());
}

/// A listener whose queue is full drops what knocks, as a firewall does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_nobody_takes_meets_the_connect_timer() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let connect = || tokio::time::timeout(Duration::from_millis(50), tokio::net::TcpStream::connect(address));
    let _queue = futures::future::join_all((0..8).map(|_| connect())).await;

    let patience = ReqwestTransport::new().with_connect_timeout(Duration::from_millis(200));
    let error = client()
        .with_transport(patience)
        .send(HttpRequest::get(format!("http://{address}/")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(
        error.detail(),
        format!("TCP: no connection to `http://{address}` within 0.2 s, with DNS and TLS")
    );
    assert_eq!(error.hint(), Some("gave up after 3 attempts"));
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_server_that_speaks_no_tls_is_final_at_the_first_try() {
    let server = Server::start(|mut conn: Conn| async move {
        let _ = tokio::io::AsyncReadExt::read(&mut conn.stream, &mut [0; 100]).await;
        conn.answer("400 Bad Request", "", "x").await;
    })
    .await;
    let error = client()
        .send(HttpRequest::get(server.url.replace("http:", "https:")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.detail().starts_with("TLS: "), "{error:?}");
    assert!(!error.is_retryable());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_peer_that_is_no_http_server_is_final() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.send("SSH-2.0-OpenSSH_9.2\r\n").await;
    })
    .await;
    let error = client().send(server.post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
    assert!(error.detail().ends_with("does not speak HTTP"));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_reset_before_the_headers_is_tried_again() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        match conn.number {
            1 => conn.reset(),
            2 => drop(conn),
            _ => conn.answer("200 OK", "", "fine").await,
        }
    })
    .await;
    assert_eq!(client().send(server.post()).await.unwrap().body, "fine");
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn a_lost_request_is_not_sent_twice_if_that_is_switched_off() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.reset();
    })
    .await;
    let careful = client().with_http_retry(RetryPolicy::default().resend_unanswered(false));
    let error = careful.send(server.post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.downcast_source_ref::<Unanswered>().is_some());
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_reset_after_the_first_event_is_truncated_and_not_tried_again() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk("data: 1\n\n").await;
        // Bytes in flight die with a reset: let them arrive.
        tokio::time::sleep(Duration::from_millis(50)).await;
        conn.reset();
    })
    .await;
    let (data, error) = read(events(&client(), server.post()).await.unwrap()).await;
    assert_eq!(data, ["1"]);
    assert_eq!(error.unwrap().kind(), ErrorKind::Truncated);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_reset_before_the_first_event_is_tried_again() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        if conn.number == 1 {
            conn.chunk(": hello\n\ndata: 1").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            return conn.reset();
        }
        conn.chunk(EVENTS).await;
        conn.end().await;
    })
    .await;
    let (data, error) = read(events(&client(), server.post()).await.unwrap()).await;
    assert_eq!(data, ["1", "2", "[DONE]"]);
    assert!(error.is_none());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_chunked_body_without_its_last_chunk_is_truncated() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk("data: 1\n\n").await;
        conn.send("20\r\ndata: 2").await;
    })
    .await;
    let (data, error) = read(events(&client(), server.post()).await.unwrap()).await;
    assert_eq!(data, ["1"]);
    assert_eq!(error.unwrap().kind(), ErrorKind::Truncated);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_truncated() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-request-id: r7\r\n\r\n{")
            .await;
    })
    .await;
    let error = client()
        .with_http_retry(RetryPolicy::none())
        .send(server.post())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::Truncated, Some("r7")));
}

#[tokio::test]
async fn a_broken_chunk_size_is_malformed() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk("data: 1\n\n").await;
        conn.send("xyz\r\n").await;
        conn.gone().await;
    })
    .await;
    let (_, error) = read(events(&client(), server.post()).await.unwrap()).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_redirect_is_an_error_that_names_the_other_origin_only() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.answer(
            "307 Temporary Redirect",
            "location: https://u:p@other.example/path?key=abcdef\r\n",
            "",
        )
        .await;
    })
    .await;
    let error = client().send(server.post()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(307)));
    assert_eq!(
        error.detail(),
        format!(
            "`{}` redirects to `https://other.example`, which is not followed",
            server.url
        )
    );
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_trickle_of_bytes_does_not_hold_the_timer_up() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk("data: 1\n\n").await;
        loop {
            conn.chunk(": ping\n").await;
            conn.chunk("d").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let quick = client().with_timers(Timers::default().idle(Duration::from_millis(150)));
    let started = Instant::now();
    let (data, error) = read(events(&quick, server.post()).await.unwrap()).await;
    assert_eq!(data, ["1"]);
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Stalled);
    assert_eq!(
        error.detail(),
        "no event came within 0.15 s (timer `idle`), 1 events received"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn slow_headers_meet_the_timer() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        for byte in "HTTP/1.1 200 OK\r\n".bytes().cycle() {
            conn.send([byte]).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let quick = client().with_timers(Timers::default().first_event(Duration::from_millis(200)));
    let error = quick.stream(server.post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.detail(),
        format!("`{}` did not answer within 0.2 s (timer `first_event`)", server.url)
    );
    assert_eq!(server.requests(), 1, "a timer is not tried again");
}

#[tokio::test]
async fn an_answer_that_stops_half_way_meets_the_timer() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
        conn.gone().await;
    })
    .await;
    let quick = client().with_timers(Timers::default().answer(Duration::from_millis(200)));
    assert_eq!(quick.send(server.post()).await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_gigantic_event_stops_at_the_limit() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk("data: ").await;
        let block = "x".repeat(64 * 1024);
        // 64 MiB, unless the client leaves earlier.
        for _ in 0..1024 {
            conn.chunk(&block).await;
        }
        conn.gone().await;
    })
    .await;
    let error = events(&client(), server.post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(error.detail(), "an event is longer than 8388608 bytes");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_gigantic_answer_stops_at_the_limit() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.send("HTTP/1.1 200 OK\r\n\r\n").await;
        let block = " ".repeat(64 * 1024);
        for _ in 0..1024 {
            conn.send(&block).await;
        }
    })
    .await;
    let small = client().with_limits(Limits::default().response(1 << 20));
    let error = small.send(server.post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(error.detail(), "the answer is longer than 1048576 bytes");
}

/// 64 MiB of zeros in gzip, made by hand: one fixed-Huffman block of a zero and runs of 258 (distance 1).
fn bomb() -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut word, mut used) = (0u64, 0);
    let mut put = |bits: u64, count: u32, bytes: &mut Vec<u8>| {
        word |= bits << used;
        used += count;
        while used >= 8 {
            bytes.push((word & 0xff) as u8);
            word >>= 8;
            used -= 8;
        }
    };
    put(0b011, 3, &mut bytes); // last block, fixed codes
    put(0b0000_1100, 8, &mut bytes); // the literal 0, code 00110000, its bits reversed
    for _ in 0..(64 << 20) / 258 {
        put(0b1010_0011, 8, &mut bytes); // the length 258, code 11000101, its bits reversed
        put(0, 5, &mut bytes); // the distance 1
    }
    put(0, 7 + 8, &mut bytes);
    bytes
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_the_limit_after_decompression() {
    let server = Server::start(|mut conn: Conn| async move {
        let request = conn.request().await.unwrap();
        assert!(request.contains("accept-encoding: gzip"), "{request}");
        let bomb = bomb();
        assert!(bomb.len() < 600_000);
        conn.answer("200 OK", "content-encoding: gzip\r\n", bomb).await;
    })
    .await;
    let small = client().with_limits(Limits::default().response(1 << 20));
    let error = small.send(server.post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error:?}");
}

#[tokio::test]
async fn an_error_body_without_end_is_cut_and_still_makes_its_error() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.send("HTTP/1.1 400 Bad Request\r\n\r\nthe reason ").await;
        for _ in 0..1024 {
            conn.send("x".repeat(4096)).await;
        }
        conn.gone().await;
    })
    .await;
    let error = client().send(server.post()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidRequest, Some(400)));
    assert!(
        error
            .detail()
            .starts_with("the server answered `Bad Request`: the reason xxx")
    );
    assert!(error.detail().len() < 300);
}

/// Asks for a stream from a server that answers by this type, if any, and these bytes.
async fn typed(content_type: Option<&'static str>, body: &'static str) -> Result<Streamed, Error> {
    let server = Server::start(move |mut conn: Conn| async move {
        conn.request().await;
        let header = content_type.map_or_else(String::new, |kind| format!("content-type: {kind}\r\n"));
        conn.answer("200 OK", &format!("{header}connection: close\r\n"), body)
            .await;
    })
    .await;
    client().stream(server.post()).await
}

#[tokio::test]
async fn an_event_stream_is_known_by_its_first_bytes() {
    for content_type in [
        Some("text/event-stream; charset=utf-8"),
        Some("text/plain"),
        Some("application/octet-stream"),
        Some("application/x-ndjson"),
        Some("application/json"),
        None,
    ] {
        for body in [
            EVENTS,
            ": hello\n\ndata: 1\n\nevent: x\ndata: 2\n\ndata: [DONE]\n\n",
            "\u{feff}data: 1\n\ndata: 2\n\ndata: [DONE]\n\n",
            "\r\n\r\nid: 3\r\ndata: 1\r\n\r\ndata: 2\r\n\r\ndata: [DONE]\r\n\r\n",
        ] {
            let Streamed::Events(events) = typed(content_type, body).await.unwrap() else {
                panic!("{content_type:?}: expected events in {body:?}")
            };
            let (data, error) = read(events).await;
            assert_eq!(data, ["1", "2", "[DONE]"], "{content_type:?}");
            assert!(error.is_none());
        }
        for body in ["{\"a\":1}", "\u{feff}{\"a\":1}", "\n\n {\"a\":1}"] {
            let Streamed::Whole(answer) = typed(content_type, body).await.unwrap() else {
                panic!("{content_type:?}: expected JSON in {body:?}")
            };
            assert_eq!(answer.body, "{\"a\":1}", "{content_type:?}");
        }
    }
}

#[tokio::test]
async fn a_page_is_no_stream_and_no_answer() {
    for (content_type, shown) in [
        (Some("text/html"), "text/html"),
        (Some("text/plain"), "text/plain"),
        (Some("text/event-stream"), "text/event-stream"),
        (None, ""),
    ] {
        let error = typed(content_type, "<html>\n sign in").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(
            error.detail(),
            format!("expected a stream of events and got `{shown}`: <html> sign in")
        );
    }
    assert_eq!(
        typed(Some("text/html"), EVENTS).await.unwrap_err().kind(),
        ErrorKind::Decode
    );
    let error = typed(Some("text/plain"), "upstream connect error").await.unwrap_err();
    assert!(
        error.detail().ends_with("`text/plain`: upstream connect error"),
        "{error}"
    );
    // What calls itself JSON is for its reader to refuse.
    let Streamed::Whole(answer) = typed(Some("application/json; charset=utf-8"), "<html>\n sign in")
        .await
        .unwrap()
    else {
        panic!("expected JSON")
    };
    assert_eq!(answer.body, "<html>\n sign in");
}

#[tokio::test]
async fn a_byte_order_mark_before_json_is_skipped() {
    let server = Server::start(|mut conn: Conn| async move {
        while conn.request().await.is_some() {
            let status = if conn.number == 1 { "200 OK" } else { "400 Bad Request" };
            conn.answer(status, "", "\u{feff}{\"message\": \"bad\"}").await;
        }
    })
    .await;
    assert_eq!(
        client().send(server.post()).await.unwrap().body,
        "{\"message\": \"bad\"}"
    );
    let error = client().send(server.post()).await.unwrap_err();
    assert_eq!(error.detail(), "bad");
}

#[tokio::test]
async fn an_empty_stream_ends_without_an_event() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.end().await;
    })
    .await;
    let (data, error) = read(events(&client(), server.post()).await.unwrap()).await;
    assert!(data.is_empty() && error.is_none());
}
