//! The context of a step in a run.

mod events;
mod inherit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::active::ActiveRun;
use super::arriving::Arriving;
use super::event_queue::EventQueue;
use super::hook::path::StepPath;
use super::{ConfigKey, Configurable, Listener, RunConfig, RunInfo, StepHook};
use crate::{ChatOptions, Error, ErrorKind, IdGenerator, ModelSetup, RandomIds, Result, RunId, Runnable, RunnableExt};

/// The context of a step in a run: its run, and the settings of the caller that reach it.
///
/// It is passed explicitly and is cheap to clone. A step gets one in [`Runnable::run`](crate::Runnable::run) and hands it to the steps that it calls, with
/// [`invoke_in`](crate::RunnableExt::invoke_in) and [`stream_in`](crate::RunnableExt::stream_in). The inner run is then a child of the outer one, with its
/// tags, listeners and limits.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, Error, RunConfig, RunContext, RunnableExt, UsageTracker, lambda_in};
///
/// # futures::executor::block_on(async {
/// let twice = lambda_in(|text: String, cx: RunContext| async move {
///     let once = EchoModel::new().invoke_in(text, &cx).await?;
///     EchoModel::new().invoke_in(once.text().into_owned(), &cx).await
/// });
/// let usage = UsageTracker::new();
/// assert_eq!(twice.invoke_with("hi", RunConfig::new().listener(&usage)).await?.text(), "hi");
/// assert_eq!(usage.calls(), 2); // the listener of the caller hears the calls inside
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct RunContext {
    /// `None` while the caller has set nothing: then a clone copies two words and touches no counter.
    inner: Option<Arc<Inner>>,
    depth: u32,
    /// Whether a span of this call is open, so that the outermost one is known.
    in_span: bool,
}

#[derive(Clone, Default)]
struct Inner {
    /// The run that this context is inside of.
    run: Option<Arc<RunInfo>>,
    /// That run as its listeners hear it.
    active: Option<Arc<ActiveRun>>,
    /// The queue of the events of the whole call, if a stream reads them.
    queue: Option<Arc<EventQueue>>,
    tags: Vec<String>,
    metadata: Map<String, Value>,
    listeners: Vec<Arc<dyn Listener>>,
    hooks: Vec<Arc<dyn StepHook>>,
    /// The path of the next step, if a hook may ask for it.
    path: Option<StepPath>,
    /// For the next run only.
    run_name: Option<String>,
    run_id: Option<RunId>,
    local_tags: Vec<String>,
    semaphore: Option<Arc<Semaphore>>,
    max_concurrency: Option<usize>,
    recursion_limit: Option<u32>,
    deadline: Option<Instant>,
    cancellation: Option<CancellationToken>,
    /// The answers that are arriving under the innermost limit of the call.
    arriving: Option<Arc<Arriving>>,
    ids: Option<Arc<dyn IdGenerator>>,
    configurable: Configurable,
    /// For every model inside; shared, since each run clones this.
    options: Option<Arc<ChatOptions>>,
    trace_content: bool,
}

impl RunContext {
    /// How deep a step may call itself if the caller does not set a limit.
    pub const DEFAULT_RECURSION_LIMIT: u32 = 25;

    /// Makes the context of a call with this config.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().max_concurrency(4));
    /// assert_eq!(cx.max_concurrency(), Some(4));
    /// assert_eq!(RunContext::default().max_concurrency(), None);
    /// ```
    #[must_use]
    pub fn new(config: RunConfig) -> Self {
        Self::default().with_config(config)
    }

