//! The promises of types: threads, printing, object safety.

use std::fmt::Debug;

use cadena_http::sse::{SseEvent, SseParser};
use cadena_http::*;

fn shared<T: Send + Sync + Debug + 'static>() {}
fn sent<T: Send + Debug + Unpin + 'static>() {}
fn cheap<T: Clone>() {}

#[test]
fn types_go_where_they_must() {
    shared::<HttpClient>();
    shared::<ReqwestTransport>();
    shared::<Recorder<ReqwestTransport>>();
    shared::<Replay>();
    shared::<Recording>();
    shared::<HttpRequest>();
    shared::<Upload>();
    shared::<HttpResponse>();
    shared::<Secret>();
    shared::<Redactor>();
    shared::<RetryPolicy>();
    shared::<CallOptions>();
    shared::<Unanswered>();
    shared::<Box<dyn Transport>>();
    shared::<SseEvent>();
    shared::<SseParser>();
    sent::<SseStream>();
    sent::<Streamed>();
    sent::<StreamingResponse>();
    cheap::<HttpClient>();
    cheap::<ReqwestTransport>();
}

#[test]
fn transports_nest_as_boxes_and_arcs() {
    let boxed: Box<dyn Transport> = Box::new(std::sync::Arc::new(Replay::new(Recording::default())));
    assert!(format!("{:?}", HttpClient::new(boxed)).contains("Replay"));
}

#[test]
fn futures_of_calls_are_send() {
    fn is_send<T: Send>(_: &T) {}
    let client = HttpClient::new(Replay::new(Recording::default()));
    is_send(&client.send(HttpRequest::get("http://localhost/")));
    is_send(&client.stream(HttpRequest::get("http://localhost/")));
}
