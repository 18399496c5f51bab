//! Steps that a caller changes or chooses for one call.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use super::around::{Around, around, shared};
use super::step_list::AnyStep;
use super::{OneStep, Or, Rewrap, StepList};
use crate::runnable::caught::caught;
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::{ConfigKey, Error, ErrorKind, Result, RunContext};

/// A step that is built anew for a call that sets a value; [`RunnableExt::configurable`](crate::RunnableExt::configurable) makes one.
///
/// The caller's value wins over the value that [`with_config`](crate::RunnableExt::with_config) fixed, and that one over the step as it is. The run is that
/// of the built step, and chunks pass as that step passes them.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, ConfigKey, RunConfig, RunnableExt};
///
/// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
///
/// # futures::executor::block_on(async {
/// let times = |factor| lambda(move |n: i32| n * factor);
/// let step = times(2).configurable(FACTOR, move |_, factor| times(*factor)).with_config(RunConfig::new().set(FACTOR, 3));
/// assert_eq!(step.invoke(10).await?, 30);
/// assert_eq!(step.invoke_with(10, RunConfig::new().set(FACTOR, 5)).await?, 50);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
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
}

impl<R: Runnable, T: SendSync> Around for ConfigurableStep<R, T> {
    type Step = R;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    fn step_in(&self, cx: &RunContext) -> Result<Arc<R>> {
        match cx.configured(self.key) {
            Some(value) => caught(|| Ok(Arc::new((self.build)(&self.step, value)))),
            None => Ok(Arc::clone(&self.step)),
        }
    }

    fn note<'a>(&'a self, step: StepInfo<'a>) -> StepInfo<'a> {
        step.graph(|| self.step.graph().noted("configurable", self.key.name()))
    }
}

around!(ConfigurableStep<R, T>, of R, for <R: Runnable, T: SendSync>);

impl<R: Runnable, T: Send + Sync + 'static> Rewrap for ConfigurableStep<R, T> {
    type Other<S: Runnable> = ConfigurableStep<S, T>;

    fn rewrap<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> ConfigurableStep<S, T> {
        let (step, build) = (Arc::clone(&self.step), Arc::clone(&self.build));
        ConfigurableStep {
            step: Arc::new(make(&self.step)),
            key: self.key,
            build: Arc::new(move |_, value| make(&build(&step, value))),
        }
    }
}

/// A value that a caller may set; a single bound for the `|` of [`ConfigurableStep`].
#[doc(hidden)]
pub trait SendSync: Send + Sync + 'static {}

impl<T: Send + Sync + 'static> SendSync for T {}

shared!(ConfigurableStep<R: Runnable, T: SendSync> { step, key, build });

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
/// The run is that of the chosen step, and chunks pass as that step passes them.
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
pub struct Alternatives<L: StepList> {
    key: ConfigKey<String>,
    list: L,
    default: AnyStep<L::Input, L::Output>,
    /// Each name with its step, and with the place of the step in the list.
    steps: Arc<IndexMap<String, Placed<L>>>,
}

/// A step and its place in the list.
type Placed<L> = (usize, AnyStep<<L as StepList>::Input, <L as StepList>::Output>);

impl<R: Runnable> Alternatives<OneStep<R>> {
    pub(in crate::runnable) fn new(step: R, key: ConfigKey<String>, name: String) -> Self {
        let step = Arc::new(step);
        let default: AnyStep<_, _> = Arc::<R>::clone(&step);
        Self {
            key,
            list: OneStep::shared(step),
            steps: Arc::new(IndexMap::from([(name, (0, Arc::clone(&default)))])),
            default,
        }
    }
}

impl<L: StepList> Alternatives<L> {
    /// Adds an alternative; one of the same name is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, RunConfig, RunnableExt, lambda};
    ///
    /// const SIGN: ConfigKey<String> = ConfigKey::new("sign");
    ///
    /// # futures::executor::block_on(async {
    /// let keep = lambda(|n: i32| n).configurable_alternatives(SIGN, "plus");
    /// let step = keep.or("minus", lambda(|n: i32| -n));
    /// assert_eq!(step.invoke(5).await?, 5);
    /// assert_eq!(step.invoke_with(5, RunConfig::new().set(SIGN, "minus".to_owned())).await?, -5);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn or<R>(mut self, name: impl Into<String>, step: R) -> Alternatives<Or<L, OneStep<R>>>
    where
        R: Runnable<Input = L::Input, Output = L::Output>,
    {
        let step = Arc::new(step);
        let place = self.list.steps().len();
        Arc::make_mut(&mut self.steps).insert(name.into(), (place, Arc::<R>::clone(&step) as AnyStep<_, _>));
        Alternatives {
            key: self.key,
            list: Or::new(self.list, OneStep::shared(step)),
            default: self.default,
            steps: self.steps,
        }
    }

    /// The steps with their types.
    pub(crate) fn list(&self) -> &L {
        &self.list
    }

    /// The places in the list of the default and of each step that can be chosen.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        let replaced = self.steps.values().all(|(place, _)| *place != 0);
        let default = replaced.then_some(0);
        default.into_iter().chain(self.steps.values().map(|(place, _)| *place))
    }

    /// The place in the list of the step that a call runs.
    pub(crate) fn place(&self, cx: &RunContext) -> Result<usize> {
        Ok(self.named(cx)?.map_or(0, |(place, _)| *place))
    }

    /// The step that the caller chose, if any.
    fn named(&self, cx: &RunContext) -> Result<Option<&Placed<L>>> {
        let Some(name) = cx.configured(self.key) else {
            return Ok(None);
        };
        self.steps.get(name).map(Some).ok_or_else(|| {
            let known: Vec<_> = self.steps.keys().map(|name| format!("`{name}`")).collect();
            let key = self.key.name();
            let detail = format!("`{key}` has no alternative `{name}`; there are {}", known.join(", "));
            Error::new(ErrorKind::Config, detail)
        })
    }
}

impl<L: StepList> Around for Alternatives<L> {
    type Step = dyn Runnable<Input = L::Input, Output = L::Output>;

    fn step(&self) -> &AnyStep<L::Input, L::Output> {
        &self.default
    }

    fn step_in(&self, cx: &RunContext) -> Result<AnyStep<L::Input, L::Output>> {
        let chosen = self.named(cx)?.map_or(&self.default, |(_, step)| step);
        Ok(Arc::clone(chosen))
    }

    fn note<'a>(&'a self, step: StepInfo<'a>) -> StepInfo<'a> {
        step.graph(|| {
            let names: Vec<_> = self.steps.keys().map(String::as_str).collect();
            let graph = self.default.graph().noted("configurable", self.key.name());
            graph.noted("alternatives", names)
        })
    }
}

around!(Alternatives<L>, of dyn Runnable<Input = L::Input, Output = L::Output>, for <L: StepList>);

shared!(Alternatives<L: StepList> { key, list, default, steps });

impl<L: StepList> fmt::Debug for Alternatives<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alternatives")
            .field("key", &self.key.name())
            .field("names", &self.steps.keys().collect::<Vec<_>>())
            .finish()
    }
}
