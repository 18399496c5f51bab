//! Streams of chunks.

use futures::stream::{BoxStream, StreamExt};

use crate::{Merge, Result, Streamable};

/// The chunks of a `T` as they come: `'static`, so that it can be spawned or returned from a web handler; pull-driven;
/// dropping it stops the work. The first error is its last item.
pub type ChunkStream<T> = BoxStream<'static, Result<<T as Streamable>::Chunk>>;

/// Adds up a stream of chunks; a stream without chunks gives `None`.
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
