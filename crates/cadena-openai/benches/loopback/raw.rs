//! The reader that anybody could write: reqwest, a splitter of lines, the least typed structs, texts borrowed from the event.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::case::{Seen, Wanted};

pub(crate) struct Raw {
    http: reqwest::Client,
    url: String,
    model: String,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, alias = "message")]
    delta: Delta<'a>,
    #[serde(borrow)]
    logprobs: Option<Logprobs<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Logprobs<'a> {
    #[serde(borrow)]
    content: Option<Vec<Token<'a>>>,
}

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    logprob: f64,
    bytes: Option<Vec<u8>>,
    #[serde(borrow, default)]
    top_logprobs: Vec<Self>,
}

/// An owned token, as a caller keeps it.
struct Kept {
    token: String,
    logprob: f64,
    bytes: Option<Vec<u8>>,
    top: Vec<Self>,
}

impl From<Token<'_>> for Kept {
    fn from(token: Token<'_>) -> Self {
        Self {
            token: token.token.into_owned(),
            logprob: token.logprob,
            bytes: token.bytes,
            top: token.top_logprobs.into_iter().map(Self::from).collect(),
        }
    }
}

#[derive(Default)]
struct Answer {
    text: String,
    tokens: Vec<Kept>,
}

impl Answer {
    fn read(&mut self, event: &[u8]) {
        let chunk: Chunk<'_> = serde_json::from_slice(event).unwrap();
        let Some(choice) = chunk.choices.into_iter().next() else {
            return;
        };
        self.text.push_str(&choice.delta.content.unwrap_or_default());
        let tokens = choice.logprobs.and_then(|logprobs| logprobs.content);
        self.tokens.extend(tokens.into_iter().flatten().map(Kept::from));
    }

    fn seen(&self) -> Seen {
        let with_value = |token: &Kept| token.logprob <= 0.0 && token.bytes.is_some() && !token.token.is_empty();
        let tokens = self
            .tokens
            .iter()
            .flat_map(|token| std::iter::once(token).chain(&token.top));
        Seen {
            text: self.text.len(),
            tokens: Some(tokens.filter(|token| with_value(token)).count()),
        }
    }
}

impl Raw {
    pub(crate) fn new(url: &str, wanted: Wanted) -> Self {
        // The workspace builds reqwest without a provider of TLS; this one is the one that cadena uses.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::new(),
            url: format!("{url}/chat/completions"),
            model: crate::server::model(wanted),
        }
    }

    pub(crate) async fn ask(client: Arc<Self>, wanted: Wanted) -> Seen {
        let mut body =
            json!({"model": client.model, "messages": [{"role": "user", "content": "hi"}], "stream": wanted.stream});
        if wanted.top {
            body["logprobs"] = true.into();
            body["top_logprobs"] = 5.into();
        }
        let request = client
            .http
            .post(&client.url)
            .bearer_auth("sk-bench")
            .header("content-type", "application/json");
        let mut response = request
            .body(body.to_string())
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
        let mut answer = Answer::default();
        if !wanted.stream {
            answer.read(&response.bytes().await.unwrap());
            return answer.seen();
        }
        let mut buffer: Vec<u8> = Vec::with_capacity(32 * 1024);
        while let Some(bytes) = response.chunk().await.unwrap() {
            buffer.extend_from_slice(&bytes);
            let mut at = 0;
            while let Some(length) = memchr::memchr(b'\n', &buffer[at..]) {
                let line = &buffer[at..at + length];
                at += length + 1;
                if let Some(event) = line.strip_prefix(b"data: ")
                    && event != b"[DONE]"
                {
                    answer.read(event);
                }
            }
            buffer.drain(..at);
        }
        answer.seen()
    }
}
