//! JSON that flows through chains: objects by key, and values whose pieces keep their rule of addition.

use std::any::{Any, type_name};
use std::fmt;
use std::ops::{Deref, DerefMut};

use dyn_clone::DynClone;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::merge::conflict;
use crate::{Error, ErrorKind, Merge, Result, Streamable, Whole};

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
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn read<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Result<T> {
        let value = self.get(key).ok_or_else(|| {
            let known: Vec<_> = self.keys().map(|key| format!("`{key}`")).collect();
            let detail = format!("the key `{key}` is missing; there are {}", known.join(", "));
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
        DictChunk(self.0.into_iter().map(|(key, value)| (key, value.into())).collect())
    }

    fn from_chunk(chunk: DictChunk) -> Result<Self> {
        let entries = chunk.0.into_iter().map(|(key, piece)| Ok((key, piece.into_value()?)));
        entries.collect::<Result<_>>().map(Self)
    }

    fn empty() -> Option<Self> {
        Some(Self::new())
    }
}

/// A piece of a [`Dict`]: pieces of the values of some keys.
///
/// # Examples
///
/// ```
/// use cadena_core::{Dict, DictChunk, Merge, Streamable, ValueChunk};
///
/// let mut sum = DictChunk::of("joke", ValueChunk::text("Why did"));
/// sum.merge(DictChunk::of("joke", ValueChunk::text(" the bear…")))?;
/// assert_eq!(Dict::from_chunk(sum)?["joke"], "Why did the bear…");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct DictChunk(IndexMap<String, ValueChunk>);

impl DictChunk {
    /// Returns a chunk with a piece of one key's value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert_eq!(chunk.get("joke").and_then(ValueChunk::as_text), Some("Why"));
    /// assert!(chunk.get("poem").is_none());
    /// ```
    #[must_use]
    pub fn of(key: impl Into<String>, piece: ValueChunk) -> Self {
        Self(IndexMap::from([(key.into(), piece)]))
    }

    /// Returns the piece of a key's value, if this chunk has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert!(chunk.get("joke").is_some() && chunk.get("poem").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&ValueChunk> {
        self.0.get(key)
    }

    /// Sets the piece of a key's value. Returns the piece that was there before.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let mut chunk = DictChunk::default();
    /// assert!(chunk.insert("joke", ValueChunk::text("Why")).is_none());
    /// let before = chunk.insert("joke", ValueChunk::text("How"));
    /// assert_eq!(before.as_ref().and_then(ValueChunk::as_text), Some("Why"));
    /// ```
    pub fn insert(&mut self, key: impl Into<String>, piece: ValueChunk) -> Option<ValueChunk> {
        self.0.insert(key.into(), piece)
    }

    /// Removes a key and returns the piece of its value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let mut chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert!(chunk.remove("joke").is_some() && chunk.is_empty());
    /// ```
    pub fn remove(&mut self, key: &str) -> Option<ValueChunk> {
        self.0.shift_remove(key)
    }

    /// Returns every key with its piece.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{DictChunk, ValueChunk};
    ///
    /// let chunk = DictChunk::of("joke", ValueChunk::text("Why"));
    /// assert_eq!(chunk.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["joke"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ValueChunk)> {
        self.0.iter().map(|(key, piece)| (key.as_str(), piece))
    }

    /// Returns whether the chunk has no piece of any key.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::DictChunk::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for DictChunk {
    type Item = (String, ValueChunk);
    type IntoIter = indexmap::map::IntoIter<String, ValueChunk>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(String, ValueChunk)> for DictChunk {
    fn from_iter<I: IntoIterator<Item = (String, ValueChunk)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl Merge for DictChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        for (key, piece) in next.0 {
            match self.0.get_mut(&key) {
                Some(sum) => sum.merge(piece)?,
                None => drop(self.0.insert(key, piece)),
            }
        }
        Ok(())
    }
}

/// A piece of a JSON value that remembers its type, and with the type the rule of addition.
///
/// A text appends, a parsed snapshot replaces, a message adds up as a message. The JSON alone could not tell these apart.
///
/// # Examples
///
/// ```
/// use cadena_core::{Merge, ValueChunk};
/// use serde_json::json;
///
/// let mut text = ValueChunk::text("a");
/// text.merge(ValueChunk::text("b"))?;
/// assert_eq!(text.into_value()?, json!("ab"));
///
/// let mut snapshot = ValueChunk::from(json!("a"));
/// snapshot.merge(ValueChunk::from(json!("ab")))?;
/// assert_eq!(snapshot.into_value()?, json!("ab"));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ValueChunk(Box<dyn Piece>);

