//! A body that is too large for memory.

use std::fmt;
use std::sync::Arc;

use crate::Body;

/// A body that is read from its source while it is sent, and from the beginning again for every try.
///
/// A clone shares the source.
///
/// # Examples
///
/// ```
/// use cadena_http::{HttpRequest, Upload};
/// use futures::{StreamExt, TryStreamExt};
///
/// // The source may be a file, or rows that are written as they are asked for.
/// let upload = Upload::new(6, || futures::stream::iter(["one", "two"]).map(|part| Ok(part.into())).boxed());
/// let request = HttpRequest::post("http://localhost/v1/files").with_upload(upload);
///
/// let upload = request.upload.as_ref().unwrap();
/// for _try in 0..2 {
///     let parts: Vec<_> = futures::executor::block_on(upload.open().try_collect())?;
///     assert_eq!(parts, ["one", "two"]);
/// }
/// assert!(format!("{request:?}").contains("6 bytes"));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Upload {
    length: u64,
    open: Arc<dyn Fn() -> Body + Send + Sync>,
}

impl Upload {
    /// Makes a body of this length from a function that reads it. An error of that function ends the request.
    ///
    /// The length is announced to the server, so a source of another length breaks the request.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Upload;
    /// use futures::StreamExt;
    ///
    /// assert_eq!(Upload::new(0, || futures::stream::empty().boxed()).length(), 0);
    /// ```
    pub fn new(length: u64, open: impl Fn() -> Body + Send + Sync + 'static) -> Self {
        Self {
            length,
            open: Arc::new(open),
        }
    }

    /// Returns how many bytes there are.
    ///
    /// See the example of the type.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Opens the bytes, from the first one.
    ///
    /// See the example of the type.
    #[must_use]
    pub fn open(&self) -> Body {
        (self.open)()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
