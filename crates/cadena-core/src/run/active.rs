//! A run in a call whose events somebody hears: it starts at most once, and ends once if it has started.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use serde::Serialize;
use serde_json::Value;

use super::event_queue::EventQueue;
use super::{Listener, RunEvent, RunInfo};
use crate::{Error, RunKind};

/// The handle that emits the events of a run. The run starts when its work does, which is later than the call of its step: a
/// stream works when it is polled, and a step in the middle of a chain when its input comes.
pub(super) struct ActiveRun {
    info: Arc<RunInfo>,
    parent: Option<Arc<Self>>,
    /// The listeners that want this run. A run that no listener wants starts and ends all the same, so that the start of the
    /// runs around it does not depend on who listens.
    listeners: Vec<Arc<dyn Listener>>,
    queue: Option<Arc<EventQueue>>,
    stage: AtomicU8,
    /// Whether the input ended in an error, which the step then passes on.
    input_failed: AtomicBool,
    /// The input, for the end event.
    input: Mutex<Option<Value>>,
}

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const OVER: u8 = 2;

impl ActiveRun {
    pub(super) fn new(
        info: Arc<RunInfo>,
        parent: Option<Arc<Self>>,
        listeners: Vec<Arc<dyn Listener>>,
        queue: Option<Arc<EventQueue>>,
    ) -> Self {
        Self {
            info,
            parent,
            listeners,
            queue,
            stage: AtomicU8::new(WAITING),
            input_failed: AtomicBool::new(false),
            input: Mutex::default(),
        }
    }

    /// Whether a listener wants this run, so that its values are worth writing as JSON.
    pub(super) fn is_heard(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// A value as JSON, if a listener wants this run.
    pub(super) fn json_of(&self, value: &impl Serialize) -> Option<Value> {
        self.is_heard().then(|| json_of(value))
    }

    /// Starts the run, unless it has started, and those around it first.
    pub(super) fn start(&self, input: Option<Value>) {
        if !self.step(WAITING, RUNNING) {
            return;
        }
        if let Some(parent) = &self.parent {
            parent.start(None);
        }
        let run = Arc::clone(&self.info);
        if !run.parents.is_empty() {
            self.set_input(input.clone());
        }
        self.emit(&RunEvent::Start { run, input });
    }

    /// Takes the complete input: the start event carries it, or else the end event.
    pub(super) fn input_is(&self, input: Option<Value>) {
        if self.stage() == WAITING {
            self.start(input);
        } else {
            self.set_input(input);
        }
    }

    fn set_input(&self, input: Option<Value>) {
        if input.is_some() {
            *self.input.lock().unwrap_or_else(PoisonError::into_inner) = input;
        }
    }

    /// Notes that the input ended in an error.
    pub(super) fn input_failed(&self) {
        self.input_failed.store(true, Ordering::Relaxed);
    }

    /// Emits a chunk of the output.
    pub(super) fn chunk(&self, chunk: &impl Serialize) {
        self.start(None);
        if !self.is_heard() {
            return;
        }
        // These answer whole: their one chunk would repeat the end event.
        let whole = matches!(self.info.kind, RunKind::Prompt | RunKind::Tool | RunKind::Retriever);
        if self.stage() == RUNNING && !whole {
            let run = Arc::clone(&self.info);
            let chunk = json_of(chunk);
            self.emit(&RunEvent::Chunk { run, chunk });
        }
    }

    /// Ends the run with its output.
    pub(super) fn end(&self, output: impl FnOnce() -> Value) {
        self.start(None);
        if self.step(RUNNING, OVER) && self.is_heard() {
            let run = Arc::clone(&self.info);
            let input = self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
            let output = output();
            self.emit(&RunEvent::End { run, output, input });
        }
    }

    /// Ends the run in an error. A step whose input failed before its work started has no run.
    pub(super) fn fail(&self, error: &Error) {
        if self.stage() == WAITING && self.input_failed.load(Ordering::Relaxed) {
            self.stage.store(OVER, Ordering::Relaxed);
            return;
        }
        self.start(None);
        if self.step(RUNNING, OVER) {
            self.emit(&RunEvent::error(Arc::clone(&self.info), error));
        }
    }

    fn cancel(&self) {
        if self.stage.swap(OVER, Ordering::Relaxed) == RUNNING {
            let run = Arc::clone(&self.info);
            self.emit(&RunEvent::Cancelled { run });
        }
    }

    /// Whether the run is that of a model, and a listener wants its chunks although it is called whole.
    pub(super) fn wants_tokens(&self) -> bool {
        self.info.kind == RunKind::ChatModel && self.listeners.iter().any(|listener| listener.wants_tokens(&self.info))
    }

    /// Ready while the reader of the events keeps up.
    pub(super) fn poll_room(&self, task: &Context<'_>) -> Poll<()> {
        match &self.queue {
            Some(queue) => queue.poll_room(task),
            None => Poll::Ready(()),
        }
    }

    fn stage(&self) -> u8 {
        self.stage.load(Ordering::Relaxed)
    }

    /// Moves to the next stage, and returns whether this call did. The order of events comes from the task that runs the step.
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
pub(super) struct CancelOnDrop(pub(super) Arc<ActiveRun>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// A value as JSON for a listener. A value without a JSON form is `null` for the listener and goes on unchanged in the chain.
pub(super) fn json_of<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
