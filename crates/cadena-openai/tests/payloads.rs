//! Payloads that servers really send, played on every path by which an answer comes: see `payloads/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "support/payload.rs"]
mod payload;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use cadena_core::{
    AIMessage, Bind, ChatModel, ChatModelExt, ChatOptions, ChatRequest, Choices, Logprobs, Result, RunContext,
    RunnableExt, Streamable, async_trait, fold,
};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::{AzureChatOpenAI, BatchJobHandle, ChatOpenAI, Endpoint};
use futures::TryStreamExt;
use payload::Payload;
use serde_json::{Value, json};
use support::{Canned, block_on, collect};

const EVENTS: &str = "text/event-stream";
const JSON: &str = "application/json";

#[test]
fn every_payload_gives_its_message_or_its_error_on_every_path() {
    let wanted = std::env::var("PAYLOAD").ok();
    let rows: Vec<_> = Payload::all()
        .into_iter()
        .filter(|row| wanted.as_ref().is_none_or(|name| row.name.contains(name)))
        .collect();
    assert!(!rows.is_empty(), "no row is called {wanted:?}");
    // Every row is played, so that one run shows all that fail.
    let failed: Vec<_> = rows
        .into_iter()
        .filter_map(|row| {
            let name = row.name.clone();
            catch_unwind(AssertUnwindSafe(|| play(row))).is_err().then_some(name)
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{} rows failed, see above: {failed:#?}",
        failed.len()
    );
}

fn play(row: Payload) {
    let as_first = |text: &String| text.replace(r#""index":$"#, r#""index":0"#);
    let (body, events) = (row.body.as_ref().map(as_first), row.events.as_ref().map(as_first));
    let content_type = |usual: &'static str| row.content_type.clone().map_or(usual, |own| &*own.leak());
    let mut came = Vec::new();
    if let Some(body) = &body {
        let server = Canned::json(body.clone())
            .typed(content_type(JSON))
            .status(row.status.unwrap_or(200));
        came.push(("invoked", invoke(&model(&row, server.clone()))));
        came.push(("asked for as a stream", stream(&model(&row, server.clone()))));
        if !row.responses {
            came.push(("asked of Azure", invoke(&azure(&row, server))));
        }
        came.push(("as a line of a batch", batch_line(&row, body)));
    }
    if let Some(events) = &events {
        let server = |pieces: Vec<Bytes>| Canned::new(content_type(EVENTS), pieces);
        let whole = server(vec![events.clone().into()]);
        came.push(("streamed", stream(&model(&row, whole.clone()))));
        came.push(("invoked by a stream", invoke(&model(&row, whole).with_streaming(true))));
        let pieces = events.as_bytes().chunks(7).map(Bytes::copy_from_slice).collect();
        came.push(("streamed in pieces", stream(&model(&row, server(pieces)))));
    }
    // An error may be another one in a stream, so a row that wants one names its events.
    let is_answer = row.is_answer() && !row.responses;
    if let (Some(body), None, true) = (&body, &events, is_answer) {
        let event = body.replacen(r#""message":"#, r#""delta":"#, 1);
        let server = Canned::events(format!("data: {event}\n\ndata: [DONE]\n\n"));
        came.push(("as the only event", stream(&model(&row, server))));
    }
    let mut first: Option<(&str, Value)> = None;
    for (played, result) in came {
        let dump = result.map(|message| serde_json::to_value(without_id(message)).unwrap());
        // Azure is another provider and calls its model by another name.
        if let Ok(dump) = &dump
            && played != "asked of Azure"
        {
            match &first {
                Some((by, one)) => assert_eq!(one, dump, "{}: {by} and {played} differ", row.name),
                None => first = Some((played, dump.clone())),
            }
        }
        row.check(played, dump);
    }
    if row.has_choices() && row.is_answer() {
        play_as_second(row);
    }
}

/// Beside a first choice that is healthy.
fn play_as_second(row: Payload) {
    let second = |text: &String| text.replace(r#""index":$"#, r#""index":1"#);
    let healthy = r#"{"index":0,"KIND":{"role":"assistant","content":"first"},"finish_reason":"stop"}"#;
    let row = row.of_other_choice();
    if let Some(body) = row.body.as_ref().map(second) {
        let healthy = healthy.replace("KIND", "message");
        let body = body.replacen(r#""choices":["#, &format!(r#""choices":[{healthy},"#), 1);
        let came = second_choice(&model(&row, Canned::json(body)), false);
        row.check("as the second choice", came);
    }
    if let Some(events) = row.events.as_ref().map(second) {
        let healthy = healthy.replace("KIND", "delta");
        let server = Canned::events(format!("data: {{\"choices\":[{healthy}]}}\n\n{events}"));
        let came = second_choice(&model(&row, server), true);
        row.check("streamed as the second choice", came);
    }
}

fn options(row: &Payload) -> ChatOptions {
    match &row.options {
        Value::Null => ChatOptions::new(),
        options => ChatOptions::try_from(options.clone()).unwrap(),
    }
}

fn model(row: &Payload, server: Canned) -> ChatOpenAI {
    let endpoint = if row.responses {
        Endpoint::Responses
    } else {
        Endpoint::ChatCompletions
    };
    support::model(server)
        .with_endpoint(endpoint)
        .with_options(options(row))
}

fn azure(row: &Payload, server: Canned) -> AzureChatOpenAI {
    AzureChatOpenAI::new("deployed")
        .with_endpoint("https://r.openai.azure.com/")
        .with_api_version("2024-10-21")
        .with_api_key("sk-canary-0123456789")
        .with_http_retry(RetryPolicy::none())
        .with_options(options(row))
        .with_transport(server)
}

fn invoke(llm: &impl ChatModel) -> Result<AIMessage> {
    block_on(llm.chat(ChatRequest::new("hi"), RunContext::default()))
}

fn stream(llm: &ChatOpenAI) -> Result<AIMessage> {
    let (chunks, error) = block_on(collect(llm, ChatRequest::new("hi")));
    match error {
        Some(error) => Err(error),
        None => AIMessage::from_chunk(chunks.into_iter().sum()),
    }
}

/// The second of two choices.
fn second_choice(llm: &ChatOpenAI, streamed: bool) -> Result<Value> {
    let llm = llm.bind(ChatOptions::new().n(2));
    let choices = block_on(async {
        match streamed {
            true => Ok(fold::<Choices>(llm.all_choices().stream("hi"))
                .await?
                .unwrap_or_default()),
            false => llm.generate("hi").await,
        }
    })?;
    let second = choices.into_vec().into_iter().nth(1).map(without_id);
    Ok(serde_json::to_value(second).unwrap())
}

/// The answer as a line of the results of a batch job.
fn batch_line(row: &Payload, body: &str) -> Result<AIMessage> {
    let url = if row.responses {
        "/v1/responses"
    } else {
        "/v1/chat/completions"
    };
    let llm = support::model(Canned::json("")).with_transport(BatchOfOne {
        batch: json!({"id": "batch_1", "object": "batch", "endpoint": url, "status": "completed", "output_file_id": "file-1",
            "request_counts": {"total": 1, "completed": 1, "failed": 0}})
        .to_string(),
        line: format!(
            r#"{{"id":"r1","custom_id":"row","response":{{"status_code":{},"request_id":"req_1","body":{body}}},"error":null}}"#,
            row.status.unwrap_or(200)
        ),
    });
    let job = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"]));
    let mut results: Vec<_> = block_on(job.results().try_collect())?;
    results.pop().unwrap().1
}

/// A server that has a batch of one request, and its answer.
#[derive(Debug)]
struct BatchOfOne {
    batch: String,
    line: String,
}

#[async_trait]
impl Transport for BatchOfOne {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let body = if request.url.ends_with("/content") {
            &self.line
        } else {
            &self.batch
        };
        Canned::json(body.clone()).send(request).await
    }
}

/// Chunks that no server named are called after their run.
fn without_id(mut message: AIMessage) -> AIMessage {
    message.id.take_if(|id| id.starts_with("lc_run-"));
    // `{"content": null, "refusal": null}` and `null` are the same nothing, and a server may send either.
    let logprobs = &mut message.response_metadata.logprobs;
    logprobs.take_if(|logprobs| *logprobs == Logprobs::default());
    message
}
