//! The sums of the tokens that model calls used.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use super::{Listener, ModelCall, RunEvent};
use crate::UsageMetadata;

/// A listener that adds up the tokens of model calls, by model: of one call of a chain, or of all calls that it is set for.
///
/// Every model call inside the run counts once, whole or streamed, alone or in a batch. A call that fails or is dropped counts with the tokens that the
/// provider had reported. A model has the name that the server reports, or else that of its [profile](crate::ModelProfile). An answer from a
/// [cache](crate::ChatCache) is not a call. Clones add to the same sums.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, EchoModel, RunConfig, RunnableExt, UsageTracker};
///
/// # futures::executor::block_on(async {
/// let usage = UsageTracker::new();
/// let chain = EchoModel::new() | lambda(|answer: cadena_core::AIMessage| answer.text().into_owned());
/// chain.invoke_with("how are you", RunConfig::new().listener(&usage)).await?;
/// chain.batch_with(["one", "two"], RunConfig::new().listener(&usage)).await;
///
/// assert_eq!(usage.by_model()["echo-1"].input_tokens, 5);
/// assert_eq!(usage.total().total_tokens, 10);
/// assert_eq!(usage.calls(), 3);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct UsageTracker {
    sums: Arc<Sums>,
}

impl UsageTracker {
    /// The number of models with a separate sum. The tokens of further models are added up under [`OTHER_MODELS`](Self::OTHER_MODELS).
    pub const MAX_MODELS: usize = 1024;

    /// The name of the sum of the models beyond [`MAX_MODELS`](Self::MAX_MODELS).
    pub const OTHER_MODELS: &str = "(other models)";

    /// Makes a tracker that has counted nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::UsageTracker;
    ///
    /// let usage = UsageTracker::new();
    /// assert_eq!((usage.calls(), usage.total().total_tokens), (0, 0));
    /// assert!(usage.by_model().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the tracker as a listener. [`RunConfig::listener`](crate::RunConfig::listener) also takes the tracker itself. A tracker that is set twice for
    /// one call counts once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// let twice = RunConfig::new().listener(usage.listener()).listener(&usage);
    /// EchoModel::new().invoke_with("hi", twice).await?;
    /// assert_eq!(usage.calls(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn listener(&self) -> Arc<dyn Listener> {
        Arc::<Sums>::clone(&self.sums)
    }

    /// Returns the tokens of each model, in the order in which the models were first used.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// EchoModel::new().invoke_with("how are you", RunConfig::new().listener(&usage)).await?;
    /// assert_eq!(usage.by_model()["echo-1"].input_tokens, 3);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn by_model(&self) -> IndexMap<String, UsageMetadata> {
        self.sums.lock().by_model.clone()
    }

    /// Returns the tokens of all models together.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// for question in ["one", "one two"] {
    ///     EchoModel::new().invoke_with(question, RunConfig::new().listener(&usage)).await?;
    /// }
    /// assert_eq!(usage.total().output_tokens, 3);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn total(&self) -> UsageMetadata {
        self.sums.lock().by_model.values().cloned().sum()
    }

    /// Returns the number of calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// for question in ["one", "two"] {
    ///     EchoModel::new().invoke_with(question, RunConfig::new().listener(&usage)).await?;
    /// }
    /// assert_eq!(usage.calls(), 2);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.sums.lock().calls
    }

    /// Returns the number of calls that reported no tokens. If it is not 0, the sums are too low.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// EchoModel::new().invoke_with("hi", RunConfig::new().listener(&usage)).await?;
    /// assert_eq!((usage.calls(), usage.calls_without_usage()), (1, 0)); // the model has reported its tokens
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn calls_without_usage(&self) -> u64 {
        self.sums.lock().calls_without_usage
    }

    /// Takes the sums and begins again at 0. No call is lost in between.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let usage = UsageTracker::new();
    /// EchoModel::new().invoke_with("hi", RunConfig::new().listener(&usage)).await?;
    /// assert_eq!(usage.take()["echo-1"].total_tokens, 2);
    /// assert_eq!((usage.calls(), usage.total().total_tokens), (0, 0));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use = "the sums are gone if nobody keeps them"]
    pub fn take(&self) -> IndexMap<String, UsageMetadata> {
        std::mem::take(&mut *self.sums.lock()).by_model
    }
}

impl fmt::Debug for UsageTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageTracker")
            .field("by_model", &self.by_model())
            .finish()
    }
}

#[derive(Default)]
struct Sums(Mutex<State>);

#[derive(Default)]
struct State {
    by_model: IndexMap<String, UsageMetadata>,
    calls: u64,
    calls_without_usage: u64,
}

impl Sums {
    /// Each addition is whole before the lock is released, so that a panic of another thread leaves the sums right.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Sums {
    fn on_event(&self, _: &RunEvent) {}

    fn wants_events(&self) -> bool {
        false
    }

    fn on_model_call(&self, call: &ModelCall<'_>) {
        let mut state = self.lock();
        state.calls += 1;
        let Some(usage) = call.usage.cloned() else {
            state.calls_without_usage += 1;
            return;
        };
        if let Some(sum) = state.by_model.get_mut(call.model) {
            *sum += usage;
            return;
        }
        let is_full = state.by_model.len() >= UsageTracker::MAX_MODELS;
        let name = if is_full {
            UsageTracker::OTHER_MODELS
        } else {
            call.model
        };
        *state.by_model.entry(name.to_owned()).or_default() += usage;
    }
}
