//! A step whose runs a caller listens to.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::Rewrap;
use super::around::{Around, around, shared};
use crate::runnable::{Runnable, RunnableExt};
use crate::{ErrorKind, Listener, RunConfig, RunContext, RunEvent, RunId, RunInfo};

/// Functions that hear when a step begins and how it ends, for [`RunnableExt::with_listeners`](crate::RunnableExt::with_listeners).
///
/// Each call of the step has one start and one end, error or cancellation; what runs inside the step is not heard. For
/// that there is [`RunnableExt::with_listener`](crate::RunnableExt::with_listener).
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, Listeners, RunnableExt};
/// use std::sync::{Arc, Mutex};
///
/// # futures::executor::block_on(async {
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let ends = Arc::clone(&log);
/// let listeners = Listeners::new().on_end(move |run, output| ends.lock().unwrap().push(format!("{} gave {output}", run.name)));
/// lambda(|n: i32| n * 2).named("double").with_listeners(listeners).invoke(21).await?;
/// assert_eq!(*log.lock().unwrap(), ["double gave 42"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
#[must_use = "listeners hear nothing until they are given to a step"]
pub struct Listeners {
    start: Option<Arc<OnStart>>,
    end: Option<Arc<OnEnd>>,
    error: Option<Arc<OnError>>,
    cancelled: Option<Arc<OnCancelled>>,
}

type OnStart = dyn Fn(&RunInfo, Option<&Value>) + Send + Sync;
type OnEnd = dyn Fn(&RunInfo, &Value) + Send + Sync;
type OnError = dyn Fn(&RunInfo, ErrorKind, &str) + Send + Sync;
type OnCancelled = dyn Fn(&RunInfo) + Send + Sync;

impl Listeners {
    /// Functions that hear nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Listeners, RunnableExt, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2).with_listeners(Listeners::new());
    /// assert_eq!(double.invoke(21).await?, 42);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls a function at the start, with the input unless it arrives as a stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Listeners, RunnableExt};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # futures::executor::block_on(async {
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = Arc::clone(&seen);
    /// let listeners = Listeners::new().on_start(move |run, input| log.lock().unwrap().push(format!("{} of {input:?}", run.kind.as_str())));
    /// lambda(|n: i32| n * 2).with_listeners(listeners).invoke(21).await?;
    /// assert_eq!(*seen.lock().unwrap(), ["chain of Some(Number(21))"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn on_start(mut self, function: impl Fn(&RunInfo, Option<&Value>) + Send + Sync + 'static) -> Self {
        self.start = Some(Arc::new(function));
        self
    }

    /// Calls a function at the end, with the output.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Listeners, RunnableExt};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # futures::executor::block_on(async {
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = Arc::clone(&seen);
    /// let listeners = Listeners::new().on_end(move |_, output| log.lock().unwrap().push(output.clone()));
    /// lambda(|n: i32| n * 2).with_listeners(listeners).invoke(21).await?;
    /// assert_eq!(*seen.lock().unwrap(), [42]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn on_end(mut self, function: impl Fn(&RunInfo, &Value) + Send + Sync + 'static) -> Self {
        self.end = Some(Arc::new(function));
        self
    }

    /// Calls a function when the step fails, with the kind of the error and its text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, ErrorKind, Listeners, RunnableExt};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # futures::executor::block_on(async {
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = Arc::clone(&seen);
    /// let listeners = Listeners::new().on_error(move |_, kind, _| log.lock().unwrap().push(kind));
    /// let parse = lambda(|text: String| text.parse::<i32>()).with_listeners(listeners);
    /// assert!(parse.invoke("x").await.is_err());
    /// assert_eq!(*seen.lock().unwrap(), [ErrorKind::Step]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn on_error(mut self, function: impl Fn(&RunInfo, ErrorKind, &str) + Send + Sync + 'static) -> Self {
        self.error = Some(Arc::new(function));
        self
    }

    /// Calls a function when the step is dropped before it ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Listeners, RunnableExt};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # futures::executor::block_on(async {
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = Arc::clone(&seen);
    /// let listeners = Listeners::new().on_cancelled(move |run| log.lock().unwrap().push(run.name.clone()));
    /// let slow = lambda(|n: i32| async move { std::future::pending::<i32>().await + n }).with_listeners(listeners);
    /// let call = slow.invoke(1);
    /// assert!(futures::poll!(std::pin::pin!(call)).is_pending()); // polled once, then dropped
    /// assert_eq!(*seen.lock().unwrap(), ["RunnableLambda"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn on_cancelled(mut self, function: impl Fn(&RunInfo) + Send + Sync + 'static) -> Self {
        self.cancelled = Some(Arc::new(function));
        self
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners")
            .field("on_start", &self.start.is_some())
            .field("on_end", &self.end.is_some())
            .field("on_error", &self.error.is_some())
            .field("on_cancelled", &self.cancelled.is_some())
            .finish()
    }
}

