//! Custom ids, counted and compared without keeping them.

use std::collections::HashSet;

use cadena_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::fingerprint::fnv1a;

/// How many ids there are, and a sum over them that does not depend on their order.
///
/// Equal sums mean equal sets, but for a chance of 1 to 2^64: a fault of a server is found, a forgery would not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdSum {
    pub(super) requests: u64,
    sum: u64,
}

impl IdSum {
    pub(super) fn add(&mut self, id: &str) {
        self.requests = self.requests.saturating_add(1);
        let [low, high] = halves(hash(id));
        // Both halves, mixed: a plain sum of hashes is weaker.
        self.sum = self.sum.wrapping_add(low.rotate_left(23) ^ high);
    }
}

/// How long an id may be, so that what a server sends back can be held.
pub(super) const LONGEST_ID: usize = 512;

/// The ids that a job has had, at some 40 bytes each.
#[derive(Debug, Default)]
pub(super) struct KnownIds {
    seen: HashSet<u128>,
}

impl KnownIds {
    /// Refuses an id that is empty or was there before.
    pub(super) fn insert(&mut self, id: &str) -> Result<()> {
        if id.is_empty() {
            let error = Error::new(ErrorKind::InvalidInput, "a custom id is empty");
            return Err(error.with_hint("give each request another id: its answer is found by it"));
        }
        if id.len() > LONGEST_ID {
            let detail = format!("a custom id has {} bytes, and may have {LONGEST_ID}", id.len());
            return Err(Error::new(ErrorKind::InvalidInput, detail));
        }
        if self.seen.insert(hash(id)) {
            return Ok(());
        }
        let error = Error::new(ErrorKind::InvalidInput, format!("the custom id `{id}` occurs twice"));
        Err(error.with_hint("give each request another id: its answer is found by it"))
    }
}

/// A number for an id: see [`fnv1a`].
pub(super) fn hash(id: &str) -> u128 {
    fnv1a(id.as_bytes())
}

pub(super) fn halves(hash: u128) -> [u64; 2] {
    const LOW: u128 = u64::MAX as u128;
    [hash & LOW, hash >> 64].map(|half| u64::try_from(half).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(ids: &[&str]) -> IdSum {
        let mut sum = IdSum::default();
        ids.iter().for_each(|id| sum.add(id));
        sum
    }

    #[test]
    fn a_sum_depends_on_the_ids_and_not_on_their_order() {
        assert_eq!(sum(&["a", "b", "c"]), sum(&["c", "a", "b"]));
        for other in [&["a", "b"][..], &["a", "b", "d"], &["a", "b", "b"], &["ab", "c"]] {
            assert_ne!(sum(&["a", "b", "c"]), sum(other));
        }
    }

    #[test]
    fn an_id_that_was_there_is_refused() {
        let mut ids = KnownIds::default();
        ids.insert("a").unwrap();
        ids.insert("b").unwrap();
        assert_eq!(ids.insert("a").unwrap_err().detail(), "the custom id `a` occurs twice");
        assert_eq!(ids.insert("").unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
