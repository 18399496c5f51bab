//! The answer of a function, in the form that tools have replaced.

use super::Content;
use super::fields::Fields;
use super::spoken::message_kind;
use crate::Result;
use crate::merge::conflict;

message_kind! {
    /// The answer of a function, in the form that tools have replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::FunctionMessage::new("add", "3").name.as_deref(), Some("add"));
    /// ```
    FunctionMessage = "function",
    /// A piece of the answer of a function. Pieces of two functions do not add up.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::FunctionMessageChunk;
    ///
    /// let sum = FunctionMessageChunk::new("add", "1") + FunctionMessageChunk::new("add", "2");
    /// assert_eq!(sum.text(), "12");
    /// ```
    FunctionMessageChunk = "FunctionMessageChunk",
    content: Fields::content,
    name: Fields::some_required_text, same_name,
    fields: {}
}

fn same_name(left: &mut Option<String>, right: Option<String>) -> Result<()> {
    match (left.as_ref(), right) {
        (Some(name), Some(right)) if *name != right => {
            Err(conflict("the chunks are answers of two different functions"))
        }
        (None, right) => {
            *left = right;
            Ok(())
        }
        _ => Ok(()),
    }
}

impl FunctionMessage {
    /// Makes the answer of the function `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// let message = cadena_core::FunctionMessage::new("add", "3");
    /// assert_eq!((message.name.as_deref(), message.text().as_ref()), (Some("add"), "3"));
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            name: Some(name.into()),
            content: content.into(),
            ..Self::default()
        }
    }
}

impl FunctionMessageChunk {
    /// Makes a piece of the answer of the function `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::FunctionMessageChunk;
    ///
    /// let sum = FunctionMessageChunk::new("add", "1") + FunctionMessageChunk::new("add", "2");
    /// assert_eq!(sum.text(), "12");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            name: Some(name.into()),
            content: content.into(),
            ..Self::default()
        }
    }
}
