//! Outputs that a history can store.

use serde_json::Value;

use super::HistoryKeys;
use super::input::{at, chosen};
use crate::{AIMessage, Dict, Error, ErrorKind, Message, Result, Streamable, convert_to_messages};

/// An output that holds the answer of a turn: a message, a text, a list of messages, a [`Dict`], or a type of yours.
///
/// # Examples
///
/// ```
/// use cadena_core::{HistoryKeys, HistoryOutput};
///
/// let answer = "Hello!".to_owned().answer(&HistoryKeys::default())?;
/// assert_eq!(answer[0].kind(), "ai");
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub trait HistoryOutput: Streamable {
    /// Returns the messages to store.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, HistoryKeys, HistoryOutput};
    ///
    /// let stored = AIMessage::new("Hello!").answer(&HistoryKeys::default())?;
    /// assert_eq!(stored[0].text(), "Hello!");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the output has no answer at the place that the keys name.
    fn answer(&self, keys: &HistoryKeys) -> Result<Vec<Message>>;
}

impl HistoryOutput for AIMessage {
    fn answer(&self, _: &HistoryKeys) -> Result<Vec<Message>> {
        Ok(vec![self.clone().into()])
    }
}

/// A text becomes the model's message.
impl HistoryOutput for String {
    fn answer(&self, _: &HistoryKeys) -> Result<Vec<Message>> {
        Ok(vec![AIMessage::new(self.as_str()).into()])
    }
}

impl HistoryOutput for Message {
    fn answer(&self, _: &HistoryKeys) -> Result<Vec<Message>> {
        Ok(vec![self.clone()])
    }
}

impl HistoryOutput for Vec<Message> {
    fn answer(&self, _: &HistoryKeys) -> Result<Vec<Message>> {
        Ok(self.clone())
    }
}

impl HistoryOutput for Dict {
    fn answer(&self, keys: &HistoryKeys) -> Result<Vec<Message>> {
        let key = chosen(self, keys.output.as_deref(), "output");
        match at(self, key, "output_key")? {
            Value::String(text) => Ok(vec![AIMessage::new(text).into()]),
            messages => convert_to_messages(messages).map_err(|error| {
                let detail = format!("the value of `{key}` is neither a text nor messages");
                Error::new(ErrorKind::InvalidInput, detail).with_source(error)
            }),
        }
    }
}
