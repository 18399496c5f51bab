//! Where a step stands in a run.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::active::{ActiveRun, json_of};
use super::arriving::Arriving;
use super::config::add_tag;
use super::event_queue::EventQueue;
use super::hook::path::StepPath;
use super::{ConfigKey, Configurable, Listener, ModelCall, RunConfig, RunEvent, RunInfo, StepHook};
use crate::{ChatOptions, IdGenerator, ModelSetup, RandomIds, RunId, RunKind, Runnable, RunnableExt};

/// Where a step stands in a run: explicit, never ambient, cheap to clone, free when nobody listens.
///
/// A step gets one in [`Runnable::run`](crate::Runnable::run) and hands it to what it calls, by
/// [`invoke_in`](crate::RunnableExt::invoke_in) and [`stream_in`](crate::RunnableExt::stream_in): so the inner run becomes a child of the outer one, with its
/// tags, listeners and limits.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunContext, Runnable};
///
/// # futures::executor::block_on(async {
/// assert_eq!(lambda(|n: i32| n + 1).run(1, RunContext::default()).await?, 2);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct RunContext {
    /// `None` while the caller said nothing: then a clone is two words and no counter is touched.
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
    /// Where the events of the whole call wait, if a stream reads them.
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
    /// How deep a step may call itself when nobody says otherwise.
    pub const DEFAULT_RECURSION_LIMIT: u32 = 25;

    /// The context of a call with this config.
    #[must_use]
    pub fn new(config: RunConfig) -> Self {
        Self::default().with_config(config)
    }

    /// This context with a config on top.
    #[must_use]
    pub fn with_config(&self, config: RunConfig) -> Self {
        let mut inner = self.inner.as_deref().cloned().unwrap_or_default();
        let known = RunConfig {
            tags: std::mem::take(&mut inner.tags),
            metadata: std::mem::take(&mut inner.metadata),
            listeners: std::mem::take(&mut inner.listeners),
            hooks: std::mem::take(&mut inner.hooks),
            configurable: std::mem::take(&mut inner.configurable),
            ..RunConfig::default()
        };
        let RunConfig {
            run_name,
            run_id,
            tags,
            metadata,
            listeners,
            hooks,
            max_concurrency,
            recursion_limit,
            timeout,
            cancellation,
            ids,
            configurable,
            options,
            trace_content,
        } = known.merge(config);
        inner.configurable = configurable;
        if options != ChatOptions::default() {
            inner.options = Some(Arc::new(match &inner.options {
                Some(before) => ChatOptions::clone(before).merge(options),
                None => options,
            }));
        }
        inner.trace_content = trace_content.unwrap_or(inner.trace_content);
        inner.tags = tags;
        inner.metadata = metadata;
        inner.listeners = listeners;
        if !hooks.is_empty() {
            inner.path.get_or_insert_default();
        }
        inner.hooks = hooks;
        inner.run_name = run_name.or(inner.run_name);
        inner.run_id = run_id.or(inner.run_id);
        if let Some(limit) = max_concurrency {
            inner.max_concurrency = Some(limit);
            inner.semaphore = Some(Arc::new(Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS))));
        }
        inner.recursion_limit = recursion_limit.or(inner.recursion_limit);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        inner.deadline = match (deadline, inner.deadline) {
            (Some(new), Some(old)) => Some(new.min(old)),
            (new, old) => new.or(old),
        };
        inner.cancellation = cancellation.or(inner.cancellation);
        inner.ids = ids.or(inner.ids);
        Self {
            inner: Some(Arc::new(inner)),
            depth: self.depth,
            in_span: self.in_span,
        }
    }

    /// This context over a config that a step has fixed: what the caller said wins, timeouts and lists add up.
    #[must_use]
    pub(crate) fn over(&self, config: &RunConfig) -> Self {
        let mut config = config.clone();
        let Some(inner) = &self.inner else {
            return self.with_config(config);
        };
        if inner.run_name.is_some() {
            config.run_name = None;
        }
        if inner.run_id.is_some() {
            config.run_id = None;
        }
        if inner.max_concurrency.is_some() {
            config.max_concurrency = None;
        }
        if inner.recursion_limit.is_some() {
            config.recursion_limit = None;
        }
        if inner.ids.is_some() {
            config.ids = None;
        }
        config.metadata.extend(inner.metadata.clone());
        config.configurable.extend(inner.configurable.clone());
        self.with_config(config)
    }

    /// This context with a name for the next run, unless the caller said one. Only listeners, hooks and spans hear names.
    #[must_use]
    pub(crate) fn over_name(&self, name: &str) -> Self {
        if self.is_observed() || super::layers::span::are_wanted() {
            self.over(&RunConfig::new().run_name(name))
        } else {
            self.clone()
        }
    }

    /// The name that the caller gave the next run.
    pub(crate) fn run_name(&self) -> Option<&str> {
        self.inner.as_ref()?.run_name.as_deref()
    }

    /// This context without the name and the id of the next run, for what is inside a step that opens no run.
    #[must_use]
    pub(crate) fn without_run_name(mut self) -> Self {
        if let Some(inner) = &mut self.inner {
            let inner = Arc::make_mut(inner);
            (inner.run_name, inner.run_id) = (None, None);
        }
        self
    }

    /// What the caller has set for a key.
    #[must_use]
    pub fn configured<T: Send + Sync + 'static>(&self, key: ConfigKey<T>) -> Option<&T> {
        self.inner.as_ref()?.configurable.get(key)
    }

    /// This context for a part of the current step; the tag marks only the next run.
    #[must_use]
    pub fn child(&self, tag: impl FnOnce() -> String) -> Self {
        let Some(inner) = self.inner.as_deref().filter(|inner| inner.is_observed()) else {
            return self.clone();
        };
        let mut inner = inner.clone();
        inner.local_tags.push(tag());
        Self {
            inner: Some(Arc::new(inner)),
            depth: self.depth,
            in_span: self.in_span,
        }
    }

    /// This context for an input of a batch, so that its steps are named by its place whatever runs at the same time.
    #[must_use]
    pub(crate) fn item(&self, index: usize) -> Self {
        let Some((inner, path)) = self
            .inner
            .as_deref()
            .and_then(|inner| Some((inner, inner.path.as_ref()?)))
        else {
            return self.clone();
        };
        let path = Some(path.item(&format!("batch:item:{}", index + 1)));
        Self {
            inner: Some(Arc::new(Inner { path, ..inner.clone() })),
            depth: self.depth,
            in_span: self.in_span,
        }
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

    /// How deep this step is nested.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The context one level deeper, for a step that calls what it does not know.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) at the recursion limit: raise it in the [`RunConfig`] if the recursion ends.
    pub fn deeper(&self) -> crate::Result<Self> {
        let limit = self
            .inner
            .as_ref()
            .and_then(|inner| inner.recursion_limit)
            .unwrap_or(Self::DEFAULT_RECURSION_LIMIT);
        if self.depth >= limit {
            let detail = format!("steps call each other {limit} levels deep");
            return Err(crate::Error::new(crate::ErrorKind::LimitExceeded, detail)
                .with_hint("raise `RunConfig::recursion_limit` if this recursion ends by itself"));
        }
        Ok(Self {
            inner: self.inner.clone(),
            depth: self.depth + 1,
            in_span: self.in_span,
        })
    }

    /// The run that this context is inside of; `None` when nobody listens.
    #[must_use]
    pub fn run(&self) -> Option<&RunInfo> {
        self.inner.as_ref()?.run.as_deref()
    }

    /// When the call must be over, if it has a limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.as_ref()?.deadline
    }

    /// How long the call may still take, if it has a limit.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The token that stops the call, if it has one.
    #[must_use]
    pub fn cancellation(&self) -> Option<&CancellationToken> {
        self.inner.as_ref()?.cancellation.as_ref()
    }

    /// How much may run at once, if the caller said so.
    #[must_use]
    pub fn max_concurrency(&self) -> Option<usize> {
        self.inner.as_ref()?.max_concurrency
    }

    pub(crate) fn semaphore(&self) -> Option<Arc<Semaphore>> {
        self.inner.as_ref()?.semaphore.clone()
    }

    /// A new id, from where the caller said.
    #[must_use]
    pub fn next_id(&self) -> RunId {
        match self.inner.as_ref().and_then(|inner| inner.ids.as_ref()) {
            Some(ids) => ids.next_id(),
            None => RandomIds.next_id(),
        }
    }

    pub(crate) fn info(&self) -> Option<Arc<RunInfo>> {
        self.inner.as_ref()?.run.clone()
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.is_observed())
    }

    /// Who stands around the steps that do I/O.
    pub(crate) fn hooks(&self) -> &[Arc<dyn StepHook>] {
        self.inner.as_ref().map_or(&[], |inner| &inner.hooks)
    }

    /// The path of the step that this context is inside of.
    pub(super) fn step_path(&self) -> Option<Arc<str>> {
        let path = self.inner.as_ref()?.path.as_ref()?;
        Some(Arc::clone(path.as_str()))
    }

    /// Whether somebody hears events, so that values are worth writing as JSON.
    pub(crate) fn emits(&self) -> bool {
        let listeners = self.inner.as_ref().map(|inner| inner.listeners.as_slice());
        listeners
            .unwrap_or_default()
            .iter()
            .any(|listener| listener.wants_events())
    }

    /// The answers that are arriving under the innermost limit of the call; `None` if the call has no limit.
    pub(super) fn arriving(&self) -> Option<&Arc<Arriving>> {
        self.inner.as_ref()?.arriving.as_ref()
    }

    /// The context inside one more limit, and the answers that arrive in it.
    pub(super) fn limited(mut self) -> (Self, Arc<Arriving>) {
        let inner = Arc::make_mut(self.inner.get_or_insert_default());
        let arriving = Arriving::new(inner.arriving.take());
        inner.arriving = Some(Arc::clone(&arriving));
        (self, arriving)
    }

    /// The context of a call whose events are read from a queue.
    pub(super) fn with_queue(mut self, queue: Arc<EventQueue>) -> Self {
        let inner = self.inner.get_or_insert_default();
        Arc::make_mut(inner).queue = Some(queue);
        self
    }

    /// Opens a run. Returns the context for its children, and the handle that emits its events if a listener of the call wants events.
    pub(super) fn open_run(&self, name: impl FnOnce() -> String, kind: RunKind) -> (Self, Option<Arc<ActiveRun>>) {
        let Some(outer) = self.inner.as_deref() else {
            return (self.clone(), None);
        };
        let mut inner = outer.clone();
        let mut parents = Vec::new();
        if let Some(parent) = inner.run.take() {
            parents.clone_from(&parent.parents);
            parents.push(parent.id);
        }
        let mut tags = inner.tags.clone();
        for tag in inner.local_tags.drain(..) {
            add_tag(&mut tags, tag);
        }
        let name = inner.run_name.take().unwrap_or_else(name);
        if let Some(path) = &mut inner.path {
            *path = path.enter(&outer.local_tags, kind.does_io().then_some(&*name));
        }
        let run = Arc::new(RunInfo {
            id: inner.run_id.take().unwrap_or_else(|| self.next_id()),
            parents,
            name,
            kind,
            tags,
            metadata: inner.metadata.clone(),
        });
        let active = self.emits().then(|| {
            let hears = |listener: &&Arc<dyn Listener>| listener.wants_events() && listener.wants_run(&run);
            let listeners = inner.listeners.iter().filter(hears).cloned().collect();
            let parent = inner.active.take();
            Arc::new(ActiveRun::new(Arc::clone(&run), parent, listeners, inner.queue.clone()))
        });
        inner.run = Some(run);
        inner.active.clone_from(&active);
        let inside = Self {
            inner: Some(Arc::new(inner)),
            depth: self.depth,
            in_span: self.in_span,
        };
        (inside, active)
    }

    /// Tells the listeners something of the step's own, such as how far it is; LangChain's `dispatch_custom_event`.
    ///
    /// It belongs to the run that this context is inside of. The future waits while the one who reads the events, with
    /// [`stream_events`](crate::RunnableExt::stream_events), does not keep up. Without listeners nothing happens and the value is not written as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Result, RunContext, RunEvent, Runnable, RunnableExt, async_trait};
    /// use futures::TryStreamExt;
    ///
    /// #[derive(Clone)]
    /// struct Import;
    ///
    /// #[async_trait]
    /// impl Runnable for Import {
    ///     type Input = u32;
    ///     type Output = u32;
    ///
    ///     async fn run(&self, rows: u32, cx: RunContext) -> Result<u32> {
    ///         for row in 1..=rows {
    ///             cx.emit_custom("progress", &row).await;
    ///         }
    ///         Ok(rows)
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<RunEvent> = Import.stream_events(2u32).try_collect().await?;
    /// assert!(matches!(&events[2], RunEvent::Custom { name, data, .. } if name == "progress" && data == 2));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn emit_custom<'a, T: Serialize + ?Sized>(
        &'a self,
        name: &str,
        data: &T,
    ) -> impl Future<Output = ()> + Send + use<'a, T> {
        let run = self
            .inner
            .as_ref()
            .filter(|_| self.emits())
            .and_then(|inner| inner.run.clone());
        let event = run.map(|run| RunEvent::Custom {
            run,
            name: name.to_owned(),
            data: json_of(data),
        });
        std::future::poll_fn(move |task| {
            let (Some(inner), Some(event)) = (&self.inner, &event) else {
                return Poll::Ready(());
            };
            if let Some(queue) = &inner.queue {
                ready!(queue.poll_room(task));
            }
            if let Some(run) = &inner.active {
                run.start(None);
            }
            let listeners = inner.listeners.iter().filter(|listener| listener.wants_events());
            listeners.for_each(|listener| listener.on_event(event));
            Poll::Ready(())
        })
    }

    pub(crate) fn report(&self, call: &ModelCall<'_>) {
        if let Some(inner) = &self.inner {
            inner.listeners.iter().for_each(|listener| listener.on_model_call(call));
        }
    }
}

impl Inner {
    /// Whether somebody hears of steps, so that runs are opened.
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
