//! Retries of a client and of a step together: how often a request is sent in all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use cadena_core::{ErrorKind, RetryOptions, RunnableExt, lambda};
use cadena_http::RetryPolicy;
use cadena_openai::ChatOpenAI;
use futures::TryStreamExt;
use support::{Canned, block_on, model};

/// A model over a server that is always busy.
fn busy(attempts: u32) -> (ChatOpenAI, Canned) {
    let server = Canned::json("{}").status(503);
    let policy = RetryPolicy::default().max_attempts(attempts);
    (model(server.clone()).with_http_retry(policy), server)
}

#[test]
fn a_step_counts_the_requests_of_its_client_as_attempts() {
    for (by_http, by_step, sent) in [
        // The default of both.
        (3, 3, 3),
        (1, 3, 3),
        (1, 1, 1),
        (5, 3, 5),
        (3, 4, 6),
        (3, 6, 6),
        // At most two more than asked for: the last attempt has three.
        (3, 7, 9),
    ] {
        let (llm, server) = busy(by_http);
        let retried = llm.with_retry(RetryOptions::new().max_attempts(by_step));
        let error = block_on(retried.invoke("hi")).unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(503)));
        assert_eq!(server.requests().len(), sent, "{by_http} and {by_step}");
        assert_eq!(error.attempts(), by_http);

        let (llm, server) = busy(by_http);
        let retried = llm.with_retry(RetryOptions::new().max_attempts(by_step));
        drop(block_on(retried.stream("hi").try_next()).unwrap_err());
        assert_eq!(server.requests().len(), sent, "{by_http} and {by_step}, as a stream");
    }
}

#[test]
fn an_error_that_is_not_of_a_request_counts_once() {
    let server = Canned::json(r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#);
    let parser = lambda(|message: cadena_core::AIMessage| {
        Err::<String, _>(cadena_core::Error::new(ErrorKind::Parse, message.text().into_owned()))
    });
    let options = RetryOptions::new()
        .base_pause(Duration::ZERO)
        .retry_kinds([ErrorKind::Parse]);
    let chain = (model(server.clone()) | parser).with_retry(options);
    assert_eq!(block_on(chain.invoke("hi")).unwrap_err().kind(), ErrorKind::Parse);
    assert_eq!(server.requests().len(), 3);
}
