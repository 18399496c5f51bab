//! Timers that cost nothing while the bytes are already there.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use cadena_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

/// The moment after which something is too late; `None` is never.
pub(crate) type Deadline = Option<Instant>;

/// The moment that lies this far ahead. A moment that is too far to be counted never comes.
pub(crate) fn after(start: Instant, time: Duration) -> Deadline {
    start.checked_add(time)
}

/// The earlier of two deadlines.
pub(crate) fn earlier(a: Deadline, b: Deadline) -> Deadline {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A timer that is registered only when something really waits, and moved only when it must fire earlier.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Ready once the deadline has passed.
    pub(crate) fn poll(&mut self, deadline: Deadline, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(deadline) = deadline else { return Poll::Pending };
        if let Some(sleep) = &mut self.sleep {
            if sleep.deadline() > deadline {
                sleep.as_mut().reset(deadline);
            }
        } else if Handle::try_current().is_ok() {
            self.sleep = Some(Box::pin(sleep_until(deadline)));
        } else {
            let hint = "run it in a tokio runtime with its time driver on";
            return Poll::Ready(Err(
                Error::new(ErrorKind::Config, "a wait needs tokio's timers").with_hint(hint)
            ));
        }
        let Some(sleep) = &mut self.sleep else {
            return Poll::Pending;
        };
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline || Instant::now() >= deadline {
                return Poll::Ready(Ok(()));
            }
            // It was set for an earlier wait: most events move the deadline and leave the timer alone.
            sleep.as_mut().reset(deadline);
        }
    }
}

/// Waits for the future until the deadline; `Ok(None)` if it passed.
pub(crate) async fn until<F: Future>(deadline: Deadline, future: F) -> Result<Option<F::Output>> {
    let mut future = pin!(future);
    let mut alarm = Alarm::default();
    poll_fn(move |cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(Some(output)));
        }
        alarm.poll(deadline, cx).map_ok(|()| None)
    })
    .await
}

/// Waits until a moment.
pub(crate) async fn sleep(deadline: Deadline) -> Result<()> {
    let mut alarm = Alarm::default();
    poll_fn(move |cx| alarm.poll(deadline, cx)).await
}
