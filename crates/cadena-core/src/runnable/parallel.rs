//! Steps that run at the same time on the same input.

mod outputs;
pub use outputs::{Outputs, OutputsChunk};

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt, try_join_all};
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::tee::tee;
use super::{Runnable, RunnableExt, StepInfo};
use crate::run::layers::{call, call_stream, call_transform};
use crate::{
    ChunkStream, Dict, DictChunk, Error, ErrorKind, Graph, Merge, Node, Result, RunContext, StreamMode, Streamable,
    ValueChunk, impl_pipe,
};

/// Runs steps at the same time, each with a copy of the input. The output of a tuple of steps is a tuple, of an array or a `Vec` of
/// steps [`Outputs`], and of [`parallel!`](macro@crate::parallel) with names a [`Dict`].
///
/// It streams as its branches do: chunks come as the branches make them, in turns where several are ready, and each chunk
/// holds a piece of one branch. The first error ends them all.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, parallel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let both = parallel((lambda(|n: i32| n + 1), lambda(|n: i32| n.to_string())));
/// assert_eq!(both.invoke(1).await?, (2, "1".to_owned()));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn parallel<I: Streamable, B: IntoParallel<I>>(branches: B) -> Parallel<I, B::Output> {
    Parallel {
        branches: branches.into_branches().into(),
    }
}

/// Runs named steps at the same time: `parallel! {"key": step, …}` takes one input and returns a [`Dict`] with an entry for each.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, parallel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let facts = parallel! {
///     "length": lambda(|text: String| text.len()),
///     "upper": lambda(|text: String| text.to_uppercase()),
/// };
/// let output = facts.invoke("bear").await?;
/// assert_eq!(output["length"], 4);
/// assert_eq!(output["upper"], "BEAR");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[macro_export]
macro_rules! parallel {
    ($($key:literal : $step:expr),+ $(,)?) => {
        $crate::Parallel::empty()$(.branch($key, $step))+
    };
    () => {
        ::core::compile_error!("`parallel!` has no branch: write `parallel! {\"key\": step, …}`; a step that gives its input as it is is `cadena::passthrough()`")
    };
}

/// Steps that run at the same time; [`parallel()`] and [`parallel!`](macro@crate::parallel) make one. LangChain's `RunnableParallel`, and that is the name of its run.
///
/// # Examples
///
/// ```
/// use cadena_core::{Dict, Parallel, RunnableExt, lambda, parallel};
///
/// # futures::executor::block_on(async {
/// let facts: Parallel<String, Dict> = parallel! {"length": lambda(|text: String| text.len())};
/// assert_eq!(facts.name(), "RunnableParallel<length>");
/// assert_eq!(facts.invoke("bear").await?["length"], 4);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableParallel")]
pub struct Parallel<I, O: Streamable> {
    branches: Arc<[ParallelBranch<I, O::Chunk>]>,
}

/// One branch: its name, and the step that makes pieces of the common output.
///
/// # Examples
///
/// ```
/// use cadena_core::{IntoParallel, ParallelBranch, lambda};
///
/// let steps = [lambda(|n: i32| n + 1), lambda(|n: i32| n * 2)];
/// let branches: Vec<ParallelBranch<i32, _>> = steps.into_branches();
/// assert_eq!(format!("{branches:?}"), r#"[Branch("0"), Branch("1")]"#);
/// ```
pub struct ParallelBranch<I, C> {
    key: Cow<'static, str>,
    step: Arc<dyn Pieces<I, C>>,
}

impl<I, C> Clone for ParallelBranch<I, C> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            step: Arc::clone(&self.step),
        }
    }
}

