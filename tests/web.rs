//! The example `web`: what its clients read, and what happens to the request to the model when one goes away.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "../examples/web.rs"]
#[allow(dead_code, clippy::print_stdout, reason = "the example's `main` is not called")]
mod web;

use std::net::SocketAddr;
use std::time::Duration;

use cadena::ChatOpenAI;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server like OpenAI's that says these words and then nothing more, with the connection open. It tells when its client is gone.
async fn upstream(words: &'static [&'static str]) -> (String, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (gone, is_gone) = oneshot::channel();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        read_until(&mut connection, "\r\n\r\n").await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        for word in words {
            let delta = serde_json::json!({"choices": [{"index": 0, "delta": {"content": word}}]});
            connection
                .write_all(format!("data: {delta}\n\n").as_bytes())
                .await
                .unwrap();
        }
        // Nothing is written from here on: only that the client closes its side can end this.
        while connection.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
        let _ = gone.send(());
    });
    (url, is_gone)
}

/// Everything up to the first time that this is read.
async fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(end) {
        let read = timeout(PATIENCE, connection.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "the connection ended behind {text:?}");
        text.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()));
    }
    text
}

/// The example's server in front of a model, on a port of its own.
async fn serve(model: ChatOpenAI) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = web::router(model).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn ask(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /joke/bears HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_request_to_the_model() {
    let (url, is_gone) = upstream(&["Why", " did"]).await;
    let mut client = ask(serve(ChatOpenAI::new("m").with_base_url(url).with_api_key("k")).await).await;
    let events = read_until(&mut client, "data:  did").await;
    assert!(events.contains("content-type: text/event-stream"), "{events}");
    assert!(events.contains("data: Why"), "{events}");
    drop(client);
    timeout(PATIENCE, is_gone).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_stays_keeps_the_request_open() {
    let (url, mut is_gone) = upstream(&["Why"]).await;
    let mut client = ask(serve(ChatOpenAI::new("m").with_base_url(url).with_api_key("k")).await).await;
    read_until(&mut client, "data: Why").await;
    assert!(timeout(Duration::from_millis(50), &mut is_gone).await.is_err());
}

#[tokio::test]
async fn a_whole_answer_is_sent_event_by_event() {
    let model = cadena_examples::replay().unwrap();
    let mut client = ask(serve(model).await).await;
    let mut answer = String::new();
    timeout(PATIENCE, client.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let joke: String = answer.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    insta::assert_snapshot!(joke, @"What do you get for a bear? A bear, a bear, a bear...");
}
