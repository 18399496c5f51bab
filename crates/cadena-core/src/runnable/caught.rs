//! A panic in a user's function is an error of that input; the others go on.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt};
use pin_project_lite::pin_project;

use crate::error::Withheld;
use crate::{Error, ErrorKind, Result};

/// Calls a user's function.
pub(super) fn caught<T>(function: impl FnOnce() -> Result<T>) -> Result<T> {
    // A value that the function shares with other calls is its own responsibility: after a panic its `Mutex` is poisoned, as after a panic of a thread.
    catch_unwind(AssertUnwindSafe(function)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

pin_project! {
    /// A user's future.
    ///
    /// Written by hand, because it is the cost of an asynchronous step: an `async` block around another one moves its value twice.
    pub(crate) struct CaughtFuture<F> {
        #[pin]
        future: F,
    }
}

/// Waits for a user's future.
pub(crate) fn caught_future<T, F: Future<Output = Result<T>>>(future: F) -> CaughtFuture<F> {
    CaughtFuture { future }
}

impl<T, F: Future<Output = Result<T>>> Future for CaughtFuture<F> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<T>> {
        // A future that panicked is ready and not polled again.
        catch_unwind(AssertUnwindSafe(|| self.project().future.poll(task)))
            .unwrap_or_else(|payload| Poll::Ready(Err(panicked(&*payload))))
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    // The message of a panic may quote the input.
    Error::new(ErrorKind::Step, "the function panicked").with_source(Withheld::new(text.unwrap_or_default()))
}

/// A user's stream: a panic is its last item, as is the first error, which gets the name of the step.
pub(super) fn caught_stream<C: Send + 'static>(
    stream: impl Stream<Item = Result<C>> + Send + 'static,
    step: Cow<'static, str>,
) -> BoxStream<'static, Result<C>> {
    CaughtStream {
        stream: Some(Box::pin(stream)),
        step,
    }
    .boxed()
}

struct CaughtStream<S> {
    stream: Option<Pin<Box<S>>>,
    step: Cow<'static, str>,
}

impl<C, S: Stream<Item = Result<C>>> CaughtStream<S> {
    /// Nothing follows an error or the end, so the work of the stream stops at once.
    #[cold]
    fn last(&mut self, item: Option<Result<C>>) -> Poll<Option<Result<C>>> {
        self.stream = None;
        let step = std::mem::take(&mut self.step);
        Poll::Ready(item.map(|item| item.map_err(|error| error.in_step(step))))
    }
}

impl<C, S: Stream<Item = Result<C>>> Stream for CaughtStream<S> {
    type Item = Result<C>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<C>>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        match catch_unwind(AssertUnwindSafe(|| stream.as_mut().poll_next(task))) {
            Ok(item @ (Poll::Pending | Poll::Ready(Some(Ok(_))))) => item,
            Ok(Poll::Ready(last)) => self.last(last),
            Err(payload) => self.last(Some(Err(panicked(&*payload)))),
        }
    }
}
