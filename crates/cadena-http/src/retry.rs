//! When a request is sent again: core's policy, with what HTTP knows of an answer.

mod retry_after;
pub use retry_after::retry_after;

use std::fmt;
use std::time::Duration;

use cadena_core::{Error, ErrorKind, GaveUp, RetryBudget, RetryOptions, RetryPause};
use http::HeaderMap;

use crate::Unanswered;

/// How often and after which pauses a request is sent again. Attempts, pauses and their random part are those of [`RetryOptions`].
///
/// The client repeats a request after the statuses 408, 409, 429 and from 500 on, after a failed connection (not TLS), and after a request
/// that was sent and lost without one byte of an answer. It never repeats a stream that has brought an event, a call whose timer ran out, or
/// an error that the provider's classifier calls final (`is_retryable() == false`). The header `x-should-retry` overrides the status and the
/// classifier both ways, except for an exhausted quota.
///
/// The pause is the one that the server asks for by `Retry-After`, if it is within [`max_retry_after`](Self::max_retry_after), plus a random part
/// of a quarter of it. Otherwise it is a random part of `base × 2ⁿ` up to [`max_pause`](Self::max_pause) ("full jitter").
///
/// A lost request may have been worked on, so **work is done at least once**, perhaps twice; see
/// [`resend_unanswered`](Self::resend_unanswered).
///
/// # The budget
///
/// Clones of a client share a budget of a hundred repeated requests; a repeated request that succeeds returns its own, and five other
/// successes return one. When a server fails for everybody, retries stop instead of tripling its load. A retry that the server has
/// scheduled by `Retry-After` takes nothing: a server that throttles a thousand callers has told each of them when to come. Such a retry is
/// bounded by the number of attempts and the deadline alone. [`budget`](Self::budget) sets another budget, which several clients can share.
///
/// The hint of an error reports why there was no other try where one was due: `gave up without another try: …` names an empty budget or a
/// deadline that comes first, `gave up after 3 attempts` the number of attempts.
///
/// # Together with `with_retry`
///
/// An error reports how often its request was sent ([`Error::attempts`]), and the step wrapper `with_retry` counts each send as an attempt. So both
/// together send a request three times by default, not nine: see [`RetryOptions`].
///
/// # Examples
///
/// ```
/// use cadena_http::RetryPolicy;
/// use std::time::Duration;
///
/// let policy = RetryPolicy::default().max_attempts(5).base_pause(Duration::from_millis(100));
/// assert_eq!(policy.attempts(), 5);
/// assert_eq!(RetryPolicy::none().attempts(), 1);
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    options: RetryOptions,
    resend_unanswered: bool,
    budget: Option<RetryBudget>,
}

impl RetryPolicy {
    /// Sends each request once.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::RetryPolicy::none().attempts(), 1);
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets how often a request is sent in all: 3; 0 counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::RetryPolicy::default().max_attempts(2).attempts(), 2);
    /// ```
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.options = self.options.max_attempts(attempts);
        self
    }

    /// Sets the longest pause before the second try: 0.5 s; it doubles from try to try.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::RetryPolicy::default().base_pause(Duration::ZERO).pause(1), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn base_pause(mut self, pause: Duration) -> Self {
        self.options = self.options.base_pause(pause);
        self
    }

    /// Sets the longest pause that is not the server's: 8 s.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::RetryPolicy::default().max_pause(Duration::ZERO).pause(9), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.options = self.options.max_pause(pause);
        self
    }

    /// Sets the longest pause that a server may ask for: 120 s. If it asks for more, the error is returned at once with its
    /// `retry_after()`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let policy = cadena_http::RetryPolicy::default().max_retry_after(Duration::from_secs(5));
    /// assert!(format!("{policy:?}").contains("max_retry_after: 5s"));
    /// ```
    #[must_use]
    pub fn max_retry_after(mut self, pause: Duration) -> Self {
        self.options = self.options.max_retry_after(pause);
        self
    }

    /// Sets whether a request that was sent and lost without an answer is sent again: true.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cadena_http::RetryPolicy::default().resend_unanswered(false).resends_unanswered());
    /// ```
    #[must_use]
    pub fn resend_unanswered(mut self, resend: bool) -> Self {
        self.resend_unanswered = resend;
        self
    }

    /// Sets the source of the random part of a pause: numbers from 0 to 1. A test sets a constant.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// use cadena_http::RetryPolicy;
    ///
    /// let longest = RetryPolicy::default().jitter(|| 1.0);
    /// assert_eq!(longest.pause(1), Duration::from_millis(500));
    /// assert_eq!(longest.pause(9), Duration::from_secs(8));
    /// ```
    #[must_use]
    pub fn jitter(mut self, source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.options = self.options.jitter(source);
        self
    }

    /// Sets the budget of repeated requests, in place of the one that the clones of a client share.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RetryBudget;
    /// use cadena_http::RetryPolicy;
    ///
    /// let of_all_clients = RetryBudget::new(20);
    /// let policy = RetryPolicy::default().budget(of_all_clients.clone());
    /// # let _ = policy;
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Returns how often a request is sent in all.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::RetryPolicy::default().attempts(), 3);
    /// ```
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.options.attempts()
    }

    /// Returns whether a request that was sent and lost without an answer is sent again.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_http::RetryPolicy::default().resends_unanswered());
    /// ```
    #[must_use]
    pub fn resends_unanswered(&self) -> bool {
        self.resend_unanswered
    }

    /// Returns the pause after this many tries have failed, if the server asks for none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert!(cadena_http::RetryPolicy::default().pause(1) <= Duration::from_millis(500));
    /// ```
    #[must_use]
    pub fn pause(&self, failed: u32) -> Duration {
        self.options.pause(failed)
    }

    /// The budget that was set.
    pub(crate) fn own_budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }

    /// Decides whether this error ends the call. `answer` has the headers of a failed answer.
    pub(crate) fn decide(
        &self,
        error: &Error,
        answer: Option<&HeaderMap>,
        failed: u32,
        remaining: Option<Duration>,
    ) -> Result<RetryPause, GaveUp> {
        let retryable = error.kind() != ErrorKind::QuotaExhausted
            && match answer.and_then(should_retry) {
                Some(asked) => asked,
                None if answer.is_some() => {
                    error.is_retryable() && error.status().is_some_and(|s| matches!(s, 408 | 409 | 429 | 500..))
                }
                None => self.covers_failure(error),
            };
        self.options.decide(retryable, error.retry_after(), failed, remaining)
    }

    /// Whether a failure without an answer, or before the first event of one, is worth another try.
    fn covers_failure(&self, error: &Error) -> bool {
        let lost = error.kind() == ErrorKind::Truncated || error.downcast_source_ref::<Unanswered>().is_some();
        // Our own timers do not count: the server may still be at work.
        let kind = matches!(
            error.kind(),
            ErrorKind::Connect | ErrorKind::Truncated | ErrorKind::Server
        );
        kind && error.is_retryable() && (self.resend_unanswered || !lost)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            options: RetryOptions::new(),
            resend_unanswered: true,
            budget: None,
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("options", &self.options)
            .field("resend_unanswered", &self.resend_unanswered)
            .field("budget", &self.budget)
            .finish()
    }
}

