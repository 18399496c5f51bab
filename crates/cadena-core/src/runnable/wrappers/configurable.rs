//! Steps that a caller changes or chooses for one call.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use indexmap::IndexMap;

use crate::run::layers::{call, call_stream, call_transform};
use crate::runnable::caught::caught;
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{ChunkStream, ConfigKey, Error, ErrorKind, Result, RunContext, Streamable, impl_pipe};

/// A step that is built anew for a call that sets a value; [`RunnableExt::configurable`](crate::RunnableExt::configurable) makes one.
///
/// What the caller says wins over what [`with_config`](crate::RunnableExt::with_config) fixed, and that over the step as it is. It has no run of its own,
/// and does with chunks what the step does.
#[must_use = "steps do nothing until they are invoked"]
pub struct ConfigurableStep<R, T> {
    step: Arc<R>,
    key: ConfigKey<T>,
    build: Arc<Build<R, T>>,
}

type Build<R, T> = dyn Fn(&R, &T) -> R + Send + Sync;

impl<R: Runnable, T: Send + Sync + 'static> ConfigurableStep<R, T> {
    pub(in crate::runnable) fn new(
        step: R,
        key: ConfigKey<T>,
        build: impl Fn(&R, &T) -> R + Send + Sync + 'static,
    ) -> Self {
        Self {
            step: Arc::new(step),
            key,
            build: Arc::new(build),
        }
    }

    fn built(&self, cx: &RunContext) -> Result<Arc<R>> {
        match cx.configured(self.key) {
            Some(value) => caught(|| Ok(Arc::new((self.build)(&self.step, value)))),
            None => Ok(Arc::clone(&self.step)),
        }
    }
}

fn failed<O: Streamable>(error: Error, step: Cow<'_, str>) -> ChunkStream<O> {
    stream::once(std::future::ready(Err(error.in_step(step)))).boxed()
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<R: Runnable, T: Send + Sync + 'static> Runnable for ConfigurableStep<R, T> {
    type Input = R::Input;
    type Output = R::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::around(&*self.step).graph(|| self.step.graph().noted("configurable", self.key.name()))
    }

    async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
        call(&*self.built(&cx)?, input, cx).await
    }

    fn run_stream(&self, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
        match self.built(&cx) {
            Ok(step) => call_stream(&*step, input, cx),
            Err(error) => failed::<R::Output>(error, self.name()),
        }
    }

    fn run_transform(&self, input: ChunkStream<R::Input>, cx: RunContext) -> ChunkStream<R::Output> {
        match self.built(&cx) {
            Ok(step) => call_transform(&*step, input, cx),
            Err(error) => failed::<R::Output>(error, self.name()),
        }
    }
}

impl_pipe!(ConfigurableStep<R, T>, for <R: Runnable, T: SendSync>);

/// A value that a caller may set; a single bound for the `|` of [`ConfigurableStep`].
#[doc(hidden)]
pub trait SendSync: Send + Sync + 'static {}

impl<T: Send + Sync + 'static> SendSync for T {}

impl<R, T> Clone for ConfigurableStep<R, T> {
    fn clone(&self) -> Self {
        Self {
            step: Arc::clone(&self.step),
            key: self.key,
            build: Arc::clone(&self.build),
        }
    }
}

impl<R: Runnable, T> fmt::Debug for ConfigurableStep<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigurableStep")
            .field("step", &self.step.name())
            .field("key", &self.key.name())
            .finish_non_exhaustive()
    }
}

/// Several steps, one of which a caller chooses for a call; [`RunnableExt::configurable_alternatives`](crate::RunnableExt::configurable_alternatives) begins one.
///
/// It has no run of its own, and does with chunks what the chosen step does.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, ConfigKey, RunConfig, RunnableExt};
///
/// const VOICE: ConfigKey<String> = ConfigKey::new("voice");
///
/// # futures::executor::block_on(async {
/// let speak = lambda(|text: String| text)
///     .configurable_alternatives(VOICE, "plain")
///     .or("loud", lambda(|text: String| text.to_uppercase()));
/// assert_eq!(speak.invoke("hi").await?, "hi");
/// assert_eq!(speak.invoke_with("hi", RunConfig::new().set(VOICE, "loud".to_owned())).await?, "HI");
///
/// let error = speak.invoke_with("hi", RunConfig::new().set(VOICE, "soft".to_owned())).await.unwrap_err();
/// assert_eq!(error.detail(), "`voice` has no alternative `soft`; there are `plain`, `loud`");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Alternatives<I, O> {
    key: ConfigKey<String>,
    default: AnyStep<I, O>,
    steps: Arc<IndexMap<String, AnyStep<I, O>>>,
}

type AnyStep<I, O> = Arc<dyn Runnable<Input = I, Output = O>>;

impl<I: Streamable, O: Streamable> Alternatives<I, O> {
    pub(in crate::runnable) fn new<R>(step: R, key: ConfigKey<String>, default: String) -> Self
    where
        R: Runnable<Input = I, Output = O>,
    {
        let step: AnyStep<I, O> = Arc::new(step);
        Self {
            key,
            default: Arc::clone(&step),
            steps: Arc::new(IndexMap::from([(default, step)])),
        }
    }

    /// Adds an alternative; one of the same name is replaced.
    pub fn or<R: Runnable<Input = I, Output = O>>(mut self, name: impl Into<String>, step: R) -> Self {
        Arc::make_mut(&mut self.steps).insert(name.into(), Arc::new(step));
        self
    }

    fn chosen(&self, cx: &RunContext) -> Result<&AnyStep<I, O>> {
        let Some(name) = cx.configured(self.key) else {
            return Ok(&self.default);
        };
        self.steps.get(name).ok_or_else(|| {
            let known: Vec<_> = self.steps.keys().map(|name| format!("`{name}`")).collect();
            let key = self.key.name();
            let detail = format!("`{key}` has no alternative `{name}`; there are {}", known.join(", "));
            Error::new(ErrorKind::Config, detail)
        })
    }
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Alternatives<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::around(&*self.default).graph(|| {
            let names: Vec<_> = self.steps.keys().map(String::as_str).collect();
            let graph = self.default.graph().noted("configurable", self.key.name());
            graph.noted("alternatives", names)
        })
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<O> {
        call(&**self.chosen(&cx)?, input, cx).await
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
        match self.chosen(&cx) {
            Ok(step) => call_stream(&**step, input, cx),
            Err(error) => failed::<O>(error, self.name()),
        }
    }

    fn run_transform(&self, input: ChunkStream<I>, cx: RunContext) -> ChunkStream<O> {
        match self.chosen(&cx) {
            Ok(step) => call_transform(&**step, input, cx),
            Err(error) => failed::<O>(error, self.name()),
        }
    }
}

impl_pipe!(Alternatives<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O> Clone for Alternatives<I, O> {
    fn clone(&self) -> Self {
        Self {
            key: self.key,
            default: Arc::clone(&self.default),
            steps: Arc::clone(&self.steps),
        }
    }
}

impl<I, O> fmt::Debug for Alternatives<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alternatives")
            .field("key", &self.key.name())
            .field("names", &self.steps.keys().collect::<Vec<_>>())
            .finish()
    }
}
