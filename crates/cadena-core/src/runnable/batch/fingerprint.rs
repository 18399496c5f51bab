//! The fingerprint by which a later run knows an input.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::hash::Fnv;
use crate::{Error, ErrorKind, Result};

/// A hash of an input as JSON, the same in every process and in every version. The order of an object's keys does not count,
/// since a `HashMap` has another one in every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) u64);

impl Fingerprint {
    pub(super) fn of(input: &impl Serialize) -> Result<Self> {
        let value = serde_json::to_value(input).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "an input of the batch has no JSON form")
                .with_hint("a later run must recognise it: its keys must be texts and its numbers fit into 64 bits")
                .with_source(error)
        })?;
        Ok(Self(hash(&value)))
    }
}

/// The hash of one value, begun with a tag for its type.
struct Hasher(Fnv);

impl Hasher {
    fn new(tag: u8) -> Self {
        let mut hasher = Self(Fnv::default());
        hasher.bytes(&[tag]);
        hasher
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.add(bytes);
    }

    /// Spreads every bit over all the others, since the entries of an object are summed and marks keep only some bits.
    fn finish(self) -> u64 {
        let mut hash = self.0.value();
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

fn hash(value: &Value) -> u64 {
    match value {
        Value::Null => Hasher::new(b'0').finish(),
        Value::Bool(value) => Hasher::new(if *value { b't' } else { b'f' }).finish(),
        Value::Number(number) => {
            let mut hasher = Hasher::new(b'n');
            hasher.bytes(number.to_string().as_bytes());
            hasher.finish()
        }
        Value::String(text) => {
            let mut hasher = Hasher::new(b's');
            hasher.bytes(text.as_bytes());
            hasher.finish()
        }
        Value::Array(items) => {
            let mut hasher = Hasher::new(b'a');
            items.iter().for_each(|item| hasher.bytes(&hash(item).to_le_bytes()));
            hasher.finish()
        }
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                let mut hasher = Hasher::new(b'e');
                hasher.bytes(&hash(value).to_le_bytes());
                hasher.bytes(key.as_bytes());
                hasher.finish()
            };
            let sum = entries.iter().map(entry).fold(0, u64::wrapping_add);
            let mut hasher = Hasher::new(b'o');
            hasher.bytes(&sum.to_le_bytes());
            hasher.finish()
        }
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = u64::from_str_radix(&text, 16);
        hash.map(Self)
            .map_err(|_| D::Error::custom("a hash is 16 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expect: &str) {
        let written = serde_json::to_value(Fingerprint::of(&value).unwrap()).unwrap();
        assert_eq!(written, expect);
    }

    /// A file may be gone on with by a later version: these values must never change.
    #[test]
    fn a_fingerprint_is_the_same_for_ever() {
        check(json!(null), "8bd66332999b4192");
        check(json!("two"), "6a69271f8c97d3d0");
        check(json!({"a": [1, 2.5, true], "b": {}}), "cb080958bfebf638");
    }

    #[test]
    fn the_order_of_keys_does_not_count_and_that_of_items_does() {
        let of = |value: Value| Fingerprint::of(&value).unwrap();
        assert_eq!(of(json!({"a": 1, "b": 2})), of(json!({"b": 2, "a": 1})));
        assert_ne!(of(json!({"a": 1, "b": 2})), of(json!({"a": 2, "b": 1})));
        assert_ne!(of(json!([1, 2])), of(json!([2, 1])));
        assert_ne!(of(json!("1")), of(json!(1)));
    }
}
