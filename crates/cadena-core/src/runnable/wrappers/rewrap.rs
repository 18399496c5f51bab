//! A wrapper put around another step in place of its own: how a wrapped chat model takes options.

use super::around::Around;
use crate::runnable::Runnable;

/// A wrapper of one step that can be put around another step, with the same settings.
///
/// The other step may have another output: a wrapped chat model is asked for one answer or for every choice through the same wrapper.
pub(crate) trait Rewrap: Around<Step: Sized> + Sized {
    /// The wrapper around another step.
    type Other<S: Runnable>: Runnable<Input = S::Input, Output = S::Output>;

    /// The wrapper around what `make` makes of its step.
    fn rewrap<S: Runnable>(&self, make: impl Fn(&Self::Step) -> S + Send + Sync + 'static) -> Self::Other<S>;
}
