//! A step with a part of the config fixed.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::Rewrap;
use crate::run::layers::limits::Limits;
use crate::run::layers::{call, call_stream, call_transform};
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{ChunkStream, Result, RunConfig, RunContext, impl_pipe};

/// A step with a part of the config fixed; [`RunnableExt::with_config`](crate::RunnableExt::with_config) makes one.
///
/// What the caller says wins over what is fixed here; tags, metadata and listeners add up, and both timeouts and both
/// cancellation tokens count. [Options for models](RunConfig::options()) that are fixed here win over those of the caller, which are for every
/// model of the call. It has no run of its own, and does with chunks what the step does.
/// Its graph shows the metadata, except what begins as an API key does.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunConfig, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let tagged = lambda(|n: i32| n * 2).with_config(RunConfig::new().run_name("double").tag("arithmetic"));
/// assert_eq!(tagged.invoke(21).await?, 42);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Configured<R> {
    step: Arc<R>,
    config: Arc<RunConfig>,
}

impl<R: Runnable> Configured<R> {
    pub(in crate::runnable) fn new(step: R, config: RunConfig) -> Self {
        Self {
            step: Arc::new(step),
            config: Arc::new(config),
        }
    }

    fn limits(&self) -> Limits {
        Limits::of_config(&self.config)
    }
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<R: Runnable> Runnable for Configured<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::around(&*self.step).graph(|| self.step.graph().with_facts(&self.config.metadata))
    }

    async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
        let cx = cx.over(&self.config);
        self.limits().around(cx, |cx| call(&*self.step, input, cx)).await
    }

    fn run_stream(&self, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
        let cx = cx.over(&self.config);
        self.limits()
            .around_stream(cx, |cx| call_stream(&*self.step, input, cx))
    }

    fn run_transform(&self, input: ChunkStream<R::Input>, cx: RunContext) -> ChunkStream<R::Output> {
        let cx = cx.over(&self.config);
        self.limits()
            .around_stream(cx, |cx| call_transform(&*self.step, input, cx))
    }
}

impl<R: Runnable> Rewrap for Configured<R> {
    type Step = R;
    type Around<S: Runnable> = Configured<S>;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    fn context_in(&self, cx: &RunContext) -> RunContext {
        cx.over(&self.config)
    }

    fn around<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> Configured<S> {
        Configured {
            step: Arc::new(make(&self.step)),
            config: Arc::clone(&self.config),
        }
    }
}

impl_pipe!(Configured<R>, for <R: Runnable>);

impl<R> Clone for Configured<R> {
    fn clone(&self) -> Self {
        Self {
            step: Arc::clone(&self.step),
            config: Arc::clone(&self.config),
        }
    }
}

impl<R: Runnable> fmt::Debug for Configured<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured")
            .field("step", &self.step.name())
            .field("config", &self.config)
            .finish()
    }
}
