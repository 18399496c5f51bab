//! Options of one call.

use tokio::time::Instant;

/// Options of one call, on top of those of its client.
///
/// # Examples
///
/// ```
/// use cadena_http::CallOptions;
/// use std::time::{Duration, Instant};
///
/// let options = CallOptions::new().deadline(Instant::now() + Duration::from_secs(30)).max_attempts(1);
/// assert_eq!(options.max_attempts, Some(1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// When the call must have ended, with all tries, pauses and events. A pause that would end later is not begun.
    pub deadline: Option<Instant>,
    /// How often the request is sent in all, in place of the policy's number.
    pub max_attempts: Option<u32>,
}

impl CallOptions {
    /// Makes options that leave everything to the client.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::CallOptions::new().deadline, None);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`deadline`](Self::deadline), from an instant of tokio or of the standard library.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::CallOptions;
    ///
    /// let now = std::time::Instant::now();
    /// assert_eq!(CallOptions::new().deadline(now).deadline, Some(now.into()));
    /// ```
    #[must_use]
    pub fn deadline(mut self, deadline: impl Into<Instant>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// Sets [`max_attempts`](Self::max_attempts).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::CallOptions::new().max_attempts(1).max_attempts, Some(1));
    /// ```
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }
}
