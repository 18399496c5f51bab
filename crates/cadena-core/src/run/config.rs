//! What a caller says about a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{ConfigKey, Configurable, IntoListener, Listener, StepHook};
use crate::{ChatOptions, IdGenerator, RunId};

/// What a caller says about one call: names, tags, listeners, limits.
///
/// Tags, metadata, listeners and hooks reach every step inside; the name and the id are for this run only.
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
    /// The name of this run; default: the step's own.
    pub run_name: Option<String>,
    /// The id of this run; default: a new one.
    pub run_id: Option<RunId>,
    /// Words that mark this run and every run inside it.
    pub tags: Vec<String>,
    /// Facts that mark this run and every run inside it.
    pub metadata: Map<String, Value>,
    /// Who hears what happens.
    pub listeners: Vec<Arc<dyn Listener>>,
    /// Who stands around every step that does I/O, the outermost first.
    pub hooks: Vec<Arc<dyn StepHook>>,
    /// How many model calls of the whole call may run at once, and how many inputs of a batch; default: 16 inputs of a
    /// batch, and no limit on the rest. As in LangChain, 0 sets nothing: an inherited limit stays.
    pub max_concurrency: Option<usize>,
    /// How deep runs may nest; default 25 for steps that call themselves.
    pub recursion_limit: Option<u32>,
    /// How long the whole call may take; default: no limit.
    pub timeout: Option<Duration>,
    /// Stops the call when it is cancelled.
    pub cancellation: Option<CancellationToken>,
    /// Where run ids come from; default: [`RandomIds`](crate::RandomIds).
    pub ids: Option<Arc<dyn IdGenerator>>,
    /// Values for the steps inside that are [`configurable`](crate::RunnableExt::configurable).
    pub configurable: Configurable,
    /// Options for every chat model inside; default: none. See [`options`](Self::options()).
    pub options: ChatOptions,
    /// Whether prompts and answers are written into `tracing` spans; default: no.
    pub trace_content: Option<bool>,
}

impl RunConfig {
    /// A config that says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names this run.
    #[must_use]
    pub fn run_name(mut self, name: impl Into<String>) -> Self {
        self.run_name = Some(name.into());
        self
    }

    /// Gives this run an id.
    #[must_use]
    pub fn run_id(mut self, id: RunId) -> Self {
        self.run_id = Some(id);
        self
    }

    /// Adds a tag; one that is there already stays once.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        add_tag(&mut self.tags, tag.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a listener: a [`Listener`], an `Arc` of one, or a [`UsageTracker`](super::UsageTracker).
    #[must_use]
    pub fn listener(mut self, listener: impl IntoListener) -> Self {
        self.listeners.push(listener.into_listener());
        self
    }

    /// Adds a hook around every step that does I/O, inside those that are there.
    ///
    /// Steps are named from where the first hook is given: give it to the call of the whole chain, so that names differ.
    #[must_use]
    pub fn hook(mut self, hook: Arc<dyn StepHook>) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Limits how much runs at once; 0 sets no limit.
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

    /// How much may run at once, if the config limits it: the field is public, and a 0 in it would stop everything.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.max_concurrency.filter(|limit| *limit > 0)
    }

    /// Limits how deep runs may nest.
    #[must_use]
    pub fn recursion_limit(mut self, limit: u32) -> Self {
        self.recursion_limit = Some(limit);
        self
    }

    /// Limits how long the whole call may take.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Stops the call when the token is cancelled.
    #[must_use]
    pub fn cancellation(mut self, token: CancellationToken) -> Self {
        self.cancellation = Some(token);
        self
    }

    /// Sets where run ids come from.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdGenerator>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// Sets a value for the steps inside that are [`configurable`](crate::RunnableExt::configurable) by this key.
    #[must_use]
    pub fn set<T: Send + Sync + 'static>(mut self, key: ConfigKey<T>, value: T) -> Self {
        self.configurable.set(key, value);
        self
    }

    /// Sets options for every chat model that this call asks, wherever it is: in a chain, a parallel branch, an agent, under structured output.
    ///
    /// They have the precedence of a last [`bind`](crate::Bind::bind): an option that is set here wins over one that is bound, and every other bound option stays. If
    /// options are set twice, the later ones win for what both set. Runs inside inherit them; options in a
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

    /// Writes prompts, answers, and what tools take and give into the `tracing` spans of this call; default: no.
    ///
    /// Spans go wherever the program sends them, so this is said for each call, or fixed to a step by
    /// [`with_config`](crate::RunnableExt::with_config). It needs the feature `tracing`; without it there are no spans.
    ///
    /// With it, each run is a span of target `cadena` and level `INFO`, named as OpenTelemetry's GenAI conventions say: `chat` and the
    /// model, `execute_tool`, `retrieval`, `invoke_workflow` for the outermost chain. A model's has provider, model, options, tokens and finish
    /// reasons; one that failed has `error.type`, which is the name of the [`ErrorKind`](crate::ErrorKind). Lists are JSON, since `tracing` has none.
    #[must_use]
    pub fn trace_content(mut self, trace: bool) -> Self {
        self.trace_content = Some(trace);
        self
    }

    /// Puts what `other` says on top: its scalars win, tags, listeners and hooks add up, metadata keys replace.
    ///
    /// A tag stays once, where it was given first.
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
            // The same listener given twice hears each event once.
            if !self.listeners.iter().any(|known| Arc::ptr_eq(known, &listener)) {
                self.listeners.push(listener);
            }
        }
        for hook in hooks {
            // The same hook given twice stands around each step once.
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

pub(super) fn add_tag(tags: &mut Vec<String>, tag: String) {
    if !tags.contains(&tag) {
        tags.push(tag);
    }
}
