//! The `Result` of a function under `#[tool]`, with any error.

use crate::error::BoxError;
use crate::{Error, ErrorKind, Result};

/// A `Result` with any error.
#[doc(hidden)]
pub trait Fallible {
    type Output;

    fn into_result(self) -> Result<Self::Output>;
}

impl<T, E: Into<BoxError>> Fallible for Result<T, E> {
    type Output = T;

    fn into_result(self) -> Result<T> {
        // The detail is empty, so that a model reads the function's error and nothing before it.
        self.map_err(|error| Error::wrap(ErrorKind::Tool, "", error))
    }
}