impl<I: Streamable> Parallel<I, Dict> {
    /// A parallel step without branches, to which [`branch`](Self::branch) adds them by name.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Parallel, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let facts = Parallel::empty().branch("length", lambda(|text: String| text.len()));
    /// assert_eq!(facts.invoke("bear").await?["length"], 4);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn empty() -> Self {
        Self { branches: Arc::new([]) }
    }

    /// Adds a branch; a branch of the same name is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Parallel, RunnableExt, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let facts = Parallel::empty().branch("next", lambda(|n: i32| n + 1)).branch("double", lambda(|n: i32| n * 2));
    /// let facts = facts.branch("next", lambda(|n: i32| n + 10)); // in place of the first one
    /// let output = facts.invoke(5).await?;
    /// assert_eq!(output["next"], 15);
    /// assert_eq!(output["double"], 10);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn branch<R: Runnable<Input = I>>(self, key: impl Into<Cow<'static, str>>, step: R) -> Self {
        let key = key.into();
        let name = key.clone().into_owned();
        let slot = move |chunk| DictChunk::of(name.clone(), ValueChunk::new::<R::Output>(chunk));
        let mut branches: Vec<_> = self
            .branches
            .iter()
            .filter(|branch| branch.key != key)
            .cloned()
            .collect();
        branches.push(ParallelBranch {
            key,
            step: Arc::new(Slot { step, slot }),
        });
        Self {
            branches: branches.into(),
        }
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Parallel<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self)
            .name_with(|| {
                let keys: Vec<_> = self.keys().collect();
                format!("RunnableParallel<{}>", keys.join(","))
            })
            .streaming_with(|| {
                let modes = self.branches.iter().map(|branch| branch.step.streaming());
                modes.reduce(StreamMode::beside).unwrap_or(StreamMode::WaitsForAll)
            })
            .graph(|| {
                let branches = self.branches.iter();
                Graph::beside(
                    &Node::outline_of(self),
                    branches.map(|branch| (branch.key.clone().into_owned(), branch.step.graph())),
                )
            })
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<O> {
        let runs = self
            .branches
            .iter()
            .map(|branch| branch.step.whole(input.clone(), branch.context(&cx)));
        // `try_join_all` drops the other branches at the first error.
        let mut pieces = try_join_all(runs).await?.into_iter();
        let Some(mut sum) = pieces.next() else {
            return O::empty().ok_or_else(no_branch);
        };
        pieces.try_for_each(|piece| sum.merge(piece))?;
        O::from_chunk(sum)
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
        if self.branches.is_empty() {
            let whole = O::empty().map(O::into_chunk).ok_or_else(no_branch);
            return stream::once(std::future::ready(whole)).boxed();
        }
        let streams = self
            .branches
            .iter()
            .map(|branch| branch.step.stream(input.clone(), branch.context(&cx)));
        Interleaved::new(streams.collect()).boxed()
    }

    fn run_transform(&self, input: ChunkStream<I>, cx: RunContext) -> ChunkStream<O> {
        if self.branches.is_empty() {
            return super::wait_for_input(self, input, cx);
        }
        let inputs = tee(input, self.branches.len());
        let streams = self.branches.iter().zip(inputs);
        let streams = streams.map(|(branch, input)| branch.step.transform(input.boxed(), branch.context(&cx)));
        Interleaved::new(streams.collect()).boxed()
    }
}

impl<I: Streamable, O: Streamable> Parallel<I, O> {
    /// Returns the names of its branches; those of a tuple or a list are its places.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, parallel};
    ///
    /// let facts = parallel! {"length": lambda(|text: String| text.len()), "copy": lambda(|text: String| text)};
    /// assert_eq!(facts.keys().collect::<Vec<_>>(), ["length", "copy"]);
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.branches.iter().map(|branch| &*branch.key)
    }
}

fn no_branch() -> Error {
    Error::new(ErrorKind::InvalidInput, "a parallel step needs a branch")
}

impl<I, C> ParallelBranch<I, C> {
    fn context(&self, cx: &RunContext) -> RunContext {
        cx.child(|| format!("map:key:{}", self.key))
    }
}

impl_pipe!(Parallel<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O: Streamable> Clone for Parallel<I, O> {
    fn clone(&self) -> Self {
        Self {
            branches: Arc::clone(&self.branches),
        }
    }
}

impl<I, O: Streamable> fmt::Debug for Parallel<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.branches.iter().map(|branch| &branch.key))
            .finish()
    }
}

impl<I, C> fmt::Debug for ParallelBranch<I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Branch").field(&self.key).finish()
    }
}

/// The branches that [`parallel()`] takes: a tuple of up to eight steps, or an array or a `Vec` of steps of one type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run in parallel on one `{I}`",
    label = "not several steps",
    note = "`cadena::parallel` takes a tuple of up to eight steps with the same input, or an array or a `Vec` of steps of one type; for names use `cadena::parallel! {{\"key\": step}}`"
)]
pub trait IntoParallel<I> {
    /// The output of the step.
    type Output: Streamable;

    /// Returns the branches, each of which makes pieces of the output.
    fn into_branches(self) -> Vec<ParallelBranch<I, <Self::Output as Streamable>::Chunk>>;
}

