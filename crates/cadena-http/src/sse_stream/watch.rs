//! The timers of one streamed answer.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use cadena_core::{Error, ErrorKind};
use tokio::time::Instant;

use crate::Timers;
use crate::clock::{self, Alarm, Deadline};

/// How late a timer may be noticed. If it is later, nobody polled when it rang: the consumer was away, not the server.
const AWAY: Duration = Duration::from_secs(1);

/// The timers of one stream, asked only while it waits. An event moves two moments and asks no clock.
#[derive(Debug)]
pub(super) struct Watch {
    first_event: Duration,
    idle: Duration,
    progress: Duration,
    events: u64,
    /// Since when the next event is waited for. `None` while nobody waits.
    waits_since: Option<Instant>,
    /// Since when nothing of the answer has come. `None` if the last event brought something.
    dry_since: Option<Instant>,
    /// The same as it was before the last event.
    dry_before: Option<Instant>,
    /// When the consumer got an event that brought nothing, until it asks for the next one.
    handed: Option<Instant>,
    total: Deadline,
    grace: Deadline,
    alarm: Alarm,
}

impl Watch {
    pub(super) fn new(started: Instant, timers: &Timers) -> Self {
        Self {
            first_event: timers.first_event,
            idle: timers.idle,
            progress: timers.progress,
            events: 0,
            waits_since: Some(started),
            dry_since: None,
            dry_before: None,
            handed: None,
            total: None,
            grace: None,
            alarm: Alarm::default(),
        }
    }

    pub(super) fn set_deadline(&mut self, deadline: Deadline) {
        self.total = deadline;
    }

    /// How many events came.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// An event came.
    pub(super) fn event(&mut self) {
        self.events += 1;
        self.waits_since = None;
        self.dry_before = self.dry_since.take();
    }

    /// The event that is given now came earlier: the time in between was the consumer's.
    pub(super) fn handed_late(&mut self) {
        self.dry_before = None;
    }

    /// The last event brought nothing of the answer.
    pub(super) fn brought_nothing(&mut self) {
        let now = Instant::now();
        self.dry_since = Some(self.dry_before.take().unwrap_or(now));
        self.handed = Some(now);
    }

    /// The consumer asks again. The time that it took does not count.
    pub(super) fn resume(&mut self) {
        if let (Some(handed), Some(since)) = (self.handed.take(), self.dry_since) {
            self.dry_since = since.checked_add(handed.elapsed());
        }
    }

    /// Lets the stream end within this time, and at the latest half way to the deadline of the call: the layers around the call have the
    /// same deadline, and would end a whole answer with an error.
    pub(super) fn end_within(&mut self, grace: Duration) {
        if self.grace.is_none() {
            let now = Instant::now();
            let half = self.total.map(|total| total.saturating_duration_since(now) / 2);
            self.grace = clock::after(now, half.map_or(grace, |half| half.min(grace)));
        }
    }

    /// Ready when the wait is over: with an error, or without one after a complete answer.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Error>> {
        if self.grace.is_some() {
            return self.alarm.poll(self.grace, cx).map(Result::err);
        }
        let (timer, length) = match self.events {
            0 => ("first_event", self.first_event),
            _ => ("idle", self.idle),
        };
        loop {
            let waits_since = *self.waits_since.get_or_insert_with(Instant::now);
            let due = clock::after(waits_since, length);
            let dry_since = *self.dry_since.get_or_insert(waits_since);
            // The timer `first_event` covers the time up to the first event.
            let dry = clock::after(dry_since, self.progress).filter(|_| self.events > 0);
            let next = clock::earlier(clock::earlier(due, dry), self.total);
            if let Err(error) = ready!(self.alarm.poll(next, cx)) {
                return Poll::Ready(Some(error));
            }
            let now = Instant::now();
            let passed = |deadline: Deadline| deadline.is_some_and(|at| at <= now);
            let was_away = |deadline: Deadline| deadline.is_some_and(|at| now.duration_since(at) > AWAY);
            let events = self.events;
            if passed(self.total) {
                let detail = format!("the deadline of the call passed, {events} events received");
                return Poll::Ready(Some(Error::new(ErrorKind::Timeout, detail)));
            }
            if passed(due) {
                if was_away(due) {
                    self.waits_since = None;
                    continue;
                }
                let seconds = length.as_secs_f64();
                let detail = format!("no event came within {seconds} s (timer `{timer}`), {events} events received");
                return Poll::Ready(Some(Error::new(ErrorKind::Stalled, detail)));
            }
            if was_away(dry) {
                self.dry_since = Some(now);
                continue;
            }
            let seconds = self.progress.as_secs_f64();
            let detail =
                format!("nothing of the answer came within {seconds} s (timer `progress`), {events} events received");
            return Poll::Ready(Some(Error::new(ErrorKind::Stalled, detail)));
        }
    }
}
