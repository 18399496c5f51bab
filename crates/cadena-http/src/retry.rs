//! When a request is sent again, and after which pause.

mod budget;
mod retry_after;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cadena_core::{Error, ErrorKind};
use http::HeaderMap;
use tokio::time::Instant;

use crate::Unanswered;
use crate::clock::{self, Deadline};

pub(crate) use budget::Budget;
pub use retry_after::retry_after;

/// How often and after which pauses a request is sent again.
///
/// Tried again are the statuses 408, 409, 429 and from 500 on, failed connections (not TLS), and requests that were sent and lost without
/// one byte of an answer; never a stream that has given an event, a timer that ran out, or an error that the provider's classifier calls
/// final (`is_retryable() == false`). `x-should-retry` overrides the status and the classifier both ways, except for an exhausted
/// quota.
///
/// The pause is what the server asks for by `Retry-After`, if it is within [`max_retry_after`](Self::max_retry_after), and a random part
/// of a quarter of it (at most [`max_pause`](Self::max_pause)) on top, so that callers who were turned away together do not come back
/// together; never less. Else it is a random part of `base × 2ⁿ` up to [`max_pause`](Self::max_pause) ("full jitter").
///
/// A lost request may have been worked on, so **work is done at least once**, perhaps twice; see
/// [`resend_unanswered`](Self::resend_unanswered).
///
/// Clones of a client share a budget of 500 tokens: a retry takes 5, a success gives them back. When a server fails for everybody, retries
/// stop after about a hundred instead of tripling its load. A retry that the server itself has scheduled by `Retry-After` takes none:
/// a server that throttles a thousand callers has told each of them when to come. It is bounded by the number of attempts and the
/// deadline alone.
///
/// The hint of an error reports why there was no other try where one was due: `gave up without another try: …` names an empty budget or a
/// deadline that comes first, `gave up after 3 attempts` the number of attempts.
///
/// # Examples
///
/// ```
/// use cadena_http::RetryPolicy;
/// use std::time::Duration;
///
/// let policy = RetryPolicy::default().max_attempts(5).base_pause(Duration::from_millis(100));
/// assert_eq!(policy.max_attempts, 5);
/// assert_eq!(RetryPolicy::none().max_attempts, 1);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent in all: 3.
    pub max_attempts: u32,
    /// The longest pause before the second try: 0.5 s; it doubles from try to try.
    pub base_pause: Duration,
    /// The longest pause of our own: 8 s.
    pub max_pause: Duration,
    /// The longest pause that a server may ask for: 120 s. If it asks for more, the error is returned at once with its
    /// `retry_after()`.
    pub max_retry_after: Duration,
    /// Whether a request that was sent and lost without an answer is sent again: true.
    pub resend_unanswered: bool,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl RetryPolicy {
    /// Sends each request once.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::RetryPolicy::none().max_attempts, 1);
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets [`max_attempts`](Self::max_attempts); 0 counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::RetryPolicy::default().max_attempts(2).max_attempts, 2);
    /// ```
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets [`base_pause`](Self::base_pause).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::RetryPolicy::default().base_pause(Duration::ZERO).base_pause, Duration::ZERO);
    /// ```
    #[must_use]
    pub fn base_pause(mut self, pause: Duration) -> Self {
        self.base_pause = pause;
        self
    }

    /// Sets [`max_pause`](Self::max_pause).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::RetryPolicy::default().max_pause(Duration::ZERO).max_pause, Duration::ZERO);
    /// ```
    #[must_use]
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let policy = cadena_http::RetryPolicy::default().max_retry_after(Duration::from_secs(5));
    /// assert_eq!(policy.max_retry_after.as_secs(), 5);
    /// ```
    #[must_use]
    pub fn max_retry_after(mut self, pause: Duration) -> Self {
        self.max_retry_after = pause;
        self
    }

    /// Sets [`resend_unanswered`](Self::resend_unanswered).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cadena_http::RetryPolicy::default().resend_unanswered(false).resend_unanswered);
    /// ```
    #[must_use]
    pub fn resend_unanswered(mut self, resend: bool) -> Self {
        self.resend_unanswered = resend;
        self
    }

    /// Sets where the random part of a pause comes from: numbers from 0 to 1. A test gives a constant.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::RetryPolicy;
    ///
    /// let longest = RetryPolicy::default().jitter(|| 1.0);
    /// assert_eq!(longest.pause(1).as_secs_f64(), 0.5);
    /// assert_eq!(longest.pause(2).as_secs_f64(), 1.0);
    /// assert_eq!(longest.pause(9).as_secs_f64(), 8.0);
    /// ```
    #[must_use]
    pub fn jitter(mut self, source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Arc::new(source);
        self
    }

    /// Our own pause after this many tries have failed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_http::RetryPolicy::default().pause(3).as_secs_f64() <= 2.0);
    /// ```
    #[must_use]
    pub fn pause(&self, failed: u32) -> Duration {
        let longest = 2u32
            .checked_pow(failed.saturating_sub(1))
            .and_then(|factor| self.base_pause.checked_mul(factor))
            .map_or(self.max_pause, |pause| pause.min(self.max_pause));
        longest.mul_f64(self.part())
    }

    /// The pause before the next try, or `None` if this error ends the call. `answer` has the headers of a failed answer.
    pub(crate) fn pause_after(&self, error: &Error, answer: Option<&HeaderMap>, failed: u32) -> Option<Pause> {
        if failed >= self.max_attempts || error.kind() == ErrorKind::QuotaExhausted {
            return None;
        }
        let retry = match answer.and_then(should_retry) {
            Some(asked) => asked,
            None if answer.is_some() => {
                error.is_retryable() && error.status().is_some_and(|s| matches!(s, 408 | 409 | 429 | 500..))
            }
            None => self.covers_failure(error),
        };
        if !retry {
            return None;
        }
        match error.retry_after() {
            Some(asked) if asked > self.max_retry_after => None,
            Some(asked) if !asked.is_zero() => Some(Pause {
                length: asked.saturating_add((asked / 4).min(self.max_pause).mul_f64(self.part())),
                asked: Some(asked),
            }),
            _ => Some(Pause {
                length: self.pause(failed),
                asked: None,
            }),
        }
    }

    /// The random part, from 0 to 1.
    fn part(&self) -> f64 {
        let part = (self.jitter)();
        // A NaN from a source of jitter must not become a pause.
        if part.is_nan() { 1.0 } else { part.clamp(0.0, 1.0) }
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

/// The pause before a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    length: Duration,
    /// What the server asked for, which is at most the length.
    asked: Option<Duration>,
}

