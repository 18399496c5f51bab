//! [`Withheld`]: a cause that logs do not show.

use std::error::Error as StdError;
use std::fmt;

use super::shared::SharedSource;

/// A cause whose text may quote the input. `Debug` of an [`Error`](super::Error) leaves it out; `source()` returns it.
pub(crate) struct Withheld(String);

impl Withheld {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether a cause is such a text, also one that several readers share.
    pub(super) fn is(cause: &(dyn StdError + 'static)) -> bool {
        let shared = cause.downcast_ref::<SharedSource>();
        cause.is::<Self>() || shared.is_some_and(|shared| shared.original().is_some_and(Self::is))
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withheld(..)")
    }
}

impl StdError for Withheld {}
