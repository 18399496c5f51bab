//! Streams of events over bodies that a test writes, on a paused clock.

use std::collections::VecDeque;
use std::task::ready;

use bytes::Bytes;
use futures::stream;
use tokio::time::{Sleep, advance, sleep};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A body that gives each piece after a pause, measured from the one before it.
struct Paced {
    pieces: VecDeque<(Duration, Result<Bytes>)>,
    sleep: Option<Pin<Box<Sleep>>>,
    ends: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some((pause, _)) = self.pieces.front() else {
            return if self.ends { Poll::Ready(None) } else { Poll::Pending };
        };
        let pause = *pause;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        Poll::Ready(self.pieces.pop_front().map(|(_, piece)| piece))
    }
}

fn events(ends: bool, pieces: &[(u64, &'static str)]) -> SseStream {
    let pieces = pieces
        .iter()
        .map(|(pause, text)| (SECOND * u32::try_from(*pause).unwrap(), Ok(Bytes::from(*text))));
    let body = Paced {
        pieces: pieces.collect(),
        sleep: None,
        ends,
    };
    SseStream::from_response(StreamingResponse::new(StatusCode::OK).with_body(body.boxed()))
}

async fn kinds(events: SseStream) -> Vec<Option<ErrorKind>> {
    events
        .map(|event| event.err().map(|error| error.kind()))
        .collect()
        .await
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_stalls_after_the_first_event_timer_and_ends() {
    let started = Instant::now();
    let mut silent = events(false, &[]);
    let error = silent.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stalled);
    assert_eq!(
        error.detail(),
        "no event came within 120 s (timer `first_event`), 0 events received"
    );
    assert_eq!(started.elapsed().as_secs(), 120);
    assert!(silent.next().await.is_none());
    assert!(silent.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn silence_between_events_stalls_after_the_idle_timer() {
    let mut one = events(false, &[(100, "data: 1\n\n"), (100, "data: 2\n\n")]);
    assert!(one.next().await.unwrap().is_ok());
    assert!(one.next().await.unwrap().is_ok());
    let error = one.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.detail(),
        "no event came within 120 s (timer `idle`), 2 events received"
    );
}

#[tokio::test(start_paused = true)]
async fn comments_and_parts_of_events_do_not_hold_the_timer_up() {
    for piece in [": ping\n\n", "d"] {
        let started = Instant::now();
        let mut pings = events(false, &[(30, piece); 50]);
        assert_eq!(pings.next().await.unwrap().unwrap_err().kind(), ErrorKind::Stalled);
        assert_eq!(started.elapsed().as_secs(), 120);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_events_within_the_timer_are_no_stall() {
    assert_eq!(kinds(events(true, &[(119, "data: 1\n\n"); 5])).await, [None; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_consumer_does_not_count() {
    let mut slow = events(true, &[(1, "data: 1\n\n"), (1, "data: 2\n\n"), (100, "data: 3\n\n")]);
    assert!(slow.next().await.unwrap().is_ok());
    sleep(SECOND * 1000).await;
    assert!(slow.next().await.unwrap().is_ok());
    sleep(SECOND * 1000).await;
    assert!(slow.next().await.unwrap().is_ok());
    assert!(slow.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_leaves_in_the_middle_of_a_wait_does_not_find_a_stall() {
    let mut late = events(false, &[(1, "data: 1\n\n"), (400, "data: 2\n\n")]);
    assert!(late.next().await.unwrap().is_ok());
    // One poll begins the wait; then nobody polls for longer than the timer.
    assert!(futures::poll!(late.next()).is_pending());
    advance(SECOND * 350).await;
    assert!(late.next().await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_call_ends_the_stream() {
    let mut ticking = events(false, &[(10, "data: 1\n\n"); 100]);
    ticking.set_deadline(clock::after(Instant::now(), SECOND * 35));
    let mut seen = 0;
    let error = loop {
        match ticking.next().await.unwrap() {
            Ok(_) => seen += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((seen, error.kind()), (3, ErrorKind::Timeout));
    assert_eq!(error.detail(), "the deadline of the call passed, 3 events received");
}

#[tokio::test(start_paused = true)]
async fn a_grace_ends_the_stream_without_an_error_and_is_set_once() {
    let mut ticking = events(false, &[(2, "data: 1\n\n"); 100]);
    assert!(ticking.next().await.unwrap().is_ok());
    let started = Instant::now();
    let mut after = 0;
    ticking.end_within(SECOND * 5);
    while let Some(event) = ticking.next().await {
        event.unwrap();
        after += 1;
        ticking.end_within(SECOND * 5);
    }
    assert_eq!((after, started.elapsed().as_secs()), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn a_complete_answer_is_waited_for_as_long_whatever_the_other_timers_are() {
    for (idle, progress, deadline, waits) in [
        (120, 600, None, 5000),
        (1, 600, None, 5000),
        (120, 1, None, 5000),
        (1, 1, Some(100), 5000),
        // Half of what is left: the frames around the call end at the deadline itself.
        (120, 600, Some(4), 2000),
        (1, 1, Some(1), 500),
        (1, 1, Some(0), 0),
    ] {
        let timers = Timers::default().idle(SECOND * idle).progress(SECOND * progress);
        let mut late = events(false, &[(0, "data: 1\n\n")]);
        late.watch = Watch::new(Instant::now(), &timers);
        let started = Instant::now();
        late.set_deadline(deadline.and_then(|seconds| clock::after(started, SECOND * seconds)));
        assert!(late.next().await.unwrap().is_ok());
        late.end_within(SECOND * 5);
        assert!(late.next().await.is_none(), "{idle} {progress} {deadline:?}");
        assert_eq!(started.elapsed().as_millis(), waits, "{idle} {progress} {deadline:?}");
    }
}

/// Reads a stream whose events bring nothing but `data: x`, with a pause of the consumer's after each; what came and how it ended.
async fn dry(mut stream: SseStream, pause: Duration) -> (u64, Option<String>) {
    let mut seen = 0;
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                seen += 1;
                if event.data() != b"x" {
                    stream.brought_nothing();
                }
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Stalled);
                return (seen, Some(error.detail().to_owned()));
            }
        }
        sleep(pause).await;
    }
    (seen, None)
}

#[tokio::test(start_paused = true)]
async fn events_that_bring_nothing_are_waited_for_ten_minutes() {
    let started = Instant::now();
    let (seen, error) = dry(events(false, &[(100, "data: {}\n\n"); 50]), Duration::ZERO).await;
    let error = error.unwrap();
    assert_eq!(
        error,
        "nothing of the answer came within 600 s (timer `progress`), 6 events received"
    );
    // Whoever reads without a client in between waits from the beginning on.
    assert_eq!((seen, started.elapsed().as_secs()), (6, 600));
}

#[tokio::test(start_paused = true)]
async fn a_piece_of_the_answer_starts_the_ten_minutes_anew() {
    let mut pieces = [(100, "data: {}\n\n"); 18];
    for piece in [5, 10, 15] {
        pieces[piece].1 = "data: x\n\n";
    }
    assert_eq!(dry(events(true, &pieces), Duration::ZERO).await, (18, None));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_consumer_who_gets_nothing_does_not_count_either() {
    // 59 waits of 10 s, and much longer pauses of the consumer's.
    assert_eq!(
        dry(events(true, &[(10, "data: {}\n\n"); 59]), SECOND * 1000).await,
        (59, None)
    );
    let (_, error) = dry(events(true, &[(10, "data: {}\n\n"); 69]), SECOND * 1000).await;
    assert!(error.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_reports_nothing_knows_no_such_timer() {
    assert_eq!(kinds(events(true, &[(100, "data: 1\n\n"); 50])).await, [None; 50]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_body_ends_the_stream() {
    let broken = Err(Error::from(ErrorKind::Truncated));
    let response =
        StreamingResponse::new(StatusCode::OK).with_body(stream::iter([Ok("data: 1\n\n".into()), broken]).boxed());
    assert_eq!(
        kinds(SseStream::from_response(response)).await,
        [None, Some(ErrorKind::Truncated)]
    );
}

#[tokio::test(start_paused = true)]
async fn endless_bytes_without_an_event_meet_the_limit_and_let_others_run() {
    let pings = stream::repeat_with(|| Ok(Bytes::from_static(b": ping\n"))).boxed();
    let mut endless = SseStream::from_response(StreamingResponse::new(StatusCode::OK).with_body(pings));
    endless.limit = 1 << 20;
    assert!(
        futures::poll!(endless.next()).is_pending(),
        "one poll must not run through the whole body"
    );
    assert_eq!(
        endless.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::LimitExceeded
    );
}

#[tokio::test(start_paused = true)]
async fn endless_comments_stall_too() {
    let pings = stream::repeat_with(|| Ok(Bytes::from_static(b": ping\n"))).then(|chunk| async {
        tokio::task::yield_now().await;
        chunk
    });
    let mut endless = SseStream::from_response(StreamingResponse::new(StatusCode::OK).with_body(pings.boxed()));
    assert!(futures::poll!(endless.next()).is_pending());
    advance(SECOND * 120).await;
    assert_eq!(endless.next().await.unwrap().unwrap_err().kind(), ErrorKind::Stalled);
}

#[tokio::test(start_paused = true)]
async fn draining_waits_a_tenth_of_a_second_at_most() {
    let mut done = events(false, &[(0, "data: [DONE]\n\n")]);
    assert!(done.next().await.unwrap().is_ok());
    let started = Instant::now();
    done.drain().await;
    assert_eq!(started.elapsed().as_millis(), 100);
}

#[test]
fn debug_prints_no_content_and_no_header() {
    let mut response = StreamingResponse::new(StatusCode::OK).with_body_chunks(["data: CANARY\n\n"]);
    response.headers.insert("x-key", "CANARY".parse().unwrap());
    let events = SseStream::from_response(response);
    assert!(!format!("{events:?}").contains("CANARY"));
}
