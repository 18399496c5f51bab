//! A server of files and batches on a TCP port, in the shapes that OpenAI publishes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_http::RetryPolicy;
use cadena_openai::ChatOpenAI;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server, listening until it is dropped.
pub(crate) struct BatchServer {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
}

/// The server's files and batches, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) batches: Vec<Batch>,
    /// Method and path of every request, in order; after `refused: ` if its key is not the server's.
    pub(crate) asked: Vec<String>,
    /// Bodies of `POST /batches`.
    pub(crate) created: Vec<Value>,
    /// Answers given in place of the usual ones: to a method and path, once each.
    pub(crate) instead: VecDeque<(&'static str, Instead)>,
    /// How often a batch is in progress before it has ended.
    pub(crate) polls: u32,
    /// How a batch ends, `completed` if nothing is said.
    pub(crate) end: Option<&'static str>,
    /// Bytes that the output file lacks at its end.
    pub(crate) cut: usize,
    /// How many batches a page lists.
    pub(crate) page: Option<usize>,
}

/// A fault that replaces the usual answer to one request.
#[derive(Clone)]
pub(crate) enum Instead {
    /// This status and body, and nothing is done.
    Refuse(u16, &'static str),
    /// The work is done, and the connection is closed without an answer.
    DoAndHangUp,
}

pub(crate) struct Batch {
    pub(crate) id: String,
    input: String,
    pub(crate) status: &'static str,
    polls: u32,
    output: Option<String>,
    errors: Option<String>,
    metadata: Value,
    pub(crate) endpoint: String,
    counts: [usize; 3],
}

impl BatchServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self { state, url, task }
    }

    /// A model at this server, as a new process would make it.
    pub(crate) fn model(&self) -> ChatOpenAI {
        ChatOpenAI::new("gpt-4o-mini")
            .with_base_url(&self.url)
            .with_api_key("sk-canary-0123456789")
            .with_http_retry(RetryPolicy::default().base_pause(Duration::from_millis(1)))
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    /// How often something was asked for.
    pub(crate) fn count(&self, asked: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|one| one.starts_with(asked)).count()
    }
}

