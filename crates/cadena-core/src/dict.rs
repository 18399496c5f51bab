//! JSON that flows through chains: objects by key, and values whose pieces keep their rule of addition.

mod chunk;
pub use chunk::DictChunk;
mod value;
pub use value::ValueChunk;

use std::any::type_name;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Result, Streamable};

/// An ordered JSON object: the dynamic input and output of prompts and parallel steps.
///
/// A [`Dict`] flows key by key. The chunk of a parallel step holds a piece of one branch's value, and pieces of the same key add up by
/// the rule of that branch's type.
///
/// # Examples
///
/// ```
/// use cadena_core::dict;
///
/// let input = dict! {"topic": "bears", "count": 3};
/// assert_eq!(input["topic"], "bears");
/// assert_eq!(serde_json::to_string(&input)?, r#"{"topic":"bears","count":3}"#);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dict(Map<String, Value>);

/// Makes a [`Dict`]: `dict! {"key": value, …}`. A value is anything that is `Into<serde_json::Value>`, such as a message.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, HumanMessage};
///
/// let input = dict! {"history": vec![HumanMessage::new("hi")], "question": "why?"};
/// assert_eq!(input["history"][0]["type"], "human");
/// ```
#[macro_export]
macro_rules! dict {
    ($($key:literal : $value:expr),* $(,)?) => {{
        #[allow(unused_mut, reason = "`dict! {}` sets nothing")]
        let mut dict = $crate::Dict::new();
        $(dict.insert(($key).to_owned(), $crate::__private::Value::from($value));)*
        dict
    }};
}

impl Dict {
    /// Returns an object without keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Dict, dict};
    ///
    /// assert_eq!(Dict::new(), dict! {});
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one value as a type, such as a message that a parallel step put under the key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the key is missing or holds something else.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, AIMessage};
    ///
    /// let output = dict! {"answer": AIMessage::new("42")};
    /// assert_eq!(output.read::<AIMessage>("answer")?.text(), "42");
    /// let error = output.read::<AIMessage>("question").unwrap_err();
    /// assert_eq!(error.detail(), "the key `question` is missing; there are `answer`");
    /// assert_eq!(dict! {}.read::<String>("a").unwrap_err().detail(), "the key `a` is missing; there are none");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn read<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Result<T> {
        let value = self.get(key).ok_or_else(|| {
            let known: Vec<_> = self.keys().map(|key| format!("`{key}`")).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            let detail = format!("the key `{key}` is missing; there are {known}");
            Error::new(ErrorKind::InvalidInput, detail)
        })?;
        T::deserialize(value).map_err(|error| {
            let detail = format!("the value of `{key}` is not a `{}`", type_name::<T>());
            Error::new(ErrorKind::InvalidInput, detail).with_source(error)
        })
    }

    /// Returns the JSON object.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::dict;
    ///
    /// assert_eq!(dict! {"topic": "bears"}.into_map().len(), 1);
    /// ```
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl Deref for Dict {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Dict {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Map<String, Value>> for Dict {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl From<Dict> for Value {
    fn from(dict: Dict) -> Self {
        Self::Object(dict.0)
    }
}

impl TryFrom<Value> for Dict {
    type Error = Error;
    fn try_from(value: Value) -> Result<Self> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                "a JSON object is needed here, such as `dict! {\"topic\": \"bears\"}`",
            )),
        }
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        Self(
            iter.into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl<K: Into<String>, V: Into<Value>, const N: usize> From<[(K, V); N]> for Dict {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl Streamable for Dict {
    type Chunk = DictChunk;

    fn into_chunk(self) -> DictChunk {
        self.0.into_iter().map(|(key, value)| (key, value.into())).collect()
    }

    fn from_chunk(chunk: DictChunk) -> Result<Self> {
        let entries = chunk.into_iter().map(|(key, piece)| Ok((key, piece.into_value()?)));
        entries.collect::<Result<_>>().map(Self)
    }

    fn empty() -> Option<Self> {
        Some(Self::new())
    }

    fn from_json(json: Value) -> Result<Self> {
        crate::streamable::read_json(json)
    }
}