impl ValueChunk {
    /// Returns a piece of a value of type `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, Merge, ValueChunk};
    ///
    /// let mut sum = ValueChunk::new::<AIMessage>(AIMessageChunk::new("Hel"));
    /// sum.merge(ValueChunk::new::<AIMessage>(AIMessageChunk::new("lo")))?;
    /// assert_eq!(sum.into_value()?["content"], "Hello");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn new<T: Streamable>(chunk: T::Chunk) -> Self {
        // The chunks of a branch whose output is a `Value` are `ValueChunk`s already. Wrapped once more, they would not add up with chunks that are
        // not.
        let mut chunk = Some(chunk);
        if let Some(inner) = (&mut chunk as &mut dyn Any)
            .downcast_mut::<Option<Self>>()
            .and_then(Option::take)
        {
            return inner;
        }
        match chunk {
            Some(chunk) => Self(Box::new(Typed::<T>(chunk))),
            None => Self::from(Value::Null),
        }
    }

    /// Returns a piece of a text.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ValueChunk::text("hi").as_text(), Some("hi"));
    /// ```
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new::<String>(text.into())
    }

    /// Returns the piece as text, if its type is `String`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ValueChunk;
    ///
    /// assert_eq!(ValueChunk::text("hi").as_text(), Some("hi"));
    /// assert_eq!(ValueChunk::from(serde_json::json!("hi")).as_text(), None); // a snapshot, which replaces
    /// ```
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.downcast_ref::<String>().map(String::as_str)
    }

    /// Returns the piece as a chunk of `T`, if it is a piece of a `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, ValueChunk};
    ///
    /// let piece = ValueChunk::new::<AIMessage>(AIMessageChunk::new("hi"));
    /// assert_eq!(piece.downcast_ref::<AIMessage>().map(|chunk| chunk.text().into_owned()), Some("hi".to_owned()));
    /// ```
    #[must_use]
    pub fn downcast_ref<T: Streamable>(&self) -> Option<&T::Chunk> {
        (*self.0).as_any().downcast_ref::<Typed<T>>().map(|typed| &typed.0)
    }

    /// Takes the chunk of `T` out of the piece, if it is a piece of a `T`; otherwise returns the piece.
    ///
    /// # Errors
    ///
    /// The piece itself, if it is a piece of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ValueChunk;
    ///
    /// assert_eq!(ValueChunk::text("hi").downcast::<String>().ok(), Some("hi".to_owned()));
    /// assert!(ValueChunk::text("hi").downcast::<i32>().is_err());
    /// ```
    pub fn downcast<T: Streamable>(self) -> Result<T::Chunk, Self> {
        if !(*self.0).as_any().is::<Typed<T>>() {
            return Err(self);
        }
        match self.0.into_any().downcast::<Typed<T>>() {
            Ok(typed) => Ok(typed.0),
            Err(_) => Err(Self::from(Value::Null)), // Unreachable: the type was checked above.
        }
    }

    /// Returns the finished value as JSON.
    ///
    /// # Errors
    ///
    /// An error if the pieces are not a whole value, or if the value has no JSON form.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ValueChunk;
    ///
    /// assert_eq!(ValueChunk::text("hi").into_value()?, "hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn into_value(self) -> Result<Value> {
        self.0.finish()
    }
}

impl From<Value> for ValueChunk {
    fn from(value: Value) -> Self {
        Self(Box::new(Typed::<Whole<Value>>(Whole(value))))
    }
}

impl Streamable for Value {
    type Chunk = ValueChunk;

    fn into_chunk(self) -> ValueChunk {
        ValueChunk::from(self)
    }

    fn from_chunk(chunk: ValueChunk) -> Result<Self> {
        chunk.into_value()
    }

    fn empty() -> Option<Self> {
        Some(Self::Null)
    }
}

impl Merge for ValueChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        self.0.add(next)
    }
}

impl Serialize for ValueChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0
            .to_value()
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl fmt::Debug for ValueChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.to_value() {
            Ok(value) => write!(f, "ValueChunk({value})"),
            Err(_) => f.write_str("ValueChunk(..)"),
        }
    }
}

/// The methods of a chunk that a trait object can have.
trait Piece: DynClone + Send {
    fn add(&mut self, next: ValueChunk) -> Result<()>;
    fn finish(self: Box<Self>) -> Result<Value>;
    fn to_value(&self) -> Result<Value>;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    fn type_name(&self) -> &'static str;
}

dyn_clone::clone_trait_object!(Piece);

struct Typed<T: Streamable>(T::Chunk);

impl<T: Streamable> Clone for Typed<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Streamable> Piece for Typed<T> {
    fn add(&mut self, next: ValueChunk) -> Result<()> {
        let name = next.0.type_name();
        match next.0.into_any().downcast::<Self>() {
            Ok(next) => self.0.merge(next.0),
            Err(_) => Err(conflict(&format!(
                "a piece of `{name}` does not continue one of `{}`",
                type_name::<T>()
            ))),
        }
    }

    fn finish(self: Box<Self>) -> Result<Value> {
        to_json(&T::from_chunk(self.0)?)
    }

    fn to_value(&self) -> Result<Value> {
        to_json(&self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }
}

fn to_json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::InvalidInput, "the value has no JSON form").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_two_types_do_not_add_up() {
        let error = ValueChunk::text("a")
            .merge(ValueChunk::from(Value::from(1)))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Merge);
    }

    #[test]
    fn a_dynamic_piece_is_not_wrapped_twice() {
        assert_eq!(ValueChunk::new::<Value>(ValueChunk::text("a")).as_text(), Some("a"));
    }
}
