//! The results of a batch job, batch by batch.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use cadena_core::{AIMessage, Result};
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::handle::Part;
use super::reading::Reading;
use super::{BatchJob, BatchModel};

/// A request's id with its answer or its own error; or an error that concerns none.
pub(super) type Item<T> = Result<(String, Result<T>)>;

/// The results of a batch job as a stream of id and answer: see [`BatchJob::results`].
#[must_use = "results are read as they are pulled"]
pub struct BatchJobResults<T = AIMessage> {
    items: BoxStream<'static, Item<T>>,
}

impl<T> Stream for BatchJobResults<T> {
    type Item = Item<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<T>>> {
        self.items.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for BatchJobResults<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJobResults").finish_non_exhaustive()
    }
}

pub(super) fn read<M: BatchModel>(job: BatchJob<M>) -> BatchJobResults<M::Output> {
    let parts = job.handle.batches.clone().into();
    let reader = Reader {
        job,
        parts,
        current: None,
    };
    let items = stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    });
    BatchJobResults { items: items.boxed() }
}

struct Reader<M: BatchModel> {
    job: BatchJob<M>,
    parts: VecDeque<Part>,
    current: Option<Reading<M::Output>>,
}

impl<M: BatchModel> Reader<M> {
    async fn next(&mut self) -> Option<Item<M::Output>> {
        loop {
            let read = match &mut self.current {
                Some(reading) => reading.next().await,
                None => {
                    let part = self.parts.pop_front()?;
                    match Reading::new(&self.job, part).await {
                        Ok(reading) => {
                            self.current = Some(reading);
                            continue;
                        }
                        Err(error) => Err(error),
                    }
                }
            };
            match read {
                Ok(Some(item)) => return Some(item),
                Ok(None) => self.current = None,
                // The next batch goes on behind it.
                Err(error) => {
                    self.current = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
