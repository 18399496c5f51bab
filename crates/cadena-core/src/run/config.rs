//! The settings of one call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{ConfigKey, Configurable, IntoListener, Listener, StepHook};
use crate::{ChatOptions, IdGenerator, RunId};

/// The settings of one call: names, tags, listeners, hooks, limits, options.
///
/// Tags, metadata, listeners, hooks, limits and options reach every step inside; the name and the id are for this run only.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunConfig, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let config = RunConfig::new().run_name("doubling").tag("test").max_concurrency(4);
/// assert_eq!(lambda(|n: i32| n * 2).invoke_with(21, config).await?, 42);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RunConfig {
    /// The name of this run; default: the name of the step.
    pub run_name: Option<String>,
    /// The id of this run; default: a new one.
    pub run_id: Option<RunId>,
    /// Words that mark this run and every run inside it.
    pub tags: Vec<String>,
    /// Facts that mark this run and every run inside it.
    pub metadata: Map<String, Value>,
    /// The listeners that hear the events of this run and of every run inside it.
    pub listeners: Vec<Arc<dyn Listener>>,
    /// The hooks around every step that does I/O, the outermost first.
    pub hooks: Vec<Arc<dyn StepHook>>,
    /// The number of model calls that may run at once in the whole call, and of inputs of a batch; default: no limit for model
    /// calls, and 16 inputs of a batch. As in LangChain, 0 sets nothing: an inherited limit stays.
    pub max_concurrency: Option<usize>,
    /// How deep steps that call themselves may nest; default: 25.
    pub recursion_limit: Option<u32>,
    /// How long the whole call may take; default: no limit.
    pub timeout: Option<Duration>,
    /// The token that stops the call; default: none.
    pub cancellation: Option<CancellationToken>,
    /// The source of run ids; default: [`RandomIds`](crate::RandomIds).
    pub ids: Option<Arc<dyn IdGenerator>>,
    /// Values for the steps inside that are [`configurable`](crate::RunnableExt::configurable).
    pub configurable: Configurable,
    /// Options for every chat model inside; default: none. See [`options`](Self::options()).
    pub options: ChatOptions,
    /// Whether prompts and answers are written into `tracing` spans; default: no.
    pub trace_content: Option<bool>,
}

impl RunConfig {
    /// Makes a config that sets nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunConfig;
    ///
    /// let config = RunConfig::new();
    /// assert!(config.run_name.is_none() && config.tags.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names this run, in events, spans and errors; default: the name of the step.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind, RunConfig, RunnableExt, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let step = lambda(|_: i32| Err::<i32, _>(Error::new(ErrorKind::InvalidInput, "it must be even")));
    /// let error = step.invoke_with(1, RunConfig::new().run_name("halve")).await.unwrap_err();
    /// assert_eq!(error.to_string(), "invalid input: it must be even (in step `halve`)");
    /// # });
    /// ```
    #[must_use]
    pub fn run_name(mut self, name: impl Into<String>) -> Self {
        self.run_name = Some(name.into());
        self
    }

