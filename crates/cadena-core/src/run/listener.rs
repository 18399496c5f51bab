//! The listener of a call.

use super::{RunEvent, RunInfo};
use crate::UsageMetadata;

/// A callback that hears the events of every run of a call.
///
/// The task that runs the step calls it and waits for it, so it must be quick: hand slow work to another task. Set it with
/// [`RunConfig::listener`](crate::RunConfig::listener).
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{lambda, Listener, RunConfig, RunEvent, RunnableExt};
///
/// #[derive(Debug, Default)]
/// struct Names(Mutex<Vec<String>>);
///
/// impl Listener for Names {
///     fn on_event(&self, event: &RunEvent) {
///         if let RunEvent::Start { run, .. } = event {
///             self.0.lock().unwrap().push(run.name.clone());
///         }
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let names = Arc::new(Names::default());
/// let double = lambda(|n: i32| n * 2);
/// double.invoke_with(21, RunConfig::new().listener(Arc::<Names>::clone(&names))).await?;
/// assert_eq!(*names.0.lock().unwrap(), ["RunnableLambda"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait Listener: Send + Sync + 'static {
    /// Hears one event.
    fn on_event(&self, event: &RunEvent);

    /// Returns whether it hears events at all; default: yes. Inputs, chunks and outputs are written as JSON only for listeners that do.
    fn wants_events(&self) -> bool {
        true
    }

    /// Returns whether it hears the events of this run; default: yes. Nothing is written as JSON for a run that no listener hears.
    fn wants_run(&self, run: &RunInfo) -> bool {
        let _ = run;
        true
    }

    /// Returns whether a chat model that is asked for a whole answer streams it, so that this listener hears the chunks; default: no.
    ///
    /// The answer is the same, the sum of the chunks. The model's server gets a request for a stream.
    fn wants_tokens(&self, run: &RunInfo) -> bool {
        let _ = run;
        false
    }

    /// Hears the tokens that a call of a chat model used, once, when the call is over; default: does nothing.
    fn on_model_call(&self, call: &ModelCall<'_>) {
        let _ = call;
    }
}

/// A finished call of a chat model, which [`Listener::on_model_call`] hears.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{EchoModel, Listener, ModelCall, RunConfig, RunEvent, RunnableExt};
///
/// #[derive(Default)]
/// struct Budget(Mutex<u64>);
///
/// impl Listener for Budget {
///     fn on_event(&self, _: &RunEvent) {}
///
///     fn wants_events(&self) -> bool {
///         false
///     }
///
///     fn on_model_call(&self, call: &ModelCall<'_>) {
///         *self.0.lock().unwrap() += call.usage.map_or(0, |usage| usage.total_tokens);
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let budget = Arc::new(Budget::default());
/// EchoModel::new().invoke_with("hello there", RunConfig::new().listener(Arc::<Budget>::clone(&budget))).await?;
/// assert_eq!(*budget.0.lock().unwrap(), 4);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ModelCall<'a> {
    /// The run of the model.
    pub run: &'a RunInfo,
    /// The name of the model, as the server reports it, or else that of its profile.
    pub model: &'a str,
    /// The tokens that the provider reported, for a call that failed or was dropped until then.
    pub usage: Option<&'a UsageMetadata>,
    /// Whether the whole answer arrived.
    pub complete: bool,
}
