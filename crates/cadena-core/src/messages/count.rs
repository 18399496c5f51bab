//! Counts the tokens of a conversation.

mod approximate;
pub use approximate::{ApproximateCounter, count_tokens_approximately};
#[cfg(feature = "tiktoken")]
mod tiktoken;
#[cfg(feature = "tiktoken")]
pub use tiktoken::TiktokenCounter;

use super::Message;

/// Counts the tokens of messages, or any other unit of a budget.
///
/// Every `Fn(&[Message]) -> usize` is a counter; [`per_message`] makes one of a function of a single message.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{MessageCounter, TokenCounter, WordCounter};
/// use cadena_core::Message;
///
/// let history: Vec<Message> = vec!["hi there".into(), ("ai", "Hello!").into()];
/// assert_eq!(MessageCounter.count(&history), 2);
/// assert_eq!(WordCounter.count(&history), 3);
/// let letters = |messages: &[Message]| messages.iter().map(|message| message.text().len()).sum::<usize>();
/// assert_eq!(letters.count(&history), 14);
/// ```
///
/// # Implementing
///
/// A counter must not count less for more messages, and not less for a longer text than for a shorter one: trimming relies on both.
#[doc(alias = "token_counter")]
pub trait TokenCounter: Send + Sync {
    /// Returns the number of tokens of a list of messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{TokenCounter, WordCounter};
    ///
    /// assert_eq!(WordCounter.count(&["hi there".into(), ("ai", "Hello!").into()]), 3);
    /// ```
    fn count(&self, messages: &[Message]) -> usize;

    /// Returns whether the count of a list is its [`overhead`](Self::overhead) plus a sum of one number for each message; default: no.
    ///
    /// Trimming then counts each message once at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Message;
    /// use cadena_core::messages::{TokenCounter, WordCounter};
    ///
    /// let letters = |messages: &[Message]| messages.iter().map(|message| message.text().len()).sum::<usize>();
    /// assert!(WordCounter.is_additive());
    /// assert!(!letters.is_additive());
    /// ```
    fn is_additive(&self) -> bool {
        false
    }

    /// Returns the cost of every list, also of an empty one, such as the description of tools; default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{TokenCounter, WordCounter};
    ///
    /// assert_eq!(WordCounter.overhead(), 0);
    /// ```
    fn overhead(&self) -> usize {
        0
    }
}

impl<F: Fn(&[Message]) -> usize + Send + Sync> TokenCounter for F {
    fn count(&self, messages: &[Message]) -> usize {
        self(messages)
    }
}

/// Counts messages: a budget of 10 is ten messages.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{MessageCounter, TokenCounter};
///
/// assert_eq!(MessageCounter.count(&["hi".into()]), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounter;

impl TokenCounter for MessageCounter {
    fn count(&self, messages: &[Message]) -> usize {
        messages.len()
    }

    fn is_additive(&self) -> bool {
        true
    }
}

/// Counts the words of the text, separated by white space.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{TokenCounter, WordCounter};
///
/// assert_eq!(WordCounter.count(&["hi  there".into()]), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordCounter;

impl TokenCounter for WordCounter {
    fn count(&self, messages: &[Message]) -> usize {
        messages
            .iter()
            .map(|message| message.text().split_whitespace().count())
            .sum()
    }

    fn is_additive(&self) -> bool {
        true
    }
}

/// Counts each message alone with a function; the count of a list is the sum.
///
/// # Examples
///
/// ```
/// use cadena_core::Message;
/// use cadena_core::messages::{TokenCounter, per_message};
///
/// let counter = per_message(|message: &Message| 3 + message.text().len() / 4);
/// assert_eq!(counter.count(&["12345678".into(), "".into()]), 8);
/// ```
#[must_use]
pub fn per_message<F: Fn(&Message) -> usize + Send + Sync>(count: F) -> PerMessage<F> {
    PerMessage(count)
}

/// A counter made by [`per_message`].
///
/// # Examples
///
/// ```
/// use cadena_core::Message;
/// use cadena_core::messages::{PerMessage, TokenCounter};
///
/// fn parts(message: &Message) -> usize {
///     1 + message.text().matches(',').count()
/// }
/// let counter: PerMessage<fn(&Message) -> usize> = cadena_core::per_message(parts);
/// assert_eq!(counter.count(&["one, two".into()]), 2);
/// ```
#[derive(Clone, Copy)]
pub struct PerMessage<F>(F);

impl<F> std::fmt::Debug for PerMessage<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PerMessage").field(&std::any::type_name::<F>()).finish()
    }
}

impl<F: Fn(&Message) -> usize + Send + Sync> TokenCounter for PerMessage<F> {
    fn count(&self, messages: &[Message]) -> usize {
        messages.iter().map(&self.0).sum()
    }

    fn is_additive(&self) -> bool {
        true
    }
}
