//! A wrapper put around another step in place of its own: how a wrapped chat model takes options.

use std::sync::Arc;

use crate::runnable::Runnable;
use crate::{Result, RunContext};

/// A wrapper of one step that can be put around another step, with the same settings.
///
/// The other step may have another output: a wrapped chat model is asked for one answer or for every choice through the same wrapper.
pub(crate) trait Rewrap: Runnable + Sized {
    /// The type of the step.
    type Step: Runnable;
    /// The wrapper around another step.
    type Around<S: Runnable>: Runnable<Input = S::Input, Output = S::Output>;

    /// The step, as it is without a value that a caller sets.
    fn step(&self) -> &Arc<Self::Step>;

    /// The step as a call with this context runs it; default: [`step`](Self::step).
    fn step_in(&self, cx: &RunContext) -> Result<Arc<Self::Step>> {
        let _ = cx;
        Ok(Arc::clone(self.step()))
    }

    /// The context in which the step runs, as far as it changes an answer; default: that of the call.
    fn context_in(&self, cx: &RunContext) -> RunContext {
        cx.clone()
    }

    /// The wrapper around what `make` makes of its step.
    fn around<S: Runnable>(&self, make: impl Fn(&Self::Step) -> S + Send + Sync + 'static) -> Self::Around<S>;
}
