//! Files of results whose connection breaks in the middle.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{Error, ErrorKind};
use cadena_http::{Limits, RetryPolicy};
use cadena_openai::{BatchJob, BatchJobHandle, ChatOpenAI};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the server answers a question for a part of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ranges {
    /// With the part, or 416 if it is empty.
    Served,
    /// With the whole.
    Ignored,
    /// With a part that begins 3 bytes earlier.
    Rounded,
    /// With a part that begins 3 bytes later.
    Wrong,
}

/// A server of one batch whose file breaks off at the given places, one for each connection.
struct Cutter {
    url: String,
    /// The heads of the requests for the file.
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Cutter {
    /// Every answer ends after the next place of the file, or where its first byte would be.
    async fn start(file: &str, ranges: Ranges, cuts: impl IntoIterator<Item = usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heads = Arc::clone(&asked);
        let file = file.to_owned();
        let mut cuts: Vec<usize> = cuts.into_iter().collect();
        cuts.reverse();
        let task = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                while let Some(head) = head(&mut socket).await {
                    if head.starts_with("GET /v1/batches/") {
                        let batch = r#"{"id":"batch_1","status":"completed","output_file_id":"file-2"}"#;
                        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{batch}", batch.len());
                        socket.write_all(answer.as_bytes()).await.unwrap();
                        continue;
                    }
                    heads.lock().unwrap().push(head.clone());
                    let cut = cuts.pop();
                    answer(&mut socket, &file, ranges, &head, cut).await;
                    if cut.is_some() {
                        break;
                    }
                }
            }
        });
        Self { url, asked, task }
    }

    fn job(&self) -> BatchJob {
        let llm = ChatOpenAI::new("gpt-4o-mini")
            .with_base_url(&self.url)
            .with_api_key("sk-1");
        let llm = llm.with_http_retry(RetryPolicy::default().base_pause(Duration::from_millis(1)));
        llm.with_limits(Limits::default().event(1000))
            .batch_job_from(BatchJobHandle::from_ids(["batch_1"]))
    }

    fn ranges(&self) -> Vec<String> {
        let heads = self.asked.lock().unwrap();
        let range = |head: &String| {
            let line = head.lines().find_map(|line| line.strip_prefix("range: "));
            line.unwrap_or("all").to_owned()
        };
        heads.iter().map(range).collect()
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn head(socket: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(socket.read_u8().await.ok()?);
    }
    Some(String::from_utf8(text).unwrap())
}

async fn answer(socket: &mut TcpStream, file: &str, ranges: Ranges, head: &str, cut: Option<usize>) {
    let asked = head.lines().find_map(|line| line.strip_prefix("range: bytes="));
    let asked = asked.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    let start = match (asked, ranges) {
        (None, _) | (_, Ranges::Ignored) => None,
        (Some(start), Ranges::Served) => Some(start),
        (Some(start), Ranges::Rounded) => Some(start.saturating_sub(3)),
        (Some(start), Ranges::Wrong) => Some(start + 3),
    };
    let part = &file[start.unwrap_or(0).min(file.len())..];
    let (length, last) = (part.len(), file.len() - 1);
    let head = match start {
        Some(start) if start >= file.len() => "HTTP/1.1 416 No\r\ncontent-length: 0\r\n\r\n".to_owned(),
        Some(start) => format!(
            "HTTP/1.1 206 Part\r\ncontent-range: bytes {start}-{last}/{}\r\ncontent-length: {length}\r\n\r\n",
            file.len()
        ),
        // Without a length, the end of the chunks is what may be missing.
        None => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
    };
    socket.write_all(head.as_bytes()).await.unwrap();
    let sent = cut.map_or(length, |cut| cut.saturating_sub(start.unwrap_or(0)).min(length));
    let sent = &part[..sent];
    if head.contains("chunked") {
        for piece in sent.as_bytes().chunks(50) {
            let size = format!("{:x}\r\n", piece.len());
            socket
                .write_all(&[size.as_bytes(), piece, b"\r\n"].concat())
                .await
                .unwrap();
        }
        if cut.is_none() {
            socket.write_all(b"0\r\n\r\n").await.unwrap();
        }
    } else {
        socket.write_all(sent.as_bytes()).await.unwrap();
    }
    socket.flush().await.unwrap();
}

fn line(n: usize) -> String {
    format!(
        r#"{{"custom_id":"row-{n}","response":{{"status_code":200,"body":{{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":"re: {n}"}}}}]}}}}}}"#
    ) + "\n"
}

fn file() -> String {
    (0..8).map(line).collect()
}

