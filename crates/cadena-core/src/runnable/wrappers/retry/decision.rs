//! Whether there is another attempt, and after which pause.

use std::time::Duration;

/// The pause before another attempt: see [`RetryOptions::decide`](crate::RetryOptions::decide).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPause {
    /// How long to wait.
    pub length: Duration,
    /// Whether the server asked for it by `Retry-After`. A server that throttles a thousand callers has told each of them
    /// when to come, so such an attempt takes nothing from a budget.
    pub scheduled: bool,
}

/// The reason why there is no other attempt: see [`RetryOptions::decide`](crate::RetryOptions::decide).
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
