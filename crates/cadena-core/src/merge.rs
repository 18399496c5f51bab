//! Addition: two pieces of a value become one.

pub mod json;

use crate::{Error, ErrorKind, Result};

/// Addition of two chunks: associative, and with an identity where the type has one.
///
/// Texts and lists append. Numbers, booleans and [`Whole`](crate::Whole) values replace. An [`Option`] adds the values that it holds, and
/// tuples add place by place.
///
/// # Examples
///
/// ```
/// use cadena_core::Merge;
///
/// let mut text = "to".to_owned();
/// text.merge("ken".to_owned())?;
/// assert_eq!(text, "token");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Implementing
///
/// An addition must cost the length of `next`, whatever `self` holds by then. Then a stream of n chunks is folded in linear time.
pub trait Merge: Sized {
    /// Adds `next` after `self`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Merge;
    ///
    /// let mut numbers = vec![1];
    /// numbers.merge(vec![2, 3])?;
    /// assert_eq!(numbers, [1, 2, 3]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Merge`] if the two cannot be added, such as chunks of two different tool messages. `self` keeps the values that it
    /// had.
    fn merge(&mut self, next: Self) -> Result<()>;
}

impl Merge for String {
    fn merge(&mut self, next: Self) -> Result<()> {
        if self.is_empty() {
            *self = next; // The first piece keeps its allocation, so a text in one piece is never copied.
        } else {
            self.push_str(&next);
        }
        Ok(())
    }
}

impl<T> Merge for Vec<T> {
    fn merge(&mut self, mut next: Self) -> Result<()> {
        if self.is_empty() {
            *self = next;
        } else {
            self.append(&mut next);
        }
        Ok(())
    }
}

impl<T: Merge> Merge for Option<T> {
    fn merge(&mut self, next: Self) -> Result<()> {
        match (self.as_mut(), next) {
            (Some(left), Some(right)) => left.merge(right),
            (None, right) => {
                *self = right;
                Ok(())
            }
            (Some(_), None) => Ok(()),
        }
    }
}

macro_rules! merge_replaces {
    ($($type:ty),*) => {$(
        impl Merge for $type {
            fn merge(&mut self, next: Self) -> Result<()> {
                *self = next;
                Ok(())
            }
        }
    )*};
}

merge_replaces!(
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

macro_rules! merge_tuple {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Merge),*> Merge for ($($name,)*) {
            fn merge(&mut self, next: Self) -> Result<()> {
                $(self.$index.merge(next.$index)?;)*
                Ok(())
            }
        }
    };
}

merge_tuple!(A 0);
merge_tuple!(A 0, B 1);
merge_tuple!(A 0, B 1, C 2);
merge_tuple!(A 0, B 1, C 2, D 3);
merge_tuple!(A 0, B 1, C 2, D 3, E 4);
merge_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
merge_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
merge_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// Folds chunks from left to right. Returns `None` if there are no chunks.
///
/// # Errors
///
/// The first error of [`Merge::merge`].
///
/// # Examples
///
/// ```
/// let sum = cadena_core::merge_all(["a".to_owned(), "b".to_owned()])?;
/// assert_eq!(sum.as_deref(), Some("ab"));
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub fn merge_all<T: Merge>(chunks: impl IntoIterator<Item = T>) -> Result<Option<T>> {
    let mut chunks = chunks.into_iter();
    let Some(mut sum) = chunks.next() else { return Ok(None) };
    for chunk in chunks {
        sum.merge(chunk)?;
    }
    Ok(Some(sum))
}

pub(crate) fn conflict(what: &str) -> Error {
    Error::new(ErrorKind::Merge, what.to_owned())
}
