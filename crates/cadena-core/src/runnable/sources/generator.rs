//! A function from a stream, or to a stream, as a step.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, Stream, StreamExt};

use crate::runnable::caught::{caught, caught_stream};
use crate::runnable::{Runnable, StepInfo};
use crate::{ChunkStream, Error, ErrorKind, Graph, Result, RunContext, StreamMode, Streamable, fold, impl_pipe};

const UNNAMED: &str = "RunnableGenerator";

/// Makes a step of a function that turns a stream of chunks into a stream of chunks.
///
/// It passes chunks through: a chunk of the output is sent as soon as the function's stream has it. The whole output is the sum of the chunks.
/// The first error is the last item of the stream; a panic is such an error.
///
/// Write the types out: several types may have the same chunks, so the compiler cannot infer them.
///
/// # Examples
///
/// ```
/// use cadena_core::{generator, RunnableExt};
/// use futures::{StreamExt, TryStreamExt};
///
/// # futures::executor::block_on(async {
/// let shout = generator::<String, String, _>(|chunks| chunks.map(|chunk| Ok(chunk?.to_uppercase())));
/// let chunks = futures::stream::iter(["to", "ken"].map(|chunk| Ok(chunk.to_owned()))).boxed();
/// assert_eq!(shout.transform(chunks).try_collect::<Vec<_>>().await?, ["TO", "KEN"]);
/// assert_eq!(shout.invoke("token").await?, "TOKEN");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn generator<I, O, S>(function: impl Fn(ChunkStream<I>) -> S + Send + Sync + 'static) -> Generator<I, O>
where
    I: Streamable,
    O: Streamable,
    S: Stream<Item = Result<O::Chunk>> + Send + 'static,
{
    Generator::new(Body::Transform(Arc::new(move |input, name| {
        caught(|| Ok(function(input))).map(|stream| caught_stream(stream, name))
    })))
}

/// Makes a step of a function that turns a whole input into a stream of chunks.
///
/// It waits for its whole input; otherwise it is as [`generator`].
///
/// # Examples
///
/// ```
/// use cadena_core::{stream_fn, RunnableExt};
/// use futures::{stream, TryStreamExt};
///
/// # futures::executor::block_on(async {
/// let words = stream_fn::<String, String, _>(|text| {
///     let words: Vec<_> = text.split_inclusive(' ').map(|word| Ok(word.to_owned())).collect();
///     stream::iter(words)
/// });
/// assert_eq!(words.stream("one two").try_collect::<Vec<_>>().await?, ["one ", "two"]);
/// assert_eq!(words.invoke("one two").await?, "one two");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn stream_fn<I, O, S>(function: impl Fn(I) -> S + Send + Sync + 'static) -> Generator<I, O>
where
    I: Streamable,
    O: Streamable,
    S: Stream<Item = Result<O::Chunk>> + Send + 'static,
{
    Generator::new(Body::Stream(Arc::new(move |input, name| {
        caught(|| Ok(function(input))).map(|stream| caught_stream(stream, name))
    })))
}

/// A function from or to a stream as a step; [`generator`] and [`stream_fn`] make one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Generator, RunnableExt, generator};
/// use futures::StreamExt;
///
/// # futures::executor::block_on(async {
/// let shout: Generator<String, String> =
///     generator::<String, String, _>(|chunks| chunks.map(|chunk| Ok(chunk?.to_uppercase())));
/// assert_eq!(shout.invoke("token").await?, "TOKEN");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableGenerator")]
pub struct Generator<I: Streamable, O: Streamable> {
    name: Cow<'static, str>,
    body: Body<I, O>,
}

enum Body<I: Streamable, O: Streamable> {
    Transform(Arc<Function<ChunkStream<I>, O>>),
    Stream(Arc<Function<I, O>>),
}

type Function<In, O> = dyn Fn(In, Cow<'static, str>) -> Result<ChunkStream<O>> + Send + Sync;

impl<I: Streamable, O: Streamable> Generator<I, O> {
    fn new(body: Body<I, O>) -> Self {
        Self {
            name: Cow::Borrowed(UNNAMED),
            body,
        }
    }

    /// Names the step in events and errors; default: `RunnableGenerator`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, generator};
    /// use futures::StreamExt;
    ///
    /// let shout = generator::<String, String, _>(|chunks| chunks.map(|chunk| Ok(chunk?.to_uppercase())));
    /// assert_eq!(shout.named("shout").name(), "shout");
    /// ```
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    fn or_error(&self, stream: Result<ChunkStream<O>>) -> ChunkStream<O> {
        stream.unwrap_or_else(|error| {
            let error = error.in_step(self.name.clone());
            stream::once(std::future::ready(Err(error))).boxed()
        })
    }

    fn of_whole(&self, input: I) -> ChunkStream<O> {
        self.or_error(match &self.body {
            Body::Transform(function) => {
                let input = stream::once(std::future::ready(Ok(input.into_chunk())));
                function(input.boxed(), self.name.clone())
            }
            Body::Stream(function) => function(input, self.name.clone()),
        })
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Generator<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(&*self.name)
            .streaming_with(|| match &self.body {
                Body::Transform(_) => StreamMode::PassesThrough,
                Body::Stream(_) => StreamMode::StreamsOutput,
            })
            .graph(|| match &*self.name {
                UNNAMED => Graph::of(self),
                _ => Graph::of_function(self),
            })
    }

    async fn run(&self, input: I, _cx: RunContext) -> Result<O> {
        let output = fold::<O>(self.of_whole(input)).await?;
        output.or_else(O::empty).ok_or_else(|| {
            let hint = "give it a chunk, or make the output an `Option`";
            Error::new(ErrorKind::Truncated, "the function's stream ended without a chunk").with_hint(hint)
        })
    }

    fn run_stream(&self, input: I, _cx: RunContext) -> ChunkStream<O> {
        self.of_whole(input)
    }

    fn run_transform(&self, input: ChunkStream<I>, cx: RunContext) -> ChunkStream<O> {
        match &self.body {
            Body::Transform(function) => self.or_error(function(input, self.name.clone())),
            Body::Stream(_) => crate::runnable::wait_for_input(self, input, cx),
        }
    }
}

impl_pipe!(Generator<I, O>, for <I: Streamable, O: Streamable>);

impl<I: Streamable, O: Streamable> Clone for Generator<I, O> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            body: match &self.body {
                Body::Transform(function) => Body::Transform(Arc::clone(function)),
                Body::Stream(function) => Body::Stream(Arc::clone(function)),
            },
        }
    }
}

impl<I: Streamable, O: Streamable> fmt::Debug for Generator<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
