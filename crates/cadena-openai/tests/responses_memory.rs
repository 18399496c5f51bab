//! How much memory a long response takes while its chunks are given away: its text, whatever its events say around it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use bytes::Bytes;
use cadena_core::{ChatModel, ChatRequest, ErrorKind, Result, RunContext, async_trait};
use cadena_http::{Request, Response, Transport};
use cadena_openai::{ChatOpenAI, Endpoint};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Makes each event when it is asked for, and is cut before the end.
#[derive(Debug)]
struct Endless(usize);

#[async_trait]
impl Transport for Endless {
    async fn send(&self, _request: Request) -> Result<Response> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        let kind = "response.output_text.delta";
        let event = move |number| {
            Ok(Bytes::from(format!(
                "event: {kind}\ndata: {{\"type\":\"{kind}\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\
                 \"delta\":\"word \",\"logprobs\":[],\"sequence_number\":{number},\"obfuscation\":\"TgrEfaABcX\"}}\n\n"
            )))
        };
        let body = futures::stream::iter((0..self.0).map(event)).boxed();
        Ok(Response::new(StatusCode::OK).with_headers(headers).with_body(body))
    }
}

/// The most bytes that were held at once, beyond those that were held before.
fn held(events: usize) -> usize {
    let llm = ChatOpenAI::new("m")
        .with_base_url("http://localhost/v1")
        .with_endpoint(Endpoint::Responses)
        .with_transport(Endless(events));
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    futures::executor::block_on(async {
        let mut chunks = llm.stream_chat(ChatRequest::new("hi"), RunContext::default());
        let mut given = 0;
        let error = loop {
            match chunks.next().await.unwrap() {
                Ok(_) => given += 1,
                Err(error) => break error,
            }
        };
        let peak = MEMORY.peak_usage().saturating_sub(before);
        assert_eq!((given, error.kind()), (events, ErrorKind::Truncated));
        assert_eq!(error.partial().unwrap().text(), "word ".repeat(events));
        peak
    })
}

/// One test, since another one beside it would count as its memory.
#[test]
fn a_response_holds_its_text_and_not_its_events() {
    let (few, many) = (held(100), held(20_000));
    // A growing text takes up to three times its length while it moves.
    assert!(
        many <= few + 4 * 20_000 * "word ".len(),
        "{many} bytes for 20,000 events, {few} for 100"
    );
}
