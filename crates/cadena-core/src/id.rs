//! Ids of runs and their generators.

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
    /// Makes an id from its 128 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunId;
    ///
    /// assert_eq!(RunId::from_u128(7).to_string(), "00000000-0000-0000-0000-000000000007");
    /// ```
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

/// A source of ids for runs, and so for their messages; [`RunConfig::ids`](crate::RunConfig::ids()) sets one.
///
/// The default is [`RandomIds`]. A snapshot test uses [`SequentialIds`], so that its output is the same every time.
///
/// # Examples
///
/// ```
/// use cadena_core::{IdGenerator, RunId};
///
/// #[derive(Debug)]
/// struct Always7;
///
/// impl IdGenerator for Always7 {
///     fn next_id(&self) -> RunId {
///         RunId::from_u128(7)
///     }
/// }
///
/// assert_eq!(Always7.next_id(), RunId::from_u128(7));
/// ```
pub trait IdGenerator: Send + Sync + fmt::Debug + 'static {
    /// Returns an id that this generator has not returned before.
    fn next_id(&self) -> RunId;
}

/// Ids of UUID version 7: the time in milliseconds, then random bits.
///
/// # Examples
///
/// ```
/// use cadena_core::{IdGenerator, RandomIds};
///
/// assert_ne!(RandomIds.next_id(), RandomIds.next_id());
/// ```
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

/// Ids that count from 1, for tests whose output must be the same every time.
///
/// # Examples
///
/// ```
/// use cadena_core::{IdGenerator, SequentialIds};
///
/// let ids = SequentialIds::default();
/// assert_eq!(ids.next_id().to_string(), "00000000-0000-7000-8000-000000000001");
/// assert_eq!(ids.next_id().to_string(), "00000000-0000-7000-8000-000000000002");
/// ```
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
