//! Streams of chunks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};

use crate::{Merge, Result, Streamable};

/// A stream of the chunks of a `T`, as they come.
///
/// It is `'static`, so that it can be spawned or returned from a web handler. It works only while it is polled, and dropping it
/// stops the work. The first error is its last item.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChunkStream, RunnableExt, lambda};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chunks: ChunkStream<String> = lambda(|n: i32| n.to_string()).stream(42);
/// assert_eq!(chunks.try_collect::<Vec<_>>().await?, ["42"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub type ChunkStream<T> = BoxStream<'static, Result<<T as Streamable>::Chunk>>;

/// Adds up a stream of chunks. Returns `None` for a stream without chunks.
///
/// # Errors
///
/// The stream's first error, or that of [`Merge::merge`].
///
/// # Examples
///
/// ```
/// use futures::{stream, StreamExt};
///
/// # futures::executor::block_on(async {
/// let chunks = stream::iter(["to", "ken"].map(|piece| Ok(piece.to_owned()))).boxed();
/// assert_eq!(cadena_core::fold::<String>(chunks).await?, Some("token".to_owned()));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub async fn fold<T: Streamable>(mut chunks: ChunkStream<T>) -> Result<Option<T>> {
    let Some(first) = chunks.next().await else {
        return Ok(None);
    };
    let mut sum = first?;
    while let Some(chunk) = chunks.next().await {
        sum.merge(chunk?)?;
    }
    T::from_chunk(sum).map(Some)
}

/// A stream that a future makes. If the future fails, its error is the only item and names the step.
pub(crate) fn later<C: Send + 'static>(
    step: impl Into<String> + Send + 'static,
    chunks: impl Future<Output = Result<BoxStream<'static, Result<C>>>> + Send + 'static,
) -> BoxStream<'static, Result<C>> {
    let chunks = async move { chunks.await.map_err(|error| error.in_step(step)) };
    stream::once(chunks).try_flatten().boxed()
}

/// A stream that ends after its first error: the work that follows is dropped at once.
pub(crate) fn until_error<C, S: Stream<Item = Result<C>>>(stream: S) -> UntilError<S> {
    UntilError(Some(Box::pin(stream)))
}

pub(crate) struct UntilError<S>(Option<Pin<Box<S>>>);

impl<C, S: Stream<Item = Result<C>>> Stream for UntilError<S> {
    type Item = Result<C>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<C>>> {
        let Some(open) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let item = ready!(open.as_mut().poll_next(task));
        if !matches!(item, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(item)
    }
}

/// Passes chunks through, and gives their sum to `keep` after the last chunk and before the end. After an error, or if the stream is
/// dropped, `keep` is not called.
pub(crate) fn kept<T: Streamable>(
    mut chunks: ChunkStream<T>,
    keep: impl FnOnce(Option<T::Chunk>) -> BoxFuture<'static, Result<()>> + Send + 'static,
) -> ChunkStream<T> {
    let mut open = Some((None::<T::Chunk>, keep));
    let mut keeping: Option<BoxFuture<'static, Result<()>>> = None;
    stream::poll_fn(move |task| {
        if let Some((sum, _)) = &mut open {
            let error = match ready!(chunks.poll_next_unpin(task)) {
                Some(Ok(chunk)) => {
                    let added = match sum {
                        Some(sum) => sum.merge(chunk.clone()),
                        None => {
                            *sum = Some(chunk.clone());
                            Ok(())
                        }
                    };
                    match added {
                        Ok(()) => return Poll::Ready(Some(Ok(chunk))),
                        Err(error) => Some(error),
                    }
                }
                Some(Err(error)) => Some(error),
                None => None,
            };
            let ended = open.take();
            if let Some(error) = error {
                return Poll::Ready(Some(Err(error)));
            }
            keeping = ended.map(|(sum, keep)| keep(sum));
        }
        let Some(future) = &mut keeping else {
            return Poll::Ready(None);
        };
        let result = ready!(future.as_mut().poll(task));
        keeping = None;
        Poll::Ready(result.err().map(Err))
    })
    .boxed()
}
