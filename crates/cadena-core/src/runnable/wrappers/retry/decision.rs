//! Whether there is another attempt, and after which pause.

use std::time::Duration;

/// The pause before another attempt: see [`RetryOptions::decide`](crate::RetryOptions::decide).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cadena_core::RetryOptions;
///
/// let pause = RetryOptions::new().decide(true, Some(Duration::from_secs(4)), 1, None)?;
/// assert!(pause.scheduled && pause.length >= Duration::from_secs(4));
/// # Ok::<_, cadena_core::GaveUp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPause {
    /// How long to wait.
    pub length: Duration,
    /// Whether the server asked for it by `Retry-After`. A server that throttles a thousand callers has told each of them
    /// when to come, so such an attempt takes nothing from a budget.
    pub scheduled: bool,
}

/// The reason why there is no other attempt: see [`RetryOptions::decide`](crate::RetryOptions::decide).
///
/// # Examples
///
/// ```
/// use cadena_core::{GaveUp, RetryOptions};
///
/// assert_eq!(RetryOptions::new().decide(false, None, 1, None), Err(GaveUp::Final));
/// assert_eq!(RetryOptions::new().decide(true, None, 3, None), Err(GaveUp::LastAttempt));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// Another attempt cannot help.
    Final,
    /// It was the last attempt.
    LastAttempt,
    /// The server asks for a longer pause than [`max_retry_after`](crate::RetryOptions::max_retry_after).
    TooLong,
    /// The call would be over before the end of the pause.
    Deadline,
}
