//! How much memory a long answer takes while its chunks are given away: its text, whatever its events say around it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use bytes::Bytes;
use cadena_core::{ChatModel, ChatRequest, ErrorKind, Result, RunContext, async_trait};
use cadena_http::{HttpRequest, StreamingResponse, Transport};
use cadena_openai::{ChatOpenAI, Endpoint};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Makes each event when it is asked for, and is cut before the end.
#[derive(Debug)]
struct Endless {
    endpoint: Endpoint,
    events: usize,
}

impl Endless {
    fn event(endpoint: Endpoint, number: usize) -> String {
        match endpoint {
            Endpoint::Responses => {
                let kind = "response.output_text.delta";
                format!(
                    "event: {kind}\ndata: {{\"type\":\"{kind}\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\
                     \"delta\":\"word \",\"logprobs\":[],\"sequence_number\":{number},\"obfuscation\":\"TgrEfaABcX\"}}\n\n"
                )
            }
            _ => format!(
                "data: {{\"id\":\"chatcmpl-1\",\"created\":{number},\"model\":\"m\",\"choices\":[{{\"index\":0,\
                 \"delta\":{{\"content\":\"word \"}},\"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"{number}\"}}\n\n"
            ),
        }
    }
}

#[async_trait]
impl Transport for Endless {
    async fn send(&self, _request: HttpRequest) -> Result<StreamingResponse> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        let endpoint = self.endpoint;
        let event = move |number| Ok(Bytes::from(Self::event(endpoint, number)));
        let body = futures::stream::iter((0..self.events).map(event)).boxed();
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(headers)
            .with_body(body))
    }
}

/// The most bytes that were held at once, beyond those that were held before.
fn held(endpoint: Endpoint, events: usize) -> usize {
    let llm = ChatOpenAI::new("m")
        .with_base_url("http://localhost/v1")
        .with_endpoint(endpoint)
        .with_transport(Endless { endpoint, events });
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
fn an_answer_holds_its_text_and_not_its_events() {
    for endpoint in [Endpoint::ChatCompletions, Endpoint::Responses] {
        let (few, many) = (held(endpoint, 100), held(endpoint, 20_000));
        // A growing text takes up to three times its length while it moves.
        assert!(
            many <= few + 4 * 20_000 * "word ".len(),
            "{endpoint:?}: {many} bytes for 20,000 events, {few} for 100"
        );
    }
}
