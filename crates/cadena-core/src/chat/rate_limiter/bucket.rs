//! A bucket that fills evenly and that requests empty.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// A bucket of `capacity` units that fills with `limit` units per `period`.
///
/// It holds no number that would have to be refilled, only the moment at which it will be full again (the generic cell rate
/// algorithm): so waits are computed, and nothing runs between calls.
#[derive(Clone)]
pub(super) struct Bucket {
    limit: u64,
    period: Duration,
    capacity: u64,
    /// The moment at which the bucket is full again; `None` until the first unit leaves.
    full_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(limit: u64, period: Duration, capacity: u64) -> Self {
        Self {
            limit: limit.max(1),
            period,
            capacity: capacity.max(1),
            full_at: None,
        }
    }

    pub(super) fn with_capacity(self, capacity: u64) -> Self {
        Self::new(self.limit, self.period, capacity)
    }

    pub(super) fn fresh(&self) -> Self {
        Self::new(self.limit, self.period, self.capacity)
    }

    /// Returns how long it takes until `cost` units may leave, after `before` units of others.
    ///
    /// A larger cost than the capacity waits for a full bucket.
    pub(super) fn wait(&self, now: Instant, before: u64, cost: u64) -> Duration {
        let missing = self
            .full_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let units = before.saturating_add(cost.min(self.capacity));
        missing
            .saturating_add(self.time(units))
            .saturating_sub(self.time(self.capacity))
    }

    /// Lets units leave, perhaps more than the bucket has: then the bucket owes them.
    pub(super) fn take(&mut self, now: Instant, cost: u64) {
        let from = self.full_at.map_or(now, |at| at.max(now));
        self.full_at = Some(later(from, self.time(cost)));
    }

    /// Replaces `expected` units that have left by `used` units.
    pub(super) fn correct(&mut self, now: Instant, expected: u64, used: u64) {
        if used >= expected {
            self.take(now, used - expected);
        } else if let Some(at) = self.full_at {
            self.full_at = at.checked_sub(self.time(expected - used));
        }
    }

    /// Returns how long so many units take to fill in, rounded up, so that the units are there after the wait.
    fn time(&self, units: u64) -> Duration {
        let nanos = self
            .period
            .as_nanos()
            .saturating_mul(units.into())
            .div_ceil(self.limit.into());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {:?}, {} at once", self.limit, self.period, self.capacity)
    }
}

/// Adds a time to a moment. Times above thirty years count as thirty years, since larger sums may overflow.
fn later(from: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    from.checked_add(time.min(FAR)).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_full_bucket_gives_its_capacity_and_then_one_unit_per_interval() {
        let (mut bucket, now) = (Bucket::new(4, SECOND, 2), Instant::now());
        assert!(bucket.wait(now, 0, 1).is_zero());
        bucket.take(now, 1);
        assert!(bucket.wait(now, 0, 1).is_zero());
        bucket.take(now, 1);
        assert_eq!(bucket.wait(now, 0, 1), SECOND / 4);
        assert_eq!(bucket.wait(now, 1, 1), SECOND / 2);
        assert!(bucket.wait(now + SECOND / 4, 0, 1).is_zero());
    }

    #[test]
    fn what_is_larger_than_the_bucket_leaves_when_it_is_full_and_is_owed() {
        let (mut bucket, now) = (Bucket::new(10, SECOND, 10), Instant::now());
        assert!(bucket.wait(now, 0, 30).is_zero());
        bucket.take(now, 30);
        assert_eq!(bucket.wait(now, 0, 10), 3 * SECOND);
        bucket.correct(now, 30, 10);
        assert_eq!(bucket.wait(now, 0, 10), SECOND);
    }

    #[test]
    fn extreme_limits_do_not_overflow() {
        let mut bucket = Bucket::new(1, Duration::MAX, u64::MAX);
        let now = Instant::now();
        bucket.take(now, u64::MAX);
        bucket.correct(now, u64::MAX, 0);
        let _ = bucket.wait(now, u64::MAX, u64::MAX);
    }

    proptest! {
        /// For requests at any times, no window of a period lets more leave than the limit and one bucket.
        #[test]
        fn no_window_gives_more_than_the_limit_and_the_capacity(
            limit in 1u64..20, capacity in 1u64..10, gaps in proptest::collection::vec(0u64..400, 1..60)
        ) {
            let mut bucket = Bucket::new(limit, SECOND, capacity);
            let mut now = Instant::now();
            let mut left = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                now += bucket.wait(now, 0, 1);
                prop_assert!(bucket.wait(now, 0, 1).is_zero());
                bucket.take(now, 1);
                left.push(now);
            }
            for (index, start) in left.iter().enumerate() {
                let in_window = left[index..].iter().filter(|at| at.duration_since(*start) < SECOND).count();
                prop_assert!(in_window as u64 <= limit + capacity);
            }
        }
    }
}
