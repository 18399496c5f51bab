//! A body that is read by the caller, chunk by chunk, under timers and a limit.

use std::time::Duration;

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use crate::Body;
use crate::clock::{self, Deadline};

/// The body, ended by an error if it rests for too long, passes the deadline of its call or grows over the limit.
pub(super) fn watched(body: Body, idle: Duration, deadline: Deadline, limit: u64) -> Body {
    let watch = Watch {
        body,
        idle,
        deadline,
        limit,
        read: 0,
        failed: false,
    };
    stream::unfold(watch, |mut watch| async move {
        let item = watch.next().await?;
        watch.failed = item.is_err();
        Some((item, watch))
    })
    .boxed()
}

struct Watch {
    body: Body,
    idle: Duration,
    deadline: Deadline,
    limit: u64,
    read: u64,
    failed: bool,
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        if self.failed {
            return None;
        }
        let due = clock::earlier(clock::after(Instant::now(), self.idle), self.deadline);
        let chunk = match clock::until(due, self.body.next()).await {
            Err(error) => return Some(Err(error)),
            Ok(None) => return Some(Err(self.late())),
            Ok(Some(chunk)) => chunk?,
        };
        Some(chunk.and_then(|chunk| self.count(chunk)))
    }

    fn count(&mut self, chunk: Bytes) -> Result<Bytes> {
        self.read = self.read.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if self.read > self.limit {
            let detail = format!("the body is longer than {} bytes", self.limit);
            return Err(Error::new(ErrorKind::LimitExceeded, detail));
        }
        Ok(chunk)
    }

    fn late(&self) -> Error {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Error::new(
                ErrorKind::Timeout,
                "the deadline of the call passed before the body ended",
            );
        }
        let seconds = self.idle.as_secs_f64();
        Error::new(
            ErrorKind::Stalled,
            format!("nothing of the body came for {seconds} s (timer `idle`)"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endless(chunk: &'static str) -> Body {
        stream::repeat_with(move || Ok(Bytes::from(chunk))).boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_rests_is_stalled_and_then_over() {
        let body = stream::iter([Ok(Bytes::from("a"))]).chain(stream::pending()).boxed();
        let mut body = watched(body, Duration::from_secs(9), None, 99);
        assert_eq!(body.next().await.unwrap().unwrap(), "a");
        assert_eq!(body.next().await.unwrap().unwrap_err().kind(), ErrorKind::Stalled);
        assert!(body.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_ends_at_its_limit_and_at_its_deadline() {
        let mut body = watched(endless("abc"), Duration::from_secs(9), None, 5);
        assert!(body.next().await.unwrap().is_ok());
        assert_eq!(body.next().await.unwrap().unwrap_err().kind(), ErrorKind::LimitExceeded);
        let soon = Some(Instant::now() + Duration::from_secs(1));
        let mut body = watched(stream::pending().boxed(), Duration::from_secs(9), soon, 5);
        assert_eq!(body.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    }
}
