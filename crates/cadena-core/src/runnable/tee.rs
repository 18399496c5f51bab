//! One stream, read by several.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::stream::{BoxStream, Stream, StreamExt};

use crate::{Error, Result};

/// Gives every reader every chunk of `source`, which is pulled only when a reader has nothing left to read.
///
/// Items that a slow reader has not read yet are kept until it reads them or is dropped.
pub(super) fn tee<C: Clone + Send + 'static>(
    source: BoxStream<'static, Result<C>>,
    readers: usize,
) -> impl Iterator<Item = Reader<C>> {
    let queues = (0..readers).map(|_| Some(Queue::default())).collect();
    let shared = Arc::new(Mutex::new(Shared {
        source: Some(source),
        queues,
    }));
    (0..readers).map(move |index| Reader {
        shared: Arc::clone(&shared),
        index,
    })
}

struct Shared<C> {
    source: Option<BoxStream<'static, Result<C>>>,
    /// One for each reader that is still there.
    queues: Vec<Option<Queue<C>>>,
}

struct Queue<C> {
    chunks: VecDeque<Result<C, Arc<Error>>>,
    waker: Option<Waker>,
}

impl<C> Default for Queue<C> {
    fn default() -> Self {
        Self {
            chunks: VecDeque::new(),
            waker: None,
        }
    }
}

pub(super) struct Reader<C> {
    shared: Arc<Mutex<Shared<C>>>,
    index: usize,
}

impl<C> Reader<C> {
    fn lock(&self) -> MutexGuard<'_, Shared<C>> {
        // A panic in the source leaves the queues whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clone> Stream for Reader<C> {
    type Item = Result<C>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut shared = self.lock();
        let Shared { source, queues } = &mut *shared;
        if let Some(Some(own)) = queues.get_mut(self.index) {
            if let Some(chunk) = own.chunks.pop_front() {
                return Poll::Ready(Some(chunk.map_err(|error| Error::shared(&error))));
            }
            own.waker = Some(task.waker().clone());
        }
        let Some(open) = source else { return Poll::Ready(None) };
        let item = std::task::ready!(open.poll_next_unpin(task));
        let last = !matches!(item, Some(Ok(_)));
        let item = item.map(|chunk| chunk.map_err(Arc::new));
        for (index, queue) in queues.iter_mut().enumerate() {
            let Some(queue) = queue else { continue };
            if index != self.index {
                queue.chunks.extend(item.clone());
            }
            queue.waker.take().into_iter().for_each(Waker::wake);
        }
        if last {
            *source = None;
        }
        Poll::Ready(item.map(|chunk| chunk.map_err(|error| Error::shared(&error))))
    }
}

impl<C> Drop for Reader<C> {
    fn drop(&mut self) {
        let mut shared = self.lock();
        let index = self.index;
        if let Some(queue) = shared.queues.get_mut(index) {
            *queue = None;
        }
        // The source may wake only the reader that polled it last: the others take over.
        shared
            .queues
            .iter_mut()
            .flatten()
            .filter_map(|queue| queue.waker.take())
            .for_each(Waker::wake);
        if shared.queues.iter().all(Option::is_none) {
            shared.source = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::stream;

    use super::*;

    #[test]
    fn every_reader_gets_every_chunk_and_the_error() {
        let source = stream::iter([Ok(1), Ok(2), Err(Error::from(crate::ErrorKind::Server))]).boxed();
        let readers: Vec<_> = tee(source, 2).collect();
        for reader in readers {
            let items: Vec<_> = block_on(reader.collect());
            assert_eq!(items.iter().flatten().copied().collect::<Vec<_>>(), [1, 2]);
            assert_eq!(items[2].as_ref().unwrap_err().kind(), crate::ErrorKind::Server);
        }
    }

    #[test]
    fn the_source_is_dropped_with_its_last_reader() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let source = stream::repeat_with(move || Ok(Arc::strong_count(&held))).boxed();
        let readers: Vec<_> = tee(source, 2).collect();
        drop(readers);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
