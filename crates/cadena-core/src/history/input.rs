//! Inputs into which a history can be put.

use serde_json::Value;

use crate::{Dict, Error, ErrorKind, Message, PromptValue, Result, Streamable, convert_to_messages};

/// An input into which earlier messages can be put: a prompt, a list of messages, a [`Dict`], or a type of yours.
///
/// # Implementing
///
/// Put the history before the new messages, and return the new messages: they are stored together with the answer.
///
/// # Examples
///
/// ```
/// use cadena_core::{HistoryInput, HistoryKeys, PromptValue};
///
/// let (prompt, new) = PromptValue::from("And now?").with_history(vec!["hi".into()], &HistoryKeys::default())?;
/// assert_eq!((prompt.messages.len(), new.len()), (2, 1));
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub trait HistoryInput: Streamable {
    /// Returns the input with the history before the new messages, and the new messages alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{HistoryInput, HistoryKeys, Message};
    ///
    /// let (input, new) = vec![Message::from("And now?")].with_history(vec!["hi".into()], &HistoryKeys::default())?;
    /// assert_eq!((input[0].text().as_ref(), input[1].text().as_ref()), ("hi", "And now?"));
    /// assert_eq!(new.len(), 1);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the input has no messages at the place that the keys name.
    fn with_history(self, history: Vec<Message>, keys: &HistoryKeys) -> Result<(Self, Vec<Message>)>;
}

/// The keys under which a [`Dict`] holds messages. A key that is not set is found if the dictionary leaves only one choice.
///
/// # Examples
///
/// ```
/// use cadena_core::{HistoryInput, HistoryKeys, dict};
///
/// let mut keys = HistoryKeys::default();
/// keys.history = Some("earlier".to_owned());
///
/// let input = dict! {"input": "And now?"};
/// let (input, new) = input.with_history(vec!["hi".into()], &keys)?;
/// assert_eq!(input["earlier"][0]["content"], "hi");
/// assert_eq!(new.len(), 1);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryKeys {
    /// The key of the new messages in the input; default: its only key, else `input`.
    pub input: Option<String>,
    /// The key that gets the history; default: the key of the new messages, before them.
    pub history: Option<String>,
    /// The key of the answer in the output; default: its only key, else `output`.
    pub output: Option<String>,
}

impl HistoryInput for Vec<Message> {
    fn with_history(self, mut history: Vec<Message>, _: &HistoryKeys) -> Result<(Self, Vec<Message>)> {
        history.extend(self.iter().cloned());
        Ok((history, self))
    }
}

impl HistoryInput for PromptValue {
    fn with_history(self, history: Vec<Message>, keys: &HistoryKeys) -> Result<(Self, Vec<Message>)> {
        let (messages, new) = self.messages.with_history(history, keys)?;
        Ok((Self::new(messages), new))
    }
}

impl HistoryInput for Dict {
    fn with_history(mut self, history: Vec<Message>, keys: &HistoryKeys) -> Result<(Self, Vec<Message>)> {
        let key = chosen(&self, keys.input.as_deref(), "input").to_owned();
        let value = at(&self, &key, "input_key")?;
        let new = convert_to_messages(value).map_err(|error| {
            let detail = format!("the value of `{key}` is neither a text nor messages");
            Error::new(ErrorKind::InvalidInput, detail).with_source(error)
        })?;
        match &keys.history {
            Some(place) => self.insert(place.clone(), list(history)),
            None => self.insert(key, list(history.into_iter().chain(new.iter().cloned()))),
        };
        Ok((self, new))
    }
}

fn list(messages: impl IntoIterator<Item = Message>) -> Value {
    messages.into_iter().map(Value::from).collect()
}

/// The key that is set, else the only key of the dictionary, else the usual one.
pub(super) fn chosen<'a>(dict: &'a Dict, set: Option<&'a str>, usual: &'a str) -> &'a str {
    set.unwrap_or_else(|| match (dict.len(), dict.keys().next()) {
        (1, Some(only)) => only,
        _ => usual,
    })
}

pub(super) fn at(dict: &Dict, key: &str, setter: &str) -> Result<Value> {
    dict.get(key).cloned().ok_or_else(|| {
        let known: Vec<_> = dict.keys().map(|key| format!("`{key}`")).collect();
        let detail = format!("the key `{key}` is missing; there are {}", known.join(", "));
        let hint = format!("name the key of the messages with `{setter}`");
        Error::new(ErrorKind::InvalidInput, detail).with_hint(hint)
    })
}
