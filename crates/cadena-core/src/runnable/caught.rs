//! A panic in a user's function is an error of that input; the others go on.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::Stream;

use crate::{Error, ErrorKind, Result};

/// Calls a function of the user's.
pub(super) fn caught<T>(function: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the function shares with other calls is its own: after a panic a `Mutex` of it is poisoned, as in a thread of its own.
    catch_unwind(AssertUnwindSafe(function)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

/// Waits for a future of the user's.
pub(super) async fn caught_future<T>(future: BoxFuture<'static, Result<T>>) -> Result<T> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(result) => result,
        Err(payload) => Err(panicked(&*payload)),
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    Error::new(ErrorKind::Step, "the function panicked").with_source(Panic(text.unwrap_or_default().to_owned()))
}

/// The message of a panic: a source, because it may quote the input.
struct Panic(String);

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Panic(..)")
    }
}

impl std::error::Error for Panic {}

/// A stream of the user's: a panic is its last item, as is the first error, which gets the name of the step.
pub(super) struct CaughtStream<S> {
    stream: Option<Pin<Box<S>>>,
    step: Cow<'static, str>,
}

impl<S> CaughtStream<S> {
    pub(super) fn new(stream: S, step: Cow<'static, str>) -> Self {
        Self {
            stream: Some(Box::pin(stream)),
            step,
        }
    }
}

impl<C, S: Stream<Item = Result<C>>> Stream for CaughtStream<S> {
    type Item = Result<C>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<C>>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        let polled = catch_unwind(AssertUnwindSafe(|| stream.as_mut().poll_next(task)));
        let error = match polled {
            Ok(Poll::Ready(Some(Err(error)))) => error,
            Ok(Poll::Ready(None)) => {
                self.stream = None;
                return Poll::Ready(None);
            }
            Ok(item) => return item,
            Err(payload) => panicked(&*payload),
        };
        self.stream = None; // It stops with its first error.
        Poll::Ready(Some(Err(error.in_step(self.step.clone()))))
    }
}
