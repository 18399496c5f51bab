//! One step, for each element of a list.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::{DEFAULT_BATCH_CONCURRENCY, Runnable, RunnableExt, StepInfo};
use crate::run::layers::call;
use crate::{ChunkStream, Error, Node, Result, RunContext, StreamMode, impl_pipe};

/// A step for each element of a list; [`RunnableExt::map`](crate::RunnableExt::map) makes one.
///
/// As many elements run at once as inputs of a batch. The first error, in the order of the list, ends them all. Each
/// element has its own run, tagged `map:item:1`, `map:item:2`, …. LangChain's `RunnableEach`.
///
/// It passes through: an element begins when it arrives, and its output goes on as soon as those before it have.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let lengths = lambda(|word: String| word.len()).map();
/// let words = || vec!["a".to_owned(), "bear".to_owned()];
/// assert_eq!(lengths.invoke(words()).await?, [1, 4]);
/// assert_eq!(lengths.stream(words()).try_collect::<Vec<_>>().await?, [[1], [4]]);
/// assert!(lengths.invoke(vec![]).await?.is_empty());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableEach")]
pub struct Map<R> {
    step: Arc<R>,
}

impl<R: Runnable> Map<R> {
    pub(super) fn new(step: R) -> Self {
        Self { step: Arc::new(step) }
    }

    /// The output of each element, in order.
    fn outputs(
        &self,
        input: ChunkStream<Vec<R::Input>>,
        cx: RunContext,
    ) -> impl futures::Stream<Item = Result<R::Output>> + Send + 'static {
        let limit = cx.max_concurrency().unwrap_or(DEFAULT_BATCH_CONCURRENCY);
        let step = Arc::clone(&self.step);
        let elements = input.map_ok(|chunk| stream::iter(chunk.into_iter().map(Ok::<_, Error>)));
        let runs = elements.try_flatten().enumerate().map(move |(index, element)| {
            let step = Arc::clone(&step);
            let cx = cx.child(|| format!("map:item:{}", index + 1));
            Ok(async move { call(&*step, element?, cx).await }.boxed())
        });
        runs.try_buffered(limit)
    }
}

#[async_trait]
impl<R: Runnable> Runnable for Map<R> {
    type Input = Vec<R::Input>;
    type Output = Vec<R::Output>;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self)
            .name_with(|| format!("RunnableEach<{}>", self.step.name()))
            .streaming(StreamMode::PassesThrough)
            .graph(|| self.step.graph().for_each(&Node::outline_of(self)))
    }

    async fn run(&self, input: Vec<R::Input>, cx: RunContext) -> Result<Vec<R::Output>> {
        let whole = stream::once(std::future::ready(Ok(input))).boxed();
        self.outputs(whole, cx).try_collect().await
    }

    fn run_stream(&self, input: Vec<R::Input>, cx: RunContext) -> ChunkStream<Vec<R::Output>> {
        self.run_transform(stream::once(std::future::ready(Ok(input))).boxed(), cx)
    }

    fn run_transform(&self, input: ChunkStream<Vec<R::Input>>, cx: RunContext) -> ChunkStream<Vec<R::Output>> {
        // A list without elements is a chunk without elements; no list at all is no chunk.
        let mut input = input.peekable();
        let this = self.clone();
        let output = async move {
            let none = std::pin::Pin::new(&mut input).peek().await.is_none();
            let mut some = none;
            let pieces = this.outputs(input.boxed(), cx).map_ok(|output| vec![output]);
            let mut pieces = pieces.boxed();
            stream::poll_fn(move |task| {
                let piece = std::task::ready!(pieces.poll_next_unpin(task));
                let piece = piece.or_else(|| (!some).then(|| Ok(Vec::new())));
                some = true;
                std::task::Poll::Ready(piece)
            })
        };
        stream::once(output).flatten().boxed()
    }
}

impl_pipe!(Map<R>, for <R: Runnable>);

impl<R> Clone for Map<R> {
    fn clone(&self) -> Self {
        Self {
            step: Arc::clone(&self.step),
        }
    }
}

impl<R: Runnable> fmt::Debug for Map<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({})", self.step.name())
    }
}
