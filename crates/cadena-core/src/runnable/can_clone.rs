//! [`CanClone`]: the message of the compiler for a step or a model without `Clone`.

use dyn_clone::DynClone;

/// A value that can be cloned, even as a trait object; every `Clone` type implements it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cloned, and a step or a chat model must be `Clone`",
    label = "needs `#[derive(Clone)]`",
    note = "a retry, a batch and a stream each use a copy of the step; put what cannot be cloned into an `Arc`"
)]
pub trait CanClone: DynClone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> CanClone for T {}
