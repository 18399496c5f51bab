//! The cost of a large batch: the wall time beside the time that its model waits, and the memory of a call in flight.
//!
//! `cargo bench -p cadena-core --bench batch` prints both. Ten thousand calls, a thousand at once, each waiting 10 ms, wait 100 ms in
//! all. Aim: at most 8 KiB per call in flight.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may panic, and prints what it found"
)]

use std::time::{Duration, Instant};

use cadena_core::{
    AIMessage, AIMessageChunk, ChatModel, ChatPromptTemplate, ChatRequest, ChunkStream, ModelProfile, RunConfig,
    RunContext, RunnableExt, StrOutputParser, dict, impl_pipe,
};
use futures::stream::{self, StreamExt};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const CALLS: usize = 10_000;
const AT_ONCE: usize = 1_000;
const WAIT: Duration = Duration::from_millis(10);

/// A model that waits, then says one word.
#[derive(Clone)]
struct Waiting;

impl ChatModel for Waiting {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("waiting", "waiting-1").with_all_options()
    }

    fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        let answer = async {
            tokio::time::sleep(WAIT).await;
            Ok(AIMessageChunk::new("done").with_finish_reason("stop"))
        };
        stream::once(answer).boxed()
    }
}
impl_pipe!(Waiting);

fn config() -> RunConfig {
    RunConfig::new().max_concurrency(AT_ONCE)
}

/// Prints the time of a batch and the most memory that it held, by the calls in flight.
async fn measure(name: &str, batch: impl Future<Output = usize>) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let start = Instant::now();
    let done = batch.await;
    let time = start.elapsed();
    let held = MEMORY.peak_usage().saturating_sub(before);
    assert_eq!(done, CALLS);
    println!(
        "{name:<44} {:>6.1} ms, {:>5} bytes per call in flight",
        time.as_secs_f64() * 1000.0,
        held / AT_ONCE
    );
}

/// The same waiting by hand: what the timers of the runtime alone cost.
async fn by_hand() -> usize {
    let calls = (0..CALLS).map(|_| tokio::time::sleep(WAIT));
    stream::iter(calls).buffer_unordered(AT_ONCE).count().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let questions = || (0..CALLS).map(|n| format!("question {n}"));
    let inputs = || (0..CALLS).map(|n| dict! {"n": n});
    let prompt = ChatPromptTemplate::from_messages([("system", "Be brief."), ("human", "question {n}")]).unwrap();
    let chain = prompt | Waiting | StrOutputParser;
    for round in ["warming up", "measured"] {
        println!("{round}: {CALLS} calls of {WAIT:?}, {AT_ONCE} at once");
        measure("timers alone", by_hand()).await;
        measure(
            "model, as completed",
            Waiting.batch_as_completed_with(questions(), config()).count(),
        )
        .await;
        measure(
            "prompt | model | parser, as completed",
            chain.batch_as_completed_with(inputs(), config()).count(),
        )
        .await;
        measure("model, all results in a list", async {
            Waiting.batch_with(questions(), config()).await.len()
        })
        .await;
        let path = std::env::temp_dir().join(format!("cadena-bench-batch-{}", std::process::id()));
        measure(
            "model, resumable",
            Waiting.batch_resumable_with(questions(), &path, config()).count(),
        )
        .await;
        std::fs::remove_file(path).unwrap();
    }
    println!(
        "A list of {CALLS} answers is {} bytes per call in flight by itself.",
        CALLS * size_of::<AIMessage>() / AT_ONCE
    );
}
