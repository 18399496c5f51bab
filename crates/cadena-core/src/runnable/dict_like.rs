//! Values with keys: what `assign` adds to and `pick` takes from.

use serde_json::Value;

use crate::{Dict, DictChunk, Result, Streamable, ValueChunk};

/// A value with keys, whole or in chunks: a [`Dict`], or a [`Value`] that is an object.
///
/// [`assign`](crate::RunnableExt::assign) adds keys to one and [`pick`](crate::RunnableExt::pick) takes keys out of one.
///
/// # Examples
///
/// ```
/// use cadena_core::DictLike;
/// use serde_json::json;
///
/// assert_eq!(json!({"a": 1}).into_dict()?["a"], 1);
/// assert!(json!([1]).into_dict().is_err());
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub trait DictLike: Streamable {
    /// A chunk, key by key.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is no piece of an object.
    fn pieces(chunk: Self::Chunk) -> Result<DictChunk>;

    /// The whole value, key by key; default: from its [`pieces`](Self::pieces).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is no object.
    fn into_dict(self) -> Result<Dict> {
        Dict::from_chunk(Self::pieces(self.into_chunk())?)
    }
}

impl DictLike for Dict {
    fn pieces(chunk: DictChunk) -> Result<DictChunk> {
        Ok(chunk)
    }

    fn into_dict(self) -> Result<Dict> {
        Ok(self)
    }
}

impl DictLike for Value {
    fn pieces(chunk: ValueChunk) -> Result<DictChunk> {
        match chunk.downcast::<Dict>() {
            Ok(pieces) => Ok(pieces),
            Err(other) => Ok(Dict::try_from(other.into_value()?)?.into_chunk()),
        }
    }

    fn into_dict(self) -> Result<Dict> {
        Dict::try_from(self)
    }
}
