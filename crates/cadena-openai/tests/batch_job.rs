//! Batch jobs against a server on a TCP port.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "support/batch_server.rs"]
mod batch_server;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use batch_server::{BatchServer, Instead};
use cadena_core::{AIMessage, ChatOptions, Error, ErrorKind, Message, Result};
use cadena_http::Secret;
use cadena_openai::{BatchJob, BatchJobHandle, BatchJobRequest, BatchJobState, ChatOpenAI};
use futures::StreamExt;

type Results = BTreeMap<String, Result<AIMessage>>;

async fn submit(llm: &ChatOpenAI, prompts: &[&str]) -> BatchJob {
    let mut handle = BatchJobHandle::new();
    let requests: Vec<_> = rows(prompts);
    let job = llm
        .batch_job()
        .with_max_requests(3)
        .submit(&mut handle, requests)
        .await
        .unwrap();
    quick(job)
}

fn rows(prompts: &[&str]) -> Vec<BatchJobRequest> {
    let row = |(number, prompt): (usize, &&str)| BatchJobRequest::new(format!("row-{number}"), *prompt);
    prompts.iter().enumerate().map(row).collect()
}

fn quick(job: BatchJob) -> BatchJob {
    job.with_poll_pauses(Duration::from_millis(1), Duration::from_millis(2))
}

/// The results by id, and the errors that concern none.
async fn read(job: &BatchJob) -> (Results, Vec<Error>) {
    let (mut results, mut errors) = (Results::new(), Vec::new());
    let mut stream = job.results();
    while let Some(item) = stream.next().await {
        match item {
            Ok((id, result)) => assert!(results.insert(id, result).is_none(), "an id comes once"),
            Err(error) => errors.push(error),
        }
    }
    (results, errors)
}

fn said(results: &Results) -> Vec<String> {
    let said = |(id, result): (&String, &Result<AIMessage>)| match result {
        Ok(message) => format!("{id}: {}", message.text()),
        Err(error) => format!("{id}: {error}"),
    };
    results.iter().map(said).collect()
}

#[tokio::test]
async fn answers_come_by_id_with_log_probabilities_from_every_batch() {
    let server = BatchServer::start().await;
    server.set(|state| state.polls = 2);
    let job = submit(&server.model(), &["a", "b", "c", "d", "e", "f", "g"]).await;
    assert_eq!(
        job.handle().ids().collect::<Vec<_>>(),
        ["batch_1", "batch_2", "batch_3"]
    );
    let status = job.wait().await.unwrap();
    assert_eq!((status.completed(), status.failed(), status.total()), (7, 0, 7));
    assert_eq!(job.status().await.unwrap(), status);
    let (results, errors) = read(&job).await;
    assert!(errors.is_empty());
    let expected: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"]
        .iter()
        .enumerate()
        .map(|(n, p)| format!("row-{n}: re: {p}"))
        .collect();
    assert_eq!(said(&results), expected);
    for result in results.values() {
        let message = result.as_ref().unwrap();
        let token = message.logprobs().unwrap().tokens().next().unwrap();
        assert_eq!((token.token.as_str(), token.logprob), ("re", -0.125));
        assert_eq!(message.usage_metadata.as_ref().unwrap().total_tokens, 4);
    }
    // Every answer was there, so no input was read again.
    assert_eq!(server.count("GET /v1/files/file-1/"), 0);
}

