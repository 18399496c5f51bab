//! The events of a call as a stream: what comes, in which order, and when.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod failure;
mod filter;
mod model;
mod order;
mod pressure;

use std::sync::Arc;

use cadena_core::{ChatPromptTemplate, EchoModel, Listener, RunConfig, RunEvent, SequentialIds};

/// An event in a line: what, name, tags of its own, how deep.
fn line(event: &RunEvent) -> String {
    let what = match event {
        RunEvent::Start { .. } => "start",
        RunEvent::Chunk { .. } => "chunk",
        RunEvent::End { .. } => "end",
        RunEvent::Error { .. } => "error",
        RunEvent::Cancelled { .. } => "cancelled",
        RunEvent::Custom { .. } => "custom",
        _ => "?",
    };
    let run = event.run();
    let tags = run.tags.iter().map(|tag| format!(" {tag}")).collect::<String>();
    format!("{}{what} {}{tags}", "  ".repeat(run.parents.len()), run.name)
}

fn lines(events: &[RunEvent]) -> String {
    let lines: Vec<_> = events.iter().map(line).collect();
    lines.join("\n")
}

fn config() -> RunConfig {
    RunConfig::new().ids(Arc::new(SequentialIds::default()))
}

fn prompt() -> ChatPromptTemplate {
    ChatPromptTemplate::new().human("{words}").unwrap()
}

fn model() -> EchoModel {
    EchoModel::new()
}

/// Hears everything, and keeps it.
#[derive(Default)]
struct Log(std::sync::Mutex<Vec<RunEvent>>);

impl Log {
    fn lines(&self) -> String {
        lines(&self.0.lock().unwrap())
    }
}

impl Listener for Log {
    fn on_event(&self, event: &RunEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}
