//! [`IntoInput`]: the values that a step takes as its input.

/// A value that a step takes as its input `T`: everything that is `Into<T>`.
///
/// # Examples
///
/// ```
/// use cadena_core::{IntoInput, PromptValue};
///
/// fn ask(prompt: impl IntoInput<PromptValue>) -> usize {
///     prompt.into().messages.len()
/// }
/// assert_eq!(ask("hello"), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an input of this step, which takes `{T}`",
    label = "the step takes `{T}`",
    note = "a `Dict`, which a prompt with variables takes, is written `cadena::dict! {{\"topic\": \"bears\"}}`",
    note = "a chat model takes a text, a message, or a list of messages"
)]
pub trait IntoInput<T>: Into<T> {}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> IntoInput<T> for V {}
