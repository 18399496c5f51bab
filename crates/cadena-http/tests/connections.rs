//! Connections are reused after a stream and closed by a drop.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cadena_http::{HttpClient, HttpRequest, SseStream, Streamed};
use futures::StreamExt;
use futures::future::join_all;
use support::{Conn, EVENTS, Server, client};

async fn events(client: &HttpClient, request: HttpRequest) -> SseStream {
    match client.stream(request).await.unwrap() {
        Streamed::Events(events) => events,
        Streamed::Whole(answer) => panic!("expected events: {answer:?}"),
    }
}

/// Reads up to `[DONE]` and drains, as a provider does.
async fn call(client: &HttpClient, request: HttpRequest) {
    let mut events = events(client, request).await;
    while let Some(event) = events.next().await {
        if event.unwrap().data() == b"[DONE]" {
            return events.drain().await;
        }
    }
    panic!("no [DONE]");
}

async fn answering(pause_before_end: Duration) -> Server {
    Server::start(move |mut conn: Conn| async move {
        while conn.request().await.is_some() {
            conn.stream_head().await;
            conn.chunk(EVENTS).await;
            tokio::time::sleep(pause_before_end).await;
            conn.end().await;
        }
    })
    .await
}

#[tokio::test]
async fn one_caller_needs_at_most_two_connections() {
    for pause in [0, 20] {
        let server = answering(Duration::from_millis(pause)).await;
        let client = client();
        for _ in 0..25 {
            call(&client, server.post()).await;
        }
        assert_eq!(server.requests(), 25);
        assert!(
            server.connections() <= 2,
            "{} connections, pause {pause} ms",
            server.connections()
        );
    }
}

#[tokio::test]
async fn c_callers_need_at_most_c_plus_one_connections() {
    let server = answering(Duration::from_millis(2)).await;
    let client = client();
    let callers = (0..8).map(|_| async {
        for _ in 0..25 {
            call(&client, server.post()).await;
        }
    });
    join_all(callers).await;
    assert_eq!(server.requests(), 200);
    assert!(server.connections() <= 9, "{} connections", server.connections());
}

#[tokio::test]
async fn a_server_that_holds_the_stream_open_after_done_costs_a_tenth_of_a_second() {
    let server = Server::start(|mut conn: Conn| async move {
        conn.request().await;
        conn.stream_head().await;
        conn.chunk(EVENTS).await;
        conn.gone().await;
    })
    .await;
    let started = std::time::Instant::now();
    call(&client(), server.post()).await;
    let taken = started.elapsed();
    assert!(
        taken >= Duration::from_millis(95) && taken < Duration::from_secs(2),
        "{taken:?}"
    );
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_is_not_noticed() {
    let server = Server::start(|mut conn: Conn| async move {
        // One answer per connection, without saying so.
        conn.request().await;
        conn.answer("200 OK", "", "fine").await;
    })
    .await;
    let client = client();
    for _ in 0..5 {
        assert_eq!(client.send(server.post()).await.unwrap().body, "fine");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(server.requests(), 5);
}

/// A server that counts the clients that have left.
async fn counting(head: bool) -> (Server, Arc<AtomicUsize>) {
    let left = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&left);
    let server = Server::start(move |mut conn: Conn| {
        let count = Arc::clone(&count);
        async move {
            conn.request().await;
            if head {
                conn.stream_head().await;
                conn.chunk("data: 1\n\n").await;
            }
            conn.gone().await;
            count.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    (server, left)
}

async fn soon(left: &AtomicUsize) {
    for _ in 0..200 {
        if left.load(Ordering::SeqCst) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server did not see the client leave within 2 s");
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection() {
    let (server, left) = counting(true).await;
    let client = client();
    let mut events = events(&client, server.post()).await;
    assert_eq!(events.next().await.unwrap().unwrap().data(), b"1");
    drop(events);
    soon(&left).await;
}

#[tokio::test]
async fn dropping_a_call_that_waits_for_headers_closes_its_connection() {
    let (server, left) = counting(false).await;
    let client = client();
    let waiting = tokio::time::timeout(Duration::from_millis(100), client.send(server.post())).await;
    assert!(waiting.is_err());
    soon(&left).await;
}
