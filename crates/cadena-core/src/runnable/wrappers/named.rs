//! A step under another name.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::Rewrap;
use super::around::{Around, shared};
use crate::run::layers::error_name::renamed;
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{ChunkStream, Result, RunContext, RunKind, impl_pipe};

/// A step under another name; [`RunnableExt::named`](crate::RunnableExt::named) makes one.
///
/// The name is that of its run in events, and that of the step in errors. It does with chunks what the step does.
///
/// # Examples
///
/// ```
/// use cadena_core::{passthrough, Runnable, RunnableExt};
///
/// assert_eq!(passthrough::<String>().named("question").name(), "question");
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Named<R> {
    step: Arc<R>,
    name: Arc<str>,
}

impl<R: Runnable> Named<R> {
    pub(in crate::runnable) fn new(step: R, name: impl Into<Arc<str>>) -> Self {
        Self {
            step: Arc::new(step),
            name: name.into(),
        }
    }
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<R: Runnable> Runnable for Named<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::around(&*self.step)
            .name(&*self.name)
            .kind(self.step.kind())
            .graph(|| self.step.graph().named(&self.name))
    }

    async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
        let cx = self.context(&cx);
        let output = self.step.run(input, cx).await;
        output.map_err(|error| error.in_run(&self.step.name(), &self.name))
    }

    fn run_stream(&self, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
        let cx = self.context(&cx);
        renamed(&*self.step, self.step.run_stream(input, cx), Arc::clone(&self.name))
    }

    fn run_transform(&self, input: ChunkStream<R::Input>, cx: RunContext) -> ChunkStream<R::Output> {
        let cx = self.context(&cx);
        renamed(&*self.step, self.step.run_transform(input, cx), Arc::clone(&self.name))
    }
}

impl<R: Runnable> Around for Named<R> {
    type Step = R;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    /// A step without a run gives its name to the run inside it.
    fn context(&self, cx: &RunContext) -> RunContext {
        match self.step.kind() {
            RunKind::Transparent => cx.clone().over_name(&self.name),
            _ => cx.clone(),
        }
    }
}

impl<R: Runnable> Rewrap for Named<R> {
    type Other<S: Runnable> = Named<S>;

    fn rewrap<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> Named<S> {
        Named {
            step: Arc::new(make(&self.step)),
            name: Arc::clone(&self.name),
        }
    }
}

impl_pipe!(Named<R>, for <R: Runnable>);

shared!(Named<R: Runnable> { step, name });

impl<R: Runnable> fmt::Debug for Named<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named")
            .field("name", &self.name)
            .field("step", &self.step.name())
            .finish()
    }
}
