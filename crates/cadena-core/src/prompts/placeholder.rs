//! A placeholder for messages of the input.

use super::scope::Scope;
use crate::{Error, ErrorKind, Message, Result, convert_to_messages};

/// A placeholder for messages of the input, such as the history of a conversation.
///
/// The value is a list in any of the forms of [`convert_to_messages`](crate::convert_to_messages).
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate, HumanMessage, MessagesPlaceholder, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history")).human("{question}")?;
/// let filled = prompt.invoke(dict! {"history": vec![HumanMessage::new("hi")], "question": "Why?"}).await?;
/// assert_eq!(filled.messages.len(), 2);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessagesPlaceholder {
    /// The key of the input with the messages.
    pub variable: String,
    /// Whether the key may be missing.
    pub optional: bool,
    /// The number of the last messages that are kept; default: all.
    pub n_messages: Option<usize>,
}

impl MessagesPlaceholder {
    /// Makes a placeholder for the messages under a key, which must be there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, MessagesPlaceholder, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history"));
    /// assert_eq!(prompt.format(&dict! {"history": vec!["hi"]})?.messages[0].text(), "hi");
    /// assert!(prompt.format(&dict! {}).is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(variable: impl Into<String>) -> Self {
        Self {
            variable: variable.into(),
            optional: false,
            n_messages: None,
        }
    }

    /// Allows that the key is missing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, MessagesPlaceholder, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history").optional());
    /// assert!(prompt.format(&dict! {})?.messages.is_empty());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Keeps only the last `n_messages` messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, ChatPromptTemplate, MessagesPlaceholder};
    ///
    /// let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history").n_messages(1));
    /// let filled = prompt.format(&dict! {"history": vec!["one", "two"]})?;
    /// assert_eq!(filled.messages[0].text(), "two");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn n_messages(mut self, n_messages: usize) -> Self {
        self.n_messages = Some(n_messages);
        self
    }

    pub(super) fn push(&self, scope: &Scope<'_>, out: &mut Vec<Message>) -> Result<()> {
        let Some(value) = scope.get(&self.variable) else {
            return if self.optional {
                Ok(())
            } else {
                Err(scope.missing(&self.variable))
            };
        };
        let detail = || format!("`{}` must be a list of messages", self.variable);
        if !value.is_array() {
            return Err(Error::new(ErrorKind::InvalidInput, detail()));
        }
        let messages = convert_to_messages(value.clone())
            .map_err(|error| Error::new(error.kind(), detail()).with_source(error))?;
        let skip = self.n_messages.map_or(0, |kept| messages.len().saturating_sub(kept));
        out.extend(messages.into_iter().skip(skip));
        Ok(())
    }
}
