//! The policy of retries: which errors, how many attempts, which pauses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::budget::RetryBudget;
use super::decision::{GaveUp, RetryPause};
use crate::{Error, ErrorKind, Result};

/// Configures which errors are tried again, how often, and after which pause.
///
/// By default, errors that [`Error::is_retryable`] reports are tried again, with three attempts in all. The pause is the one that the server
/// asked for, plus a random part of a quarter of it (at most [`max_pause`](Self::max_pause)), so that callers who were turned away
/// together do not come back together. If the server asked for none, the pause is a random part ("full jitter") of 0.5 s, which doubles from
/// attempt to attempt up to 8 s.
///
/// # Together with the retries of a client
///
/// A client over HTTP sends a request up to three times itself (`with_http_retry`). The error reports how often it was sent
/// ([`Error::attempts`]), and each of these sends counts as an attempt here. So both together send a request three times by default, not
/// nine, and `max_attempts(7)` makes further attempts where the client gave up: seven sends, and at most two more by the last attempt.
/// An error that is not of a request, such as a parser's, counts as one attempt.
///
/// # Examples
///
/// ```
/// use cadena_core::{ErrorKind, RetryOptions};
/// use std::time::Duration;
///
/// let patient = RetryOptions::new().max_attempts(6).max_pause(Duration::from_secs(60));
/// let parse_errors_too = RetryOptions::new().retry_if(|error| error.is_retryable() || error.kind() == ErrorKind::Parse);
/// # drop((patient, parse_errors_too));
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until they are given to a step"]
pub struct RetryOptions {
    max_attempts: u32,
    base_pause: Duration,
    max_pause: Duration,
    max_retry_after: Duration,
    predicate: Arc<dyn Fn(&Error) -> bool + Send + Sync>,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    budget: Option<RetryBudget>,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_pause: Duration::from_millis(500),
            max_pause: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(120),
            predicate: Arc::new(Error::is_retryable),
            jitter: Arc::new(fastrand::f64),
            budget: None,
        }
    }
}

impl RetryOptions {
    /// Makes the default: three attempts at errors that [`Error::is_retryable`] reports.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::RetryOptions::new().attempts(), 3);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how often the step is tried in all.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::RetryOptions::new().attempts(), 3);
    /// ```
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Sets how often the step is tried in all: 3; 0 counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::RetryOptions::new().max_attempts(0).attempts(), 1);
    /// ```
    #[doc(alias("max_retries", "stop_after_attempt"))]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the longest pause before the second attempt: 0.5 s. It doubles from attempt to attempt; zero is no pause at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let options = cadena_core::RetryOptions::new().base_pause(Duration::from_secs(1)).jitter(|| 1.0);
    /// assert_eq!(options.pause(2), Duration::from_secs(2));
    /// ```
    pub fn base_pause(mut self, pause: Duration) -> Self {
        self.base_pause = pause;
        self
    }

    /// Sets the longest pause that is not the server's: 8 s.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let options = cadena_core::RetryOptions::new().max_pause(Duration::from_secs(1)).jitter(|| 1.0);
    /// assert_eq!(options.pause(9), Duration::from_secs(1));
    /// ```
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// Sets the longest pause that a server may ask for: 120 s. If it asks for more, its error is returned at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cadena_core::{GaveUp, RetryOptions};
    ///
    /// let hasty = RetryOptions::new().max_retry_after(Duration::from_secs(5));
    /// assert_eq!(hasty.decide(true, Some(Duration::from_secs(6)), 1, None), Err(GaveUp::TooLong));
    /// ```
    pub fn max_retry_after(mut self, pause: Duration) -> Self {
        self.max_retry_after = pause;
        self
    }

    /// Sets which errors are tried again: those that [`Error::is_retryable`] reports.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ErrorKind, RetryOptions};
    ///
    /// let timeouts_too = RetryOptions::new().retry_if(|error| error.is_retryable() || error.kind() == ErrorKind::Timeout);
    /// # drop(timeouts_too);
    /// ```
    pub fn retry_if(mut self, predicate: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Arc::new(predicate);
        self
    }

    /// Sets which kinds of errors are tried again, and no others.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ErrorKind, RetryOptions};
    ///
    /// let of_parsers = RetryOptions::new().retry_kinds([ErrorKind::Parse]);
    /// # drop(of_parsers);
    /// ```
    pub fn retry_kinds(self, kinds: impl IntoIterator<Item = ErrorKind>) -> Self {
        let kinds: Vec<_> = kinds.into_iter().collect();
        self.retry_if(move |error| kinds.contains(&error.kind()))
    }

    /// Sets the source of the random part of a pause: numbers from 0 to 1. A test sets a constant.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RetryOptions;
    ///
    /// let longest = RetryOptions::new().jitter(|| 1.0);
    /// assert_eq!(longest.pause(1).as_secs_f64(), 0.5);
    /// assert_eq!(longest.pause(2).as_secs_f64(), 1.0);
    /// assert_eq!(longest.pause(9).as_secs_f64(), 8.0);
    /// ```
    pub fn jitter(mut self, source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Arc::new(source);
        self
    }

    /// Sets a budget of second attempts, which several steps can share: none by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RetryBudget, RetryOptions};
    ///
    /// let budget = RetryBudget::new(100);
    /// let (one, other) = (RetryOptions::new().budget(budget.clone()), RetryOptions::new().budget(budget));
    /// # drop((one, other));
    /// ```
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Returns the pause after this many attempts have failed, if the server asks for none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// assert!(cadena_core::RetryOptions::new().pause(1) <= Duration::from_millis(500));
    /// ```
    #[must_use]
    pub fn pause(&self, failed: u32) -> Duration {
        let longest = 2u32
            .checked_pow(failed.saturating_sub(1))
            .and_then(|factor| self.base_pause.checked_mul(factor))
            .map_or(self.max_pause, |pause| pause.min(self.max_pause));
        longest.mul_f64(self.part())
    }

    /// The random part, from 0 to 1.
    fn part(&self) -> f64 {
        let part = (self.jitter)();
        // A NaN from a source of jitter must not become a pause.
        if part.is_nan() { 1.0 } else { part.clamp(0.0, 1.0) }
    }

    /// Decides whether there is another attempt, and after which pause.
    ///
    /// `with_retry` asks it about a step. A transport that repeats requests asks it about a request, so that attempts, pauses and
    /// random parts are computed here alone: `retryable` is the transport's judgement of the failure, `asked` the pause that the
    /// server asks for, `failed` the number of attempts so far, `remaining` the time until the deadline of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cadena_core::{GaveUp, RetryOptions};
    ///
    /// let options = RetryOptions::new().jitter(|| 1.0);
    /// let own = options.decide(true, None, 1, None)?;
    /// assert_eq!((own.length.as_millis(), own.scheduled), (500, false));
    /// // A random part of a quarter on top, so that callers who were turned away together do not come back together.
    /// let asked = options.decide(true, Some(Duration::from_secs(4)), 1, None)?;
    /// assert_eq!((asked.length.as_secs(), asked.scheduled), (5, true));
    /// assert_eq!(options.decide(true, None, 3, None), Err(GaveUp::LastAttempt));
    /// # Ok::<_, GaveUp>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The reason why there is no other attempt.
    pub fn decide(
        &self,
        retryable: bool,
        asked: Option<Duration>,
        failed: u32,
        remaining: Option<Duration>,
    ) -> Result<RetryPause, GaveUp> {
        if !retryable {
            return Err(GaveUp::Final);
        }
        if failed >= self.max_attempts {
            return Err(GaveUp::LastAttempt);
        }
        let fits = |pause: &Duration| remaining.is_none_or(|remaining| *pause < remaining);
        // A server that asks for no pause at all leaves it to us.
        let asked = asked.filter(|asked| !asked.is_zero());
        let pause = match asked {
            Some(asked) if asked > self.max_retry_after => return Err(GaveUp::TooLong),
            // The part on top is given up where only the pause itself fits.
            Some(asked) => {
                let top = (asked / 4).min(self.max_pause).mul_f64(self.part());
                Some(asked.saturating_add(top)).filter(fits).or(Some(asked))
            }
            None => Some(self.pause(failed)),
        };
        let length = pause.filter(fits).ok_or(GaveUp::Deadline)?;
        Ok(RetryPause {
            length,
            scheduled: asked.is_some(),
        })
    }

    /// Returns the pause before the next attempt at a step, and the error that made it necessary; or the error that ends the call.
    pub(super) fn pause_after(
        &self,
        error: Error,
        failed: u32,
        remaining: Option<Duration>,
    ) -> Result<(Duration, Error)> {
        let decided = self.decide((self.predicate)(&error), error.retry_after(), failed, remaining);
        // The error says more than the reason why there is no other attempt.
        let Ok(pause) = decided else { return Err(error) };
        if !pause.scheduled && !self.budget.as_ref().is_none_or(RetryBudget::take) {
            let why = "gave up without another try: the budget of retries is spent";
            return Err(match error.hint().map(|hint| format!("{hint}; {why}")) {
                Some(hint) => error.with_hint(hint),
                None => error.with_hint(why),
            });
        }
        Ok((pause.length, error))
    }

    pub(super) fn succeeded(&self) {
        if let Some(budget) = &self.budget {
            budget.succeeded(false);
        }
    }
}

