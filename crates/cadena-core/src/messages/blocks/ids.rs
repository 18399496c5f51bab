//! Ids for blocks that have none.

use std::io::{self, Write};

use serde_json::{Map, Value};
use uuid::Builder;

use crate::IdGenerator;
use crate::messages::id::AUTO_PREFIX;

/// The source of the ids of blocks.
pub(super) enum Ids<'a> {
    Given(&'a dyn IdGenerator),
    /// Made of the message's id and the content before the block, so that two views have the same ids.
    Derived(Fnv),
}

impl<'a> Ids<'a> {
    pub(super) fn given(ids: &'a dyn IdGenerator) -> Self {
        Self::Given(ids)
    }

    pub(super) fn derived(message_id: Option<&str>) -> Self {
        let mut hash = Fnv::default();
        hash.update(message_id.unwrap_or_default().as_bytes());
        Self::Derived(hash)
    }

    /// Returns an id for a block that has none.
    pub(super) fn next(&mut self, block: &Map<String, Value>) -> String {
        match self {
            Self::Given(ids) => format!("{AUTO_PREFIX}{}", ids.next_id()),
            Self::Derived(hash) => {
                // Writing to a hash cannot fail, and a map of JSON always has a text.
                let _ = serde_json::to_writer(&mut *hash, block);
                let id = Builder::from_custom_bytes(hash.0.to_be_bytes()).into_uuid();
                format!("{AUTO_PREFIX}{id}")
            }
        }
    }
}

/// The 128-bit FNV-1a hash, which is the same on every machine (RFC 9923). An id is not a secret, so no stronger hash is needed.
pub(super) struct Fnv(u128);

impl Fnv {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv::default();
        hash.update(b"a");
        assert_eq!(hash.0, 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