/// The server's wish about another try, if it has one.
pub(crate) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect()
    }

    fn with_status(kind: ErrorKind, status: u16) -> Error {
        Error::new(kind, "").with_status(status)
    }

    #[test]
    fn only_passing_statuses_are_tried_again() {
        let policy = RetryPolicy::default();
        let retried = |status| {
            policy
                .decide(&with_status(ErrorKind::Server, status), Some(&headers(&[])), 1, None)
                .is_ok()
        };
        assert!([408, 409, 429, 500, 502, 503, 504, 529].into_iter().all(retried));
        assert!(![400, 401, 403, 404, 413, 422].into_iter().any(retried));
    }

    #[test]
    fn the_server_overrides_status_and_classifier_but_not_an_empty_account() {
        let policy = RetryPolicy::default();
        let (yes, no) = (
            headers(&[("x-should-retry", "true")]),
            headers(&[("x-should-retry", "false")]),
        );
        assert!(
            policy
                .decide(&with_status(ErrorKind::InvalidRequest, 400), Some(&yes), 1, None)
                .is_ok()
        );
        assert!(
            policy
                .decide(&with_status(ErrorKind::Server, 503), Some(&no), 1, None)
                .is_err()
        );
        assert!(
            policy
                .decide(&with_status(ErrorKind::QuotaExhausted, 429), Some(&yes), 1, None)
                .is_err()
        );
    }

    #[test]
    fn a_final_error_and_the_last_try_end_the_call() {
        let policy = RetryPolicy::default();
        let answered = headers(&[]);
        let last = with_status(ErrorKind::Server, 503).with_retryable(false);
        assert!(policy.decide(&last, Some(&answered), 1, None).is_err());
        assert!(
            policy
                .decide(&with_status(ErrorKind::Server, 503), Some(&answered), 3, None)
                .is_err()
        );
    }

    #[test]
    fn lost_requests_are_sent_again_unless_that_is_switched_off() {
        let lost = || Error::new(ErrorKind::Connect, "").with_source(Unanswered::new("reset"));
        let policy = RetryPolicy::default();
        assert!(policy.decide(&lost(), None, 1, None).is_ok());
        assert!(policy.decide(&Error::from(ErrorKind::Truncated), None, 1, None).is_ok());
        let careful = policy.resend_unanswered(false);
        assert!(careful.decide(&lost(), None, 1, None).is_err());
        assert!(
            careful
                .decide(&Error::from(ErrorKind::Truncated), None, 1, None)
                .is_err()
        );
        assert!(careful.decide(&Error::from(ErrorKind::Connect), None, 1, None).is_ok());
    }

    #[test]
    fn tls_and_our_own_timers_are_not_tried_again() {
        let policy = RetryPolicy::default();
        assert!(
            policy
                .decide(&Error::from(ErrorKind::Connect).with_retryable(false), None, 1, None)
                .is_err()
        );
        assert!(policy.decide(&Error::from(ErrorKind::Timeout), None, 1, None).is_err());
    }
}