/// One call: the first run that starts is the step's own.
struct OneCall {
    listeners: Listeners,
    run: OnceLock<RunId>,
}

impl Listener for OneCall {
    fn on_event(&self, event: &RunEvent) {
        let id = event.run().id;
        if *self.run.get_or_init(|| id) != id {
            return;
        }
        let Listeners {
            start,
            end,
            error,
            cancelled,
        } = &self.listeners;
        match event {
            RunEvent::Start { run, input } => start.iter().for_each(|hear| hear(run, input.as_ref())),
            RunEvent::Chunk { .. } | RunEvent::Custom { .. } => {}
            RunEvent::End { run, output, .. } => end.iter().for_each(|hear| hear(run, output)),
            RunEvent::Error { run, message, kind } => error.iter().for_each(|hear| hear(run, *kind, message)),
            RunEvent::Cancelled { run } => cancelled.iter().for_each(|hear| hear(run)),
        }
    }
}

/// A step with [`Listeners`]; [`RunnableExt::with_listeners`](crate::RunnableExt::with_listeners) makes one.
///
/// The run is that of the step, and chunks pass as the step passes them.
///
/// # Examples
///
/// ```
/// use cadena_core::{Lambda, Listeners, RunnableExt, WithListeners, lambda};
///
/// let double = lambda(|n: i32| n * 2).named("double");
/// let heard: WithListeners<Lambda<i32, i32>> = double.with_listeners(Listeners::new());
/// assert_eq!(heard.name(), "double");
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct WithListeners<R> {
    step: Arc<R>,
    listeners: Listeners,
}

impl<R: Runnable> WithListeners<R> {
    pub(in crate::runnable) fn new(step: R, listeners: Listeners) -> Self {
        Self {
            step: Arc::new(step),
            listeners,
        }
    }
}

impl<R: Runnable> Around for WithListeners<R> {
    type Step = R;

    fn step(&self) -> &Arc<R> {
        &self.step
    }

    fn context(&self, cx: &RunContext) -> RunContext {
        let listener = OneCall {
            listeners: self.listeners.clone(),
            run: OnceLock::new(),
        };
        cx.with_config(RunConfig::new().listener(Arc::new(listener)))
    }
}

around!(WithListeners<R>, of R, for <R: Runnable>);

impl<R: Runnable> Rewrap for WithListeners<R> {
    type Other<S: Runnable> = WithListeners<S>;

    fn rewrap<S: Runnable>(&self, make: impl Fn(&R) -> S + Send + Sync + 'static) -> WithListeners<S> {
        WithListeners {
            step: Arc::new(make(&self.step)),
            listeners: self.listeners.clone(),
        }
    }
}

shared!(WithListeners<R: Runnable> { step, listeners });

impl<R: Runnable> fmt::Debug for WithListeners<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithListeners")
            .field("step", &self.step.name())
            .field("listeners", &self.listeners)
            .finish()
    }
}
