//! A server that answers as OpenAI does, with a thread per connection. Bodies go out in pieces of 16 KiB, which cut events anywhere.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::case::Wanted;

/// Every token has five bytes of UTF-8.
const TOKENS: [&str; 8] = [
    " them", " over", "\n\nAnd", "\"yes\"", "café", " 日.", "\tabcd", "{\"a\":",
];

const PIECE: usize = 16 * 1024;

/// The name of the model that gives such an answer.
pub(crate) fn model(wanted: Wanted) -> String {
    format!("bench-{}-{}", wanted.tokens, if wanted.top { "top" } else { "plain" })
}

type Bodies = Mutex<HashMap<(String, bool), Arc<[u8]>>>;

/// Prints the port and serves until the process that started it is gone.
pub(crate) fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    // Standard input ends with the process that holds its other end.
    std::thread::spawn(|| {
        let _until_it_ends = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let bodies: Arc<Bodies> = Arc::default();
    for connection in listener.incoming().flatten() {
        let bodies = Arc::clone(&bodies);
        std::thread::spawn(move || {
            let _client_gone = answer_all(&connection, &bodies);
        });
    }
}

fn answer_all(connection: &TcpStream, bodies: &Bodies) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim().to_ascii_lowercase().split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().unwrap(),
                Some(_) => {}
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request: Value = serde_json::from_slice(&body).unwrap();
        write(connection, &request, bodies)?;
    }
}

fn write(mut connection: &TcpStream, request: &Value, bodies: &Bodies) -> std::io::Result<()> {
    let name = request["model"].as_str().unwrap().to_owned();
    let stream = request["stream"].as_bool().unwrap_or(false);
    let body = bodies.lock().unwrap().get(&(name.clone(), stream)).cloned();
    let body = body.unwrap_or_else(|| {
        let body: Arc<[u8]> = body_of(&name, stream).into();
        bodies.lock().unwrap().insert((name, stream), Arc::clone(&body));
        body
    });
    let (kind, encoding) = match stream {
        true => (
            "text/event-stream; charset=utf-8",
            "transfer-encoding: chunked".to_owned(),
        ),
        false => ("application/json", format!("content-length: {}", body.len())),
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-request-id: req_bench\r\n{encoding}\r\n\r\n");
    connection.write_all(head.as_bytes())?;
    if !stream {
        return connection.write_all(&body);
    }
    for piece in body.chunks(PIECE) {
        let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
        connection.write_all(&framed)?;
    }
    connection.write_all(b"0\r\n\r\n")
}

fn body_of(name: &str, stream: bool) -> Vec<u8> {
    let mut parts = name.split('-').skip(1);
    let tokens: usize = parts.next().unwrap().parse().unwrap();
    let top = parts.next() == Some("top");
    let logprobs = |range: std::ops::Range<usize>| match top {
        true => json!({"content": range.map(entry).collect::<Vec<_>>(), "refusal": null}),
        false => Value::Null,
    };
    let usage = json!({"prompt_tokens": 17, "completion_tokens": tokens, "total_tokens": 17 + tokens,
        "completion_tokens_details": {"reasoning_tokens": 0}});
    let answer = |object: &str, choices: Value, usage: &Value| {
        json!({"id": "chatcmpl-BenchAbCdEfGhIjKlMnOpQrStUvW", "object": object, "created": 1_760_000_000, "model": name,
            "service_tier": "default", "system_fingerprint": "fp_bench0123", "choices": choices, "usage": usage, "obfuscation": "x7Kq0ZtP"})
    };
    if !stream {
        let text: String = (0..tokens).map(token).collect();
        let choice = json!([{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": logprobs(0..tokens), "finish_reason": "stop"}]);
        return answer("chat.completion", choice, &usage).to_string().into_bytes();
    }
    let mut body = Vec::new();
    let mut event = |delta: Value, logprobs: Value, finish: Value| {
        let choice = json!([{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}]);
        body.extend_from_slice(
            format!("data: {}\n\n", answer("chat.completion.chunk", choice, &Value::Null)).as_bytes(),
        );
    };
    event(
        json!({"role": "assistant", "content": "", "refusal": null}),
        Value::Null,
        Value::Null,
    );
    for at in 0..tokens {
        event(json!({"content": token(at)}), logprobs(at..at + 1), Value::Null);
    }
    event(json!({}), Value::Null, json!("stop"));
    body.extend_from_slice(format!("data: {}\n\n", answer("chat.completion.chunk", json!([]), &usage)).as_bytes());
    body.extend_from_slice(b"data: [DONE]\n\n");
    body
}

fn token(at: usize) -> &'static str {
    TOKENS[at % TOKENS.len()]
}

fn entry(at: usize) -> Value {
    let one = |token: &str, logprob: f64| json!({"token": token, "logprob": logprob, "bytes": token.as_bytes()});
    let logprob = -0.000_123_45 - (at % 97) as f64 * 0.031_415_926;
    let mut chosen = one(token(at), logprob);
    chosen["top_logprobs"] = (0..5)
        .map(|other| one(token(at + other * 3), logprob - other as f64 * 1.375_021))
        .collect();
    chosen
}
