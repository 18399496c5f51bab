//! A server on the loopback address that plays by hand what a test wants, and counts.

#![allow(dead_code, unreachable_pub, reason = "each test crate uses a part of this module")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cadena_http::{HttpClient, HttpRequest, ReqwestTransport, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const CANARY: &str = "sk-LEAKCANARY-0123456789";

pub const EVENTS: &str = "data: 1\n\ndata: 2\n\ndata: [DONE]\n\n";

/// One accepted connection.
pub struct Conn {
    pub stream: TcpStream,
    /// How many requests the server has read in all, this one included.
    pub number: usize,
    requests: Arc<AtomicUsize>,
}

impl Conn {
    /// Reads one request, head and body. `None` when the client has gone.
    pub async fn request(&mut self) -> Option<String> {
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            text.extend_from_slice(&buffer[..read]);
            let all = String::from_utf8_lossy(&text).into_owned();
            if let Some((head, body)) = all.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    self.number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
                    return Some(all);
                }
            }
        }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A client that has gone is what some tests are about.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// A whole answer with a length.
    pub async fn answer(&mut self, status: &str, headers: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        self.send(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        ))
        .await;
        self.send(body).await;
    }

    pub async fn stream_head(&mut self) {
        self.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
    }

    pub async fn chunk(&mut self, text: &str) {
        self.send(format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    pub async fn end(&mut self) {
        self.send("0\r\n\r\n").await;
    }

    /// Waits until the client closes the connection.
    pub async fn gone(&mut self) {
        while self.stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
    }

    /// Closes with RST instead of FIN.
    pub fn reset(self) {
        #[allow(deprecated, reason = "a linger of zero does not block: it is what makes the reset")]
        self.stream.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

pub struct Server {
    pub url: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Plays `play` on each connection.
    pub async fn start<F, Fut>(play: F) -> Self
    where
        F: Fn(Conn) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (connections, requests) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let (accepted, read) = (Arc::clone(&connections), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(play(Conn {
                    stream,
                    number: 0,
                    requests: Arc::clone(&read),
                }));
            }
        });
        Self {
            url,
            connections,
            requests,
            task,
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn post(&self) -> HttpRequest {
        HttpRequest::post(format!("{}/v1/chat", self.url))
            .with_json(&serde_json::json!({"prompt": "hi"}))
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client that never waits long.
pub fn client() -> HttpClient {
    let quick = RetryPolicy::default().base_pause(Duration::from_millis(1));
    HttpClient::new(ReqwestTransport::new()).with_http_retry(quick)
}
