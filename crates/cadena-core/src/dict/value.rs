//! A piece of a JSON value, with the rule of addition of its type.

use std::any::{Any, type_name};
use std::fmt;

use dyn_clone::DynClone;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::merge::conflict;
use crate::{Error, ErrorKind, Merge, Result, Streamable, Whole};

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

    fn from_json(json: Value) -> Result<Self> {
        Ok(json)
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
