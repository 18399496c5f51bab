//! What a model does with an option that it cannot honour.

/// What a model does with an option that it, or the endpoint it asks, cannot honour. Never is one dropped without the caller's word.
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
    /// The call is an error of kind [`Unsupported`](crate::ErrorKind::Unsupported) that names the option and the remedy.
    #[default]
    Error,
    /// The option is left out, and the message says so in `response_metadata.extra["warnings"]`, a list of texts.
    Warn,
    /// The option is left out.
    Ignore,
}
