//! The step hook: how steps are named, what hooks may do with a call, and that a journal resumes what was interrupted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod answers;
mod journal;
mod names;
mod read_back;
mod streams;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, BoxRunnable, Chain, ChatModel, ChatOptions, ChatRequest, ChunkPosition,
    ChunkStream, EchoModel, Error, ErrorKind, Listener, ModelProfile, Next, PromptValue, Result, RetryOptions,
    RunConfig, RunContext, RunEvent, RunKind, Runnable, RunnableExt, SequentialIds, StepCall, StepHook, StepInfo,
    StepOutput, StrOutputParser, UsageTracker, async_trait, branch, fold, lambda, parallel, passthrough, route_fn,
};
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;

/// A hook of a function that looks at the call and lets it pass.
struct Log(Mutex<Vec<String>>);

impl Log {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn sorted(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.sort();
        lines
    }
}

#[async_trait]
impl StepHook for Log {
    async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        self.0.lock().unwrap().push(call.name().to_owned());
        next.run().await
    }
}

/// Adds its name before and behind every call.
struct Marks(&'static str, Arc<Log>);

#[async_trait]
impl StepHook for Marks {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        let mark = |what: &str| self.1.0.lock().unwrap().push(format!("{what} {}", self.0));
        mark("enter");
        let output = next.run().await;
        mark("leave");
        output
    }
}

/// Answers every model from JSON, without calling it.
struct Answers(&'static str);

#[async_trait]
impl StepHook for Answers {
    async fn around(&self, _: &StepCall, _: Next<'_>) -> Result<StepOutput> {
        let message = AIMessage::new(self.0);
        Ok(StepOutput::from_json(serde_json::to_value(message).unwrap()))
    }
}

/// A tool that counts its calls.
#[derive(Clone, Default)]
struct Shout {
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Runnable for Shout {
    type Input = String;
    type Output = String;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("shout").kind(RunKind::Tool)
    }

    async fn run(&self, input: String, _: RunContext) -> Result<String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(input.to_uppercase())
    }
}

/// A model with log probabilities that asks with the text that it gets.
fn ask() -> Chain<String, AIMessage> {
    let model = EchoModel::new().bind(ChatOptions::new().logprobs(true));
    lambda(|text: String| PromptValue::from(text)).pipe(model)
}

fn say() -> Chain<String, String> {
    ask().pipe(StrOutputParser)
}

fn hook(hook: impl StepHook) -> RunConfig {
    config().hook(Arc::new(hook))
}

fn config() -> RunConfig {
    RunConfig::new().ids(Arc::new(SequentialIds::default()))
}
