//! A value whose type was checked where the chain was composed.

use std::any::{Any, type_name};

use crate::{Error, ErrorKind, Result};

/// A value without its type. It can be taken out and another put in its place: steps of one type share one allocation.
pub(super) struct Erased(Box<dyn Any + Send>);

impl Erased {
    pub(super) fn new<T: Send + 'static>(value: T) -> Self {
        Self(Box::new(Some(value)))
    }

    /// Takes the value out; its place stays.
    pub(super) fn take<T: 'static>(&mut self) -> Result<T> {
        let value = self.0.downcast_mut::<Option<T>>().and_then(Option::take);
        value.ok_or_else(wrong_type::<T>)
    }

    /// Puts a value into the place, if it has the type of the one that was there.
    pub(super) fn put<T: Send + 'static>(mut self, value: T) -> Self {
        match self.0.downcast_mut::<Option<T>>() {
            Some(place) => {
                *place = Some(value);
                self
            }
            None => Self::new(value),
        }
    }
}

#[cold]
fn wrong_type<T>() -> Error {
    let detail = format!("a step expected `{}` and got something else", type_name::<T>());
    Error::new(ErrorKind::Internal, detail)
}
