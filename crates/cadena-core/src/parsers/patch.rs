//! [`JsonPatch`]: the changes that make one JSON value of another.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{escape, unescape};
use crate::{Error, ErrorKind, Merge, Result, Streamable};

/// Changes of a JSON value, as RFC 6902 writes them.
///
/// A later patch goes on where an earlier one ended, so patches are chunks that append.
///
/// # Examples
///
/// ```
/// use cadena_core::JsonPatch;
/// use serde_json::json;
///
/// let patch = JsonPatch::between(&json!({"a": [1], "b": "x"}), &json!({"a": [1, 2], "b": "xy"}));
/// assert_eq!(
///     serde_json::to_value(&patch)?,
///     json!([{"op": "add", "path": "/a/1", "value": 2}, {"op": "replace", "path": "/b", "value": "xy"}]),
/// );
///
/// let mut value = json!({"a": [1], "b": "x"});
/// patch.apply(&mut value)?;
/// assert_eq!(value, json!({"a": [1, 2], "b": "xy"}));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonPatch(pub Vec<PatchOperation>);

/// One change of a JSON value, at a JSON pointer.
///
/// # Examples
///
/// ```
/// use cadena_core::PatchOperation;
///
/// let operation: PatchOperation = serde_json::from_str(r#"{"op": "remove", "path": "/a"}"#)?;
/// assert_eq!(operation, PatchOperation::Remove { path: "/a".to_owned() });
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
#[non_exhaustive]
pub enum PatchOperation {
    /// Adds an entry to an object, or an item to a list before the one at the index; the index after the last item adds at the end.
    Add {
        /// The pointer of the place.
        path: String,
        /// The new value.
        value: Value,
    },
    /// Replaces a value.
    Replace {
        /// The pointer of the place.
        path: String,
        /// The new value.
        value: Value,
    },
    /// Removes an entry or an item.
    Remove {
        /// The pointer of the place.
        path: String,
    },
}

impl JsonPatch {
    /// Returns the changes that make `to` of `from`. Items are compared at equal indexes, and entries by their keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonPatch, PatchOperation};
    /// use serde_json::json;
    ///
    /// let patch = JsonPatch::between(&json!([1, 2]), &json!([1]));
    /// assert_eq!(patch.0, [PatchOperation::Remove { path: "/1".to_owned() }]);
    /// ```
    #[must_use]
    pub fn between(from: &Value, to: &Value) -> Self {
        let mut patch = Self::default();
        patch.compare(String::new(), from, to);
        patch
    }

    /// Whether the patch changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonPatch;
    /// use serde_json::json;
    ///
    /// assert!(JsonPatch::between(&json!([1]), &json!([1])).is_empty());
    /// assert!(!JsonPatch::between(&json!([1]), &json!([2])).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes a value. After an error the changes before the one that failed are made.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonPatch;
    /// use serde_json::json;
    ///
    /// let patch: JsonPatch = serde_json::from_str(r#"[{"op": "add", "path": "/b", "value": 2}]"#)?;
    /// let mut value = json!({"a": 1});
    /// patch.apply(&mut value)?;
    /// assert_eq!(value, json!({"a": 1, "b": 2}));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if a path does not lead to a place of the value: the patch belongs to another value.
    pub fn apply(self, value: &mut Value) -> Result<()> {
        self.0.into_iter().enumerate().try_for_each(|(at, operation)| {
            operation.apply(value).ok_or_else(|| {
                let detail = format!("operation {} of the patch has a path that is not in the value", at + 1);
                Error::new(ErrorKind::InvalidInput, detail)
            })
        })
    }

    fn compare(&mut self, path: String, from: &Value, to: &Value) {
        match (from, to) {
            (Value::Object(from), Value::Object(to)) => {
                let gone = from.keys().filter(|key| !to.contains_key(*key));
                self.0.extend(gone.map(|key| PatchOperation::Remove {
                    path: child(&path, key),
                }));
                for (key, value) in to {
                    let path = child(&path, key);
                    match from.get(key) {
                        Some(old) => self.compare(path, old, value),
                        None => self.0.push(PatchOperation::Add {
                            path,
                            value: value.clone(),
                        }),
                    }
                }
            }
            (Value::Array(from), Value::Array(to)) => {
                let at = |index: usize| format!("{path}/{index}");
                for (index, (old, value)) in from.iter().zip(to).enumerate() {
                    if old != value {
                        self.compare(at(index), old, value);
                    }
                }
                // From the end, so that no index moves.
                let gone = (to.len()..from.len()).rev();
                self.0
                    .extend(gone.map(|index| PatchOperation::Remove { path: at(index) }));
                let new = to.iter().enumerate().skip(from.len());
                self.0.extend(new.map(|(index, value)| PatchOperation::Add {
                    path: at(index),
                    value: value.clone(),
                }));
            }
            (from, to) if from == to => {}
            (_, to) => self.0.push(PatchOperation::Replace {
                path,
                value: to.clone(),
            }),
        }
    }
}

fn child(path: &str, key: &str) -> String {
    format!("{path}/{}", escape(key))
}

impl PatchOperation {
    fn apply(self, root: &mut Value) -> Option<()> {
        match self {
            Self::Replace { path, value } => *root.pointer_mut(&path)? = value,
            Self::Add { path, value } if path.is_empty() => *root = value,
            Self::Add { path, value } => {
                let (parent, key) = path.rsplit_once('/')?;
                match root.pointer_mut(parent)? {
                    Value::Object(map) => drop(map.insert(unescape(key), value)),
                    Value::Array(items) => {
                        let at = if key == "-" { items.len() } else { key.parse().ok()? };
                        if at > items.len() {
                            return None;
                        }
                        items.insert(at, value);
                    }
                    _ => return None,
                }
            }
            Self::Remove { path } => {
                let (parent, key) = path.rsplit_once('/')?;
                match root.pointer_mut(parent)? {
                    Value::Object(map) => drop(map.shift_remove(&unescape(key))?),
                    Value::Array(items) => {
                        let at = key.parse().ok().filter(|at: &usize| *at < items.len())?;
                        items.remove(at);
                    }
                    _ => return None,
                }
            }
        }
        Some(())
    }
}

impl Merge for JsonPatch {
    fn merge(&mut self, next: Self) -> Result<()> {
        self.0.extend(next.0);
        Ok(())
    }
}

/// A JSON value that flows as patches of itself. The first patch changes `null`.
///
/// # Examples
///
/// ```
/// use cadena_core::{Patched, Streamable};
/// use serde_json::json;
///
/// let value = Patched(json!([1, 2]));
/// assert_eq!(Patched::from_chunk(value.clone().into_chunk())?, value);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patched(pub Value);

impl Streamable for Patched {
    type Chunk = JsonPatch;

    fn into_chunk(self) -> JsonPatch {
        JsonPatch::between(&Value::Null, &self.0)
    }

    fn from_chunk(chunk: JsonPatch) -> Result<Self> {
        let mut value = Value::Null;
        chunk.apply(&mut value)?;
        Ok(Self(value))
    }

    fn empty() -> Option<Self> {
        Some(Self::default())
    }
}
