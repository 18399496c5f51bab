//! One error for several readers of a stream.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::{Error, Repr};

impl Error {
    /// Copies an error for another reader of a shared stream. The sources of the original stay reachable.
    pub(crate) fn shared(error: &Arc<Self>) -> Self {
        let repr = &*error.repr;
        Self {
            repr: Box::new(Repr {
                kind: repr.kind,
                detail: repr.detail.clone(),
                hint: repr.hint.clone(),
                step: repr.step.clone(),
                status: repr.status,
                code: repr.code.clone(),
                r#type: repr.r#type.clone(),
                param: repr.param.clone(),
                request_id: repr.request_id.clone(),
                retry_after: repr.retry_after,
                retryable: repr.retryable,
                attempts: repr.attempts,
                partial: repr.partial.clone(),
                source: repr.source.as_ref().map(|_| SharedSource(Arc::clone(error)).into()),
            }),
        }
    }
}

/// The source of an error that several readers share: a `Box<dyn Error>` cannot be cloned.
#[derive(Debug)]
pub(super) struct SharedSource(Arc<Error>);

impl SharedSource {
    /// The source of the original error.
    pub(super) fn original(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl fmt::Display for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.original() {
            Some(source) => fmt::Display::fmt(source, f),
            None => Ok(()),
        }
    }
}

impl StdError for SharedSource {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.original()?.source()
    }
}
