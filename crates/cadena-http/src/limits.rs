//! How many bytes a server may send.

/// The sizes at which a client stops reading, counted after decompression.
///
/// Over a limit a call fails with [`ErrorKind::LimitExceeded`](cadena_core::ErrorKind::LimitExceeded).
///
/// # Examples
///
/// ```
/// use cadena_http::Limits;
///
/// let limits = Limits::default().event(1024 * 1024);
/// assert_eq!((limits.event, limits.response), (1 << 20, 64 << 20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A whole answer: 64 MiB.
    pub response: usize,
    /// One event of a stream, or one line: 8 MiB.
    pub event: usize,
    /// All bytes of one stream: 1 GiB. They are not held here, but a consumer that adds chunks up holds them.
    // `u64`, as 32-bit targets stream large bodies.
    pub stream: u64,
    /// The body of a failed answer: 64 KiB. A longer one is cut, which is not an error: the failure matters.
    pub error_body: usize,
}

impl Limits {
    /// Sets [`response`](Self::response).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Limits::default().response(9).response, 9);
    /// ```
    #[must_use]
    pub fn response(mut self, bytes: usize) -> Self {
        self.response = bytes;
        self
    }

    /// Sets [`event`](Self::event).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Limits::default().event(9).event, 9);
    /// ```
    #[must_use]
    pub fn event(mut self, bytes: usize) -> Self {
        self.event = bytes;
        self
    }

    /// Sets [`stream`](Self::stream).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Limits::default().stream(9).stream, 9);
    /// ```
    #[must_use]
    pub fn stream(mut self, bytes: u64) -> Self {
        self.stream = bytes;
        self
    }

    /// Sets [`error_body`](Self::error_body).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Limits::default().error_body(9).error_body, 9);
    /// ```
    #[must_use]
    pub fn error_body(mut self, bytes: usize) -> Self {
        self.error_body = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            response: 64 << 20,
            event: 8 << 20,
            stream: 1 << 30,
            error_body: 64 << 10,
        }
    }
}
