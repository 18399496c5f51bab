//! The methods of every step.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use serde::de::DeserializeOwned;

use super::{
    Accepts, Alternatives, BatchFile, Chain, ConfigurableStep, Configured, DictLike, Fallbacks, HistoryStep, IntoInput,
    Listeners, Map, MessageHistory, Named, OneStep, Or, Parallel, PickKeys, Retry, RetryOptions, Runnable, Steps,
    Timeout, WithListeners,
};
use crate::run::layers::{call, call_stream, call_transform, enter, enter_stream, enter_transform};
use crate::{
    ChatMessageHistory, ChunkStream, ConfigKey, Dict, EventStream, Graph, IntoListener, ModelSetup, Result, RunConfig,
    RunContext, RunKind, StreamMode,
};

/// How many inputs of a batch run at once unless [`RunConfig::max_concurrency`] sets it.
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

/// The methods of every step: to call it, to describe it, and to compose it with other steps.
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
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let shout = lambda(|text: String| text.to_uppercase());
    /// assert_eq!(shout.invoke("hi").await?, "HI"); // a `&str` where the input is a `String`
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The first error of a step, with the name of the step.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the work.
    fn invoke(&self, input: impl IntoInput<Self::Input>) -> impl Future<Output = Result<Self::Output>> + Send {
        call(self, input.into(), RunContext::default())
    }

    /// Turns an input into an output, as [`invoke`](Self::invoke) does, with a config for this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, ErrorKind, RunConfig, RunnableExt};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let slow = lambda(|n: i32| async move {
    ///     tokio::time::sleep(Duration::from_secs(60)).await;
    ///     n
    /// });
    /// let config = RunConfig::new().run_name("hurried").timeout(Duration::from_secs(1));
    /// let error = slow.invoke_with(1, config).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Timeout);
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the steps; [`Cancelled`](crate::ErrorKind::Cancelled) and [`Timeout`](crate::ErrorKind::Timeout) by the limits of the config.
    fn invoke_with(
        &self,
        input: impl IntoInput<Self::Input>,
        config: RunConfig,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        enter(self, input.into(), RunContext::new(config))
    }

    /// Turns an input into an output inside the step that received this context.
    ///
    /// The call becomes a run inside the run of that step: events show it there, and the limits of the whole call hold for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, lambda_in, RunContext, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2);
    /// let twice = lambda_in(move |n: i32, cx: RunContext| {
    ///     let double = double.clone();
    ///     async move {
    ///         let once = double.invoke_in(n, &cx).await?;
    ///         double.invoke_in(once, &cx).await
    ///     }
    /// });
    /// assert_eq!(twice.invoke(5).await?, 20);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
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

    /// Turns an input into chunks of the output, each as soon as it is made.
    ///
    /// No work begins before the stream is polled. The chunks add up to the output of [`invoke`](Self::invoke). The first error is the last item. Dropping
    /// the stream stops the work.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt, StrOutputParser};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut tokens = (EchoModel::new() | StrOutputParser).stream("two words");
    /// let mut text = String::new();
    /// while let Some(token) = tokens.try_next().await? {
    ///     text += &token; // print it here
    /// }
    /// assert_eq!(text, "two words");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn stream(&self, input: impl IntoInput<Self::Input>) -> ChunkStream<Self::Output> {
        call_stream(self, input.into(), RunContext::default())
    }

    /// Turns an input into chunks, as [`stream`](Self::stream) does, with a config for this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{CancellationToken, EchoModel, ErrorKind, RunConfig, RunnableExt};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let token = CancellationToken::new();
    /// let mut chunks = EchoModel::new().stream_with("one two three", RunConfig::new().cancellation(token.clone()));
    /// assert!(chunks.next().await.is_some_and(|chunk| chunk.is_ok()));
    /// token.cancel();
    /// let last = chunks.next().await;
    /// assert_eq!(last.and_then(Result::err).map(|error| error.kind()), Some(ErrorKind::Cancelled));
    /// assert!(chunks.next().await.is_none());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn stream_with(&self, input: impl IntoInput<Self::Input>, config: RunConfig) -> ChunkStream<Self::Output> {
        enter_stream(self, input.into(), RunContext::new(config))
    }

    /// Turns an input into chunks, as [`stream`](Self::stream) does, inside the step that received this context.
    ///
    /// The call becomes a run inside the run of that step.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{async_trait, ChunkStream, EchoModel, Result, RunContext, Runnable, RunnableExt, StepInfo, StreamMode};
    /// use cadena_core::{AIMessage, PromptValue};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// /// Asks a model politely.
    /// #[derive(Clone)]
    /// struct Polite(EchoModel);
    ///
    /// #[async_trait]
    /// impl Runnable for Polite {
    ///     type Input = String;
    ///     type Output = AIMessage;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::of(self).streaming(StreamMode::StreamsOutput)
    ///     }
    ///
    ///     async fn run(&self, input: String, cx: RunContext) -> Result<AIMessage> {
    ///         self.0.invoke_in(PromptValue::from(format!("Please: {input}")), &cx).await
    ///     }
    ///
    ///     fn run_stream(&self, input: String, cx: RunContext) -> ChunkStream<AIMessage> {
    ///         self.0.stream_in(PromptValue::from(format!("Please: {input}")), &cx)
    ///     }
    /// }
    ///
    /// let chunks: Vec<_> = Polite(EchoModel::new()).stream("sing").try_collect().await?;
    /// assert_eq!(chunks[0].text(), "Please: ");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn stream_in(&self, input: impl IntoInput<Self::Input>, cx: &RunContext) -> ChunkStream<Self::Output> {
        call_stream(self, input.into(), cx.clone())
    }

    /// Turns chunks of the input into chunks of the output, so that the stream of one step feeds another.
    ///
    /// A step that [passes chunks through](StreamMode::PassesThrough) begins before its input is complete; every other step waits for the whole input.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{generator, RunnableExt};
    /// use futures::{stream, StreamExt, TryStreamExt};
    ///
    /// # futures::executor::block_on(async {
    /// let shout = generator::<String, String, _>(|chunks| chunks.map(|chunk| Ok(chunk?.to_uppercase())));
    /// let chunks = stream::iter(["to", "ken"].map(|chunk| Ok(chunk.to_owned()))).boxed();
    /// assert_eq!(shout.transform(chunks).try_collect::<Vec<_>>().await?, ["TO", "KEN"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn transform(&self, input: ChunkStream<Self::Input>) -> ChunkStream<Self::Output> {
        call_transform(self, input, RunContext::default())
    }

    /// Turns chunks into chunks, as [`transform`](Self::transform) does, with a config for this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{passthrough, RunConfig, RunnableExt, UsageTracker};
    /// use futures::{stream, StreamExt, TryStreamExt};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// let chunks = stream::iter([Ok("a".to_owned()), Ok("b".to_owned())]).boxed();
    /// let config = RunConfig::new().listener(usage.listener());
    /// assert_eq!(passthrough::<String>().transform_with(chunks, config).try_collect::<String>().await?, "ab");
    /// assert_eq!(usage.calls(), 0); // no model was asked
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn transform_with(&self, input: ChunkStream<Self::Input>, config: RunConfig) -> ChunkStream<Self::Output> {
        enter_transform(self, input, RunContext::new(config))
    }

    /// Turns chunks into chunks, as [`transform`](Self::transform) does, inside the step that received this context.
    ///
    /// The call becomes a run inside the run of that step.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{async_trait, generator, ChunkStream, Generator, Result, RunContext, Runnable, RunnableExt, StepInfo, StreamMode};
    /// use futures::{stream, StreamExt, TryStreamExt};
    ///
    /// # futures::executor::block_on(async {
    /// /// Passes text through another step.
    /// #[derive(Clone)]
    /// struct Through(Generator<String, String>);
    ///
    /// #[async_trait]
    /// impl Runnable for Through {
    ///     type Input = String;
    ///     type Output = String;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::of(self).streaming(StreamMode::PassesThrough)
    ///     }
    ///
    ///     async fn run(&self, input: String, cx: RunContext) -> Result<String> {
    ///         self.0.invoke_in(input, &cx).await
    ///     }
    ///
    ///     fn run_transform(&self, input: ChunkStream<String>, cx: RunContext) -> ChunkStream<String> {
    ///         self.0.transform_in(input, &cx)
    ///     }
    /// }
    ///
    /// let shout = generator::<String, String, _>(|chunks| chunks.map(|chunk| Ok(chunk?.to_uppercase())));
    /// let chunks = stream::iter([Ok("a".to_owned()), Ok("b".to_owned())]).boxed();
    /// assert_eq!(Through(shout).transform(chunks).try_collect::<Vec<_>>().await?, ["A", "B"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn transform_in(&self, input: ChunkStream<Self::Input>, cx: &RunContext) -> ChunkStream<Self::Output> {
        call_transform(self, input, cx.clone())
    }

    /// Runs the step and returns the events of its run and of every run inside, as they happen. See [`EventStream`].
    ///
    /// The chunks of a model are events too, also where a step asks the model for a whole answer.
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

    /// Returns the events of a call, as [`stream_events`](Self::stream_events) does, with a config for this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, EventFilter, RunConfig, RunEvent, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let chain = lambda(|n: i32| n + 1).named("next") | lambda(|n: i32| n * 2).named("double");
    /// let config = RunConfig::new().tag("sum");
    /// let events: Vec<_> = chain.stream_events_with(20, config).only(EventFilter::new().include_name("double")).try_collect().await?;
    /// assert!(events.iter().all(|event| event.run().name == "double" && event.run().tags[0] == "sum"));
    /// assert!(matches!(events.last(), Some(RunEvent::End { output, .. }) if output == 42));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn stream_events_with(&self, input: impl IntoInput<Self::Input>, config: RunConfig) -> EventStream {
        EventStream::new(self, input.into(), config)
    }

    /// Turns many inputs into as many results, in their order. [`DEFAULT_BATCH_CONCURRENCY`] inputs run at once.
    ///
    /// An error ends its own input and no other.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let parse = lambda(|text: String| text.parse::<i32>());
    /// let results = parse.batch(["1", "two", "3"]).await;
    /// assert_eq!(results[0].as_ref().ok(), Some(&1));
    /// assert!(results[1].is_err()); // the others go on
    /// assert_eq!(results[2].as_ref().ok(), Some(&3));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn batch<T: Into<Self::Input>>(
        &self,
        inputs: impl IntoIterator<Item = T>,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send {
        self.batch_with(inputs, RunConfig::default())
    }

    /// Runs a batch, as [`batch`](Self::batch) does, with a config for all inputs.
    ///
    /// [`max_concurrency`](RunConfig::max_concurrency) sets how many inputs run at once. A `run_id` in the config belongs to no single input and is not used.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunConfig, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2);
    /// let results = double.batch_with([1, 2, 3], RunConfig::new().tag("night").max_concurrency(2)).await;
    /// assert_eq!(results.into_iter().collect::<Result<Vec<_>, _>>()?, [2, 4, 6]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn batch_with<T: Into<Self::Input>>(
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

    /// Runs a batch, as [`batch_with`](Self::batch_with) does, with a config for each input on top of the config for all.
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

    /// Turns many inputs into results, each with the index of its input, in the order in which they finish.
    ///
    /// [`DEFAULT_BATCH_CONCURRENCY`] inputs run at once. An input is taken when there is room for it, so the list may be endless. A progress bar counts
    /// the items.
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

    /// Runs a batch, as [`batch_as_completed`](Self::batch_as_completed) does, with a config for all inputs.
    ///
    /// [`max_concurrency`](RunConfig::max_concurrency) sets how many inputs run at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunConfig, RunnableExt};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2);
    /// let mut results = double.batch_as_completed_with(1.., RunConfig::new().max_concurrency(2)).take(3);
    /// let mut sum = 0;
    /// while let Some((_, result)) = results.next().await {
    ///     sum += result?;
    /// }
    /// assert_eq!(sum, 2 + 4 + 6); // of endless inputs only a few were taken
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
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

    /// Turns many inputs into results that a file keeps: after a crash the same call runs the remaining inputs, and none twice.
    ///
    /// The stream returns the results of this call, each with the index of its input. An error of the stream itself is about the file or
    /// the list of inputs, and ends the stream. [`BatchFile::results`] reads the results of all calls. An input whose line is in the file does
    /// not run again, unless the line is an error; see [`BatchFile::keep_errors`]. An input that was cancelled, or had not begun when the time
    /// limit of the batch was over, gets no line.
    ///
    /// [`DEFAULT_BATCH_CONCURRENCY`] inputs run at once, each taken when there is room for it. Results are not held in memory: a batch of any length takes a few
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

    /// Runs a batch, as [`batch_resumable`](Self::batch_resumable) does, with a config for all inputs.
    ///
    /// [`max_concurrency`](RunConfig::max_concurrency) sets how many inputs run at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BatchFile, RunConfig, RunnableExt, lambda};
    /// use futures::StreamExt;
    ///
    /// # let path = std::env::temp_dir().join(format!("cadena-batch-resumable-with-{}.jsonl", std::process::id()));
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2);
    /// let config = RunConfig::new().max_concurrency(4);
    /// assert_eq!(double.batch_resumable_with(1..=3, &path, config).count().await, 3);
    /// assert_eq!(BatchFile::new(&path).results::<i32>()?.count(), 3);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
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

    /// Appends a step: `a.pipe(b)` is `a | b`.
    ///
    /// The output of this step is the input of the next one. The compiler checks the types where the two are joined.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let chain = lambda(|text: String| text.len()).pipe(lambda(|length: usize| length * 2));
    /// assert_eq!(chain.invoke("bears").await?, 10);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use = "steps do nothing until they are invoked"]
    fn pipe<R: Accepts<Self::Output>>(self, next: R) -> Chain<Self::Input, R::Output>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, R::Output, _>(Chain::new(self).then(next))
    }

    /// Adds the keys of `mapper` to the output; the input of `mapper` is that output. See [`assign`](fn@super::assign).
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
        Self::Output: DictLike,
    {
        assert_runnable::<Self::Input, Dict, _>(self.pipe(super::assign(mapper)))
    }

    /// Returns one key of the output, or several. See [`pick`](fn@super::pick).
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
        Self::Output: DictLike,
    {
        assert_runnable::<Self::Input, K::Output, _>(self.pipe(super::pick(keys)))
    }

    /// Runs the step for each element of a list: from `Vec<Input>` to `Vec<Output>`. See [`Map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let lengths = lambda(|text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>()) | lambda(|word: String| word.len()).map();
    /// assert_eq!(lengths.invoke("to be or").await?, [2, 2, 2]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn map(self) -> Map<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Vec<Self::Input>, Vec<Self::Output>, _>(Map::new(self))
    }

    /// Fixes a part of the config to the step. The caller's config wins over it. See [`Configured`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunConfig, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2).with_config(RunConfig::new().run_name("double").tag("arithmetic"));
    /// let events: Vec<_> = double.stream_events(21).try_collect().await?;
    /// assert_eq!((&*events[0].run().name, &*events[0].run().tags[0]), ("double", "arithmetic"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_config(self, config: RunConfig) -> Configured<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(Configured::new(self, config))
    }

    /// Names the step in events and errors. See [`Named`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let parse = lambda(|text: String| text.parse::<i32>()).boxed().named("parse");
    /// assert_eq!(parse.name(), "parse");
    /// assert_eq!(parse.invoke("x").await.unwrap_err().step(), Some("parse"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn named(self, name: impl Into<Arc<str>>) -> Named<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(Named::new(self, name))
    }

    /// Adds a listener that hears the run of the step and every run inside it.
    ///
    /// To hear every step of one call, set the listener in the config of that call: [`RunConfig::listener`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt, StrOutputParser, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// let chain = (EchoModel::new() | StrOutputParser).with_listener(&usage);
    /// chain.invoke("hi").await?;
    /// assert_eq!(usage.calls(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_listener(self, listener: impl IntoListener) -> Configured<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(self.with_config(RunConfig::new().listener(listener)))
    }

    /// Adds functions that are called when the step itself begins and ends. See [`Listeners`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Listeners, RunnableExt};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # futures::executor::block_on(async {
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = Arc::clone(&seen);
    /// let listeners = Listeners::new().on_end(move |_, output| log.lock().unwrap().push(output.clone()));
    /// lambda(|n: i32| n * 2).with_listeners(listeners).invoke(21).await?;
    /// assert_eq!(*seen.lock().unwrap(), [42]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_listeners(self, listeners: Listeners) -> WithListeners<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(WithListeners::new(self, listeners))
    }

    /// Runs the step again when it fails. See [`Retry`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Error, ErrorKind, RetryOptions, RunnableExt};
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let calls = AtomicU32::new(0);
    /// let flaky = lambda(move |n: i32| match calls.fetch_add(1, Ordering::Relaxed) {
    ///     0 => Err(Error::from(ErrorKind::Server)),
    ///     _ => Ok(n * 2),
    /// });
    /// assert_eq!(flaky.with_retry(RetryOptions::new()).invoke(21).await?, 42);
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    fn with_retry(self, options: RetryOptions) -> Retry<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(Retry::new(self, options))
    }

    /// Runs other steps, in order, when this one fails. See [`Fallbacks`]; [`Fallbacks::or`] adds a step of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let parse = lambda(|text: String| text.parse::<i32>()).with_fallbacks([lambda(|text: String| text.len() as i32)]);
    /// assert_eq!(parse.invoke("42").await?, 42);
    /// assert_eq!(parse.invoke("bears").await?, 5);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_fallbacks<F>(self, fallbacks: impl IntoIterator<Item = F>) -> Fallbacks<Or<OneStep<Self>, Steps<F>>>
    where
        Self: Sized,
        F: Runnable<Input = Self::Input, Output = Self::Output>,
    {
        assert_runnable::<Self::Input, Self::Output, _>(Fallbacks::new(Or::new(
            OneStep::new(self),
            Steps::new(fallbacks),
        )))
    }

    /// Limits how long the step may take. See [`Timeout`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, ErrorKind, RunnableExt};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let slow = lambda(|n: i32| async move {
    ///     tokio::time::sleep(Duration::from_secs(60)).await;
    ///     n
    /// });
    /// let error = slow.with_timeout(Duration::from_secs(1)).invoke(1).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Timeout);
    /// # });
    /// ```
    fn with_timeout(self, limit: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(Timeout::new(self, limit))
    }

    /// Lets a caller set a value for one call. `build` makes the step for that call from this step and the value.
    ///
    /// See [`ConfigKey`].
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
    /// let step = times(2).configurable(FACTOR, move |_, factor| times(*factor));
    /// assert_eq!(step.invoke(10).await?, 20);
    /// assert_eq!(step.invoke_with(10, RunConfig::new().set(FACTOR, 5)).await?, 50);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn configurable<T: Send + Sync + 'static>(
        self,
        key: ConfigKey<T>,
        build: impl Fn(&Self, &T) -> Self + Send + Sync + 'static,
    ) -> ConfigurableStep<Self, T>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(ConfigurableStep::new(self, key, build))
    }

    /// Lets a caller choose another step for one call. This step is the default, under the name `default`.
    ///
    /// See [`Alternatives`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, ConfigKey, RunConfig, RunnableExt};
    ///
    /// const VOICE: ConfigKey<String> = ConfigKey::new("voice");
    ///
    /// # futures::executor::block_on(async {
    /// let speak = lambda(|text: String| text)
    ///     .configurable_alternatives(VOICE, "plain")
    ///     .or("loud", lambda(|text: String| text.to_uppercase()));
    /// assert_eq!(speak.invoke("hi").await?, "hi");
    /// assert_eq!(speak.invoke_with("hi", RunConfig::new().set(VOICE, "loud".to_owned())).await?, "HI");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn configurable_alternatives(
        self,
        key: ConfigKey<String>,
        default: impl Into<String>,
    ) -> Alternatives<OneStep<Self>>
    where
        Self: Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(Alternatives::new(self, key, default.into()))
    }

    /// Keeps a conversation: puts the earlier messages of the session into the input, and stores the question and the answer of each call.
    ///
    /// See [`MessageHistory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, InMemoryChatMessageHistory, RunConfig, RunnableExt, SESSION_ID};
    /// use cadena_core::ChatMessageHistory;
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// let chat = EchoModel::new().with_message_history(history.clone());
    /// let session = || RunConfig::new().set(SESSION_ID, "ann".to_owned());
    /// chat.invoke_with("hi", session()).await?;
    /// assert_eq!(history.messages("ann").await?.len(), 2); // the question and the answer
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_message_history(self, history: impl ChatMessageHistory) -> MessageHistory<Self>
    where
        Self: HistoryStep + Sized,
    {
        assert_runnable::<Self::Input, Self::Output, _>(MessageHistory::new(self, history))
    }

    /// Puts the step on the heap, so that steps of different types have one type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, passthrough, BoxRunnable, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let steps: Vec<BoxRunnable<i32, i32>> = vec![lambda(|n: i32| n + 1).boxed(), passthrough().boxed()];
    /// assert_eq!(steps[0].invoke(41).await?, 42);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use = "steps do nothing until they are invoked"]
    fn boxed(self) -> BoxRunnable<Self::Input, Self::Output>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

impl<R: Runnable + ?Sized> RunnableExt for R {}

/// Checks here, and not where a user writes the call, that a method returns a step of these types.
fn assert_runnable<I, O, R: Runnable<Input = I, Output = O>>(step: R) -> R {
    step
}

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
