//! A transport that answers with given bytes, and the recorded bodies.
#![allow(dead_code, reason = "every test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests fails as a test does"
)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cadena_core::{
    AIMessage, AIMessageChunk, ChatModel, ChatRequest, Error, ErrorKind, Result, RunContext, async_trait,
};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::ChatOpenAI;
use futures::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::runtime::{Builder, Runtime};

/// Gives the same answer to every request, and keeps the requests.
#[derive(Clone)]
pub(crate) struct Canned {
    status: StatusCode,
    content_type: &'static str,
    chunks: Vec<Bytes>,
    end: End,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

/// The end of a body, after its last chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// The body ends.
    Clean,
    /// The connection is lost.
    Reset,
    /// Nothing more comes, ever.
    Open,
}

impl Canned {
    pub(crate) fn new(content_type: &'static str, chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let chunks = chunks.into_iter().map(Into::into).collect();
        Self {
            status: StatusCode::OK,
            content_type,
            chunks,
            end: End::Clean,
            requests: Arc::default(),
        }
    }

    pub(crate) fn events(text: impl Into<Bytes>) -> Self {
        Self::new("text/event-stream", [text.into()])
    }

    pub(crate) fn json(text: impl Into<Bytes>) -> Self {
        Self::new("application/json", [text.into()])
    }

    pub(crate) fn typed(mut self, content_type: &'static str) -> Self {
        self.content_type = content_type;
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap();
        self
    }

    pub(crate) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    pub(crate) fn requests(&self) -> Vec<HttpRequest> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<serde_json::Value> {
        self.requests()
            .iter()
            .map(|request| serde_json::from_slice(&request.body).unwrap())
            .collect()
    }
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canned").finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        self.requests.lock().unwrap().push(request);
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(self.content_type)),
            (
                header::HeaderName::from_static("x-request-id"),
                HeaderValue::from_static("req_1"),
            ),
        ]);
        let chunks = stream::iter(self.chunks.clone().into_iter().map(Ok));
        let body = match self.end {
            End::Clean => chunks.boxed(),
            End::Reset => {
                let lost = Err(Error::new(ErrorKind::Truncated, "the connection was lost"));
                chunks.chain(stream::once(async { lost })).boxed()
            }
            End::Open => chunks.chain(stream::pending()).boxed(),
        };
        Ok(StreamingResponse::new(self.status)
            .with_headers(headers)
            .with_body(body))
    }
}

pub(crate) fn model(transport: Canned) -> ChatOpenAI {
    ChatOpenAI::new("gpt-4o-mini")
        .with_api_key("sk-canary-0123456789")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(transport)
}

/// The chunks that came, and the error that ended them.
pub(crate) async fn collect(llm: &ChatOpenAI, request: ChatRequest) -> (Vec<AIMessageChunk>, Option<Error>) {
    let mut stream = llm.stream_chat(request, RunContext::default());
    let mut chunks = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => {
                assert!(stream.next().await.is_none(), "the error is the last item");
                return (chunks, Some(error));
            }
        }
    }
    (chunks, None)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        // One for each test: some of them stream thousands of times.
        static RUNTIME: Runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Streams a body; `request` says what was asked for.
pub(crate) fn stream_with(transport: Canned, request: ChatRequest) -> (Vec<AIMessageChunk>, Option<Error>) {
    block_on(collect(&model(transport), request))
}

pub(crate) fn stream(transport: Canned) -> (Vec<AIMessageChunk>, Option<Error>) {
    stream_with(transport, ChatRequest::new("hi"))
}

pub(crate) fn invoke(transport: Canned) -> Result<AIMessage> {
    block_on(model(transport).chat(ChatRequest::new("hi"), RunContext::default()))
}

/// The sum of chunks as a message.
pub(crate) fn fold(chunks: Vec<AIMessageChunk>) -> AIMessage {
    chunks.into_iter().sum::<AIMessageChunk>().into()
}

pub(crate) fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every recorded stream by name.
pub(crate) fn streams() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (name(path), std::fs::read_to_string(path).unwrap()))
        .collect()
}