#[tokio::test]
async fn a_line_holds_what_invoke_would_send() {
    let server = BatchServer::start().await;
    let options = ChatOptions::new().logprobs(true).max_tokens(7).seed(1);
    let llm = server.model().with_options(ChatOptions::new().temperature(0.5));
    let request = BatchJobRequest::new("x", vec![Message::from(cadena_core::SystemMessage::new("s\n"))])
        .with_options(options.clone());
    let mut handle = BatchJobHandle::new();
    llm.batch_job()
        .with_metadata("run", "7")
        .submit(&mut handle, [request])
        .await
        .unwrap();
    let state = server.state.lock().unwrap();
    let file = String::from_utf8(state.files["file-1"].clone()).unwrap();
    insta::assert_snapshot!(file.trim_end(), @r#"{"custom_id":"x","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini","messages":[{"content":"s\n","role":"system"}],"temperature":0.5,"max_completion_tokens":7,"seed":1,"logprobs":true,"stream":false}}"#);
    insta::assert_snapshot!(state.created[0].to_string(), @r#"{"input_file_id":"file-1","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"run":"7"}}"#);
}

#[tokio::test]
async fn another_process_reads_what_was_submitted() {
    let server = BatchServer::start().await;
    let stored = serde_json::to_string(submit(&server.model(), &["a", "b", "c", "d"]).await.handle()).unwrap();
    let handle: BatchJobHandle = serde_json::from_str(&stored).unwrap();
    let (results, errors) = read(&quick(server.model().batch_job_from(handle))).await;
    assert_eq!((results.len(), errors.len()), (4, 0));
    // The ids alone are enough: then the inputs say what was asked.
    let by_id = server
        .model()
        .batch_job_from(BatchJobHandle::from_ids(["batch_1", "batch_2"]));
    let (results, errors) = read(&quick(by_id)).await;
    assert_eq!((results.len(), errors.len()), (4, 0));
    assert_eq!(server.count("GET /v1/files/file-1/"), 1);
}

#[tokio::test]
async fn each_line_has_its_own_error_and_a_lost_one_is_missed() {
    let server = BatchServer::start().await;
    let job = submit(&server.model(), &["a", "flag me", "slow me", "b", "lose me"]).await;
    let (results, errors) = read(&job).await;
    assert!(errors.is_empty());
    insta::assert_snapshot!(said(&results).join("\n"), @r"
    row-0: re: a
    row-1: content filtered: filtered (parameter `prompt`) (status 400, code `content_filter`, request `req_line`); the server's filter refused it: change the prompt
    row-2: rate limited: wait, *** (status 429, code `rate_limit_exceeded`, request `req_line`)
    row-3: re: b
    row-4: truncated answer: the files of the batch `batch_2` have no line for this request
    ");
    let slow = results["row-2"].as_ref().unwrap_err();
    assert_eq!(
        (slow.kind(), slow.status(), slow.request_id()),
        (ErrorKind::RateLimited, Some(429), Some("req_line"))
    );
    assert!(!format!("{slow} {slow:?}").contains("canary"));
    assert_eq!(job.status().await.unwrap().failed(), 2);
}

#[tokio::test]
async fn a_result_that_nobody_asked_for_is_given_and_reported() {
    let server = BatchServer::start().await;
    let (results, errors) = read(&submit(&server.model(), &["a", "rename me"]).await).await;
    insta::assert_snapshot!(said(&results).join("\n"), @r"
    row-0: re: a
    row-1: truncated answer: the files of the batch `batch_1` have no line for this request
    stranger: re: rename me
    ");
    insta::assert_snapshot!(errors[0].to_string(), @"malformed response: the batch `batch_1` has results of 1 requests that were not submitted, such as `stranger`");
    assert_eq!(errors.len(), 1);
}

#[tokio::test]
async fn an_expired_batch_gives_what_it_has() {
    let server = BatchServer::start().await;
    server.set(|state| state.end = Some("expired"));
    let job = submit(&server.model(), &["a", "b", "c"]).await;
    assert_eq!(job.wait().await.unwrap().batches[0].state, BatchJobState::Expired);
    let (results, errors) = read(&job).await;
    assert!(errors.is_empty());
    insta::assert_snapshot!(said(&results).join("\n"), @r"
    row-0: re: a
    row-1: timed out: This request could not be executed before the completion window expired. (code `batch_expired`)
    row-2: timed out: the batch `batch_1` expired before this request was asked; submit it again in another job
    ");
    assert_eq!(results["row-1"].as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_cancelled_batch_gives_what_it_has() {
    let server = BatchServer::start().await;
    server.set(|state| state.polls = 3);
    let job = submit(&server.model(), &["a", "b", "c"]).await;
    assert_eq!(job.cancel().await.unwrap().batches[0].state, BatchJobState::Cancelling);
    assert_eq!(job.cancel().await.unwrap().batches[0].state, BatchJobState::Cancelling);
    assert_eq!(server.count("POST /v1/batches/batch_1/cancel"), 1);
    let (results, _) = read(&job).await;
    assert_eq!(results["row-0"].as_ref().unwrap().text(), "re: a");
    assert_eq!(results["row-2"].as_ref().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_batch_that_was_refused_says_why_and_the_others_go_on() {
    let server = BatchServer::start().await;
    let job = submit(&server.model(), &["a", "b", "c", "d"]).await;
    server.set(|state| state.batches[0].status = "failed");
    let (results, errors) = read(&job).await;
    insta::assert_snapshot!(said(&results).join("\n"), @r"
    row-0: invalid request: the batch `batch_1` failed before this request was asked
    row-1: invalid request: the batch `batch_1` failed before this request was asked
    row-2: invalid request: the batch `batch_1` failed before this request was asked
    row-3: re: d
    ");
    assert_eq!(errors.len(), 1);
    insta::assert_snapshot!(errors[0].to_string(), @"invalid request: the batch `batch_1` failed: line 3: This line is not parseable as valid JSON. (code `invalid_json_line`)");
}

#[tokio::test]
async fn a_line_that_was_cut_is_truncated_and_its_request_missed() {
    let server = BatchServer::start().await;
    server.set(|state| state.cut = 9);
    let (results, errors) = read(&submit(&server.model(), &["a", "b", "c"]).await).await;
    insta::assert_snapshot!(said(&results).join("\n"), @r"
    row-0: truncated answer: the files of the batch `batch_1` have no line for this request
    row-1: re: b
    row-2: re: c
    ");
    insta::assert_snapshot!(errors[0].to_string(), @"truncated answer: line 3 of the file of the batch `batch_1` was cut");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_failing_one_is_not() {
    const BUSY: &str =
        r#"{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
    const BROKEN: &str = r#"{"error":{"message":"oops","type":"server_error","param":null,"code":null}}"#;
    let server = BatchServer::start().await;
    server.set(|state| {
        state
            .instead
            .push_back(("POST /v1/batches", Instead::Refuse(429, BUSY)))
    });
    let job = submit(&server.model(), &["a"]).await;
    assert_eq!(job.handle().ids().collect::<Vec<_>>(), ["batch_1"]);
    server.set(|state| {
        state
            .instead
            .push_back(("POST /v1/batches", Instead::Refuse(500, BROKEN)))
    });
    let mut handle = BatchJobHandle::new();
    let error = server
        .model()
        .batch_job()
        .submit(&mut handle, rows(&["a"]))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"server error: oops (status 500, code `server_error`, request `req_9`); no batch of this file was found: submit again");
    assert_eq!((server.count("POST /v1/batches"), handle.ids().count()), (3, 0));
    // The file is there, and serves the next submission.
    let job = server
        .model()
        .batch_job()
        .submit(&mut handle, rows(&["a"]))
        .await
        .unwrap();
    assert_eq!(job.handle().ids().collect::<Vec<_>>(), ["batch_2"]);
    assert_eq!(server.count("POST /v1/files"), 2);
}

#[tokio::test]
async fn an_error_behind_the_status_200_is_that_error_and_a_fault_makes_no_second_batch() {
    const LIMITED: &str = r#"{"error":{"message":"wait, sk-canary-0123456789","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
    const BROKEN: &str = r#"{"error":{"message":"oops","type":"server_error","param":null,"code":null}}"#;
    let server = BatchServer::start().await;
    let refuse = |path, body| server.set(|state| state.instead.push_back((path, Instead::Refuse(200, body))));
    refuse("POST /v1/files", LIMITED);
    let mut handle = BatchJobHandle::new();
    let submission = server.model().batch_job();
    let error = submission.submit(&mut handle, rows(&["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(!format!("{error} {error:?}").contains("canary"));
    refuse("POST /v1/batches", BROKEN);
    let submission = server.model().batch_job();
    let error = submission.submit(&mut handle, rows(&["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert_eq!(server.count("GET /v1/batches?limit"), 1, "the batch was looked for");
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_is_found_and_not_made_twice() {
    let server = BatchServer::start().await;
    server.set(|state| state.instead.push_back(("POST /v1/batches", Instead::DoAndHangUp)));
    let job = submit(&server.model(), &["a"]).await;
    assert_eq!(job.handle().ids().collect::<Vec<_>>(), ["batch_1"]);
    assert_eq!(
        (server.count("POST /v1/batches"), server.count("GET /v1/batches?limit")),
        (1, 1)
    );
    assert_eq!(read(&job).await.0.len(), 1);
}

#[tokio::test]
async fn a_submission_goes_on_where_it_failed() {
    const FULL: &str = r#"{"error":{"message":"Enqueued token limit reached","type":"invalid_request_error","param":null,"code":"token_limit_exceeded"}}"#;
    let server = BatchServer::start().await;
    let prompts = ["a", "b", "c", "d", "e"];
    let stored = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let store = std::sync::Arc::clone(&stored);
    let (llm, mut handle) = (server.model(), BatchJobHandle::new());
    let job = || llm.batch_job().with_max_requests(2);
    let saved = job().on_batch(move |handle| {
        *store.lock().unwrap() = serde_json::to_string(handle).unwrap();
        Ok(())
    });
    server.set(|state| state.instead.push_back(("POST /v1/files", Instead::Refuse(400, FULL))));
    assert!(saved.submit(&mut handle, rows(&prompts)).await.is_err());
    assert_eq!(handle.ids().count(), 0);
    // The second file is refused: the first batch is in the handle.
    server.set(|state| state.end = None);
    let (counted, mut once) = (std::sync::Arc::clone(&server.state), true);
    let stop = job().on_batch(move |handle| {
        if handle.ids().count() == 1 && std::mem::take(&mut once) {
            let refuse = ("POST /v1/batches", Instead::Refuse(400, FULL));
            counted.lock().unwrap().instead.push_back(refuse);
        }
        Ok(())
    });
    let error = stop.submit(&mut handle, rows(&prompts)).await.unwrap_err();
    assert_eq!(
        (error.detail(), handle.ids().count()),
        ("Enqueued token limit reached", 1)
    );
    let other = job().submit(&mut handle, rows(&["a"])).await.unwrap_err();
    assert!(other.detail().contains("not those that the handle has begun with"));
    let job = job().submit(&mut handle, rows(&prompts)).await.unwrap();
    assert_eq!(handle.ids().count(), 3);
    assert_eq!(read(&quick(job)).await.0.len(), 5);
    assert_eq!(*stored.lock().unwrap(), "");
}

#[tokio::test]
async fn what_cannot_be_a_batch_is_refused_before_it_is_sent() {
    let server = BatchServer::start().await;
    let llm = server.model();
    let other = ChatOptions::new().model("gpt-5");
    let refused = [
        vec![BatchJobRequest::new("a", "1"), BatchJobRequest::new("a", "2")],
        vec![BatchJobRequest::new("", "1")],
        vec![
            BatchJobRequest::new("a", "1"),
            BatchJobRequest::new("b", "1").with_options(other),
        ],
        vec![BatchJobRequest::new("a", "1").with_options(ChatOptions::new().header("x-a", "1"))],
        vec![BatchJobRequest::new("a", "1").with_options(ChatOptions::new().query("a", "1"))],
        vec![BatchJobRequest::new("a", "1").with_options(ChatOptions::new().timeout(Duration::from_secs(1)))],
        vec![BatchJobRequest::new("a", Vec::<Message>::new())],
        vec![BatchJobRequest::new("a", "1").with_options(ChatOptions::new().top_logprobs(5))],
        vec![BatchJobRequest::new("a", "x".repeat(2000))],
    ];
    let mut said = Vec::new();
    for requests in refused {
        let error = llm
            .batch_job()
            .with_max_bytes(1000)
            .submit(&mut BatchJobHandle::new(), requests)
            .await
            .unwrap_err();
        said.push(error.to_string());
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    invalid input: the custom id `a` occurs twice; give each request another id: its answer is found by it
    invalid input: a custom id is empty; give each request another id: its answer is found by it
    invalid input: the request `b` asks `gpt-5`, and the first one `gpt-4o-mini`; a batch asks one model: make a job for each
    unsupported: the request `a` has headers, for which a line of a batch has no place; set them on the model by `with_header`
    unsupported: the request `a` has a query, for which a line of a batch has no place; set it on the model by `with_query`
    unsupported: the request `a` has a timeout, for which a line of a batch has no place; a batch takes up to 24 hours: put `tokio::time::timeout` around `BatchJob::wait`, and call `cancel` if it runs out
    invalid input: the request `a` has no message; give it at least one
    unsupported: `top_logprobs` cannot be sent: it needs `logprobs` (in step `request a`); set `logprobs(true)` as well; `with_on_unsupported` leaves such options out
    limit exceeded: the request `a` has 2151 bytes, and a batch file may have 1000
    ");
    let odd = llm.clone().with_options(ChatOptions::new().header("x-a", "1"));
    let error = odd
        .batch_job()
        .submit(&mut BatchJobHandle::new(), rows(&["a"]))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"unsupported: the model's options have headers, for which a line of a batch has no place; set them on the model by `with_header`");
    assert_eq!(server.count(""), 0);
    let error = llm
        .batch_job_from(BatchJobHandle::from_ids(["../files"]))
        .status()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_submission_that_stopped_after_the_upload_makes_one_batch_of_the_file() {
    let server = BatchServer::start().await;
    server.set(|state| state.page = Some(1));
    let (llm, mut handle) = (server.model(), BatchJobHandle::new());
    let job = || llm.batch_job().with_max_requests(2);
    // A crash right after the upload.
    let crash = job().on_batch(|_| Err(Error::new(ErrorKind::Config, "the disk is full")));
    assert!(crash.submit(&mut handle, rows(&["a", "b", "c"])).await.is_err());
    assert_eq!(
        (server.count("POST /v1/files"), server.count("POST /v1/batches")),
        (1, 0)
    );
    let stored = serde_json::to_string(&handle).unwrap();
    handle = serde_json::from_str(&stored).unwrap();
    job().submit(&mut handle, rows(&["a", "b", "c"])).await.unwrap();
    assert_eq!(
        (server.count("POST /v1/files"), server.count("POST /v1/batches")),
        (2, 2)
    );
    assert_eq!(handle.ids().collect::<Vec<_>>(), ["batch_1", "batch_2"]);
    // A crash after the batch was made, of which the stored handle knows nothing: it is found on the second page.
    let mut old: BatchJobHandle = serde_json::from_str(&stored).unwrap();
    let job = job().submit(&mut old, rows(&["a", "b"])).await.unwrap();
    assert_eq!(job.handle().ids().collect::<Vec<_>>(), ["batch_1"]);
    assert_eq!(
        (server.count("POST /v1/files"), server.count("POST /v1/batches")),
        (2, 2)
    );
}

#[tokio::test]
async fn a_file_beyond_the_memory_is_sent_from_disk_and_again_after_a_refusal() {
    const BUSY: &str = r#"{"error":{"message":"busy","type":"server_error","param":null,"code":null}}"#;
    let server = BatchServer::start().await;
    server.set(|state| state.instead.push_back(("POST /v1/files", Instead::Refuse(503, BUSY))));
    let mut handle = BatchJobHandle::new();
    let prompts: Vec<String> = (0..500).map(|n| format!("{n}: {}", "x".repeat(1000))).collect();
    let requests = prompts
        .iter()
        .enumerate()
        .map(|(n, prompt)| (format!("row-{n}"), prompt.as_str()));
    let submission = server
        .model()
        .batch_job()
        .with_max_memory(10_000)
        .with_max_bytes(300_000);
    let job = submission.submit(&mut handle, requests).await.unwrap();
    assert_eq!((handle.ids().count(), server.count("POST /v1/files")), (2, 3));
    let (results, errors) = read(&quick(job)).await;
    assert!(errors.is_empty());
    let texts = |n: usize| results[&format!("row-{n}")].as_ref().unwrap().text().into_owned();
    assert!((0..500).all(|n| texts(n) == format!("re: {}", prompts[n])));
}

#[tokio::test]
async fn a_restart_in_the_middle_of_the_results_begins_them_again() {
    let server = BatchServer::start().await;
    let job = submit(&server.model(), &["a", "b", "c", "d"]).await;
    let stored = serde_json::to_string(job.handle()).unwrap();
    let mut results = job.results();
    assert!(results.next().await.unwrap().is_ok());
    drop(results);
    let job = server.model().batch_job_from(serde_json::from_str(&stored).unwrap());
    let (results, errors) = read(&quick(job)).await;
    assert_eq!((results.len(), errors.len()), (4, 0));
}

#[tokio::test]
async fn a_batch_that_ended_before_it_could_be_cancelled_is_no_error() {
    const ENDED: &str = r#"{"error":{"message":"Cannot cancel a batch with status 'completed'.","type":"invalid_request_error","param":null,"code":null}}"#;
    let server = BatchServer::start().await;
    server.set(|state| {
        state.polls = 1;
        let refuse = ("POST /v1/batches/batch_1/cancel", Instead::Refuse(400, ENDED));
        state.instead.push_back(refuse);
    });
    let job = submit(&server.model(), &["a"]).await;
    assert_eq!(job.cancel().await.unwrap().batches[0].state, BatchJobState::Completed);
}

#[tokio::test]
async fn a_key_that_ran_out_is_asked_for_again_by_every_request_of_a_job() {
    let server = BatchServer::start().await;
    let asked = AtomicU32::new(0);
    let every_other = move || {
        let is_old = asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        async move { Ok(Secret::new(if is_old { "ran-out" } else { "sk-canary-0123456789" })) }
    };
    let job = submit(&server.model().with_api_key_fn(every_other), &["a"]).await;
    let (results, errors) = read(&job).await;
    assert_eq!((said(&results), errors.len()), (vec!["row-0: re: a".to_owned()], 0));
    let requests = [
        "POST /v1/files",
        "POST /v1/batches",
        "GET /v1/batches/batch_1",
        "GET /v1/files/file-2/content",
    ];
    for request in requests {
        let refused = server.count(&format!("refused: {request}"));
        assert_eq!((refused, server.count(request)), (1, 1), "{request}");
    }
}

#[tokio::test]
async fn a_key_that_no_function_can_better_is_an_error_that_makes_no_batch() {
    let server = BatchServer::start().await;
    let llm = server.model().with_api_key_fn(async || Ok(Secret::new("ran-out")));
    let mut handle = BatchJobHandle::new();
    let error = llm.batch_job().submit(&mut handle, rows(&["a"])).await.unwrap_err();
    assert_eq!((error.kind(), server.count("")), (ErrorKind::Authentication, 1));
}
