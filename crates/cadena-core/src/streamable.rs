//! Values that can flow through a chain, whole or in chunks.

use std::any::type_name;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, ErrorKind, Merge, Result};

/// A value that can flow through a chain, whole or in chunks.
///
/// The fold of the chunks of a value is the value. A text flows in pieces that append, and so does a list. An
/// [`AIMessage`](crate::AIMessage) flows in [`AIMessageChunk`](crate::AIMessageChunk)s, and a tuple in pieces of its places. A type of yours flows whole
/// inside [`Whole`], or through [`flow_whole!`](crate::flow_whole).
///
/// A value is `Clone`, since a parallel step passes its input to every branch and a retry passes it again.
///
/// # Examples
///
/// ```
/// use cadena_core::{Merge, Streamable};
///
/// let mut chunk = "to".to_owned().into_chunk();
/// chunk.merge("ken".to_owned().into_chunk())?;
/// assert_eq!(String::from_chunk(chunk)?, "token");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot flow through a chain",
    label = "this value has no chunks",
    note = "derive `Serialize` and `Clone` and write `cadena::runnables::flow_whole!({Self});`, or wrap it in `cadena::runnables::Whole`"
)]
pub trait Streamable: Serialize + Clone + Send + Sized + 'static {
    /// A piece of the value.
    type Chunk: Merge + Serialize + Clone + Send + 'static;

    /// Returns the whole value as one piece.
    fn into_chunk(self) -> Self::Chunk;

    /// Makes the value of the sum of its pieces.
    ///
    /// # Errors
    ///
    /// An error if the pieces are not a whole value, such as a tuple with one place missing.
    fn from_chunk(chunk: Self::Chunk) -> Result<Self>;

    /// Returns the sum of no chunks, such as the empty text, the empty list or an `Option` of `None`; default: there is no such value.
    #[must_use]
    fn empty() -> Option<Self> {
        None
    }

    /// Reads the value back from the JSON that it was written as; default: an error.
    ///
    /// A [`StepHook`](crate::StepHook) that answers from a record, as a [`Journal`](crate::Journal) does, calls it for the output of a step. A type with
    /// `Deserialize` that flows by [`flow_whole!`](crate::flow_whole) or by the derive has it, and so have the types of this crate that a model or a tool
    /// returns. A list may hold anything, so `Vec<T>` has not: see [`Journal::reads`](crate::Journal::reads).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, Streamable, flow_whole};
    /// use serde_json::json;
    ///
    /// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct Weather {
    ///     degrees: i32,
    /// }
    /// flow_whole!(Weather);
    ///
    /// assert_eq!(Weather::from_json(json!({"degrees": 20}))?, Weather { degrees: 20 });
    /// assert_eq!(AIMessage::from_json(json!({"type": "ai", "content": "hi"}))?.text(), "hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if the type cannot be read back, [`Decode`](ErrorKind::Decode) if the JSON is not a value of it.
    fn from_json(json: Value) -> Result<Self> {
        let _ = json;
        Err(unreadable::<Self>())
    }
}

/// Reads a value that serde can read.
pub(crate) fn read_json<T: DeserializeOwned>(json: Value) -> Result<T> {
    serde_json::from_value(json).map_err(|error| {
        let detail = format!("the JSON is not a value of `{}`", type_name::<T>());
        Error::new(ErrorKind::Decode, detail).with_source(error)
    })
}

fn unreadable<T>() -> Error {
    let detail = format!("a value of `{}` cannot be read back from JSON", type_name::<T>());
    let hint = "derive `Deserialize` for a type of `flow_whole!`, write `Streamable::from_json`, or add the type by `Journal::reads`";
    Error::new(ErrorKind::Unsupported, detail).with_hint(hint)
}

/// Reads a value of a type that may have `Deserialize`: macros write `Readable::<T>::read(json)`. The function below is preferred to the one of
/// [`OrUnreadable`], and is there only for types that serde can read.
#[derive(Debug)]
pub struct Readable<T>(PhantomData<fn() -> T>);

impl<T: DeserializeOwned> Readable<T> {
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "hidden")]
    pub fn read(json: Value) -> Result<T> {
        read_json(json)
    }
}

/// The other side of [`Readable`]: a type that serde cannot read.
pub trait OrUnreadable<T> {
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "hidden")]
    fn read(json: Value) -> Result<T>;
}

impl<T> OrUnreadable<T> for Readable<T> {
    fn read(_json: Value) -> Result<T> {
        Err(unreadable::<T>())
    }
}

/// A value that flows in one piece; a later piece replaces an earlier one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Merge, Whole};
///
/// let mut snapshot = Whole(1);
/// snapshot.merge(Whole(2))?;
/// assert_eq!(snapshot, Whole(2));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Whole<T>(pub T);

impl<T> Merge for Whole<T> {
    fn merge(&mut self, next: Self) -> Result<()> {
        *self = next;
        Ok(())
    }
}