pub(super) fn exhausted() -> Error {
    Error::new(ErrorKind::Internal, "a retry counted beyond its attempts")
}

impl fmt::Debug for RetryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryOptions")
            .field("max_attempts", &self.max_attempts)
            .field("base_pause", &self.base_pause)
            .field("max_pause", &self.max_pause)
            .field("max_retry_after", &self.max_retry_after)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(part: f64, asked: u64, remaining: Option<u64>) -> Result<u128, GaveUp> {
        let asked = Duration::from_millis(asked);
        let options = RetryOptions::new().jitter(move || part);
        let decided = options.decide(true, Some(asked), 1, remaining.map(Duration::from_millis))?;
        assert_eq!(decided.scheduled, !asked.is_zero());
        Ok(decided.length.as_millis())
    }

    #[test]
    fn a_pause_that_the_server_asks_for_is_kept_up_to_two_minutes_and_never_shortened() {
        for (part, asked, length) in [
            (0.0, 1500, Ok(1500)),
            (0.5, 2000, Ok(2250)),
            (1.0, 2000, Ok(2500)),
            (1.0, 250, Ok(312)),
            // The part on top is no longer than a pause of our own.
            (1.0, 120_000, Ok(128_000)),
            (1.0, 121_000, Err(GaveUp::TooLong)),
            // No pause at all is our own one.
            (1.0, 0, Ok(500)),
        ] {
            assert_eq!(decide(part, asked, None), length, "{part} of {asked}");
        }
    }

    #[test]
    fn a_scheduled_pause_gives_up_its_random_part_before_a_deadline() {
        for (remaining, length) in [(6000, Ok(5000)), (5000, Ok(4000)), (4000, Err(GaveUp::Deadline))] {
            assert_eq!(decide(1.0, 4000, Some(remaining)), length);
        }
    }

    #[test]
    fn strange_jitter_stays_within_the_bounds() {
        for part in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
            assert!(RetryOptions::new().jitter(move || part).pause(u32::MAX) <= Duration::from_secs(8));
        }
    }
}
