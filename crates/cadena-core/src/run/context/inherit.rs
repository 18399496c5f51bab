//! The context that a step hands on: under a config, with a tag, inside a limit.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{Inner, RunContext};
use crate::ChatOptions;
use crate::run::arriving::Arriving;
use crate::run::event_queue::EventQueue;
use crate::run::{RunConfig, layers};

impl RunContext {
    /// Makes this context with a config on top.
    ///
    /// Tags, metadata, listeners and hooks add up, the earlier deadline holds, and every other value of the config wins.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cadena_core::{RunConfig, RunContext};
    ///
    /// let cx = RunContext::new(RunConfig::new().timeout(Duration::from_secs(60)).max_concurrency(1));
    /// let inside = cx.with_config(RunConfig::new().timeout(Duration::from_secs(600)).max_concurrency(8));
    /// assert_eq!(inside.deadline(), cx.deadline());
    /// assert_eq!(inside.max_concurrency(), Some(8));
    /// ```
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

    /// This context over a config that is fixed to a step: values of the caller win, timeouts and lists add up.
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

    /// This context with a name for the next run, unless the caller set one. Without an observer nobody would see the name, so it is not set.
    #[must_use]
    pub(crate) fn over_name(&self, name: &str) -> Self {
        if self.is_observed() || layers::span::are_wanted() {
            self.over(&RunConfig::new().run_name(name))
        } else {
            self.clone()
        }
    }

    /// This context without the name and the id of the next run, for the steps inside a step that opens no run.
    #[must_use]
    pub(crate) fn without_run_name(mut self) -> Self {
        if let Some(inner) = &mut self.inner {
            let inner = Arc::make_mut(inner);
            (inner.run_name, inner.run_id) = (None, None);
        }
        self
    }

    /// Makes this context for a part of the current step. The tag marks only the next run, not those inside it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, Error, RunContext, RunnableExt, lambda_in};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let step = lambda_in(|text: String, cx: RunContext| async move {
    ///     EchoModel::new().invoke_in(text, &cx.child(|| "draft".to_owned())).await
    /// });
    /// let events: Vec<_> = step.stream_events("hi").try_collect().await?;
    /// assert_eq!(events[1].run().tags, ["draft"]);
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
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

    /// This context for an input of a batch. The names of its steps begin with its index, so that they do not depend on what runs at the same time.
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

    /// The context inside one more limit, and the answers that arrive in it.
    pub(in crate::run) fn limited(mut self) -> (Self, Arc<Arriving>) {
        let inner = Arc::make_mut(self.inner.get_or_insert_default());
        let arriving = Arriving::new(inner.arriving.take());
        inner.arriving = Some(Arc::clone(&arriving));
        (self, arriving)
    }

    /// The context of a call whose events are read from a queue.
    pub(in crate::run) fn with_queue(mut self, queue: Arc<EventQueue>) -> Self {
        let inner = self.inner.get_or_insert_default();
        Arc::make_mut(inner).queue = Some(queue);
        self
    }
}
