//! The events of a call that wait for the reader of its event stream.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::RunEvent;

/// Holds events until they are read, and makes steps wait while it is full.
pub(super) struct EventQueue {
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    events: VecDeque<RunEvent>,
    /// Whether the reader is gone: then events are dropped and nobody waits.
    closed: bool,
    /// Steps that wait for room.
    writers: Vec<Waker>,
    /// Set while the reader sleeps. The reader polls the run, but a step may have moved work to another task, which wakes it.
    reader: Option<Waker>,
}

impl EventQueue {
    /// A queue that is full at `capacity` events, at least 1.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            capacity: capacity.max(1),
        }
    }

    /// Every change is whole before the lock is released, so that a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event and wakes the reader.
    pub(super) fn push(&self, event: RunEvent) {
        let reader = {
            let mut state = self.lock();
            if state.closed {
                return;
            }
            state.events.push_back(event);
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the oldest event; steps that wait go on as soon as there is room.
    pub(super) fn pop(&self) -> Option<RunEvent> {
        let (event, writers) = {
            let mut state = self.lock();
            let event = state.events.pop_front();
            let has_room = state.events.len() < self.capacity;
            let writers = has_room.then(|| std::mem::take(&mut state.writers));
            (event, writers)
        };
        writers.into_iter().flatten().for_each(Waker::wake);
        event
    }

    /// As [`pop`](Self::pop); wakes the task when an event comes.
    pub(super) fn poll_pop(&self, task: &Context<'_>) -> Poll<RunEvent> {
        let mut state = self.lock();
        if state.events.is_empty() {
            state.reader = Some(task.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        self.pop().map_or(Poll::Pending, Poll::Ready)
    }

    /// Ready while there is room.
    pub(super) fn poll_room(&self, task: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed || state.events.len() < self.capacity {
            return Poll::Ready(());
        }
        if !state.writers.last().is_some_and(|last| last.will_wake(task.waker())) {
            state.writers.push(task.waker().clone());
        }
        Poll::Pending
    }

    /// Notes that the reader is gone.
    pub(super) fn close(&self) {
        let writers = {
            let mut state = self.lock();
            state.closed = true;
            state.events.clear();
            std::mem::take(&mut state.writers)
        };
        writers.into_iter().for_each(Waker::wake);
    }
}
