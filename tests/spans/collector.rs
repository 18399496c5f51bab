//! An OTLP collector in this process: what the example sends, as JSON.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;

/// Takes what is sent to it until it is asked for the spans.
pub(crate) struct Collector {
    pub(crate) endpoint: String,
    bodies: Receiver<Value>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (send, bodies) = channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                answer(connection.unwrap(), &send);
            }
        });
        Self { endpoint, bodies }
    }

    /// The spans that have arrived, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.try_iter();
        let spans = bodies.flat_map(|body| list(&body, "/resourceSpans"));
        let spans = spans.flat_map(|resource| list(&resource, "/scopeSpans"));
        spans.flat_map(|scope| list(&scope, "/spans")).map(Span).collect()
    }
}

fn list(value: &Value, pointer: &str) -> Vec<Value> {
    value.pointer(pointer).unwrap().as_array().unwrap().clone()
}

/// Reads one request and closes the connection.
fn answer(mut connection: TcpStream, bodies: &Sender<Value>) {
    let mut request = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    request.read_line(&mut line).unwrap();
    assert!(line.starts_with("POST /v1/traces "), "{line}");
    let mut length = 0;
    while line != "\r\n" {
        line.clear();
        request.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    request.read_exact(&mut body).unwrap();
    bodies.send(serde_json::from_slice(&body).unwrap()).unwrap();
    let answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    connection.write_all(answer.as_bytes()).unwrap();
}

/// A span as it goes over the wire.
#[derive(Debug)]
pub(crate) struct Span(Value);

impl Span {
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.text("/name")
    }

    pub(crate) fn field(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// An attribute as text.
    pub(crate) fn attribute(&self, key: &str) -> Option<String> {
        let attributes = self.field("/attributes").as_array()?;
        let attribute = attributes
            .iter()
            .find(|attribute| attribute.get("key").is_some_and(|name| name == key))?;
        let (_, value) = attribute.get("value")?.as_object()?.iter().next()?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    pub(crate) fn all(&self) -> String {
        self.0.to_string()
    }
}
