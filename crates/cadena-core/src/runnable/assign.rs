//! New keys beside those that are there.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, PollNext, StreamExt};

use super::tee::tee;
use super::{DictLike, Parallel, Runnable, RunnableExt, StepInfo};
use crate::run::layers::{call, call_stream, call_transform};
use crate::stream::until_error;
use crate::{ChunkStream, Dict, DictChunk, Node, Result, RunContext, StreamMode, impl_pipe};

/// Makes the step that keeps the keys of its input and adds those of `mapper`, which sees the input as it came.
///
/// A key that both have holds the mapper's value. [`RunnableExt::assign`](crate::RunnableExt::assign) appends it to a step.
///
/// It passes through: chunks of the input go on as they arrive, without the keys that the mapper replaces, and the
/// mapper's chunks come between them as soon as they are made.
///
/// # Examples
///
/// ```
/// use cadena_core::{assign, dict, lambda, parallel, Dict, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let with_length = assign(parallel! {
///     "length": lambda(|input: Dict| input.read::<String>("text").map(|text| text.len())),
/// });
/// let output = with_length.invoke(dict! {"text": "bears"}).await?;
/// assert_eq!(output, dict! {"text": "bears", "length": 5});
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn assign<I: DictLike>(mapper: Parallel<I, Dict>) -> Assign<I> {
    Assign {
        keys: mapper.keys().map(str::to_owned).collect::<HashSet<_>>().into(),
        mapper,
    }
}

/// The step that adds keys; [`assign`] makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Assign, Dict, RunnableExt, assign, dict, lambda, parallel};
///
/// # futures::executor::block_on(async {
/// let with_count: Assign<Dict> = assign(parallel! {"count": lambda(|input: Dict| input.len())});
/// assert_eq!(with_count.invoke(dict! {"text": "bears"}).await?, dict! {"text": "bears", "count": 1});
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableAssign")]
pub struct Assign<I> {
    mapper: Parallel<I, Dict>,
    keys: Arc<HashSet<String>>,
}

impl<I: DictLike> Assign<I> {
    /// A piece of the input without the keys of the mapper.
    fn kept(keys: &HashSet<String>, chunk: I::Chunk) -> Result<DictChunk> {
        let pieces = I::pieces(chunk)?;
        Ok(pieces.into_iter().filter(|(key, _)| !keys.contains(key)).collect())
    }

    /// The input's chunks first where both have some: they were there before.
    fn beside(&self, input: ChunkStream<I>, mapped: ChunkStream<Dict>) -> ChunkStream<Dict> {
        let keys = Arc::clone(&self.keys);
        let name = self.name().into_owned();
        let kept = input.filter_map(move |chunk| {
            let kept = chunk.and_then(|chunk| Self::kept(&keys, chunk));
            let kept = kept.map_err(|error| error.in_step(name.as_str()));
            std::future::ready(Some(kept).filter(|kept| !kept.as_ref().is_ok_and(DictChunk::is_empty)))
        });
        let both = stream::select_with_strategy(kept, mapped, |(): &mut ()| PollNext::Left);
        until_error(both).boxed()
    }
}

#[async_trait]
impl<I: DictLike> Runnable for Assign<I> {
    type Input = I;
    type Output = Dict;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self)
            .name_with(|| {
                let keys: Vec<_> = self.mapper.keys().collect();
                format!("RunnableAssign<{}>", keys.join(","))
            })
            .streaming(StreamMode::PassesThrough)
            .graph(|| {
                let mapper = self.mapper.graph();
                mapper.with_passthrough(&Node::outline_of(self))
            })
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<Dict> {
        let mut output = input.clone().into_dict()?;
        let added = call(&self.mapper, input, cx).await?;
        output.extend(added.into_map());
        Ok(output)
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<Dict> {
        let chunk = input.clone().into_chunk();
        let mapped = call_stream(&self.mapper, input, cx);
        self.beside(stream::once(std::future::ready(Ok(chunk))).boxed(), mapped)
    }

    fn run_transform(&self, input: ChunkStream<I>, cx: RunContext) -> ChunkStream<Dict> {
        let mut readers = tee(input, 2);
        match (readers.next(), readers.next()) {
            (Some(kept), Some(mapped)) => {
                let mapped = call_transform(&self.mapper, mapped.boxed(), cx);
                self.beside(kept.boxed(), mapped)
            }
            _ => stream::empty().boxed(), // Two readers were asked for.
        }
    }
}

impl_pipe!(Assign<I>, for <I: DictLike>);

impl<I> Clone for Assign<I> {
    fn clone(&self) -> Self {
        Self {
            mapper: self.mapper.clone(),
            keys: Arc::clone(&self.keys),
        }
    }
}

impl<I> fmt::Debug for Assign<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Assign").field(&self.mapper).finish()
    }
}
