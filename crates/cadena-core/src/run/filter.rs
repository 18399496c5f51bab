//! The filter of the events of a call.

use super::{RunEvent, RunInfo};
use crate::RunKind;

/// A filter of events by the name, the kind and the tags of their run.
///
/// An event passes if one of the inclusions matches (or there are none) and no exclusion matches. The outermost run has no special
/// rule. Nothing is written as JSON for a run that does not pass. A [`Custom`](RunEvent::Custom) event is matched by its name and by the kind and the tags of its run.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, EchoModel, EventFilter, PromptValue, RunKind, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = lambda(|text: String| PromptValue::from(text)) | EchoModel::new();
/// let models = EventFilter::new().include_kind(RunKind::ChatModel);
/// let events: Vec<_> = chain.stream_events("a b").only(models).try_collect().await?;
/// assert!(events.iter().all(|event| event.run().name == "EchoModel"));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a filter does nothing until it is given to a stream of events"]
pub struct EventFilter {
    include: Marks,
    exclude: Marks,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Marks {
    names: Vec<String>,
    kinds: Vec<RunKind>,
    tags: Vec<String>,
}

impl EventFilter {
    /// Makes a filter that lets every event pass.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events(1).try_collect().await?;
    /// assert!(EventFilter::new().accepts(&events[0]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the runs of this name pass, beside those of the other inclusions.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let chain = lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2).named("double");
    /// let double = EventFilter::new().include_name("double");
    /// let events: Vec<_> = chain.stream_events(1).only(double).try_collect().await?;
    /// assert!(!events.is_empty() && events.iter().all(|event| event.run().name == "double"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn include_name(mut self, name: impl Into<String>) -> Self {
        self.include.names.push(name.into());
        self
    }

    /// Lets the runs of this kind pass, beside those of the other inclusions.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, EventFilter, RunKind, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = EchoModel::new().stream_events("hi").try_collect().await?;
    /// assert!(EventFilter::new().include_kind(RunKind::ChatModel).accepts(&events[0]));
    /// assert!(!EventFilter::new().include_kind(RunKind::Tool).accepts(&events[0]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn include_kind(mut self, kind: RunKind) -> Self {
        self.include.kinds.push(kind);
        self
    }

    /// Lets the runs with this tag pass, beside those of the other inclusions.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunConfig, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().tag("nightly");
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events_with(1, config).try_collect().await?;
    /// assert!(EventFilter::new().include_tag("nightly").accepts(&events[0]));
    /// assert!(!EventFilter::new().include_tag("hourly").accepts(&events[0]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn include_tag(mut self, tag: impl Into<String>) -> Self {
        self.include.tags.push(tag.into());
        self
    }

    /// Keeps the runs of this name out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let chain = lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2).named("double");
    /// let others = EventFilter::new().exclude_name("double");
    /// let events: Vec<_> = chain.stream_events(1).only(others).try_collect().await?;
    /// assert!(!events.is_empty() && events.iter().all(|event| event.run().name != "double"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn exclude_name(mut self, name: impl Into<String>) -> Self {
        self.exclude.names.push(name.into());
        self
    }

    /// Keeps the runs of this kind out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, EventFilter, RunKind, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = EchoModel::new().stream_events("hi").try_collect().await?;
    /// assert!(!EventFilter::new().exclude_kind(RunKind::ChatModel).accepts(&events[0]));
    /// assert!(EventFilter::new().exclude_kind(RunKind::Tool).accepts(&events[0]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn exclude_kind(mut self, kind: RunKind) -> Self {
        self.exclude.kinds.push(kind);
        self
    }

    /// Keeps the runs with this tag out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunConfig, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().tag("nightly");
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events_with(1, config).try_collect().await?;
    /// assert!(!EventFilter::new().exclude_tag("nightly").accepts(&events[0]));
    /// assert!(EventFilter::new().exclude_tag("hourly").accepts(&events[0]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn exclude_tag(mut self, tag: impl Into<String>) -> Self {
        self.exclude.tags.push(tag.into());
        self
    }

    /// Returns whether the events of a run pass.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = lambda(|n: i32| n * 2).named("double").stream_events(1).try_collect().await?;
    /// let run = events[0].run();
    /// assert!(EventFilter::new().include_name("double").accepts_run(run));
    /// assert!(!EventFilter::new().include_name("halve").accepts_run(run));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn accepts_run(&self, run: &RunInfo) -> bool {
        self.accepts_name(&run.name, run)
    }

    /// Returns whether an event passes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EventFilter, RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let step = lambda(|n: i32| n * 2).named("double");
    /// let events: Vec<_> = step.stream_events(1).try_collect().await?;
    /// assert!(EventFilter::new().include_name("double").accepts(&events[0]));
    /// assert!(!EventFilter::new().exclude_name("double").accepts(&events[0]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn accepts(&self, event: &RunEvent) -> bool {
        match event {
            RunEvent::Custom { run, name, .. } => self.accepts_name(name, run),
            event => self.accepts_run(event.run()),
        }
    }

    fn accepts_name(&self, name: &str, run: &RunInfo) -> bool {
        (self.include.is_empty() || self.include.fits(name, run)) && !self.exclude.fits(name, run)
    }
}

impl Marks {
    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.kinds.is_empty() && self.tags.is_empty()
    }

    fn fits(&self, name: &str, run: &RunInfo) -> bool {
        self.names.iter().any(|known| known == name)
            || self.kinds.contains(&run.kind)
            || self.tags.iter().any(|tag| run.tags.contains(tag))
    }
}
