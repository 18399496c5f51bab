//! The run of a batch that leaves out what its file has.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::BatchFile;
use super::fingerprint::Fingerprint;
use super::line;
use super::locked_file::{LockedFile, TURN};
use super::record::{Record, State};
use crate::run::layers::enter;
use crate::stream::until_error;
use crate::{DEFAULT_BATCH_CONCURRENCY, Error, ErrorKind, Result, RunConfig, RunContext, Runnable};

/// Runs what the file does not have, and writes each result into it before giving it.
pub(in crate::runnable) fn resumable<R, T>(
    step: Arc<R>,
    inputs: impl Iterator<Item = T> + Send + 'static,
    file: BatchFile,
    mut config: RunConfig,
) -> BoxStream<'static, Result<(usize, Result<R::Output>)>>
where
    R: Runnable<Output: DeserializeOwned> + ?Sized,
    T: Into<R::Input>,
{
    config.run_id = None;
    let limit = config.limit().unwrap_or(DEFAULT_BATCH_CONCURRENCY);
    let results = async move {
        // The time limit and the file begin with the first poll.
        let cx = RunContext::new(config);
        let (mut locked, record) = LockedFile::open(file.shared_path(), file.syncs()).await?;
        let end = Arc::new(Mutex::new(None));
        let open = open_inputs::<R::Input, T>(inputs, record, file, Arc::clone(&end));
        let frame = cx.clone();
        let runs = open.map(move |(index, fingerprint, input)| {
            let (step, cx) = (Arc::clone(&step), frame.item(index));
            async move {
                let result = enter(&*step, input, cx).await;
                (index, fingerprint, result)
            }
        });
        let done = runs.buffer_unordered(limit).map(move |(index, fingerprint, result)| {
            if result.is_err() && is_stopped(&cx) {
                return Ok((index, result)); // The call was stopped: the input has not had its chance.
            }
            let (line, result) = line::write(index, fingerprint, result)?;
            locked.append(&line)?;
            Ok((index, result))
        });
        // An error of the list comes after the calls that were in flight, so that none of them is paid for in vain.
        let end =
            stream::poll_fn(move |_| Poll::Ready(end.lock().unwrap_or_else(PoisonError::into_inner).take().map(Err)));
        Ok::<_, Error>(done.chain(end))
    };
    until_error(stream::once(results).try_flatten()).boxed()
}

/// The inputs that are to run; what is wrong with the list ends them.
fn open_inputs<I, T>(
    inputs: impl Iterator<Item = T> + Send + 'static,
    record: Record,
    file: BatchFile,
    end: Arc<Mutex<Option<Error>>>,
) -> impl stream::Stream<Item = (usize, Fingerprint, I)> + Send + 'static
where
    I: crate::Streamable,
    T: Into<I>,
{
    let mut inputs = Some(inputs.enumerate());
    let mut count = 0;
    stream::poll_fn(move |task| {
        let stop = |error: Option<Error>| {
            *end.lock().unwrap_or_else(PoisonError::into_inner) = error;
            Poll::Ready(None)
        };
        for _ in 0..TURN {
            let Some(open) = &mut inputs else {
                return Poll::Ready(None);
            };
            let Some((index, input)) = open.next() else {
                inputs = None;
                return stop((record.inputs > count).then(|| file.too_long(count, record.inputs)));
            };
            count = index as u64 + 1;
            let input: I = input.into();
            let known = Fingerprint::of(&input).and_then(|fingerprint| {
                let state = record.state(index as u64, fingerprint);
                state.map(|state| (fingerprint, state)).map_err(|_| file.changed(index))
            });
            match known {
                Ok((_, State::Finished)) => {}
                Ok((_, State::Failed)) if file.keeps_errors() => {}
                Ok((fingerprint, _)) => return Poll::Ready(Some((index, fingerprint, input))),
                Err(error) => {
                    inputs = None;
                    return stop(Some(error));
                }
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Whether the caller has ended the whole batch.
fn is_stopped(cx: &RunContext) -> bool {
    cx.cancellation().is_some_and(|token| token.is_cancelled())
        || cx.deadline().is_some_and(|deadline| Instant::now() >= deadline)
}

impl BatchFile {
    fn changed(&self, index: usize) -> Error {
        let path = self.path().display();
        let detail = format!("input {index} is not the one whose result is in `{path}`");
        Error::new(ErrorKind::InvalidInput, detail).with_hint("give the same inputs in the same order, or another file")
    }

    fn too_long(&self, inputs: u64, finished: u64) -> Error {
        let path = self.path().display();
        let detail = format!(
            "`{path}` has a result of input {}, and there are {inputs} inputs",
            finished - 1
        );
        Error::new(ErrorKind::InvalidInput, detail)
            .with_hint("give all inputs that the file was made of; more may follow them")
    }
}
