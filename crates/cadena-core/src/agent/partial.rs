//! The conversation of an agent that ended in an error.

use std::error::Error as StdError;
use std::fmt;

use crate::error::BoxError;
use crate::{Error, Message};

/// The conversation of an agent until an error ended it: [`Error::partial_conversation`] returns it.
///
/// It holds whole messages. The tokens of an answer that broke off are in [`Error::partial`].
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, EchoModel, ErrorKind, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let limited = agent(EchoModel::new(), ())?.with_max_model_calls(0);
/// let error = limited.invoke("hi").await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::LimitExceeded);
///
/// let conversation = error.partial_conversation().expect("an agent's error has it");
/// assert_eq!(conversation.messages()[0].text(), "hi");
///
/// // Another agent goes on where this one ended.
/// let output = agent(EchoModel::new(), ())?.invoke(conversation.complete()).await?;
/// assert_eq!(output.text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct PartialConversation {
    messages: Vec<Message>,
    complete: usize,
    source: Option<BoxError>,
}

impl PartialConversation {
    /// Returns every message from the input to the last one that arrived whole. The last calls of tools may have no answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, AnyTool, Error, ErrorKind, OnToolError, RunnableExt, ToolContext, tool_fn};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let broken = tool_fn("pay", "Pays.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
    ///     Err::<String, _>(Error::new(ErrorKind::Tool, "the account is empty"))
    /// });
    /// let broken = AnyTool::from(broken).with_on_error(OnToolError::Stop);
    /// let model = ScriptedModel::new().call("pay", json!({"sum": 7}));
    ///
    /// let error = agent(model, [broken])?.invoke("Pay, please.").await.unwrap_err();
    /// let conversation = error.partial_conversation().expect("an agent's error has it");
    /// assert_eq!(conversation.messages().len(), 2); // the question, and the model's call
    /// assert_eq!(conversation.complete().len(), 1); // the call has no answer, and no model could be asked with it
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Returns the messages up to the last place where every call has its answer: a model can be asked with them again.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, EchoModel, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let limited = agent(EchoModel::new(), ())?.with_max_model_calls(0);
    /// let error = limited.invoke("hi").await.unwrap_err();
    /// let conversation = error.partial_conversation().expect("an agent's error has it");
    /// assert_eq!(conversation.complete()[0].text(), "hi"); // it can be given to an agent again
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
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

impl Error {
    /// Returns the conversation of the agent that this error ended; `None` if no agent was at work.
    ///
    /// [`PartialConversation`] has an example.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, EchoModel, Error, ErrorKind, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let error = agent(EchoModel::new(), ())?.with_max_model_calls(0).invoke("hi").await.unwrap_err();
    /// assert!(error.partial_conversation().is_some());
    /// assert!(Error::from(ErrorKind::Timeout).partial_conversation().is_none());
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn partial_conversation(&self) -> Option<&PartialConversation> {
        self.downcast_source_ref()
    }
}

impl fmt::Display for PartialConversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the agent ended after {} messages", self.messages.len())
    }
}

/// The messages are content: they stay out of logs.
impl fmt::Debug for PartialConversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartialConversation")
            .field("messages", &self.messages.len())
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for PartialConversation {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
