//! A reader that is slow makes the call slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cadena_core::{Generator, Result, RunContext, RunEvent, Runnable, RunnableExt, async_trait, lambda, stream_fn};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::config;

/// A step that gives chunks as fast as it is asked, and counts them.
fn source(made: &Arc<AtomicUsize>) -> Generator<i32, String> {
    let made = Arc::clone(made);
    stream_fn(move |chunks: i32| {
        let made = Arc::clone(&made);
        stream::iter(0..chunks).map(move |_| {
            made.fetch_add(1, Ordering::Relaxed);
            Ok("x".to_owned())
        })
    })
}

#[tokio::test]
async fn a_step_makes_no_more_chunks_than_the_reader_takes() {
    let made = Arc::new(AtomicUsize::new(0));
    let mut events = source(&made).stream_events_with(1_000_000, config());
    for _ in 0..5 {
        events.next().await.unwrap().unwrap();
    }
    assert!(made.load(Ordering::Relaxed) <= 5);
}

#[tokio::test]
async fn a_step_that_reads_all_in_one_go_stops_at_the_capacity() {
    for capacity in [1, 8, 64] {
        let made = Arc::new(AtomicUsize::new(0));
        let chain = source(&made) | lambda(|text: String| text.len());
        let mut events = chain.stream_events_with(100_000, config()).capacity(capacity);
        let mut read = 0;
        while read < 1000 {
            events.next().await.unwrap().unwrap();
            read += 1;
            // Three runs are open at most, and each may be three events ahead.
            assert!(made.load(Ordering::Relaxed) <= read + capacity + 9);
        }
        let rest: Vec<_> = events.try_collect().await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 100_000);
        assert!(matches!(rest.last(), Some(RunEvent::End { output, .. }) if output == 100_000));
    }
}

/// Calls a step again and again, without a pause, and tells of it.
#[derive(Clone)]
struct Loops(Arc<AtomicUsize>);

#[async_trait]
impl Runnable for Loops {
    type Input = usize;
    type Output = usize;

    async fn run(&self, times: usize, cx: RunContext) -> Result<usize> {
        for time in 0..times {
            lambda(|n: usize| n).invoke_in(time, &cx).await?;
            cx.emit_custom("time", &time).await;
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(times)
    }
}

#[tokio::test]
async fn a_loop_of_calls_waits_for_the_reader() {
    let made = Arc::new(AtomicUsize::new(0));
    let mut events = Loops(Arc::clone(&made))
        .stream_events_with(1000usize, config())
        .capacity(8);
    let mut read = 0;
    while let Some(event) = events.next().await {
        event.unwrap();
        read += 1;
        assert!(made.load(Ordering::Relaxed) * 3 <= read + 8 + 6);
    }
    // Start, chunk and end of the whole; start, end and a word of its own each time.
    assert_eq!(read, 3 + 3 * 1000);
}

#[tokio::test]
async fn work_in_a_task_of_its_own_waits_too_and_wakes_the_reader() {
    let made = Arc::new(AtomicUsize::new(0));
    let inner = Loops(Arc::clone(&made));
    #[derive(Clone)]
    struct Spawns(Loops);
    #[async_trait]
    impl Runnable for Spawns {
        type Input = usize;
        type Output = usize;
        async fn run(&self, times: usize, cx: RunContext) -> Result<usize> {
            let inner = self.0.clone();
            let task = tokio::spawn(async move { inner.invoke_in(times, &cx).await });
            task.await.unwrap_or(Ok(0))
        }
    }
    let mut events = Spawns(inner).stream_events_with(100usize, config()).capacity(4);
    for _ in 0..10 {
        events.next().await.unwrap().unwrap();
    }
    tokio::task::yield_now().await;
    assert!(made.load(Ordering::Relaxed) <= 10);
    assert_eq!(events.try_collect::<Vec<_>>().await.unwrap().len(), 3 + 2 + 300 - 10);
    assert_eq!(made.load(Ordering::Relaxed), 100);
}

#[tokio::test]
async fn a_hundred_branches_share_a_small_buffer_without_standing_still() {
    let each = lambda(|n: u32| n + 1).map();
    let events = each
        .stream_events_with((0..100).collect::<Vec<_>>(), config())
        .capacity(1);
    let events: Vec<_> = events.try_collect().await.unwrap();
    // Start and end of the whole; a start, an end and a chunk for each.
    assert_eq!(events.len(), 2 + 300);
}
