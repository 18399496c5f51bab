//! The index of a block in its answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::Json;

/// The index of a block in its answer: pieces with the same index grow together.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::BlockIndex;
///
/// assert_eq!(serde_json::to_value(BlockIndex::from(0))?, 0);
/// assert_eq!(serde_json::to_value(BlockIndex::from("lc_txt_0"))?, "lc_txt_0");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BlockIndex {
    /// The provider's number. As JSON: `0`.
    Number(i64),
    /// A name, such as those that a translation makes. As JSON: `"lc_txt_0"`.
    Name(String),
}

impl From<i64> for BlockIndex {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for BlockIndex {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for BlockIndex {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl Json for BlockIndex {
    fn fits(value: &Value) -> bool {
        value.is_i64() || value.is_string()
    }

    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().map(Self::Number),
            Value::String(name) => Some(Self::Name(name)),
            _ => None,
        }
    }

    fn into_json(self) -> Value {
        match self {
            Self::Number(number) => number.into(),
            Self::Name(name) => name.into(),
        }
    }

    fn write<M: serde::ser::SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
}
