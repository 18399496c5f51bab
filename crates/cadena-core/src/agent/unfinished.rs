//! What an agent had said when an error ended it.

use std::error::Error as StdError;
use std::fmt;

use crate::error::BoxError;
use crate::{Error, Message};

/// The conversation of an agent that an error ended: among the error's sources.
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, EchoModel, ErrorKind, RunnableExt, Unfinished};
///
/// # futures::executor::block_on(async {
/// let agent = agent(EchoModel::new(), ())?.with_max_model_calls(0);
/// let error = agent.invoke("hi").await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::LimitExceeded);
///
/// let unfinished = Unfinished::of(&error).expect("an agent's error has it");
/// assert_eq!(unfinished.messages()[0].text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct Unfinished {
    messages: Vec<Message>,
    complete: usize,
    source: Option<BoxError>,
}

impl Unfinished {
    /// The conversation behind an error, if an agent gave it.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.downcast_source_ref()
    }

    /// Every message, from the input to the last one that was whole. The last calls of tools may have no answer.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages up to the last place where every call has its answer: what a model can be asked with again.
    #[must_use]
    pub fn complete(&self) -> &[Message] {
        self.messages.get(..self.complete).unwrap_or_default()
    }

    pub(super) fn attach(error: Error, messages: Vec<Message>, complete: usize) -> Error {
        error.map_source(|source| {
            Self {
                messages,
                complete,
                source,
            }
            .into()
        })
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the agent ended after {} messages", self.messages.len())
    }
}

/// What was said stays out of logs.
impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished")
            .field("messages", &self.messages.len())
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for Unfinished {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
