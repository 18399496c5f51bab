//! What is tried again, how often, and after which pause.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// What is tried again, how often, and after which pause.
///
/// Default: what [`Error::is_retryable`] says, three attempts in all. The pause is what the server asked for and a random part of a
/// quarter of it (at most [`max_pause`](Self::max_pause)) on top, so that callers who were turned away together do not come back
/// together; else a random part ("full jitter") of 0.5 s, which doubles from attempt to attempt up to 8 s.
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
    /// Three attempts at what [`Error::is_retryable`] says.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the step is tried in all.
    pub(super) fn attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Sets how often the step is tried in all; 0 counts as 1.
    #[doc(alias("max_retries", "stop_after_attempt"))]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the longest pause before the second attempt; it doubles from attempt to attempt. Zero is no pause at all.
    pub fn base_pause(mut self, pause: Duration) -> Self {
        self.base_pause = pause;
        self
    }

    /// Sets the longest pause of our own.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// Sets the longest pause that a server may ask for: if it asks for more, its error is returned at once.
    pub fn max_retry_after(mut self, pause: Duration) -> Self {
        self.max_retry_after = pause;
        self
    }

    /// Sets which errors are tried again.
    pub fn retry_if(mut self, predicate: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Arc::new(predicate);
        self
    }

    /// Sets which kinds of errors are tried again.
    pub fn retry_kinds(self, kinds: impl IntoIterator<Item = ErrorKind>) -> Self {
        let kinds: Vec<_> = kinds.into_iter().collect();
        self.retry_if(move |error| kinds.contains(&error.kind()))
    }

    /// Sets where the random part of a pause comes from: numbers from 0 to 1. A test gives a constant.
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

    /// Sets the budget of second attempts, which several steps can share.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Our own pause after this many attempts have failed.
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

    /// The pause before the next attempt, and the error that made it necessary; or the error as the last word.
    pub(super) fn pause_after(
        &self,
        error: Error,
        failed: u32,
        remaining: Option<Duration>,
    ) -> Result<(Duration, Error)> {
        if failed >= self.max_attempts || !(self.predicate)(&error) {
            return Err(error);
        }
        let fits = |pause: &Duration| remaining.is_none_or(|remaining| *pause < remaining);
        let asked = error.retry_after().filter(|asked| !asked.is_zero());
        let pause = match asked {
            Some(asked) if asked > self.max_retry_after => return Err(error),
            // The part on top is given up where only the pause itself fits.
            Some(asked) => {
                let top = (asked / 4).min(self.max_pause).mul_f64(self.part());
                Some(asked.saturating_add(top)).filter(fits).or(Some(asked))
            }
            None => Some(self.pause(failed)),
        };
        let Some(pause) = pause.filter(fits) else {
            return Err(error); // The call would be over before the next attempt: its error says more than that.
        };
        if asked.is_none() && !self.budget.as_ref().is_none_or(RetryBudget::take) {
            let why = "gave up without another try: the budget of retries is spent";
            return Err(match error.hint().map(|hint| format!("{hint}; {why}")) {
                Some(hint) => error.with_hint(hint),
                None => error.with_hint(why),
            });
        }
        Ok((pause, error))
    }

    pub(super) fn succeeded(&self) {
        if let Some(budget) = &self.budget {
            budget.refund();
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

/// How many second attempts several calls may make together: when everything fails for everybody, retries stop instead of
/// multiplying the load.
///
/// Every attempt after the first takes one, unless the server has scheduled it by `Retry-After`; every success gives a tenth back, up to
/// the capacity. Clones share it. The hint of an error names a budget that is spent.
///
/// # Examples
///
/// ```
/// use cadena_core::{RetryBudget, RetryOptions};
///
/// let budget = RetryBudget::new(100);
/// let options = RetryOptions::new().budget(budget.clone());
/// assert_eq!(budget.remaining(), 100);
/// # drop(options);
/// ```
#[derive(Clone, Debug)]
pub struct RetryBudget {
    tenths: Arc<AtomicU32>,
    capacity: u32,
}

impl RetryBudget {
    /// What a success gives back for each ten.
    const PRICE: u32 = 10;

    /// A full budget.
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        let capacity = capacity.saturating_mul(Self::PRICE);
        Self {
            tenths: Arc::new(AtomicU32::new(capacity)),
            capacity,
        }
    }

    /// How many second attempts it still pays for.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.tenths.load(Ordering::Relaxed) / Self::PRICE
    }

    fn take(&self) -> bool {
        // Relaxed: the count orders nothing else.
        self.tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(Self::PRICE)
            })
            .is_ok()
    }

    fn refund(&self) {
        let add = |left: u32| (left < self.capacity).then_some(left + 1);
        // Err means that it is full, the usual case.
        let _full = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}