impl Pause {
    /// Whether the server has scheduled the try.
    pub(crate) fn is_scheduled(&self) -> bool {
        self.asked.is_some()
    }

    /// When it ends, if that is before the deadline. A pause that the server asked for is shortened to that where it fits only so.
    pub(crate) fn end(&self, now: Instant, deadline: Deadline) -> Option<Instant> {
        let fits = |pause| clock::after(now, pause).filter(|at| deadline.is_none_or(|deadline| *at < deadline));
        fits(self.length).or_else(|| fits(self.asked?))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_pause: Duration::from_millis(500),
            max_pause: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(120),
            resend_unanswered: true,
            jitter: Arc::new(fastrand::f64),
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_attempts", &self.max_attempts)
            .field("base_pause", &self.base_pause)
            .field("max_pause", &self.max_pause)
            .field("max_retry_after", &self.max_retry_after)
            .field("resend_unanswered", &self.resend_unanswered)
            .finish_non_exhaustive()
    }
}

/// What the server says about another try, if it says something.
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
                .pause_after(&with_status(ErrorKind::Server, status), Some(&headers(&[])), 1)
                .is_some()
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
                .pause_after(&with_status(ErrorKind::InvalidRequest, 400), Some(&yes), 1)
                .is_some()
        );
        assert!(
            policy
                .pause_after(&with_status(ErrorKind::Server, 503), Some(&no), 1)
                .is_none()
        );
        assert!(
            policy
                .pause_after(&with_status(ErrorKind::QuotaExhausted, 429), Some(&yes), 1)
                .is_none()
        );
    }

    #[test]
    fn a_final_error_and_the_last_try_end_the_call() {
        let policy = RetryPolicy::default();
        let answered = headers(&[]);
        let last = with_status(ErrorKind::Server, 503).with_retryable(false);
        assert!(policy.pause_after(&last, Some(&answered), 1).is_none());
        assert!(
            policy
                .pause_after(&with_status(ErrorKind::Server, 503), Some(&answered), 3)
                .is_none()
        );
    }

    #[test]
    fn a_pause_that_the_server_asks_for_is_kept_up_to_two_minutes_and_never_shortened() {
        for (part, asked, length) in [
            (0.0, 1500, Some(1500)),
            (0.5, 2000, Some(2250)),
            (1.0, 2000, Some(2500)),
            (1.0, 250, Some(312)),
            // The part on top is no longer than a pause of our own.
            (1.0, 120_000, Some(128_000)),
            (1.0, 121_000, None),
            // No pause at all is our own one.
            (1.0, 0, Some(500)),
        ] {
            let error = with_status(ErrorKind::RateLimited, 429).with_retry_after(Duration::from_millis(asked));
            let policy = RetryPolicy::default().jitter(move || part);
            let pause = policy.pause_after(&error, Some(&headers(&[])), 1);
            assert_eq!(pause.map(|pause| pause.length.as_millis()), length, "{part} of {asked}");
            assert_eq!(
                pause.is_some_and(|pause| pause.is_scheduled()),
                length.is_some() && asked > 0
            );
        }
    }

    #[test]
    fn a_scheduled_pause_gives_up_its_random_part_before_a_deadline() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let (scheduled, own) = (
            Pause {
                length: second * 5,
                asked: Some(second * 4),
            },
            Pause {
                length: second * 5,
                asked: None,
            },
        );
        let end = |pause: Pause, deadline| {
            pause
                .end(now, Some(now + second * deadline))
                .map(|at| (at - now).as_secs())
        };
        assert_eq!(end(scheduled, 6), Some(5));
        assert_eq!((end(scheduled, 5), end(own, 5)), (Some(4), None));
        assert_eq!(end(scheduled, 4), None);
    }

    #[test]
    fn lost_requests_are_sent_again_unless_that_is_switched_off() {
        let lost = || Error::new(ErrorKind::Connect, "").with_source(Unanswered::new("reset"));
        let policy = RetryPolicy::default();
        assert!(policy.pause_after(&lost(), None, 1).is_some());
        assert!(
            policy
                .pause_after(&Error::from(ErrorKind::Truncated), None, 1)
                .is_some()
        );
        let careful = policy.resend_unanswered(false);
        assert!(careful.pause_after(&lost(), None, 1).is_none());
        assert!(
            careful
                .pause_after(&Error::from(ErrorKind::Truncated), None, 1)
                .is_none()
        );
        assert!(careful.pause_after(&Error::from(ErrorKind::Connect), None, 1).is_some());
    }

    #[test]
    fn tls_and_our_own_timers_are_not_tried_again() {
        let policy = RetryPolicy::default();
        assert!(
            policy
                .pause_after(&Error::from(ErrorKind::Connect).with_retryable(false), None, 1)
                .is_none()
        );
        assert!(policy.pause_after(&Error::from(ErrorKind::Timeout), None, 1).is_none());
    }

    #[test]
    fn strange_jitter_stays_within_the_bounds() {
        for part in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
            assert!(RetryPolicy::default().jitter(move || part).pause(u32::MAX) <= Duration::from_secs(8));
        }
    }
}
