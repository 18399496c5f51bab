//! Fields that a type does not know, kept verbatim.

use std::ops::Index;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::merge::json::merge_metadata;
use crate::{Merge, Result};

/// What else a server or a stored history said: JSON by key, one word wide.
///
/// # Examples
///
/// ```
/// use cadena_core::Extra;
///
/// let mut extra = Extra::default();
/// extra.insert("min_p", 0.05);
/// assert_eq!(extra.get("min_p").and_then(|v| v.as_f64()), Some(0.05));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra(Option<Box<Map<String, Value>>>);

impl Extra {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.as_ref()?.get(key)
    }

    /// The value of a key, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.as_mut()?.get_mut(key)
    }

    /// Whether a key is set.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key; returns what it held before.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.get_or_insert_default().insert(key.into(), value.into())
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let value = self.0.as_mut()?.shift_remove(key);
        self.0.take_if(|map| map.is_empty()); // nothing is equal to nothing, however it came about
        value
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|map| map.is_empty())
    }

    /// Every key and value, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|map| map.iter())
    }

    /// The object, if there is one.
    pub(crate) fn as_mut_map(&mut self) -> Option<&mut Map<String, Value>> {
        self.0.as_deref_mut()
    }

    /// The keys as a JSON object.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.0.map(|map| *map).unwrap_or_default()
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(map: Map<String, Value>) -> Self {
        Self((!map.is_empty()).then(|| Box::new(map)))
    }
}

/// The value of a key; null if it is not set, as with [`Value`].
///
/// # Examples
///
/// ```
/// let mut extra = cadena_core::Extra::default();
/// extra.insert("min_p", 0.05);
/// assert_eq!(extra["min_p"], 0.05);
/// assert!(extra["max_p"].is_null());
/// ```
impl Index<&str> for Extra {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }
}

impl From<Extra> for Value {
    fn from(extra: Extra) -> Self {
        Self::Object(extra.into_map())
    }
}

impl IntoIterator for Extra {
    type Item = (String, Value);
    type IntoIter = serde_json::map::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.into_map().into_iter()
    }
}

/// By the rules of [`merge_dicts`](crate::merge::json::merge_dicts), except that of two floats the later one wins.
impl Merge for Extra {
    fn merge(&mut self, next: Self) -> Result<()> {
        match (&mut self.0, next.0) {
            (Some(left), Some(right)) => merge_metadata(left, *right),
            (left @ None, right) => {
                *left = right;
                Ok(())
            }
            (Some(_), None) => Ok(()),
        }
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Null is as good as missing.
        let map = Option::<Map<String, Value>>::deserialize(deserializer)?;
        Ok(map.unwrap_or_default().into())
    }
}
