//! A batch job of many requests: what is in flight stays small.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cadena_core::Result;
use cadena_http::{HttpRequest, StreamingResponse, Transport};
use cadena_openai::{BatchJobHandle, ChatOpenAI};
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;

const RESULTS: usize = 20_000;
const BATCH: usize = 10_000;
/// Lines that come in one piece.
const PIECE: usize = 100;

/// A server whose files are written while they are read.
#[derive(Clone, Debug, Default)]
struct Large {
    /// How many lines of results were pulled.
    given: Arc<AtomicUsize>,
    /// How many requests were pulled when a file had been uploaded, and the size of its largest piece.
    uploads: Arc<Mutex<Vec<(usize, usize, usize)>>>,
    pulled: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Large {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let ok = StreamingResponse::new(StatusCode::OK);
        let path = request.url.split_once("/v1").unwrap().1.to_owned();
        if let Some(id) = path.strip_prefix("/batches/") {
            let batch = format!(r#"{{"id":"{id}","status":"completed","output_file_id":"file-{id}"}}"#);
            return Ok(ok.with_body_chunks([batch]));
        }
        if path == "/files" {
            let mut pieces = request.upload.unwrap().open();
            let (mut lines, mut largest) = (0, 0);
            while let Some(piece) = pieces.try_next().await? {
                lines += memchr::memchr_iter(b'\n', &piece).count();
                largest = largest.max(piece.len());
            }
            // The form around the lines has ten of its own.
            lines -= 10;
            let mut uploads = self.uploads.lock().unwrap();
            uploads.push((self.pulled.load(Ordering::SeqCst), lines, largest));
            return Ok(ok.with_body_chunks([format!(r#"{{"id":"file-{}"}}"#, uploads.len())]));
        }
        if path == "/batches" {
            let number = self.uploads.lock().unwrap().len();
            let batch = format!(r#"{{"id":"batch_{number}","status":"validating"}}"#);
            return Ok(ok.with_body_chunks([batch]));
        }
        let first = if path.contains("batch_2") { BATCH } else { 0 };
        let given = Arc::clone(&self.given);
        let pieces = (first..first + BATCH).step_by(PIECE).map(move |start| {
            given.fetch_add(PIECE, Ordering::SeqCst);
            Ok((start..start + PIECE).map(line).collect::<String>().into())
        });
        Ok(ok.with_body(stream::iter(pieces).boxed()))
    }
}

fn line(n: usize) -> String {
    let body = format!(
        r#"{{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":"re: {n}"}},"logprobs":{{"content":[{{"token":"re","logprob":-0.125,"bytes":null,"top_logprobs":[]}}]}}}}]}}"#
    );
    format!("{{\"custom_id\":\"row-{n}\",\"response\":{{\"status_code\":200,\"body\":{body}}}}}\n")
}

#[tokio::test]
async fn twenty_thousand_results_are_read_as_they_are_pulled() {
    let server = Large::default();
    let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(server.clone());
    let job = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1", "batch_2"]));
    let mut results = job.results();
    let mut read = 0;
    while let Some((id, message)) = results.try_next().await.unwrap() {
        assert_eq!(id, format!("row-{read}"));
        assert_eq!(message.unwrap().logprobs().unwrap().tokens().count(), 1);
        read += 1;
        let ahead = server.given.load(Ordering::SeqCst) - read;
        assert!(ahead < 2 * PIECE, "{ahead} lines are held");
    }
    assert_eq!(read, RESULTS);
}

#[tokio::test]
async fn requests_are_pulled_for_one_file_at_a_time_and_sent_in_small_pieces() {
    let server = Large::default();
    let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(server.clone());
    let pulled = Arc::clone(&server.pulled);
    let requests = stream::iter(0..6_500).map(move |n| {
        pulled.fetch_add(1, Ordering::SeqCst);
        Ok((format!("row-{n}"), "how are you today?"))
    });
    let mut handle = BatchJobHandle::new();
    let submission = llm.batch_job().with_max_requests(2_000).with_max_memory(50_000);
    submission.submit_stream(&mut handle, requests).await.unwrap();
    assert_eq!(handle.ids().count(), 4);
    let uploads = server.uploads.lock().unwrap();
    for (number, (pulled, lines, largest)) in uploads.iter().enumerate() {
        assert_eq!(*lines, if number == 3 { 500 } else { 2_000 });
        // One request more shows that the file is full.
        assert!(*pulled <= (number + 1) * 2_000 + 1, "{pulled} requests were pulled");
        assert!(*largest <= 64 << 10);
    }
}
