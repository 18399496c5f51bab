//! Servers that send calls of tools without ids: an agent works with them, and OpenAI's form is kept.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use cadena_core::{AgentOutput, Result, RunnableExt, ToolContext, agent, async_trait, fold, tool_fn};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::ChatOpenAI;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use support::block_on;

/// Gives one answer after the other.
#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<VecDeque<Value>>>,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let streams = body["stream"] == true;
        self.bodies.lock().unwrap().push(body);
        let said = self.answers.lock().unwrap().pop_front().unwrap();
        let key = if streams { "delta" } else { "message" };
        let answer = json!({"choices": [{"index": 0, key: said, "finish_reason": "stop"}]});
        let (kind, body) = match streams {
            true => ("text/event-stream", format!("data: {answer}\n\ndata: [DONE]\n\n")),
            false => ("application/json", answer.to_string()),
        };
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        let body = futures::stream::iter([Ok(body.into())]);
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(headers)
            .with_body(Box::pin(body)))
    }
}

/// Two turns with calls, two of them at once, then the answer.
fn script(id: &Value) -> Script {
    let call = |index: u32, n: u32| {
        let mut call = json!({"index": index, "type": "function", "function": {"name": "double", "arguments": format!("{{\"n\": {n}}}")}});
        // Missing where the server says nothing, null or empty where it says so.
        if *id != json!({}) {
            call["id"] = id.clone();
        }
        call
    };
    let answers = [
        json!({"content": null, "tool_calls": [call(0, 1), call(1, 2)]}),
        json!({"content": null, "tool_calls": [call(0, 4)]}),
        json!({"content": "8"}),
    ];
    Script {
        answers: Arc::new(Mutex::new(answers.into())),
        bodies: Arc::default(),
    }
}

fn run(server: &Script, streamed: bool) -> AgentOutput {
    let llm = ChatOpenAI::new("small")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(server.clone());
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let double = tool_fn("double", "Doubles.", schema, |args: Value, _: ToolContext| async move {
        Ok((args["n"].as_i64().unwrap_or_default() * 2).to_string())
    });
    let agent = agent(llm, (double,)).unwrap();
    block_on(async {
        match streamed {
            true => fold::<AgentOutput>(agent.stream("8?")).await.map(Option::unwrap),
            false => agent.invoke("8?").await,
        }
    })
    .unwrap()
}

#[test]
fn an_agent_works_with_a_server_that_sends_no_ids() {
    for id in [json!({}), Value::Null, json!("")] {
        for streamed in [false, true] {
            let server = script(&id);
            assert_eq!(run(&server, streamed).text(), "8");
            let bodies = server.bodies.lock().unwrap();
            let ids = |messages: &Value| -> Vec<Value> {
                let messages = messages.as_array().unwrap().iter();
                let ids = messages.flat_map(|message| match message["tool_calls"].as_array() {
                    Some(calls) => calls.iter().map(|call| call["id"].clone()).collect(),
                    None => vec![message["tool_call_id"].clone()],
                });
                ids.filter(|id| !id.is_null()).collect()
            };
            let third = &bodies[2]["messages"];
            let expect = ["call_1_0", "call_1_1", "call_1_0", "call_1_1", "call_4_0", "call_4_0"];
            assert_eq!(ids(third), expect, "{id} {streamed}");
            assert_eq!((&third[2]["content"], &third[3]["content"]), (&json!("2"), &json!("4")));
            // What was sent before is sent again as it was, so that the server's prompt cache finds it.
            assert_eq!(bodies[1]["messages"], json!(third.as_array().unwrap()[..4]));
        }
    }
}
