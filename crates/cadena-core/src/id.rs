//! Ids of runs, and where they come from.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// The id of a run: a UUID.
///
/// # Examples
///
/// ```
/// use cadena_core::{IdGenerator, SequentialIds};
///
/// assert_eq!(SequentialIds::default().next_id().to_string(), "00000000-0000-7000-8000-000000000001");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(Uuid);

impl RunId {
    /// An id from its 128 bits.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the ids of runs, and so those of messages, come from.
///
/// The default is [`RandomIds`]; a snapshot test uses [`SequentialIds`], so that its output is the same every time.
pub trait IdGenerator: Send + Sync + fmt::Debug + 'static {
    /// An id that this generator has not given before.
    fn next_id(&self) -> RunId;
}

/// Ids of UUID version 7: the time in milliseconds, then random bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdGenerator for RandomIds {
    fn next_id(&self) -> RunId {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        let random = fastrand::u128(..).to_le_bytes();
        let (bytes, _) = random.split_at(10);
        let bytes = bytes.try_into().unwrap_or([0; 10]);
        RunId(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}

/// Ids that count from 1, for tests.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdGenerator for SequentialIds {
    fn next_id(&self) -> RunId {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        RunId::from_u128(0x7000_8000_0000_0000_0000 | u128::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_version_7_and_differ() {
        let (first, second) = (RandomIds.next_id(), RandomIds.next_id());
        assert_ne!(first, second);
        assert_eq!(first.0.get_version_num(), 7);
    }
}