impl<T: Serialize + Clone + Send + 'static> Streamable for Whole<T> {
    type Chunk = Self;

    fn into_chunk(self) -> Self {
        self
    }

    fn from_chunk(chunk: Self) -> Result<Self> {
        Ok(chunk)
    }
}

/// Makes a type flow through chains in one piece.
///
/// # Examples
///
/// ```
/// use cadena_core::{flow_whole, lambda, RunnableExt};
///
/// #[derive(Clone, serde::Serialize)]
/// struct Weather {
///     degrees: i32,
/// }
/// flow_whole!(Weather);
///
/// # futures::executor::block_on(async {
/// let warmer = lambda(|weather: Weather| Weather { degrees: weather.degrees + 1 });
/// assert_eq!(warmer.invoke(Weather { degrees: 20 }).await?.degrees, 21);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[macro_export]
macro_rules! flow_whole {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::Streamable for $type {
            type Chunk = $crate::Whole<Self>;

            fn into_chunk(self) -> Self::Chunk {
                $crate::Whole(self)
            }

            fn from_chunk(chunk: Self::Chunk) -> $crate::Result<Self> {
                Ok(chunk.0)
            }

            fn from_json(json: $crate::__private::Value) -> $crate::Result<Self> {
                #[allow(unused_imports, reason = "only a type without `Deserialize` needs it")]
                use $crate::__private::OrUnreadable as _;
                $crate::__private::Readable::<Self>::read(json)
            }
        }
    )+};
}

macro_rules! flows_as_itself {
    ($($type:ty),*) => {$(
        impl Streamable for $type {
            type Chunk = Self;

            fn into_chunk(self) -> Self {
                self
            }

            fn from_chunk(chunk: Self) -> Result<Self> {
                Ok(chunk)
            }

            fn from_json(json: Value) -> Result<Self> {
                read_json(json)
            }
        }
    )*};
}

impl Streamable for String {
    type Chunk = Self;

    fn into_chunk(self) -> Self {
        self
    }

    fn from_chunk(chunk: Self) -> Result<Self> {
        Ok(chunk)
    }

    fn empty() -> Option<Self> {
        Some(Self::new())
    }

    fn from_json(json: Value) -> Result<Self> {
        read_json(json)
    }
}

flows_as_itself!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64
);

impl<T: Serialize + Clone + Send + 'static> Streamable for Vec<T> {
    type Chunk = Self;

    fn into_chunk(self) -> Self {
        self
    }

    fn from_chunk(chunk: Self) -> Result<Self> {
        Ok(chunk)
    }

    fn empty() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Streamable> Streamable for Option<T> {
    type Chunk = Option<T::Chunk>;

    fn into_chunk(self) -> Self::Chunk {
        self.map(T::into_chunk)
    }

    fn from_chunk(chunk: Self::Chunk) -> Result<Self> {
        chunk.map(T::from_chunk).transpose()
    }

    fn empty() -> Option<Self> {
        Some(None)
    }

    fn from_json(json: Value) -> Result<Self> {
        match json {
            Value::Null => Ok(None),
            json => T::from_json(json).map(Some),
        }
    }
}

macro_rules! tuple_flows {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Streamable),*> Streamable for ($($name,)*) {
            type Chunk = ($(Option<$name::Chunk>,)*);

            fn into_chunk(self) -> Self::Chunk {
                ($(Some(self.$index.into_chunk()),)*)
            }

            fn from_chunk(chunk: Self::Chunk) -> Result<Self> {
                Ok(($(place($index, chunk.$index)?,)*))
            }

            fn from_json(json: Value) -> Result<Self> {
                let mut places = read_json::<Vec<Value>>(json)?.into_iter();
                let value = ($($name::from_json(places.next().ok_or_else(wrong_count::<Self>)?)?,)*);
                match places.next() {
                    None => Ok(value),
                    Some(_) => Err(wrong_count::<Self>()),
                }
            }
        }
    };
}

tuple_flows!(A 0);
tuple_flows!(A 0, B 1);
tuple_flows!(A 0, B 1, C 2);
tuple_flows!(A 0, B 1, C 2, D 3);
tuple_flows!(A 0, B 1, C 2, D 3, E 4);
tuple_flows!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_flows!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_flows!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

fn wrong_count<T>() -> Error {
    let detail = format!("the JSON has not as many places as `{}`", type_name::<T>());
    Error::new(ErrorKind::Decode, detail)
}

/// Makes the value of one place of several from its chunks.
pub(crate) fn place<T: Streamable>(place: usize, chunk: Option<T::Chunk>) -> Result<T> {
    match chunk {
        Some(chunk) => T::from_chunk(chunk),
        None => T::empty().ok_or_else(|| {
            let detail = format!("place {place} has no value: its branch sent no chunk");
            Error::new(ErrorKind::Truncated, detail)
        }),
    }
}
