//! What users call on every step.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use serde::de::DeserializeOwned;

use super::{
    Alternatives, BatchFile, Chain, ConfigurableStep, Configured, Fallbacks, Follows, IntoInput, Keyed, Listeners, Map,
    MessageHistory, Named, OneStep, Or, Parallel, PickKeys, Remembers, Retry, RetryOptions, Runnable, Steps, Timeout,
    WithListeners,
};
use crate::run::layers::{call, call_stream, call_transform, enter, enter_stream, enter_transform};
use crate::{
    ChatMessageHistory, ChunkStream, ConfigKey, Dict, EventStream, Graph, IntoListener, ModelSetup, Result, RunConfig,
    RunContext, RunKind, StreamMode,
};

/// How many inputs of a batch run at once when the caller does not say.
pub const DEFAULT_BATCH_CONCURRENCY: usize = 16;

/// A step of any type, on the heap.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, BoxRunnable, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let steps: Vec<BoxRunnable<i32, i32>> = vec![lambda(|n: i32| n + 1).boxed(), lambda(|n: i32| n * 2).boxed()];
/// assert_eq!(steps[1].invoke(21).await?, 42);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub type BoxRunnable<I, O> = Box<dyn Runnable<Input = I, Output = O>>;

/// What every step can do.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let double = lambda(|n: i32| n * 2);
/// assert_eq!(double.invoke(21).await?, 42);
/// assert_eq!(double.stream(21).try_collect::<Vec<_>>().await?, [42]);
///
/// let answers: Result<Vec<_>, _> = double.batch([1, 2, 3]).await.into_iter().collect();
/// assert_eq!(answers?, [2, 4, 6]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait RunnableExt: Runnable {
    /// Returns the name of the step in events and errors: the one that [`Runnable::describe`] sets, or else the name of its type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, passthrough, EchoModel, RunnableExt};
    ///
    /// assert_eq!(EchoModel::new().name(), "EchoModel");
    /// assert_eq!((passthrough() | lambda(|n: i32| n + 1)).name(), "RunnableSequence");
    /// assert_eq!(lambda(|n: i32| n + 1).named("next").name(), "next");
    /// ```
    fn name(&self) -> Cow<'_, str> {
        self.describe().into_name()
    }

    /// Returns the kind of the step in events and graphs.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunKind, RunnableExt, StrOutputParser};
    ///
    /// assert_eq!(EchoModel::new().kind(), RunKind::ChatModel);
    /// assert_eq!((EchoModel::new() | StrOutputParser).kind(), RunKind::Chain);
    /// ```
    fn kind(&self) -> RunKind {
        self.describe().run_kind()
    }

    /// Returns how the step treats chunks: whether its output begins before its input is complete, and whether it comes in pieces.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, AIMessage, EchoModel, RunnableExt, StrOutputParser, StreamMode};
    ///
    /// assert_eq!((EchoModel::new() | StrOutputParser).streaming(), StreamMode::StreamsOutput);
    /// let text = lambda(|answer: AIMessage| answer.text().into_owned());
    /// assert_eq!((EchoModel::new() | text).streaming(), StreamMode::WaitsForAll);
    /// ```
    fn streaming(&self) -> StreamMode {
        self.describe().into_streaming()
    }

    /// Draws the step: the steps inside it, by names and types. Nothing is called for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt, StrOutputParser};
    ///
    /// let graph = (EchoModel::new() | StrOutputParser).graph();
    /// println!("{graph}");
    /// assert!(graph.to_mermaid().contains("EchoModel --> StrOutputParser"));
    /// ```
    fn graph(&self) -> Graph {
        let drawn = self.describe().into_graph();
        drawn.unwrap_or_else(|info| Graph::around(info.into_node::<Self>()))
    }

    /// Returns the model that the step asks, with the options that are bound to it; `None` for a step that is no model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, EchoModel, RunnableExt, StrOutputParser};
    ///
    /// let model = EchoModel::new().bind(ChatOptions::new().temperature(0.5));
    /// let setup = model.model_setup().ok_or("not a model")?;
    /// assert_eq!((setup.model(), setup.options.temperature), ("echo-1", Some(0.5)));
    /// assert!((model | StrOutputParser).model_setup().is_none());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    fn model_setup(&self) -> Option<ModelSetup> {
        self.describe().into_model()
    }

    /// Turns an input into an output.
    ///
    /// # Errors
    ///
    /// The first error of a step, with the step's name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the work.
    fn invoke(&self, input: impl IntoInput<Self::Input>) -> impl Future<Output = Result<Self::Output>> + Send {
        call(self, input.into(), RunContext::default())
    }

    /// As [`invoke`](Self::invoke), with what the caller says about the call.
    ///
    /// # Errors
    ///
    /// Those of the steps; [`Cancelled`](crate::ErrorKind::Cancelled) and [`Timeout`](crate::ErrorKind::Timeout) as the config says.
    fn invoke_with(
        &self,
        input: impl IntoInput<Self::Input>,
        config: RunConfig,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        enter(self, input.into(), RunContext::new(config))
    }

    /// As [`invoke`](Self::invoke), as a part of the step that was given this context.
    ///
    /// # Errors
    ///
    /// Those of the steps.
    fn invoke_in(
        &self,
        input: impl IntoInput<Self::Input>,
        cx: &RunContext,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        call(self, input.into(), cx.clone())
    }

    /// Turns an input into chunks of the output, as they come. Nothing happens until the stream is polled.
    fn stream(&self, input: impl IntoInput<Self::Input>) -> ChunkStream<Self::Output> {
        call_stream(self, input.into(), RunContext::default())
    }

    /// As [`stream`](Self::stream), with what the caller says about the call.
    fn stream_with(&self, input: impl IntoInput<Self::Input>, config: RunConfig) -> ChunkStream<Self::Output> {
        enter_stream(self, input.into(), RunContext::new(config))
    }

    /// As [`stream`](Self::stream), as a part of the step that was given this context.
    fn stream_in(&self, input: impl IntoInput<Self::Input>, cx: &RunContext) -> ChunkStream<Self::Output> {
        call_stream(self, input.into(), cx.clone())
    }

    /// Turns chunks of the input into chunks of the output: a stream of one step feeds another.
    fn transform(&self, input: ChunkStream<Self::Input>) -> ChunkStream<Self::Output> {
        call_transform(self, input, RunContext::default())
    }

    /// As [`transform`](Self::transform), with what the caller says about the call.
    fn transform_with(&self, input: ChunkStream<Self::Input>, config: RunConfig) -> ChunkStream<Self::Output> {
        enter_transform(self, input, RunContext::new(config))
    }

    /// As [`transform`](Self::transform), as a part of the step that was given this context.
    fn transform_in(&self, input: ChunkStream<Self::Input>, cx: &RunContext) -> ChunkStream<Self::Output> {
        call_transform(self, input, cx.clone())
    }

    /// Runs the step and gives what happens in it, in every step inside and as it happens: [`EventStream`] says how.
    ///
    /// The chunks of models inside come as events too, also where a step asks the model for a whole answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunEvent, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events(21).try_collect().await?;
    /// assert!(matches!(&events[..], [
    ///     RunEvent::Start { input: Some(input), .. },
    ///     RunEvent::Chunk { chunk, .. },
    ///     RunEvent::End { output, .. },
    /// ] if input == 21 && chunk == 42 && output == 42));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn stream_events(&self, input: impl IntoInput<Self::Input>) -> EventStream {
        self.stream_events_with(input, RunConfig::default())
    }

    /// As [`stream_events`](Self::stream_events), with what the caller says about the call.
    fn stream_events_with(&self, input: impl IntoInput<Self::Input>, config: RunConfig) -> EventStream {
        EventStream::new(self, input.into(), config)
    }

    /// Turns many inputs into as many results, in their order, [`DEFAULT_BATCH_CONCURRENCY`] at once. One error does not stop
    /// the others.
    fn batch<T: IntoInput<Self::Input>>(
        &self,
        inputs: impl IntoIterator<Item = T>,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send {
        self.batch_with(inputs, RunConfig::default())
    }

    /// As [`batch`](Self::batch), with what the caller says; [`max_concurrency`](RunConfig::max_concurrency) is how many run at once.
    ///
    /// A `run_id` in the config belongs to no single input and is not used.
    fn batch_with<T: IntoInput<Self::Input>>(
        &self,
        inputs: impl IntoIterator<Item = T>,
        mut config: RunConfig,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send {
        config.run_id = None;
        let limit = config.limit().unwrap_or(DEFAULT_BATCH_CONCURRENCY);
        let cx = RunContext::new(config);
        let inputs: Vec<Self::Input> = inputs.into_iter().map(Into::into).collect();
        let runs = inputs
            .into_iter()
            .enumerate()
            .map(move |(index, input)| enter(self, input, cx.item(index)));
        in_order(runs, limit)
    }

    /// As [`batch_with`](Self::batch_with), with something to say about each input on top of what is said of all.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, ConfigKey, RunConfig, RunnableExt};
    ///
    /// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
    ///
    /// # futures::executor::block_on(async {
    /// let times = |factor| lambda(move |n: i32| n * factor);
    /// let step = times(1).configurable(FACTOR, move |_, factor| times(*factor));
    /// let each = [(10, RunConfig::new()), (10, RunConfig::new().set(FACTOR, 5))];
    /// let results: Result<Vec<_>, _> = step.batch_with_each(each, RunConfig::new().tag("all")).await.into_iter().collect();
    /// assert_eq!(results?, [10, 50]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn batch_with_each<T: IntoInput<Self::Input>>(
        &self,
        inputs: impl IntoIterator<Item = (T, RunConfig)>,
        mut config: RunConfig,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send {
        config.run_id = None;
        let limit = config.limit().unwrap_or(DEFAULT_BATCH_CONCURRENCY);
        let cx = RunContext::new(config);
        let inputs: Vec<(Self::Input, RunConfig)> =
            inputs.into_iter().map(|(input, each)| (input.into(), each)).collect();
        let runs = inputs.into_iter().enumerate().map(move |(index, (input, each))| {
            let cx = cx.with_config(each);
            enter(self, input, cx.item(index))
        });
        in_order(runs, limit)
    }

    /// Turns many inputs into results as they are ready, each with the place of its input: [`DEFAULT_BATCH_CONCURRENCY`] at
    /// once. Inputs are taken as there is room, so that there may be any number of them. A progress bar counts the items.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut results = lambda(|n: i32| n * 2).batch_as_completed(1..=3);
    /// let mut done = 0;
    /// while let Some((index, result)) = results.next().await {
    ///     assert_eq!(result?, 2 * (index as i32 + 1));
    ///     done += 1; // `done` of 3
    /// }
    /// assert_eq!(done, 3);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn batch_as_completed<T, In>(&self, inputs: In) -> BoxStream<'static, (usize, Result<Self::Output>)>
    where
        T: IntoInput<Self::Input>,
        In: IntoIterator<Item = T, IntoIter: Send + 'static>,
    {
        self.batch_as_completed_with(inputs, RunConfig::default())
    }

    /// As [`batch_as_completed`](Self::batch_as_completed), with what the caller says; [`max_concurrency`](RunConfig::max_concurrency) is how many run at once.
    fn batch_as_completed_with<T, In>(
        &self,
        inputs: In,
        mut config: RunConfig,
    ) -> BoxStream<'static, (usize, Result<Self::Output>)>
    where
        T: IntoInput<Self::Input>,
        In: IntoIterator<Item = T, IntoIter: Send + 'static>,
    {
        config.run_id = None;
        let limit = config.limit().unwrap_or(DEFAULT_BATCH_CONCURRENCY);
        let cx = RunContext::new(config);
        let step: Arc<Self> = dyn_clone::clone_box(self).into();
        let runs = inputs.into_iter().enumerate().map(move |(index, input)| {
            let (step, cx, input) = (Arc::clone(&step), cx.item(index), input.into());
            async move { (index, enter(&*step, input, cx).await) }
        });
        stream::iter(runs).buffer_unordered(limit).boxed()
    }

    /// Turns many inputs into results that are kept in a file: after a crash the same call does the rest, and nothing twice.
    ///
    /// The stream gives what is finished now, each result with the place of its input; its own errors are about the file or
    /// the list of inputs, and end it. The results of all runs are read by [`BatchFile::results`]. An input whose line is in the file is
    /// never run again, unless it is an error; see [`BatchFile::keep_errors`]. What was cancelled, or not begun when the time limit
    /// of the batch was over, gets no line.
    ///
    /// Inputs are taken as there is room, [`DEFAULT_BATCH_CONCURRENCY`] at once, and results are not kept: a batch of any length takes a few
    /// bytes per input. Dropping the stream stops the work and unlocks the file.
    ///
    /// A line is appended in place by the thread that polls the stream, which takes microseconds; poll it in a task of its own if
    /// [`BatchFile::sync`] makes it wait for the disk.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BatchFile, RunnableExt, lambda};
    /// use futures::{StreamExt, TryStreamExt};
    ///
    /// # let path = std::env::temp_dir().join(format!("cadena-batch-resumable-{}.jsonl", std::process::id()));
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2);
    /// // The program ends after two of four inputs …
    /// let mut batch = double.batch_resumable(1..=4, &path).take(2);
    /// while let Some((index, output)) = batch.try_next().await? {
    ///     assert_eq!(output?, 2 * (index as i32 + 1));
    /// }
    /// drop(batch);
    /// // … and the next time does the other two.
    /// assert_eq!(double.batch_resumable(1..=4, &path).count().await, 2);
    /// assert_eq!(BatchFile::new(&path).results::<i32>()?.count(), 4);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As an item of the stream, its last one: [`Config`](crate::ErrorKind::Config) if the file cannot be read or written, is in use by another batch, or
    /// has a line that is no result, and [`InvalidInput`](crate::ErrorKind::InvalidInput) if the inputs are not those of the earlier run.
    fn batch_resumable<T, In>(
        &self,
        inputs: In,
        file: impl Into<BatchFile>,
    ) -> BoxStream<'static, Result<(usize, Result<Self::Output>)>>
    where
        T: IntoInput<Self::Input>,
        In: IntoIterator<Item = T, IntoIter: Send + 'static>,
        Self::Output: DeserializeOwned,
    {
        self.batch_resumable_with(inputs, file, RunConfig::default())
    }

    /// As [`batch_resumable`](Self::batch_resumable), with what the caller says; [`max_concurrency`](RunConfig::max_concurrency) is how many run at once.
    fn batch_resumable_with<T, In>(
        &self,
        inputs: In,
        file: impl Into<BatchFile>,
        config: RunConfig,
    ) -> BoxStream<'static, Result<(usize, Result<Self::Output>)>>
    where
        T: IntoInput<Self::Input>,
        In: IntoIterator<Item = T, IntoIter: Send + 'static>,
        Self::Output: DeserializeOwned,
    {
        let step: Arc<Self> = dyn_clone::clone_box(self).into();
        super::batch::resumable(step, inputs.into_iter(), file.into(), config)
    }

    /// Puts a step behind this one: `a.pipe(b)` is `a | b`.
    ///
    /// The types are checked where the two are joined.
    #[must_use = "steps do nothing until they are invoked"]
    fn pipe<R: Follows<Self::Output>>(self, next: R) -> Chain<Self::Input, R::Output>
    where
        Self: Sized,
    {
        Chain::new(self).then(next)
    }

    /// Adds keys to the output: those of `mapper`, which sees the output as it is. See [`assign`](fn@super::assign).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, lambda, parallel, passthrough, Dict, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let chain = passthrough::<Dict>().assign(parallel! {"count": lambda(|input: Dict| input.len())});
    /// assert_eq!(chain.invoke(dict! {"a": 1}).await?, dict! {"a": 1, "count": 1});
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use = "steps do nothing until they are invoked"]
    fn assign(self, mapper: Parallel<Self::Output, Dict>) -> Chain<Self::Input, Dict>
    where
        Self: Sized,
        Self::Output: Keyed,
    {
        self.pipe(super::assign(mapper))
    }

    /// Takes a key out of the output, or several. See [`pick`](fn@super::pick).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, passthrough, Dict, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// assert_eq!(passthrough::<Dict>().pick("a").invoke(dict! {"a": 1, "b": 2}).await?, 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use = "steps do nothing until they are invoked"]
    fn pick<K: PickKeys>(self, keys: K) -> Chain<Self::Input, K::Output>
    where
        Self: Sized,
        Self::Output: Keyed,
    {
        self.pipe(super::pick(keys))
    }

    /// Runs the step for each element of a list: from `Vec<Input>` to `Vec<Output>`. See [`Map`].
    fn map(self) -> Map<Self>
    where
        Self: Sized,
    {
        Map::new(self)
    }

    /// Fixes a part of the config: what the caller says wins over it. See [`Configured`].
    fn with_config(self, config: RunConfig) -> Configured<Self>
    where
        Self: Sized,
    {
        Configured::new(self, config)
    }

    /// Names the step in events and errors. See [`Named`].
    fn named(self, name: impl Into<Arc<str>>) -> Named<Self>
    where
        Self: Sized,
    {
        Named::new(self, name)
    }

    /// Adds a listener that hears every run of the step and inside it.
    ///
    /// Give the listener to the call instead, in [`RunConfig::listeners`], to hear every step.
    fn with_listener(self, listener: impl IntoListener) -> Configured<Self>
    where
        Self: Sized,
    {
        self.with_config(RunConfig::new().listener(listener))
    }

    /// Adds functions that hear when the step itself begins and how it ends. See [`Listeners`].
    fn with_listeners(self, listeners: Listeners) -> WithListeners<Self>
    where
        Self: Sized,
    {
        WithListeners::new(self, listeners)
    }

    /// Tries the step again when it fails. See [`Retry`].
    fn with_retry(self, options: RetryOptions) -> Retry<Self>
    where
        Self: Sized,
    {
        Retry::new(self, options)
    }

    /// Runs other steps when this one fails. See [`Fallbacks`]; steps of different types are added by
    /// [`Fallbacks::or`].
    fn with_fallbacks<F>(self, fallbacks: impl IntoIterator<Item = F>) -> Fallbacks<Or<OneStep<Self>, Steps<F>>>
    where
        Self: Sized,
        F: Runnable<Input = Self::Input, Output = Self::Output>,
    {
        Fallbacks::new(Or::new(OneStep::new(self), Steps::new(fallbacks)))
    }

    /// Limits how long the step may take. See [`Timeout`].
    fn with_timeout(self, limit: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        Timeout::new(self, limit)
    }

    /// Lets the caller set a value for one call, with which the step is built anew. See [`ConfigKey`].
    fn configurable<T: Send + Sync + 'static>(
        self,
        key: ConfigKey<T>,
        build: impl Fn(&Self, &T) -> Self + Send + Sync + 'static,
    ) -> ConfigurableStep<Self, T>
    where
        Self: Sized,
    {
        ConfigurableStep::new(self, key, build)
    }

    /// Lets the caller choose another step for one call; this one is the default, under the name `default`. See [`Alternatives`].
    fn configurable_alternatives(
        self,
        key: ConfigKey<String>,
        default: impl Into<String>,
    ) -> Alternatives<OneStep<Self>>
    where
        Self: Sized,
    {
        Alternatives::new(self, key, default.into())
    }

    /// Remembers the conversation: earlier messages of the session are put into the input, and each turn is stored. See [`MessageHistory`].
    fn with_message_history(self, history: impl ChatMessageHistory) -> MessageHistory<Self>
    where
        Self: Remembers + Sized,
    {
        MessageHistory::new(self, history)
    }

    /// Puts the step on the heap, so that steps of different types have one type.
    #[must_use = "steps do nothing until they are invoked"]
    fn boxed(self) -> BoxRunnable<Self::Input, Self::Output>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

impl<R: Runnable + ?Sized> RunnableExt for R {}

/// The results of a batch, in the order of its inputs.
async fn in_order<O, Run: Future<Output = Result<O>>>(
    runs: impl ExactSizeIterator<Item = Run>,
    limit: usize,
) -> Vec<Result<O>> {
    // Of the right size from the start: a list that grows is held twice.
    let mut results = Vec::with_capacity(runs.len());
    let mut runs = stream::iter(runs).buffered(limit);
    while let Some(result) = runs.next().await {
        results.push(result);
    }
    results
}
