//! A model that is not asked too often, on a clock that stands still while something runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, CancellationToken, ChatModel, ChatModelExt, ChatOptions, ChatRequest, ChunkStream,
    ErrorKind, InMemoryCache, ModelProfile, RateLimiter, RunConfig, RunContext, RunnableExt, UsageMetadata,
};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

/// Remembers when it was asked, and uses this many tokens.
#[derive(Clone)]
struct Clocked {
    start: Instant,
    asked: Arc<Mutex<Vec<(u128, String)>>>,
    tokens: u64,
}

impl Clocked {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            asked: Arc::default(),
            tokens: 0,
        }
    }

    fn times(&self) -> Vec<u128> {
        self.asked.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    fn order(&self) -> String {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .map(|(_, text)| text.as_str())
            .collect()
    }
}

impl ChatModel for Clocked {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("clocked", "clocked-1").with_all_options()
    }

    fn stream_chat(&self, request: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        let at = self.start.elapsed().as_millis();
        self.asked.lock().unwrap().push((at, request.last_text()));
        let chunk = AIMessageChunk::new("ok").with_usage(UsageMetadata::new(self.tokens, 0));
        stream::iter([Ok(chunk)]).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn requests_leave_evenly_spaced_in_their_order_and_the_first_at_once() {
    let model = Clocked::new();
    let limited = model.clone().with_rate_limiter(RateLimiter::per_second(5));
    let results = limited.batch(["a", "b", "c", "d", "e", "f"]).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(model.times(), [0, 200, 400, 600, 800, 1000]);
    assert_eq!(model.order(), "abcdef");
    tokio::time::sleep(Duration::from_secs(10)).await;
    limited.batch(["x", "y"]).await;
    assert_eq!(
        model.times()[6..],
        [11000, 11200],
        "a pause saves up no more than a burst"
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_leaves_at_once_and_clones_share_the_limit() {
    let model = Clocked::new();
    let limiter = RateLimiter::per_minute(60).burst(3);
    let (one, two) = (
        model.clone().with_rate_limiter(limiter.clone()),
        model.clone().with_rate_limiter(limiter),
    );
    futures::join!(one.batch(["a", "b"]), two.batch(["c", "d"]), one.batch(["e"]));
    assert_eq!(model.times(), [0, 0, 0, 1000, 2000]);
}

#[tokio::test(start_paused = true)]
async fn streams_wait_too_when_they_are_polled() {
    let model = Clocked::new();
    let limited = model.clone().with_rate_limiter(RateLimiter::per_second(1));
    let (first, second) = (limited.stream("a"), limited.stream("b"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(model.times().is_empty());
    second.try_collect::<Vec<_>>().await.unwrap();
    first.try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(model.times(), [5000, 6000]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_does_not_fit_fails_at_once_and_counts_those_who_wait() {
    let model = Clocked::new();
    let limited = model.clone().with_rate_limiter(RateLimiter::per_second(1));
    let patient = limited.batch(["a", "b", "c"]);
    let hurried = async {
        tokio::task::yield_now().await;
        let config = RunConfig::new().timeout(Duration::from_millis(2500));
        let error = limited.invoke_with("d", config).await.unwrap_err();
        (error, model.start.elapsed())
    };
    let (_, (error, after)) = futures::join!(patient, hurried);
    assert_eq!(after, Duration::ZERO);
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(3)))
    );
    insta::assert_snapshot!(error, @"rate limited: the rate limiter would hold the call back for 3s, and it has 2.5s left (in step `Clocked`); raise `RunConfig::timeout`, or ask less often");
    assert_eq!(model.order(), "abc");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_while_it_waits_takes_nothing() {
    let model = Clocked::new();
    let limited = model.clone().with_rate_limiter(RateLimiter::per_second(1));
    limited.invoke("a").await.unwrap();
    let token = CancellationToken::new();
    let waiting = limited.invoke_with("b", RunConfig::new().cancellation(token.clone()));
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel();
    };
    let (error, ()) = futures::join!(waiting, cancel);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
    let mut dropped = limited.invoke("c").boxed();
    assert!(futures::poll!(&mut dropped).is_pending());
    drop(dropped);
    limited.invoke("d").await.unwrap();
    assert_eq!(model.times(), [0, 1000]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_the_cache_waits_for_nothing_in_either_order() {
    let limiter = || RateLimiter::per_minute(1);
    let model = Clocked::new();
    let outside = model
        .clone()
        .with_rate_limiter(limiter())
        .with_cache(InMemoryCache::new());
    let inside = model
        .clone()
        .with_cache(InMemoryCache::new())
        .with_rate_limiter(limiter());
    for _ in 0..3 {
        outside.invoke("a").await.unwrap();
        inside.invoke("a").await.unwrap();
    }
    assert_eq!(model.times(), [0, 0]);
    assert_eq!(model.start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn tokens_count_as_expected_and_then_as_used() {
    let mut model = Clocked::new();
    model.tokens = 500;
    let limiter = RateLimiter::per_second(1000).burst(1000).tokens_per_minute(1000);
    let limited = model
        .bind(ChatOptions::new().max_tokens(900))
        .with_rate_limiter(limiter);
    // Each is expected to take a little over 900 and takes 500: two fit into the first minute's thousand only one after the other.
    limited.invoke("a").await.unwrap();
    limited.invoke("b").await.unwrap();
    let waited = model.times()[1];
    assert!((20_000..30_000).contains(&waited), "{waited}");
    limited.stream("c").try_collect::<Vec<_>>().await.unwrap();
    limited.invoke("d").await.unwrap();
    let times = model.times();
    assert_eq!([times[2] - times[1], times[3] - times[2]], [30_000, 30_000]);
}
