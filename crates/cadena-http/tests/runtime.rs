//! The default transport where there is no runtime.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cadena_core::{Error, ErrorKind};
use cadena_http::{HttpClient, HttpRequest, ReqwestTransport, SseStream, StreamingResponse};
use futures::StreamExt;
use futures::executor::block_on;

#[track_caller]
fn explained(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("tokio runtime"), "{error}");
    assert!(!error.is_retryable());
}

#[test]
fn the_default_transport_outside_of_a_runtime_is_an_error_and_no_panic() {
    let client = HttpClient::new(ReqwestTransport::new());
    let request = || HttpRequest::get("http://127.0.0.1:9/v1/models");
    explained(&block_on(client.send(request())).unwrap_err());
    explained(&block_on(client.stream(request())).unwrap_err());
    explained(&block_on(client.download(request())).unwrap_err());
}

#[test]
fn a_wait_for_an_event_outside_of_a_runtime_is_an_error_and_no_panic() {
    let silent = StreamingResponse::new(http::StatusCode::OK).with_body(futures::stream::pending().boxed());
    let mut events = SseStream::from_response(silent);
    explained(&block_on(events.next()).unwrap().unwrap_err());
}