/// The ids in the order of the stream, and what concerns none.
async fn read(job: &BatchJob) -> (Vec<String>, Vec<Error>) {
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    let mut results = job.results();
    while let Some(item) = results.next().await {
        match item {
            Ok((id, message)) => {
                assert_eq!(message.unwrap().text(), id.replace("row-", "re: "));
                ids.push(id);
            }
            Err(error) => errors.push(error),
        }
    }
    (ids, errors)
}

fn all() -> Vec<String> {
    (0..8).map(|n| format!("row-{n}")).collect()
}

#[tokio::test]
async fn a_broken_connection_loses_no_line_and_doubles_none() {
    let one = line(0).len();
    // In a line, at the end of one, before and behind the line break, at once, and behind the last byte.
    let places = [one + 30, one * 2, one * 3 - 1, 0, one * 8];
    for ranges in [Ranges::Served, Ranges::Ignored, Ranges::Rounded] {
        for place in places {
            let server = Cutter::start(&file(), ranges, [place]).await;
            let (ids, errors) = read(&server.job()).await;
            assert_eq!(ids, all(), "{ranges:?} {place}");
            assert!(errors.is_empty(), "{ranges:?} {place} {errors:?}");
        }
    }
}

#[tokio::test]
async fn a_file_is_asked_for_from_where_it_broke() {
    let one = line(0).len();
    let server = Cutter::start(&file(), Ranges::Served, [one + 30, one * 2, one * 5 + 7]).await;
    assert_eq!(read(&server.job()).await.0, all());
    let range = |at: usize| format!("bytes={at}-");
    assert_eq!(
        server.ranges(),
        ["all".to_owned(), range(one + 30), range(one * 2), range(one * 5 + 7)]
    );
}

#[tokio::test]
async fn more_breaks_than_tries_are_fine_as_long_as_something_new_comes() {
    let cuts = (1..40).map(|n| n * 40);
    let server = Cutter::start(&file(), Ranges::Ignored, cuts).await;
    assert_eq!(read(&server.job()).await.0, all());
    assert!(server.ranges().len() > 30);
}

#[tokio::test]
async fn a_file_that_always_breaks_at_one_place_is_given_up_with_what_came() {
    let one = line(0).len();
    for ranges in [Ranges::Served, Ranges::Ignored] {
        let server = Cutter::start(&file(), ranges, [one * 2 + 30; 9]).await;
        let (ids, errors) = read(&server.job()).await;
        assert_eq!(ids, all()[..2]);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].kind(), ErrorKind::Truncated);
        assert!(
            errors[0].to_string().ends_with("gave up after 3 attempts"),
            "{}",
            errors[0]
        );
        assert_eq!(server.ranges().len(), 3);
    }
}

#[tokio::test]
async fn a_range_that_leaves_something_out_is_an_error() {
    let one = line(0).len();
    let server = Cutter::start(&file(), Ranges::Wrong, [one + 30]).await;
    let (ids, errors) = read(&server.job()).await;
    assert_eq!(ids, all()[..1]);
    insta::assert_snapshot!(errors[0].to_string(), @"truncated answer: the file was answered with a range that leaves something out while it was read");
}

#[tokio::test]
async fn strange_lines_are_reported_and_the_others_are_read() {
    let strange = [
        line(0),
        "not json, with a canary\n".to_owned(),
        line(0),
        "\n".to_owned(),
        format!("{{\"custom_id\":\"{}\"}}\n", "x".repeat(2000)),
        format!("{{\"custom_id\":\"{}\"}}\n", "x".repeat(600)),
        "{\"custom_id\":\"row-2\"}\n".to_owned(),
        line(1),
    ];
    let server = Cutter::start(&strange.concat(), Ranges::Served, []).await;
    let (mut ids, mut said) = (Vec::new(), Vec::new());
    let mut results = server.job().results();
    while let Some(item) = results.next().await {
        match item {
            Ok((id, Ok(_))) => ids.push(id),
            Ok((id, Err(error))) => said.push(format!("{id}: {error}")),
            Err(error) => said.push(error.to_string()),
        }
    }
    assert_eq!(ids, ["row-0", "row-1"]);
    insta::assert_snapshot!(said.join("\n"), @r"
    malformed response: line 2 of the file of the batch `batch_1` is not a result
    malformed response: line 3 of the file of the batch `batch_1` is a second result of the request `row-0`
    limit exceeded: line 5 of the file of the batch `batch_1` is longer than 1000 bytes; raise `Limits::event` by `with_limits`
    malformed response: line 6 of the file of the batch `batch_1` has a custom id of 600 bytes
    row-2: malformed response: the line has neither an answer nor an error
    ");
}

#[tokio::test]
async fn an_empty_file_has_no_results() {
    let server = Cutter::start(" \n", Ranges::Served, []).await;
    let (ids, errors) = read(&server.job()).await;
    assert!(ids.is_empty() && errors.is_empty());
}
