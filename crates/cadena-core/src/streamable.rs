//! Values that can flow through a chain, whole or in chunks.

use serde::{Deserialize, Serialize};

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