    /// Sets the id of this run; default: a new one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunConfig, RunId, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().run_id(RunId::from_u128(7));
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events_with(1, config).try_collect().await?;
    /// assert_eq!(events[0].run().id, RunId::from_u128(7));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn run_id(mut self, id: RunId) -> Self {
        self.run_id = Some(id);
        self
    }

    /// Adds a tag, which marks this run and every run inside it. A tag that is added twice is there once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunConfig;
    ///
    /// assert_eq!(RunConfig::new().tag("nightly").tag("test").tag("nightly").tags, ["nightly", "test"]);
    /// ```
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        add_tag(&mut self.tags, tag.into());
        self
    }

    /// Adds a fact, which marks this run and every run inside it. A later fact of the same key replaces it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunConfig, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().metadata("user", 42);
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events_with(1, config).try_collect().await?;
    /// assert_eq!(events[0].run().metadata["user"], 42);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a listener: a [`Listener`], an `Arc` of one, or a [`UsageTracker`](super::UsageTracker).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// EchoModel::new().invoke_with("hi", RunConfig::new().listener(&usage)).await?;
    /// assert_eq!(usage.calls(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn listener(mut self, listener: impl IntoListener) -> Self {
        self.listeners.push(listener.into_listener());
        self
    }

    /// Adds a hook around every step that does I/O, inside the hooks that were added before.
    ///
    /// The [names of steps](super::StepCall::name) begin at the call that sets the first hook: set it for the whole chain, so that
    /// names differ.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{EchoModel, Journal, RunConfig, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let journal = Arc::new(Journal::new());
    /// EchoModel::new().invoke_with("hi", RunConfig::new().hook(Arc::<Journal>::clone(&journal))).await?;
    /// assert_eq!(journal.len(), 1); // one step has finished
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn hook(mut self, hook: Arc<dyn StepHook>) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Limits how many model calls of the whole call run at once, and how many inputs of a batch; 0 sets no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunConfig;
    ///
    /// let limited = RunConfig::new().max_concurrency(4);
    /// assert_eq!(limited.merge(RunConfig::new().max_concurrency(0)).max_concurrency, Some(4));
    /// assert_eq!(RunConfig::new().max_concurrency(0).max_concurrency, None);
    /// ```
    #[must_use]
    pub fn max_concurrency(mut self, limit: usize) -> Self {
        self.max_concurrency = Some(limit);
        self.max_concurrency = self.limit();
        self
    }

    /// The limit of what runs at once, if it is set. The field is public, and a 0 in it would stop everything.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.max_concurrency.filter(|limit| *limit > 0)
    }

    /// Limits how deep steps that call themselves may nest; default: 25.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ErrorKind, RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().recursion_limit(1));
    /// let error = cx.deeper()?.deeper().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn recursion_limit(mut self, limit: u32) -> Self {
        self.recursion_limit = Some(limit);
        self
    }

    /// Limits how long the whole call may take; default: no limit.
    ///
    /// After that time the work stops, and the error is of kind [`Timeout`](crate::ErrorKind::Timeout). It holds the part of a model's
    /// answer that had arrived, as [`Error::partial`](crate::Error::partial). Timers are tokio's: the call needs a tokio runtime with time enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cadena_core::{ErrorKind, RunConfig, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let slow = ScriptedModel::new().say("one two three").with_pause(Duration::from_secs(2));
    /// let config = RunConfig::new().timeout(Duration::from_secs(5));
    /// let error = slow.invoke_with("Count.", config).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Timeout);
    /// assert_eq!(error.partial().map(|part| part.text().into_owned()), Some("one two ".to_owned()));
    /// # });
    /// ```
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Stops the call when the token is cancelled; default: nothing does, except dropping the call.
    ///
    /// The error is of kind [`Cancelled`](crate::ErrorKind::Cancelled). It holds the part of a model's answer that had arrived, as
    /// [`Error::partial`](crate::Error::partial).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, ErrorKind, RunConfig, RunnableExt};
    /// use futures::StreamExt;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # futures::executor::block_on(async {
    /// let token = CancellationToken::new();
    /// let mut chunks = EchoModel::new().stream_with("one two three", RunConfig::new().cancellation(token.clone()));
    /// chunks.next().await.ok_or("no chunk")??;
    /// token.cancel(); // a handle that any task may hold
    /// let error = chunks.next().await.ok_or("no error")?.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// assert_eq!(error.partial().map(|part| part.text().into_owned()), Some("one ".to_owned()));
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.cancellation = Some(token);
        self
    }

    /// Sets the source of run ids; default: [`RandomIds`](crate::RandomIds).
    ///
    /// # Examples
    ///
    /// Ids that count make the output of a test the same each time:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{RunConfig, RunnableExt, SequentialIds, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().ids(Arc::new(SequentialIds::default()));
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events_with(1, config).try_collect().await?;
    /// assert_eq!(events[0].run().id.to_string(), "00000000-0000-7000-8000-000000000001");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdGenerator>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// Sets a value for the steps inside that are [`configurable`](crate::RunnableExt::configurable) by this key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, RunConfig, RunContext};
    ///
    /// const USER: ConfigKey<String> = ConfigKey::new("user");
    ///
    /// let cx = RunContext::new(RunConfig::new().set(USER, "Ann".to_owned()));
    /// assert_eq!(cx.configured(USER).map(String::as_str), Some("Ann"));
    /// ```
    #[must_use]
    pub fn set<T: Send + Sync + 'static>(mut self, key: ConfigKey<T>, value: T) -> Self {
        self.configurable.set(key, value);
        self
    }

    /// Sets options for every chat model that this call asks: in a chain, in a parallel branch, in an agent, under structured output.
    ///
    /// They have the precedence of a last [`bind`](crate::Bind::bind): an option that is set here wins over a bound one, and every other
    /// bound option stays. If options are set twice, the later ones win for the fields that both set. Runs inside inherit them; options in a
    /// [`with_config`](crate::RunnableExt::with_config) further inside win over those of the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, RunConfig, RunnableExt, StrOutputParser};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say("yes");
    /// let chain = model.bind(ChatOptions::new().temperature(0.7).seed(1)) | StrOutputParser;
    /// let exact = RunConfig::new().options(ChatOptions::new().temperature(0.0));
    /// chain.invoke_with("Is it raining?", exact).await?;
    ///
    /// let asked = model.requests();
    /// assert_eq!(asked[0].options, ChatOptions::new().temperature(0.0).seed(1));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn options(mut self, options: ChatOptions) -> Self {
        self.options = self.options.merge(options);
        self
    }

    /// Writes prompts, answers, and the arguments and results of tools into the `tracing` spans of this call; default: no.
    ///
    /// Spans go wherever the program sends them, so content is turned on for each call, or fixed to a step by
    /// [`with_config`](crate::RunnableExt::with_config). It needs the feature `tracing`; without it there are no spans.
    ///
    /// With the feature, each run is a span of target `cadena` and level `INFO`, named by OpenTelemetry's GenAI conventions: `chat` and the
    /// model, `execute_tool`, `retrieval`, and `invoke_workflow` for the outermost chain. The span of a model has provider, model, options, tokens and
    /// finish reasons. The span of a run that failed has `error.type`, the name of the [`ErrorKind`](crate::ErrorKind). Lists are JSON, since `tracing` has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().trace_content(true);
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "hi");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn trace_content(mut self, trace: bool) -> Self {
        self.trace_content = Some(trace);
        self
    }

    /// Merges another config on top: its single values win, tags, listeners and hooks add up, metadata is replaced key by key.
    ///
    /// A tag, listener or hook that both have is there once, at its first position.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunConfig;
    ///
    /// let fixed = RunConfig::new().run_name("joke").tag("test");
    /// let merged = fixed.merge(RunConfig::new().run_name("poem").tag("nightly"));
    /// assert_eq!(merged.run_name.as_deref(), Some("poem"));
    /// assert_eq!(merged.tags, ["test", "nightly"]);
    /// ```
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        let limit = other.limit().or(self.limit());
        let Self {
            run_name,
            run_id,
            tags,
            metadata,
            listeners,
            hooks,
            max_concurrency: _,
            recursion_limit,
            timeout,
            cancellation,
            ids,
            configurable,
            options,
            trace_content,
        } = other;
        self.run_name = run_name.or(self.run_name);
        self.run_id = run_id.or(self.run_id);
        for tag in std::mem::take(&mut self.tags).into_iter().chain(tags) {
            add_tag(&mut self.tags, tag);
        }
        self.metadata.extend(metadata);
        for listener in listeners {
            // A listener that is set twice hears each event once.
            if !self.listeners.iter().any(|known| Arc::ptr_eq(known, &listener)) {
                self.listeners.push(listener);
            }
        }
        for hook in hooks {
            // A hook that is set twice wraps each step once.
            if !self.hooks.iter().any(|known| Arc::ptr_eq(known, &hook)) {
                self.hooks.push(hook);
            }
        }
        self.max_concurrency = limit;
        self.recursion_limit = recursion_limit.or(self.recursion_limit);
        self.timeout = timeout.or(self.timeout);
        self.cancellation = cancellation.or(self.cancellation);
        self.ids = ids.or(self.ids);
        self.configurable.extend(configurable);
        self.options = self.options.merge(options);
        self.trace_content = trace_content.or(self.trace_content);
        self
    }
}

impl fmt::Debug for RunConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunConfig")
            .field("run_name", &self.run_name)
            .field("run_id", &self.run_id)
            .field("tags", &self.tags)
            .field("metadata", &self.metadata.keys().collect::<Vec<_>>())
            .field("listeners", &self.listeners.len())
            .field("hooks", &self.hooks.len())
            .field("max_concurrency", &self.max_concurrency)
            .field("recursion_limit", &self.recursion_limit)
            .field("timeout", &self.timeout)
            .field("cancellation", &self.cancellation.is_some())
            .field("ids", &self.ids)
            .field("configurable", &self.configurable)
            .field("options", &self.options)
            .field("trace_content", &self.trace_content)
            .finish()
    }
}

/// Adds a tag, unless it is there.
pub(super) fn add_tag(tags: &mut Vec<String>, tag: String) {
    if !tags.contains(&tag) {
        tags.push(tag);
    }
}
