//! One run as its listeners hear it: it begins at most once, and ends once if it has begun.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use serde::Serialize;
use serde_json::Value;

use super::queue::Queue;
use super::{Listener, RunEvent, RunInfo};
use crate::Error;
use crate::RunKind;

/// A run in a call that somebody hears. It begins when its work does, which is later than when its step is called: a stream works
/// when it is polled, and a step in the middle of a chain when its input comes.
pub(crate) struct Frame {
    run: Arc<RunInfo>,
    parent: Option<Arc<Self>>,
    /// Those who hear of this run. Without one it begins and ends all the same, so that when the runs around it begin does
    /// not depend on who listens.
    listeners: Vec<Arc<dyn Listener>>,
    queue: Option<Arc<Queue>>,
    stage: AtomicU8,
    /// Whether the error that comes out of the step is one that went in.
    input_failed: AtomicBool,
    /// The input, for the end to say.
    input: Mutex<Option<Value>>,
}

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const OVER: u8 = 2;

impl Frame {
    pub(crate) fn new(
        run: Arc<RunInfo>,
        parent: Option<Arc<Self>>,
        listeners: Vec<Arc<dyn Listener>>,
        queue: Option<Arc<Queue>>,
    ) -> Self {
        Self {
            run,
            parent,
            listeners,
            queue,
            stage: AtomicU8::new(WAITING),
            input_failed: AtomicBool::new(false),
            input: Mutex::default(),
        }
    }

    /// Whether its values are worth writing as JSON.
    pub(crate) fn is_heard(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// A value as its listeners hear it.
    pub(crate) fn dump(&self, value: &impl Serialize) -> Option<Value> {
        self.is_heard().then(|| dump(value))
    }

    /// Begins the run, unless it has begun, and those around it first.
    pub(crate) fn begin(&self, input: Option<Value>) {
        if !self.step(WAITING, RUNNING) {
            return;
        }
        if let Some(parent) = &self.parent {
            parent.begin(None);
        }
        let run = Arc::clone(&self.run);
        if !run.parents.is_empty() {
            self.set_input(input.clone());
        }
        self.emit(&RunEvent::Start { run, input });
    }

    /// The input is complete: the start says it, or else the end.
    pub(crate) fn input_is(&self, input: Option<Value>) {
        if self.stage() == WAITING {
            self.begin(input);
        } else {
            self.set_input(input);
        }
    }

    fn set_input(&self, input: Option<Value>) {
        if input.is_some() {
            *self.input.lock().unwrap_or_else(PoisonError::into_inner) = input;
        }
    }

    /// The input ended in an error.
    pub(crate) fn input_failed(&self) {
        self.input_failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn chunk(&self, chunk: &impl Serialize) {
        self.begin(None);
        if !self.is_heard() {
            return;
        }
        // These answer whole: their one chunk would say what the end says.
        let whole = matches!(self.run.kind, RunKind::Prompt | RunKind::Tool | RunKind::Retriever);
        if self.stage() == RUNNING && !whole {
            let run = Arc::clone(&self.run);
            let chunk = dump(chunk);
            self.emit(&RunEvent::Chunk { run, chunk });
        }
    }

    pub(crate) fn end(&self, output: impl FnOnce() -> Value) {
        self.begin(None);
        if self.step(RUNNING, OVER) && self.is_heard() {
            let run = Arc::clone(&self.run);
            let input = self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
            let output = output();
            self.emit(&RunEvent::End { run, output, input });
        }
    }

    /// Ends the run in an error. A step whose input failed before its work began has no run.
    pub(crate) fn fail(&self, error: &Error) {
        if self.stage() == WAITING && self.input_failed.load(Ordering::Relaxed) {
            self.stage.store(OVER, Ordering::Relaxed);
            return;
        }
        self.begin(None);
        if self.step(RUNNING, OVER) {
            self.emit(&RunEvent::error(Arc::clone(&self.run), error));
        }
    }

    fn cancel(&self) {
        if self.stage.swap(OVER, Ordering::Relaxed) == RUNNING {
            let run = Arc::clone(&self.run);
            self.emit(&RunEvent::Cancelled { run });
        }
    }

    /// Whether a model that is asked for a whole answer gives it in chunks.
    pub(crate) fn wants_tokens(&self) -> bool {
        self.listeners.iter().any(|listener| listener.wants_tokens(&self.run))
    }

    /// Ready while the one who reads the events keeps up.
    pub(crate) fn poll_room(&self, task: &Context<'_>) -> Poll<()> {
        match &self.queue {
            Some(queue) => queue.poll_room(task),
            None => Poll::Ready(()),
        }
    }

    fn stage(&self) -> u8 {
        self.stage.load(Ordering::Relaxed)
    }

    /// The order of events comes from the task that runs the step; the stage only says who was first.
    fn step(&self, from: u8, to: u8) -> bool {
        let swapped = self
            .stage
            .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        swapped.is_ok()
    }

    fn emit(&self, event: &RunEvent) {
        self.listeners.iter().for_each(|listener| listener.on_event(event));
    }
}

/// Ends its run as cancelled when it is dropped before the run has ended.
pub(crate) struct Guard(pub(crate) Arc<Frame>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// A value as JSON for a listener; what has no JSON form is `null` there and goes on unharmed in the chain.
pub(crate) fn dump<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
