//! [`OnUnsupported`]: the policy for options that a model does not take.

/// The policy for options that a model, or its endpoint, does not take.
///
/// By default, a call with such an option fails: no option is left out unless the caller allows it.
///
/// # Examples
///
/// ```
/// use cadena_core::OnUnsupported;
///
/// assert_eq!(OnUnsupported::default(), OnUnsupported::Error);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnUnsupported {
    /// The call returns an error of kind [`Unsupported`](crate::ErrorKind::Unsupported) that names the option and the remedy.
    #[default]
    Error,
    /// The option is left out, and the message reports it in `response_metadata.extra["warnings"]`, a list of texts.
    Warn,
    /// The option is left out without a warning.
    Ignore,
}
