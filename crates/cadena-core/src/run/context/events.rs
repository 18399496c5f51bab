//! Opening a run from a context, and the events that a step emits itself.

use std::future::Future;
use std::sync::Arc;
use std::task::{Poll, ready};

use serde::Serialize;

use super::RunContext;
use crate::RunKind;
use crate::run::active::{ActiveRun, json_of};
use crate::run::config::add_tag;
use crate::run::{Listener, ModelCall, RunEvent, RunInfo};

impl RunContext {
    /// Opens a run. Returns the context for its children, and the handle that emits its events if a listener of the call wants events.
    pub(in crate::run) fn open_run(
        &self,
        name: impl FnOnce() -> String,
        kind: RunKind,
    ) -> (Self, Option<Arc<ActiveRun>>) {
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

    /// Whether a listener wants events, so that values are worth writing as JSON.
    pub(crate) fn emits(&self) -> bool {
        let listeners = self.inner.as_ref().map(|inner| inner.listeners.as_slice());
        listeners
            .unwrap_or_default()
            .iter()
            .any(|listener| listener.wants_events())
    }

    /// Emits an event that the step chooses, such as its progress, to the listeners; LangChain's `dispatch_custom_event`.
    ///
    /// It belongs to the run that this context is inside of. The future waits while the reader of the events, with
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

    /// Tells the listeners of a finished model call.
    pub(crate) fn report(&self, call: &ModelCall<'_>) {
        if let Some(inner) = &self.inner {
            inner.listeners.iter().for_each(|listener| listener.on_model_call(call));
        }
    }
}
