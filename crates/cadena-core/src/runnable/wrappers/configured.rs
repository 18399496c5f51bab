//! A step with a part of the config fixed.

use std::fmt;
use std::sync::Arc;

use super::Rewrap;
use super::around::{Around, around, shared};
use crate::run::layers::limits::Limits;
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{RunConfig, RunContext};

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
}

impl<R: Runnable> Around for Configured<R> {
    type Step = R;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    fn context(&self, cx: &RunContext) -> RunContext {
        cx.over(&self.config)
    }

    fn limits(&self) -> Option<Limits> {
        Some(Limits::of_config(&self.config))
    }

    fn note<'a>(&'a self, step: StepInfo<'a>) -> StepInfo<'a> {
        step.graph(|| self.step.graph().with_facts(&self.config.metadata))
    }
}

around!(Configured<R>, of R, for <R: Runnable>);

impl<R: Runnable> Rewrap for Configured<R> {
    type Other<S: Runnable> = Configured<S>;

    fn rewrap<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> Configured<S> {
        Configured {
            step: Arc::new(make(&self.step)),
            config: Arc::clone(&self.config),
        }
    }
}

shared!(Configured<R: Runnable> { step, config });

impl<R: Runnable> fmt::Debug for Configured<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured")
            .field("step", &self.step.name())
            .field("config", &self.config)
            .finish()
    }
}