macro_rules! tuple_parallel {
    ($($name:ident $index:tt),*) => {
        impl<In: Streamable, $($name: Runnable<Input = In>),*> IntoParallel<In> for ($($name,)*) {
            type Output = ($($name::Output,)*);

            fn into_branches(self) -> Vec<ParallelBranch<In, <Self::Output as Streamable>::Chunk>> {
                vec![$(ParallelBranch {
                    key: Cow::Borrowed(stringify!($index)),
                    step: Arc::new(Slot {
                        step: self.$index,
                        slot: |piece| {
                            let mut chunk = <Self::Output as Streamable>::Chunk::default();
                            chunk.$index = Some(piece);
                            chunk
                        },
                    }),
                },)*]
            }
        }
    };
}

tuple_parallel!(A 0);
tuple_parallel!(A 0, B 1);
tuple_parallel!(A 0, B 1, C 2);
tuple_parallel!(A 0, B 1, C 2, D 3);
tuple_parallel!(A 0, B 1, C 2, D 3, E 4);
tuple_parallel!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_parallel!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_parallel!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<I: Streamable, R: Runnable<Input = I>> IntoParallel<I> for Vec<R> {
    type Output = Outputs<R::Output>;

    fn into_branches(self) -> Vec<ParallelBranch<I, <Self::Output as Streamable>::Chunk>> {
        let count = self.len();
        let branches = self.into_iter().enumerate().map(|(index, step)| ParallelBranch {
            key: Cow::Owned(index.to_string()),
            step: Arc::new(Slot {
                step,
                slot: move |piece| OutputsChunk::of(count, index, piece),
            }),
        });
        branches.collect()
    }
}

impl<I: Streamable, R: Runnable<Input = I>, const N: usize> IntoParallel<I> for [R; N] {
    type Output = Outputs<R::Output>;

    fn into_branches(self) -> Vec<ParallelBranch<I, <Self::Output as Streamable>::Chunk>> {
        Vec::from(self).into_branches()
    }
}

/// A step and where its pieces go in the common output.
struct Slot<R, F> {
    step: R,
    slot: F,
}

/// The object-safe side of a branch.
trait Pieces<I, C>: Send + Sync {
    fn streaming(&self) -> StreamMode;
    fn graph(&self) -> Graph;
    fn whole<'a>(&'a self, input: I, cx: RunContext) -> BoxFuture<'a, Result<C>>;
    fn stream(&self, input: I, cx: RunContext) -> BoxStream<'static, Result<C>>;
    fn transform(&self, input: BoxStream<'static, Result<I::Chunk>>, cx: RunContext) -> BoxStream<'static, Result<C>>
    where
        I: Streamable;
}

impl<I, C, R, F> Pieces<I, C> for Slot<R, F>
where
    I: Streamable,
    C: Send + 'static,
    R: Runnable<Input = I>,
    F: Fn(<R::Output as Streamable>::Chunk) -> C + Clone + Send + Sync + 'static,
{
    fn streaming(&self) -> StreamMode {
        self.step.streaming()
    }

    fn graph(&self) -> Graph {
        self.step.graph()
    }

    fn whole<'a>(&'a self, input: I, cx: RunContext) -> BoxFuture<'a, Result<C>> {
        call(&self.step, input, cx)
            .map(|output| Ok((self.slot)(output?.into_chunk())))
            .boxed()
    }

    fn stream(&self, input: I, cx: RunContext) -> BoxStream<'static, Result<C>> {
        let slot = self.slot.clone();
        call_stream(&self.step, input, cx)
            .map(move |chunk| Ok(slot(chunk?)))
            .boxed()
    }

    fn transform(&self, input: ChunkStream<I>, cx: RunContext) -> BoxStream<'static, Result<C>> {
        let slot = self.slot.clone();
        call_transform(&self.step, input, cx)
            .map(move |chunk| Ok(slot(chunk?)))
            .boxed()
    }
}

/// Polls several streams in turns, beginning after the one that was ready last: fair, and the same order every time.
struct Interleaved<C> {
    streams: VecDeque<BoxStream<'static, Result<C>>>,
}

impl<C> Interleaved<C> {
    fn new(streams: VecDeque<BoxStream<'static, Result<C>>>) -> Self {
        Self { streams }
    }
}

impl<C> Stream for Interleaved<C> {
    type Item = Result<C>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let streams = &mut self.streams;
        let mut index = 0;
        while let Some(stream) = streams.get_mut(index) {
            match stream.poll_next_unpin(task) {
                Poll::Pending => index += 1,
                Poll::Ready(None) => drop(streams.remove(index)),
                Poll::Ready(Some(Ok(piece))) => {
                    streams.rotate_left(index + 1);
                    return Poll::Ready(Some(Ok(piece)));
                }
                Poll::Ready(Some(Err(error))) => {
                    streams.clear(); // The others stop with it.
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        if streams.is_empty() {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}