    /// Returns the value that the caller has set for a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, RunConfig, RunContext, RunnableExt, lambda_in};
    ///
    /// const LANGUAGE: ConfigKey<&str> = ConfigKey::new("language");
    ///
    /// # futures::executor::block_on(async {
    /// let greet = lambda_in(|(): (), cx: RunContext| async move {
    ///     Ok::<_, cadena_core::Error>(match cx.configured(LANGUAGE) {
    ///         Some(&"es") => "hola",
    ///         _ => "hello",
    ///     }.to_owned())
    /// });
    /// assert_eq!(greet.invoke(()).await?, "hello");
    /// assert_eq!(greet.invoke_with((), RunConfig::new().set(LANGUAGE, "es")).await?, "hola");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn configured<T: Send + Sync + 'static>(&self, key: ConfigKey<T>) -> Option<&T> {
        self.inner.as_ref()?.configurable.get(key)
    }

    /// Returns how often [`deeper`](Self::deeper) made this context.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunContext;
    ///
    /// let cx = RunContext::default();
    /// assert_eq!(cx.depth(), 0);
    /// assert_eq!(cx.deeper()?.depth(), 1);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Makes the context one level deeper, for a step that calls steps which it does not know and which may call it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ErrorKind, RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().recursion_limit(2));
    /// let inside = cx.deeper()?.deeper()?;
    /// assert_eq!(inside.depth(), 2);
    /// assert_eq!(inside.deeper().unwrap_err().kind(), ErrorKind::LimitExceeded);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) at the recursion limit: raise it in the [`RunConfig`] if the recursion ends.
    pub fn deeper(&self) -> Result<Self> {
        let limit = self
            .inner
            .as_ref()
            .and_then(|inner| inner.recursion_limit)
            .unwrap_or(Self::DEFAULT_RECURSION_LIMIT);
        if self.depth >= limit {
            let detail = format!("steps call each other {limit} levels deep");
            return Err(Error::new(ErrorKind::LimitExceeded, detail)
                .with_hint("raise `RunConfig::recursion_limit` if this recursion ends by itself"));
        }
        Ok(Self {
            inner: self.inner.clone(),
            depth: self.depth + 1,
            in_span: self.in_span,
        })
    }

    /// Returns the run that this context is inside of; `None` if nobody observes the call, as no run is opened then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, RunConfig, RunContext, RunnableExt, UsageTracker, lambda_in};
    ///
    /// # futures::executor::block_on(async {
    /// let name = lambda_in(|(): (), cx: RunContext| async move {
    ///     Ok::<_, Error>(cx.run().map(|run| run.name.clone()))
    /// });
    /// let config = RunConfig::new().run_name("outer").listener(UsageTracker::new());
    /// assert_eq!(name.invoke_with((), config).await?, Some("outer".to_owned()));
    /// assert_eq!(name.invoke(()).await?, None);
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn run(&self) -> Option<&RunInfo> {
        self.inner.as_ref()?.run.as_deref()
    }

    /// Returns the instant at which the call must be over, if it has a time limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cadena_core::{RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().timeout(Duration::from_secs(60)));
    /// assert!(cx.deadline().is_some());
    /// assert!(RunContext::default().deadline().is_none());
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.as_ref()?.deadline
    }

    /// Returns how long the call may still take, if it has a time limit.
    ///
    /// A step that would wait longer than this can give up at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cadena_core::{RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().timeout(Duration::from_secs(60)));
    /// assert!(cx.remaining().is_some_and(|left| left <= Duration::from_secs(60)));
    /// assert!(cx.deadline().is_some());
    /// assert_eq!(RunContext::default().remaining(), None);
    /// ```
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Returns the token that stops the call, if the caller set one.
    ///
    /// A step need not watch it: the call is dropped when the token is cancelled. Work on another thread may ask it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunConfig, RunContext};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let cx = RunContext::new(RunConfig::new().cancellation(token.clone()));
    /// token.cancel();
    /// assert!(cx.cancellation().is_some_and(CancellationToken::is_cancelled));
    /// ```
    #[must_use]
    pub fn cancellation(&self) -> Option<&CancellationToken> {
        self.inner.as_ref()?.cancellation.as_ref()
    }

    /// Returns how much may run at once, if the caller set a limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().max_concurrency(4));
    /// assert_eq!(cx.max_concurrency(), Some(4));
    /// assert_eq!(RunContext::new(RunConfig::new().max_concurrency(0)).max_concurrency(), None);
    /// ```
    #[must_use]
    pub fn max_concurrency(&self) -> Option<usize> {
        self.inner.as_ref()?.max_concurrency
    }

    /// Returns a new id, from the generator of the caller; default: [`RandomIds`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{RunConfig, RunContext, SequentialIds};
    ///
    /// let cx = RunContext::new(RunConfig::new().ids(Arc::new(SequentialIds::default())));
    /// assert_eq!(cx.next_id().to_string(), "00000000-0000-7000-8000-000000000001");
    /// ```
    #[must_use]
    pub fn next_id(&self) -> RunId {
        match self.inner.as_ref().and_then(|inner| inner.ids.as_ref()) {
            Some(ids) => ids.next_id(),
            None => RandomIds.next_id(),
        }
    }

    /// The name that the caller set for the next run.
    pub(crate) fn run_name(&self) -> Option<&str> {
        self.inner.as_ref()?.run_name.as_deref()
    }

    /// The options for every model inside, if the caller set any.
    pub(crate) fn options(&self) -> Option<&ChatOptions> {
        self.inner.as_ref()?.options.as_deref()
    }

    /// The model that a step asks, as it is asked in this call.
    pub(crate) fn model_setup<R: Runnable + ?Sized>(&self, step: &R) -> Option<ModelSetup> {
        let mut setup = step.model_setup()?;
        if let Some(options) = self.options() {
            setup.options = setup.options.merge(options.clone());
        }
        Some(setup)
    }

    /// Whether prompts and answers are written into spans.
    #[cfg(feature = "tracing")]
    pub(crate) fn traces_content(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.trace_content)
    }

    /// Whether a span of this call is open.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_in_span(&self) -> bool {
        self.in_span
    }

    /// This context, inside a span of this call.
    #[cfg(feature = "tracing")]
    pub(crate) fn in_span(mut self) -> Self {
        self.in_span = true;
        self
    }

    /// The permits of the model calls of the whole call, if they are limited.
    pub(crate) fn semaphore(&self) -> Option<Arc<Semaphore>> {
        self.inner.as_ref()?.semaphore.clone()
    }

    /// The run that this context is inside of.
    pub(crate) fn info(&self) -> Option<Arc<RunInfo>> {
        self.inner.as_ref()?.run.clone()
    }

    /// Whether a listener or a hook observes the steps, so that runs are opened.
    pub(crate) fn is_observed(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.is_observed())
    }

    /// The hooks around the steps that do I/O.
    pub(crate) fn hooks(&self) -> &[Arc<dyn StepHook>] {
        self.inner.as_ref().map_or(&[], |inner| &inner.hooks)
    }

    /// The path of the step that this context is inside of.
    pub(super) fn step_path(&self) -> Option<Arc<str>> {
        let path = self.inner.as_ref()?.path.as_ref()?;
        Some(Arc::clone(path.as_str()))
    }

    /// The answers that are arriving under the innermost limit of the call; `None` if the call has no limit.
    pub(super) fn arriving(&self) -> Option<&Arc<Arriving>> {
        self.inner.as_ref()?.arriving.as_ref()
    }
}

impl Inner {
    /// Whether a listener or a hook observes the steps, so that runs are opened.
    fn is_observed(&self) -> bool {
        !self.listeners.is_empty() || !self.hooks.is_empty()
    }
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunContext")
            .field("run", &self.run().map(|run| &run.name))
            .field("depth", &self.depth)
            .finish()
    }
}
