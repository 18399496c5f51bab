//! Members that a type has no field for, kept verbatim.

use std::ops::Index;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::merge::json::merge_metadata;
use crate::{Merge, Result};

/// Members of a JSON object that a type has no field for: JSON by key, one word wide.
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
#[doc(alias = "additional_kwargs")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra(Option<Box<Map<String, Value>>>);

impl Extra {
    /// Returns the value of a key.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// extra.insert("min_p", 0.05);
    /// assert_eq!(extra.get("min_p").and_then(|value| value.as_f64()), Some(0.05));
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.as_ref()?.get(key)
    }

    /// Returns the value of a key, to be changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// extra.insert("n", 1);
    /// if let Some(value) = extra.get_mut("n") {
    ///     *value = 2.into();
    /// }
    /// assert_eq!(extra["n"], 2);
    /// ```
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.as_mut()?.get_mut(key)
    }

    /// Returns whether a key is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// extra.insert("n", 1);
    /// assert!(extra.contains_key("n") && !extra.contains_key("m"));
    /// ```
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key. Returns the value that it had before.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// assert_eq!(extra.insert("n", 1), None);
    /// assert_eq!(extra.insert("n", 2), Some(1.into()));
    /// ```
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.get_or_insert_default().insert(key.into(), value.into())
    }

    /// Removes a key and returns its value.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// extra.insert("n", 1);
    /// assert_eq!(extra.remove("n"), Some(1.into()));
    /// assert!(extra.is_empty());
    /// ```
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let value = self.0.as_mut()?.shift_remove(key);
        self.0.take_if(|map| map.is_empty()); // An emptied `Extra` must be equal to a new one.
        value
    }

    /// Returns whether no key is set.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::Extra::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|map| map.is_empty())
    }

    /// Iterates over the keys and values, in the order in which they were set.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// extra.insert("n", 1);
    /// assert_eq!(extra.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["n"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|map| map.iter())
    }

    /// Returns the object, if a key is set.
    pub(crate) fn as_mut_map(&mut self) -> Option<&mut Map<String, Value>> {
        self.0.as_deref_mut()
    }

    /// Returns the keys and values as a JSON object.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut extra = cadena_core::Extra::default();
    /// extra.insert("n", 1);
    /// assert_eq!(extra.into_map().len(), 1);
    /// ```
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

/// Keys are added by the rules of [`merge_dicts`](crate::merge::json::merge_dicts), except that of two floats the later one wins.
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
        // Servers write null for a missing object.
        let map = Option::<Map<String, Value>>::deserialize(deserializer)?;
        Ok(map.unwrap_or_default().into())
    }
}
