//! Retries under a paused clock: which, how often, and after how long.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{CallOptions, HttpClient, HttpRequest, RetryPolicy, Streamed, StreamingResponse, Timers, Transport};
use futures::{FutureExt, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

type Step = Box<dyn Fn() -> Result<StreamingResponse> + Send>;

/// Plays one step for each try and notes when it was; then answers with 200.
#[derive(Clone)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    tries: Arc<Mutex<Vec<Instant>>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Arc::new(Mutex::new(steps.into_iter().collect())),
            tries: Arc::default(),
        }
    }

    /// The pauses between the tries, in milliseconds.
    fn pauses(&self) -> Vec<u128> {
        self.tries
            .lock()
            .unwrap()
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_millis())
            .collect()
    }

    fn tries(&self) -> usize {
        self.tries.lock().unwrap().len()
    }

    /// A client over this script whose pauses are the longest of the policy.
    fn client(&self) -> HttpClient {
        HttpClient::new(self.clone()).with_http_retry(RetryPolicy::default().jitter(|| 1.0))
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _request: HttpRequest) -> Result<StreamingResponse> {
        self.tries.lock().unwrap().push(Instant::now());
        let step = self.steps.lock().unwrap().pop_front();
        step.map_or_else(
            || Ok(StreamingResponse::new(StatusCode::OK).with_body_chunks(["data: fine\n\n"])),
            |step| step(),
        )
    }
}