impl Drop for BatchServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut socket: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
                break end;
            }
            if socket.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let text = String::from_utf8(buffer[..head].to_vec()).unwrap();
        let header = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(": "));
            lines
                .into_iter()
                .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.to_owned()))
        };
        let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
        while buffer.len() < head + 4 + length {
            if socket.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        let body: Vec<u8> = buffer.drain(..head + 4 + length).skip(head + 4).collect();
        let line = text.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let (status, answer) = if header("authorization").unwrap() == "Bearer sk-canary-0123456789" {
            answer(&line, header("content-type"), &body, &state)?
        } else {
            state.lock().unwrap().asked.push(format!("refused: {line}"));
            (401, br#"{"error":{"code":"401","message":"no"}}"#.to_vec())
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\nx-request-id: req_9\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        socket.write_all(head.as_bytes()).await.ok()?;
        socket.write_all(&answer).await.ok()?;
    }
}

/// Status and body, or nothing for a connection that is closed.
fn answer(line: &str, kind: Option<String>, body: &[u8], state: &Mutex<State>) -> Option<(u16, Vec<u8>)> {
    let mut state = state.lock().unwrap();
    state.asked.push(line.to_owned());
    let place = state.instead.iter().position(|(asked, _)| line.starts_with(asked));
    let instead = place
        .and_then(|place| state.instead.remove(place))
        .map(|(_, instead)| instead);
    if let Some(Instead::Refuse(status, said)) = instead {
        return Some((status, said.into()));
    }
    let parts: Vec<&str> = line.split([' ', '/', '?']).filter(|part| !part.is_empty()).collect();
    let answer = match *parts.as_slice() {
        ["POST", "v1", "files"] => json_of(&state.upload(&kind.unwrap(), body)),
        ["POST", "v1", "batches"] => json_of(&state.create(serde_json::from_slice(body).unwrap())),
        ["GET", "v1", "batches", page] => match page.strip_prefix("limit=100") {
            Some(after) => json_of(&state.list(after.strip_prefix("&after="))),
            None => state.poll(page)?,
        },
        ["POST", "v1", "batches", id, "cancel"] => {
            let batch = state.batches.iter_mut().find(|batch| batch.id == id)?;
            batch.status = "cancelling";
            json_of(&batch.to_json())
        }
        ["GET", "v1", "files", id, "content"] => state.files.get(id)?.clone(),
        _ => {
            return Some((
                404,
                br#"{"error":{"message":"no such route","type":"invalid_request_error","param":null,"code":null}}"#
                    .to_vec(),
            ));
        }
    };
    match instead {
        Some(Instead::DoAndHangUp) => None,
        _ => Some((200, answer)),
    }
}

fn json_of(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

impl State {
    fn upload(&mut self, content_type: &str, body: &[u8]) -> Value {
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = std::str::from_utf8(body).unwrap();
        let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
        let [before, purpose, file, after] = *parts.as_slice() else {
            unreachable!("the form has two parts")
        };
        assert_eq!((before, after), ("", "--\r\n"));
        assert!(purpose.contains("name=\"purpose\"") && purpose.ends_with("\r\n\r\nbatch\r\n"));
        let (head, content) = file.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("name=\"file\"; filename=\"batch.jsonl\""));
        let content = content.strip_suffix("\r\n").unwrap();
        let id = self.keep(content.as_bytes().to_vec());
        json!({"id": id, "object": "file", "bytes": content.len(), "created_at": 1, "filename": "batch.jsonl", "purpose": "batch"})
    }

    fn keep(&mut self, content: Vec<u8>) -> String {
        let id = format!("file-{}", self.files.len() + 1);
        self.files.insert(id.clone(), content);
        id
    }

    fn create(&mut self, body: Value) -> Value {
        let batch = Batch {
            id: format!("batch_{}", self.batches.len() + 1),
            input: body["input_file_id"].as_str().unwrap().to_owned(),
            status: "validating",
            polls: 0,
            output: None,
            errors: None,
            metadata: body["metadata"].clone(),
            endpoint: body["endpoint"].as_str().unwrap().to_owned(),
            counts: [0; 3],
        };
        self.created.push(body);
        let described = batch.to_json();
        self.batches.push(batch);
        described
    }

    /// A page of the batches, the newest first.
    fn list(&self, after: Option<&str>) -> Value {
        let mut batches = self.batches.iter().rev().peekable();
        if let Some(after) = after {
            batches.find(|batch| batch.id == after).unwrap();
        }
        let data: Vec<Value> = batches
            .by_ref()
            .take(self.page.unwrap_or(100))
            .map(Batch::to_json)
            .collect();
        json!({"object": "list", "data": data, "has_more": batches.peek().is_some()})
    }

    fn poll(&mut self, id: &str) -> Option<Vec<u8>> {
        let place = self.batches.iter().position(|batch| batch.id == id)?;
        let (polls, end) = (self.polls, self.end.unwrap_or("completed"));
        let batch = &mut self.batches[place];
        batch.polls += 1;
        if ["validating", "in_progress", "cancelling"].contains(&batch.status) {
            if batch.polls <= polls {
                batch.status = if batch.status == "cancelling" {
                    "cancelling"
                } else {
                    "in_progress"
                };
            } else {
                let end = if batch.status == "cancelling" { "cancelled" } else { end };
                self.finish(place, end);
            }
        }
        Some(json_of(&self.batches[place].to_json()))
    }

    /// Answers every line, in reverse order; a batch that did not complete answers the first half.
    fn finish(&mut self, place: usize, end: &'static str) {
        self.batches[place].status = end;
        if end == "failed" {
            return;
        }
        let input = String::from_utf8(self.files[&self.batches[place].input].clone()).unwrap();
        let lines: Vec<Value> = input.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let asked = if end == "completed" {
            lines.len()
        } else {
            lines.len() / 2
        };
        let (mut output, mut errors) = (String::new(), String::new());
        let mut counts = [lines.len(), 0, 0];
        for line in lines[..asked].iter().rev() {
            match result(line) {
                Some((true, line)) => {
                    counts[1] += 1;
                    output += &format!("{line}\n");
                }
                Some((false, line)) => {
                    counts[2] += 1;
                    errors += &format!("{line}\n");
                }
                None => {}
            }
        }
        // OpenAI writes a line for the first request that an expired batch has not asked; others are silent.
        if let (true, Some(line)) = (end == "expired", lines.get(asked)) {
            let error = json!({"code": "batch_expired", "message": "This request could not be executed before the completion window expired."});
            errors += &format!(
                "{}\n",
                json!({"id": "r", "custom_id": line["custom_id"], "response": null, "error": error})
            );
        }
        output.truncate(output.len() - self.cut.min(output.len()));
        self.batches[place].output = (!output.is_empty()).then(|| self.keep(output.into_bytes()));
        self.batches[place].errors = (!errors.is_empty()).then(|| self.keep(errors.into_bytes()));
        self.batches[place].counts = counts;
    }
}

/// The line of a result, and whether it is an answer; prompts say what happens to them.
fn result(line: &Value) -> Option<(bool, Value)> {
    assert_eq!(line["method"], "POST");
    let (endpoint, asked) = (line["url"].as_str().unwrap(), &line["body"]);
    let prompt = match endpoint {
        "/v1/chat/completions" => &asked["messages"][0]["content"],
        "/v1/responses" => &asked["input"][0]["content"],
        "/v1/completions" => &asked["prompt"],
        "/v1/embeddings" => &asked["input"][0],
        other => unreachable!("{other} is no endpoint of a batch"),
    };
    let prompt = prompt.as_str().or_else(|| prompt[0]["text"].as_str()).unwrap();
    let (mut custom_id, mut answered) = (line["custom_id"].clone(), 200);
    let body = match prompt {
        "lose me" => return None,
        "flag me" => {
            answered = 400;
            json!({"error": {"message": "filtered", "type": "invalid_request_error", "param": "prompt", "code": "content_filter"}})
        }
        "slow me" => {
            answered = 429;
            json!({"error": {"message": "wait, sk-canary-0123456789", "type": "requests", "param": null, "code": "rate_limit_exceeded"}})
        }
        prompt => {
            if prompt == "rename me" {
                custom_id = "stranger".into();
            }
            answer_of(endpoint, prompt)
        }
    };
    let response = json!({"status_code": answered, "request_id": "req_line", "body": body});
    Some((
        answered == 200,
        json!({"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": null}),
    ))
}

/// The answer of an endpoint: the prompt again, with a log probability where there are any.
fn answer_of(endpoint: &str, prompt: &str) -> Value {
    let token = json!({"token": "re", "logprob": -0.125, "bytes": [114, 101], "top_logprobs": []});
    match endpoint {
        "/v1/embeddings" => json!({
            "object": "list", "model": "text-embedding-3-small", "usage": {"prompt_tokens": 3, "total_tokens": 3},
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
        }),
        "/v1/completions" => json!({
            "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "davinci-002",
            "choices": [{
                "index": 0, "finish_reason": "stop", "text": format!("re: {prompt}"),
                "logprobs": {"tokens": ["re"], "token_logprobs": [-0.125], "top_logprobs": null, "text_offset": [0]},
            }],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
        }),
        "/v1/responses" => json!({
            "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-4o-mini-2024-07-18",
            "output": [{
                "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": format!("re: {prompt}"), "annotations": [], "logprobs": [token]}],
            }],
            "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4},
        }),
        _ => json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": format!("re: {prompt}"), "refusal": null},
                "logprobs": {"content": [token], "refusal": null},
            }],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
        }),
    }
}

impl Batch {
    fn to_json(&self) -> Value {
        let [total, completed, failed] = self.counts;
        let errors = json!({"object": "list", "data": [{"code": "invalid_json_line", "message": "This line is not parseable as valid JSON.", "param": null, "line": 3}]});
        let mut batch = json!({
            "id": self.id, "object": "batch", "endpoint": self.endpoint, "input_file_id": self.input,
            "completion_window": "24h", "status": self.status, "output_file_id": self.output, "error_file_id": self.errors,
            "created_at": 1, "request_counts": {"total": total, "completed": completed, "failed": failed}, "metadata": self.metadata,
        });
        batch["errors"] = if self.status == "failed" { errors } else { Value::Null };
        batch
    }
}
