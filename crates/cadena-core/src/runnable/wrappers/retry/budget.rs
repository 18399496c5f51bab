//! The number of second attempts that several calls share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Limits how many second attempts several calls make together. When everything fails for everybody, retries stop instead
/// of multiplying the load.
///
/// Every attempt after the first takes one, unless the server has scheduled it by `Retry-After`; ten successes return one
/// ([`refund_every`](Self::refund_every)), up to the capacity. Clones share it. If an error ends a call because the budget is
/// spent, the error's hint names the budget.
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
    /// One attempt is `price` units, so that a success can return a part of one.
    units: Arc<AtomicU32>,
    capacity: u32,
    price: u32,
}

impl RetryBudget {
    /// Makes a full budget.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::RetryBudget::new(3).remaining(), 3);
    /// ```
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        Self::with_price(capacity, 10)
    }

    fn with_price(attempts: u32, price: u32) -> Self {
        let capacity = attempts.saturating_mul(price);
        Self {
            units: Arc::new(AtomicU32::new(capacity)),
            capacity,
            price,
        }
    }

    /// Sets how many successes return one attempt: 10. The budget is full again and shared with no earlier clone.
    ///
    /// # Examples
    ///
    /// ```
    /// let budget = cadena_core::RetryBudget::new(1).refund_every(2);
    /// assert!(budget.take());
    /// budget.succeeded(false);
    /// assert_eq!(budget.remaining(), 0);
    /// budget.succeeded(false);
    /// assert_eq!(budget.remaining(), 1);
    /// ```
    #[must_use]
    pub fn refund_every(self, successes: u32) -> Self {
        Self::with_price(self.capacity / self.price, successes.max(1))
    }

    /// Returns how many second attempts it still pays for.
    ///
    /// # Examples
    ///
    /// ```
    /// let budget = cadena_core::RetryBudget::new(2);
    /// assert!(budget.take());
    /// assert_eq!(budget.remaining(), 1);
    /// ```
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.units.load(Ordering::Relaxed) / self.price
    }

    /// Takes one attempt. Returns whether there was one.
    ///
    /// `with_retry` does this by itself; a transport that repeats requests does it before each paid one.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cadena_core::RetryBudget::new(0).take());
    /// ```
    #[must_use]
    pub fn take(&self) -> bool {
        // Relaxed: the count orders nothing else.
        self.units
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(self.price)
            })
            .is_ok()
    }

    /// Returns a part of an attempt after a success, or a whole one if the attempt that succeeded was `paid`.
    ///
    /// # Examples
    ///
    /// ```
    /// let budget = cadena_core::RetryBudget::new(1);
    /// assert!(budget.take());
    /// budget.succeeded(true);
    /// assert_eq!(budget.remaining(), 1);
    /// ```
    pub fn succeeded(&self, paid: bool) {
        let back = if paid { self.price } else { 1 };
        let add = |left: u32| (left < self.capacity).then(|| left.saturating_add(back).min(self.capacity));
        // Err means that it is full, the usual case.
        let _full = self.units.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_emptied_by_attempts_filled_by_successes_and_never_over_its_capacity() {
        let budget = RetryBudget::new(100).refund_every(5);
        assert_eq!(std::iter::from_fn(|| budget.take().then_some(())).count(), 100);
        budget.succeeded(true);
        assert!(budget.take() && !budget.take());
        (0..5).for_each(|_| budget.succeeded(false));
        assert!(budget.take());
        (0..200).for_each(|_| budget.succeeded(true));
        assert_eq!(budget.remaining(), 100);
    }
}
