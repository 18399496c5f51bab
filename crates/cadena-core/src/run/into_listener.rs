//! The values that a call takes as a listener.

use std::sync::Arc;

use super::{Listener, UsageTracker};

/// A value that [`RunConfig::listener`](crate::RunConfig::listener) and [`with_listener`](crate::RunnableExt::with_listener) take: a [`Listener`], an `Arc` of one, or a
/// [`UsageTracker`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use cadena_core::{EchoModel, Listener, RunConfig, RunEvent, RunnableExt, UsageTracker};
///
/// struct Silent;
///
/// impl Listener for Silent {
///     fn on_event(&self, _: &RunEvent) {}
/// }
///
/// # futures::executor::block_on(async {
/// let tracker = UsageTracker::new();
/// let config = RunConfig::new().listener(Silent).listener(Arc::new(Silent)).listener(&tracker);
/// EchoModel::new().invoke_with("hi", config).await?;
/// assert_eq!(tracker.calls(), 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a listener",
    label = "not a listener",
    note = "implement `cadena::run::Listener`, or give an `Arc` of a listener or a `cadena::run::UsageTracker`"
)]
pub trait IntoListener {
    /// Turns the value into a listener.
    fn into_listener(self) -> Arc<dyn Listener>;
}

impl<L: Listener> IntoListener for L {
    fn into_listener(self) -> Arc<dyn Listener> {
        Arc::new(self)
    }
}

impl<L: Listener> IntoListener for Arc<L> {
    fn into_listener(self) -> Arc<dyn Listener> {
        self
    }
}

impl IntoListener for Arc<dyn Listener> {
    fn into_listener(self) -> Self {
        self
    }
}

impl IntoListener for UsageTracker {
    fn into_listener(self) -> Arc<dyn Listener> {
        self.listener()
    }
}

impl IntoListener for &UsageTracker {
    fn into_listener(self) -> Arc<dyn Listener> {
        self.listener()
    }
}
