//! How a batch job waits, under a paused clock.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::{BatchJob, BatchJobHandle, BatchJobState, ChatOpenAI};
use futures::StreamExt;
use http::StatusCode;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// A server that says how a batch is, by the number of the question, and notes when it was asked.
#[derive(Clone)]
struct Polled {
    asked: Arc<Mutex<Vec<Instant>>>,
    status: fn(usize) -> Result<&'static str>,
}

impl std::fmt::Debug for Polled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Polled")
    }
}

#[async_trait]
impl Transport for Polled {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        if !request.url.ends_with("/batches/batch_1") {
            return Ok(StreamingResponse::new(StatusCode::NOT_FOUND));
        }
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(Instant::now());
            asked.len()
        };
        let status = (self.status)(number)?;
        let batch = format!(r#"{{"id":"batch_1","status":"{status}"}}"#);
        Ok(StreamingResponse::new(StatusCode::OK).with_body_chunks([batch]))
    }
}

impl Polled {
    fn new(status: fn(usize) -> Result<&'static str>) -> Self {
        let asked = Arc::default();
        Self { asked, status }
    }

    fn job(&self) -> BatchJob {
        let llm = ChatOpenAI::new("gpt-4o-mini")
            .with_transport(self.clone())
            .with_http_retry(RetryPolicy::none());
        llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"]))
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The pauses between the questions.
    fn pauses(&self) -> Vec<Duration> {
        let asked = self.asked.lock().unwrap();
        asked.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_by_half_up_to_a_minute_and_are_shortened_by_a_quarter_at_most() {
    let server = Polled::new(|number| Ok(if number < 20 { "in_progress" } else { "completed" }));
    let status = server.job().wait().await.unwrap();
    assert_eq!(status.batches[0].state, BatchJobState::Completed);
    let pauses = server.pauses();
    assert_eq!(pauses.len(), 19);
    let mut longest = 5.0;
    for pause in pauses {
        let pause = pause.as_secs_f64();
        // Timers of tokio are as fine as a millisecond.
        assert!(
            pause >= longest * 0.75 && pause <= longest + 0.002,
            "{pause} of {longest}"
        );
        longest = f64::min(longest * 1.5, 60.0);
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_set_by_the_caller() {
    let server = Polled::new(|number| Ok(if number < 5 { "validating" } else { "expired" }));
    let job = server.job().with_poll_pauses(100 * SECOND, 120 * SECOND);
    job.wait().await.unwrap();
    let seconds: Vec<_> = server.pauses().iter().map(Duration::as_secs).collect();
    assert!(seconds[0] >= 75 && seconds[0] <= 100);
    assert!(
        seconds[1..].iter().all(|pause| (90..=120).contains(pause)),
        "{seconds:?}"
    );
    // Pauses of nothing must not become a loop without a pause.
    let server = Polled::new(|number| Ok(if number < 5 { "validating" } else { "expired" }));
    server
        .job()
        .with_poll_pauses(Duration::ZERO, Duration::ZERO)
        .wait()
        .await
        .unwrap();
    assert!(server.pauses().iter().all(|pause| *pause >= Duration::from_millis(1)));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_wait_and_not_the_job() {
    let server = Polled::new(|number| Ok(if number < 30 { "in_progress" } else { "completed" }));
    let job = server.job();
    let start = Instant::now();
    assert!(tokio::time::timeout(600 * SECOND, job.wait()).await.is_err());
    assert_eq!(start.elapsed().as_secs(), 600);
    // Nothing is left behind that asks on.
    let asked = server.count();
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(server.count(), asked);
    // Another process takes it up by the stored handle.
    let stored = serde_json::to_string(job.handle()).unwrap();
    let job = BatchJob::clone(&server.job());
    assert_eq!(serde_json::to_string(job.handle()).unwrap(), stored);
    assert!(job.wait().await.unwrap().is_final());
}

#[tokio::test(start_paused = true)]
async fn results_that_are_dropped_while_they_wait_stop_asking() {
    let server = Polled::new(|_| Ok("in_progress"));
    let mut results = server.job().results();
    assert!(tokio::time::timeout(100 * SECOND, results.next()).await.is_err());
    let asked = server.count();
    assert!(asked > 3);
    drop(results);
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(server.count(), asked);
}

fn down() -> Error {
    Error::new(ErrorKind::Connect, "no network")
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_questions_is_waited_out_and_a_longer_one_is_not() {
    let server = Polled::new(|number| match number {
        1..=20 | 22..=41 => Err(down()),
        21 => Ok("in_progress"),
        _ => Ok("completed"),
    });
    assert!(server.job().wait().await.unwrap().is_final());
    assert_eq!(server.count(), 42);
    let server = Polled::new(|_| Err(down()));
    assert_eq!(server.job().wait().await.unwrap_err().kind(), ErrorKind::Connect);
    assert_eq!(server.count(), 21);
}

#[tokio::test(start_paused = true)]
async fn what_another_question_cannot_heal_ends_the_wait_at_once() {
    let server = Polled::new(|_| Err(Error::new(ErrorKind::Authentication, "no such key")));
    assert_eq!(server.job().wait().await.unwrap_err().kind(), ErrorKind::Authentication);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_wait_outside_of_a_runtime_is_an_error_and_no_panic() {
    let server = Polled::new(|_| Ok("in_progress"));
    let error = futures::executor::block_on(server.job().wait()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn a_state_of_a_later_day_is_waited_through() {
    let server = Polled::new(|number| Ok(if number == 1 { "dreaming" } else { "completed" }));
    let job = server.job();
    assert_eq!(job.status().await.unwrap().batches[0].state, BatchJobState::Unknown);
    assert!(job.wait().await.unwrap().is_final());
}
