//! Time per unit at two sizes, one ten times the other: a cost that grows with the size shows as a ratio above one.
//!
//! `cargo bench -p cadena-core --features schemars --bench linear`. Each line names its unit. The figure is the fastest of five runs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cadena_core::messages::ToolCall;
use cadena_core::schemars::{self, JsonSchema};
use cadena_core::{
    AIMessage, AIMessageChunk, ChatMessageHistory, ChatModel, ChatModelExt, ChatRequest, ChunkStream, HumanMessage,
    InMemoryChatMessageHistory, JsonOutputParser, Listener, Message, ModelProfile, Result, RunConfig, RunContext,
    RunEvent, RunnableExt, SESSION_ID, StrOutputParser, agent, impl_pipe, lambda, tool_fn,
};
use futures::StreamExt;
use futures::executor::block_on;
use futures::stream;
use serde::Deserialize;
use serde_json::{Map, json};

fn main() {
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "cost, per unit in µs", "size", "µs", "size", "µs", "ratio"
    );
    line("JsonOutputParser, streamed, per chunk", 800, |chunks| {
        let chain = Replies::growing(chunks) | JsonOutputParser::new();
        drain(chain.stream("hi"))
    });
    line("JsonOutputParser::diff, per chunk", 800, |chunks| {
        let chain = Replies::growing(chunks) | JsonOutputParser::new().diff();
        drain(chain.stream("hi"))
    });
    line("with_structured_output, streamed, per chunk", 800, |chunks| {
        let step = Replies::growing(chunks).with_structured_output::<Rows>();
        drain(step.stream("hi"))
    });
    line("agent, per turn", 160, |turns| {
        let noop = tool_fn(
            "noop",
            "Does nothing.",
            json!({"type": "object"}),
            |_: Nothing, _| async { Ok("done") },
        );
        let agent = agent(Caller { turns }, [noop]).unwrap().with_max_model_calls(u32::MAX);
        let output = block_on(agent.invoke("go")).unwrap();
        assert!(output.messages.len() > 2 * turns);
    });
    line("history of so many messages, per 1,000 of a turn", 1_000, |messages| {
        let history = InMemoryChatMessageHistory::new();
        let stored: Vec<Message> = (0..messages)
            .map(|n| HumanMessage::new(format!("message {n}")).into())
            .collect();
        block_on(history.append("s", stored)).unwrap();
        let chat = Replies::growing(1).with_message_history(history);
        let config = RunConfig::new().set(SESSION_ID, "s".to_owned());
        black_box(block_on(chat.invoke_with("hi", config)).unwrap());
    });
    line("batch with max_concurrency, per input", 10_000, |inputs| {
        let model = Replies::growing(1);
        let config = RunConfig::new().max_concurrency(8);
        let inputs: Vec<_> = (0..inputs).map(|_| "hi").collect();
        black_box(block_on(model.batch_with(inputs, config)));
    });
    line("nobody listens, per chunk", 1_000, |chunks| {
        drain((Replies::plain(chunks) | StrOutputParser).stream("hi"));
    });
    line("one listener, per chunk", 1_000, |chunks| {
        let config = RunConfig::new().listener(Arc::new(Ignores));
        drain((Replies::plain(chunks) | StrOutputParser).stream_with("hi", config));
    });
    line("stream_events, per chunk", 1_000, |chunks| {
        drain((Replies::plain(chunks) | StrOutputParser).stream_events("hi"));
    });
    line("100 function steps, per input of a batch", 100, |inputs| {
        let chain = (0..100).fold(lambda(|n: u64| n).boxed(), |chain, _| {
            chain.pipe(lambda(|n: u64| n + 1)).boxed()
        });
        black_box(block_on(chain.batch(0..inputs as u64)));
    });
}

/// Measures one cost at `size` and at ten times as much.
fn line(name: &str, size: usize, work: impl Fn(usize)) {
    let per_unit = |size: usize| {
        let fastest = (0..5)
            .map(|_| {
                let start = Instant::now();
                work(size);
                start.elapsed()
            })
            .min();
        fastest.unwrap_or(Duration::ZERO).as_secs_f64() * 1e6 / size as f64
    };
    let (small, large) = (per_unit(size), per_unit(10 * size));
    println!(
        "{name:<44} {size:>9} {small:>9.2} {:>9} {large:>9.2} {:>7.2}",
        10 * size,
        large / small
    );
}

fn drain<T, S: futures::Stream<Item = Result<T>>>(chunks: S) {
    block_on(chunks.for_each(|chunk| {
        black_box(chunk.unwrap());
        std::future::ready(())
    }));
}

/// A model that streams the same chunks to every request.
#[derive(Clone, Debug)]
struct Replies(Arc<[String]>);

impl Replies {
    /// One JSON object in so many chunks, each a row of its list.
    fn growing(chunks: usize) -> Self {
        let rows = (0..chunks).map(|n| match n {
            0 => r#"{"rows":[{"n":0,"text":"a row"}"#.to_owned(),
            n => format!(r#",{{"n":{n},"text":"a row"}}"#),
        });
        Self(rows.chain(["]}".to_owned()]).collect())
    }

    fn plain(chunks: usize) -> Self {
        Self((0..chunks).map(|_| "word ".to_owned()).collect())
    }
}

impl ChatModel for Replies {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("bench", "replies")
    }

    fn stream_chat(&self, _request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let chunks = Arc::clone(&self.0);
        stream::iter(
            (0..chunks.len()).map(move |at| Ok(AIMessageChunk::new(chunks.get(at).cloned().unwrap_or_default()))),
        )
        .boxed()
    }
}

impl_pipe!(Replies);

#[derive(Debug, Deserialize, JsonSchema)]
struct Rows {
    #[allow(dead_code, reason = "only read")]
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Row {
    #[allow(dead_code, reason = "only read")]
    n: u64,
    #[allow(dead_code, reason = "only read")]
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Nothing {}

/// A model that calls a tool in every turn but the last.
#[derive(Clone, Debug)]
struct Caller {
    turns: usize,
}

impl ChatModel for Caller {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("bench", "caller")
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let turn = request.messages.len() / 2;
        let answer = match turn < self.turns {
            true => {
                let mut answer = AIMessage::new("");
                answer
                    .tool_calls
                    .push(ToolCall::new("noop", Map::new(), format!("call-{turn}")));
                answer
            }
            false => AIMessage::new("done"),
        };
        stream::iter([Ok(AIMessageChunk::from(answer))]).boxed()
    }
}

struct Ignores;

impl Listener for Ignores {
    fn on_event(&self, event: &RunEvent) {
        black_box(event);
    }
}