fn status(status: u16, headers: &[(&'static str, &'static str)]) -> Step {
    let headers: HeaderMap = headers
        .iter()
        .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
        .collect();
    Box::new(move || {
        let response = StreamingResponse::new(StatusCode::from_u16(status).unwrap()).with_headers(headers.clone());
        Ok(response.with_body_chunks([r#"{"error": {"message": "said the server"}}"#]))
    })
}

fn failure(kind: ErrorKind) -> Step {
    Box::new(move || Err(Error::from(kind)))
}

fn silent() -> Step {
    Box::new(|| Ok(StreamingResponse::new(StatusCode::OK).with_body(stream::pending().boxed())))
}

fn post() -> HttpRequest {
    HttpRequest::post("http://localhost/v1")
}

#[tokio::test(start_paused = true)]
async fn pauses_double_from_half_a_second() {
    let script = Script::new([status(500, &[]), status(503, &[])]);
    assert!(script.client().send(post()).await.is_ok());
    assert_eq!(script.pauses(), [500, 1000]);
}

#[tokio::test(start_paused = true)]
async fn the_last_error_of_three_tries_is_returned_whole() {
    let script = Script::new((0..9).map(|_| status(503, &[("x-request-id", "r1"), ("retry-after", "2")])));
    let error = script.client().send(post()).await.unwrap_err();
    assert_eq!(script.pauses(), [2500, 2500]);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(503)));
    assert_eq!(
        (error.request_id(), error.retry_after()),
        (Some("r1"), Some(SECOND * 2))
    );
    assert_eq!(error.hint(), Some("gave up after 3 attempts"));
    assert_eq!(error.detail(), "said the server");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_asks_for_is_what_it_gets_at_least() {
    for (headers, pause, longest) in [
        (&[("retry-after", "2")][..], 2000, 2500),
        (&[("retry-after", "1.5")], 1500, 1875),
        (&[("retry-after-ms", "252"), ("retry-after", "9")], 252, 315),
        (&[("retry-after", "120")], 120_000, 128_000),
        // Nonsense: our own pause.
        (&[("retry-after", "-5")], 0, 500),
        (&[("retry-after", "nan")], 0, 500),
        (&[("retry-after", "inf")], 0, 500),
        (&[("retry-after", "1e400")], 0, 500),
        (&[("retry-after", "soon")], 0, 500),
        (&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], 0, 500),
    ] {
        for (part, pause) in [(0.0, pause), (1.0, longest)] {
            let script = Script::new([status(429, headers)]);
            let client = script
                .client()
                .with_http_retry(RetryPolicy::default().jitter(move || part));
            assert!(client.send(post()).await.is_ok());
            assert_eq!(script.pauses(), [pause], "{headers:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn callers_who_are_turned_away_together_do_not_come_back_together() {
    let script = Script::new((0..50).map(|_| status(429, &[("retry-after", "4")])));
    let client = HttpClient::new(script.clone());
    let started = Instant::now();
    let calls = (0..50).map(|_| client.send(post()));
    assert!(futures::future::join_all(calls).await.iter().all(Result::is_ok));
    let tries = script.tries.lock().unwrap();
    let back: Vec<_> = tries[50..].iter().map(|at| (*at - started).as_millis()).collect();
    let (first, last) = (*back.iter().min().unwrap(), *back.iter().max().unwrap());
    assert!(first >= 4000 && last <= 5001, "{first} {last}");
    assert!(last - first > 500, "they come within {} ms", last - first);
}

#[tokio::test(start_paused = true)]
async fn throttling_that_names_its_end_costs_no_budget() {
    let script = Script::new((0..400).map(|_| status(429, &[("retry-after", "2")])));
    let client = script.client();
    let fleet = futures::future::join_all((0..200).map(|_| client.send(post()))).await;
    assert!(fleet.iter().all(Result::is_ok), "every call comes at its third try");
    // The budget is whole: a hundred retries of our own, and not one more.
    *script.steps.lock().unwrap() = (0..1000).map(|_| status(503, &[])).collect();
    script.tries.lock().unwrap().clear();
    for _ in 0..100 {
        client.send(post()).await.unwrap_err();
    }
    assert_eq!(script.tries(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_error_reports_why_there_was_no_other_try() {
    let script = Script::new((0..1000).map(|_| status(503, &[])));
    let client = script.client();
    let mut hints = Vec::new();
    for _ in 0..60 {
        let error = client.send(post()).await.unwrap_err();
        assert!(error.is_retryable());
        hints.push(error.hint().unwrap().to_owned());
    }
    let spent = "the budget of retries that the clones of this client share is spent, as most of their calls fail";
    assert_eq!(hints[0], "gave up after 3 attempts");
    assert_eq!(hints[59], format!("gave up without another try: {spent}"));

    let script = Script::new([status(500, &[]), status(429, &[("retry-after", "30")])]);
    let within = CallOptions::new().deadline(Instant::now() + SECOND * 20);
    let error = script.client().send_with(post(), within).await.unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "gave up after 2 attempts without another try: the deadline of the call comes before the end of the pause"
    );
    // The provider's own hint stays.
    let script = Script::new((0..1000).map(|_| status(503, &[])));
    let client = script
        .client()
        .with_classifier(|failure| failure.to_error().with_hint("ask another server"));
    for _ in 0..60 {
        client.send(post()).await.unwrap_err();
    }
    let error = client.send(post()).await.unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        format!("ask another server; gave up without another try: {spent}")
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_more_than_two_minutes_is_left_to_the_caller() {
    let started = Instant::now();
    let script = Script::new([status(429, &[("retry-after", "86400")])]);
    let error = script.client().send(post()).await.unwrap_err();
    assert_eq!((script.tries(), started.elapsed()), (1, Duration::ZERO));
    assert_eq!(error.retry_after(), Some(SECOND * 86_400));
}

#[tokio::test(start_paused = true)]
async fn the_server_may_forbid_or_ask_for_another_try() {
    let script = Script::new([status(503, &[("x-should-retry", "false")])]);
    let error = script.client().send(post()).await.unwrap_err();
    assert_eq!((script.tries(), error.is_retryable()), (1, false));

    let script = Script::new([status(400, &[("x-should-retry", "true")])]);
    assert!(script.client().send(post()).await.is_ok());
    assert_eq!(script.tries(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_classifier_calls_final_is_final() {
    let script = Script::new([status(429, &[])]);
    let client = script
        .client()
        .with_classifier(|_| Error::new(ErrorKind::QuotaExhausted, "no credit left"));
    let error = client.send(post()).await.unwrap_err();
    assert_eq!(
        (script.tries(), error.kind(), error.status()),
        (1, ErrorKind::QuotaExhausted, Some(429))
    );
    assert_eq!(error.hint(), None);
}

#[tokio::test(start_paused = true)]
async fn connect_errors_are_tried_again_and_tls_is_not() {
    let script = Script::new([failure(ErrorKind::Connect), failure(ErrorKind::Connect)]);
    assert!(script.client().send(post()).await.is_ok());
    assert_eq!(script.tries(), 3);

    let script = Script::new([Box::new(|| Err(Error::from(ErrorKind::Connect).with_retryable(false))) as Step]);
    assert!(script.client().send(post()).await.is_err());
    assert_eq!(script.tries(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_tried_again_up_to_its_first_event_and_not_after() {
    let broken = |text: &'static str| -> Step {
        Box::new(move || {
            let body = stream::iter([Ok(text.into()), Err(Error::from(ErrorKind::Truncated))]).boxed();
            Ok(StreamingResponse::new(StatusCode::OK).with_body(body))
        })
    };
    let script = Script::new([broken(": ping\n\ndata: lost"), broken("data: 1\n\n")]);
    let Streamed::Events(events) = script.client().stream(post()).await.unwrap() else {
        panic!("expected events")
    };
    let outcomes: Vec<_> = events
        .map(|event| event.map(|event| event.into_data()).map_err(|e| e.kind()))
        .collect()
        .await;
    assert_eq!(outcomes, [Ok("1".into()), Err(ErrorKind::Truncated)]);
    assert_eq!(script.tries(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_timers_are_not_tried_again() {
    let started = Instant::now();
    let script = Script::new([silent()]);
    let error = script.client().stream(post()).await.unwrap_err();
    assert_eq!(
        (error.kind(), script.tries(), started.elapsed().as_secs()),
        (ErrorKind::Stalled, 1, 120)
    );

    let script = Script::new([silent()]);
    let error = script.client().send(post()).await.unwrap_err();
    assert_eq!((error.kind(), script.tries()), (ErrorKind::Timeout, 1));
    assert_eq!(
        error.detail(),
        "`http://localhost` did not answer within 600 s (timer `answer`)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_does_not_fit_the_deadline_is_not_begun() {
    let started = Instant::now();
    let script = Script::new([status(429, &[("retry-after", "30")])]);
    let within = CallOptions::new().deadline(started + SECOND * 20);
    let error = script.client().send_with(post(), within).await.unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(SECOND * 30)));
    assert_eq!((script.tries(), started.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_total_timer_covers_all_tries_and_says_so() {
    let started = Instant::now();
    let script = Script::new([status(500, &[]), silent()]);
    let client = script.client().with_timers(Timers::default().total(SECOND * 10));
    let error = client.send(post()).await.unwrap_err();
    assert_eq!(
        (error.kind(), started.elapsed().as_secs(), script.tries()),
        (ErrorKind::Timeout, 10, 2)
    );
    assert_eq!(
        error.detail(),
        "the deadline of the call passed before `http://localhost` answered"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_may_choose_its_own_number_of_tries() {
    let script = Script::new((0..9).map(|_| status(500, &[])));
    let once = CallOptions::new().max_attempts(1);
    assert!(script.client().send_with(post(), once).await.is_err());
    assert_eq!(script.tries(), 1);
}

#[tokio::test(start_paused = true)]
async fn clones_share_a_budget_of_a_hundred_retries() {
    let script = Script::new((0..1000).map(|_| status(503, &[])));
    let client = script.client();
    for _ in 0..100 {
        assert!(client.clone().send(post()).await.is_err());
    }
    assert_eq!(
        script.tries(),
        100 + 100,
        "after a hundred retries each call is tried once"
    );

    // A success pays one token back, so five pay for a retry.
    script.steps.lock().unwrap().clear();
    for _ in 0..5 {
        client.send(post()).await.unwrap();
    }
    script.steps.lock().unwrap().push_back(status(503, &[]));
    assert!(client.send(post()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_is_not_sent_again() {
    let script = Script::new([status(500, &[])]);
    let client = script.client();
    let mut call = Box::pin(client.send(post()));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    tokio::time::sleep(SECOND * 60).await;
    assert_eq!(script.tries(), 1);
}

#[test]
fn a_wait_without_a_runtime_is_an_error_and_no_panic() {
    let script = Script::new([silent()]);
    let error = futures::executor::block_on(script.client().send(post())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
