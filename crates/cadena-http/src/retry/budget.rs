//! The budget of retries that all clones of a client share.

use std::sync::atomic::{AtomicU32, Ordering};

const CAPACITY: u32 = 500;
const COST: u32 = 5;

/// A bucket of tokens. A retry takes five; a success after a retry that was paid gives its five back, any other success gives one.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: AtomicU32,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            tokens: AtomicU32::new(CAPACITY),
        }
    }

    /// Takes the price of a retry, if it is there.
    pub(crate) fn take(&self) -> bool {
        // Relaxed: the count orders nothing else.
        self.tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST))
            .is_ok()
    }

    /// Pays a success back.
    pub(crate) fn refund(&self, paid: bool) {
        let back = if paid { COST } else { 1 };
        let add = |left: u32| (left < CAPACITY).then(|| (left + back).min(CAPACITY));
        // Err means that the bucket is full, the usual case.
        let _full = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_retries_empty_the_bucket_and_success_fills_it() {
        let budget = Budget::new();
        assert_eq!(std::iter::from_fn(|| budget.take().then_some(())).count(), 100);
        budget.refund(true);
        assert!(budget.take());
        assert!(!budget.take());
        (0..5).for_each(|_| budget.refund(false));
        assert!(budget.take());
    }

    #[test]
    fn the_bucket_never_holds_more_than_its_capacity() {
        let budget = Budget::new();
        (0..10).for_each(|_| budget.refund(true));
        assert_eq!(budget.tokens.load(Ordering::Relaxed), CAPACITY);
    }
}
