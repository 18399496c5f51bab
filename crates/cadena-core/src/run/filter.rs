//! Which events a reader wants.

use super::{RunEvent, RunInfo};
use crate::RunKind;

/// Which events a reader wants, by the name, the kind and the tags of their run.
///
/// An event is wanted if one of the inclusions fits, or there is none, and no exclusion fits. The outermost run is treated as
/// every other. Nothing is written as JSON for a run that is not wanted. A [`Custom`](RunEvent::Custom) event goes by its own name and the run's kind and tags.
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
    /// A filter that lets everything through.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wants the runs of this name.
    pub fn include_name(mut self, name: impl Into<String>) -> Self {
        self.include.names.push(name.into());
        self
    }

    /// Wants the runs of this kind.
    pub fn include_kind(mut self, kind: RunKind) -> Self {
        self.include.kinds.push(kind);
        self
    }

    /// Wants the runs with this tag.
    pub fn include_tag(mut self, tag: impl Into<String>) -> Self {
        self.include.tags.push(tag.into());
        self
    }

    /// Does not want the runs of this name.
    pub fn exclude_name(mut self, name: impl Into<String>) -> Self {
        self.exclude.names.push(name.into());
        self
    }

    /// Does not want the runs of this kind.
    pub fn exclude_kind(mut self, kind: RunKind) -> Self {
        self.exclude.kinds.push(kind);
        self
    }

    /// Does not want the runs with this tag.
    pub fn exclude_tag(mut self, tag: impl Into<String>) -> Self {
        self.exclude.tags.push(tag.into());
        self
    }

    /// Whether it lets the events of a run through.
    #[must_use]
    pub fn accepts_run(&self, run: &RunInfo) -> bool {
        self.accepts_name(&run.name, run)
    }

    /// Whether it lets an event through.
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
