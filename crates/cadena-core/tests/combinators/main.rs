//! Each combinator: what it gives, what it does with chunks, how it fails, and which runs it opens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod choice;
mod config;
mod data;
mod promises;
mod streams;
mod wrappers;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{
    BoxRunnable, CancellationToken, ChunkStream, ConfigKey, Dict, DictLike, EchoModel, Error, ErrorKind,
    FallbackErrors, Lambda, Listener, Listeners, PromptValue, RetryBudget, RetryOptions, RunConfig, RunEvent, Runnable,
    RunnableExt, SequentialIds, StrOutputParser, StreamMode, Streamable, ValueChunk, assign, branch, dict, fold,
    generator, lambda, parallel, passthrough, pick, route_fn, router, stream_fn, try_route_fn,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

fn words(text: &str) -> ChunkStream<String> {
    let words: Vec<_> = text.split_inclusive(' ').map(|word| Ok(word.to_owned())).collect();
    stream::iter(words).boxed()
}

fn source(text: &'static str) -> impl Runnable<Input = Dict, Output = String> {
    stream_fn::<Dict, String, _>(move |_| words(text))
}

fn fail(kind: ErrorKind) -> Lambda<i32, i32> {
    lambda(move |_: i32| Err::<i32, _>(Error::from(kind)))
}

/// Fails this often, then gives its input.
fn flaky(times: u32, kind: ErrorKind) -> (Lambda<i32, i32>, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let step = lambda(move |n: i32| match count.fetch_add(1, Ordering::Relaxed) {
        call if call < times => Err(Error::from(kind)),
        _ => Ok(n),
    });
    (step, calls)
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn starts(&self) -> Vec<String> {
        let lines = self.lines();
        lines
            .iter()
            .filter_map(|line| line.strip_prefix("start "))
            .map(str::to_owned)
            .collect()
    }
}

impl Listener for Log {
    fn on_event(&self, event: &RunEvent) {
        let what = match event {
            RunEvent::Start { .. } => "start",
            RunEvent::End { .. } => "end",
            RunEvent::Error { .. } => "error",
            RunEvent::Cancelled { .. } => "cancelled",
            _ => return,
        };
        let run = event.run();
        let line = format!("{what} {} [{}] {}", run.name, run.tags.join(","), run.parents.len());
        self.0.lock().unwrap().push(line);
    }
}

fn logged(log: &Arc<Log>) -> RunConfig {
    RunConfig::new()
        .ids(Arc::new(SequentialIds::default()))
        .listener(Arc::<Log>::clone(log))
}

fn show(chunk: &impl serde::Serialize) -> String {
    serde_json::to_string(chunk).unwrap()
}

async fn chunks<O: Streamable>(stream: ChunkStream<O>) -> Vec<String> {
    stream.map_ok(|chunk| show(&chunk)).try_collect().await.unwrap()
}
