//! [`ChatRequest`]: a request to a chat model.

use serde::{Deserialize, Serialize};

use crate::{ChatOptions, Message, PromptValue, RunContext};

/// A request to a chat model: a conversation, and the options for the answer.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatOptions, ChatRequest};
///
/// let request = ChatRequest::new("hi").with_options(ChatOptions::new().logprobs(true));
/// assert_eq!(request.last_text(), "hi");
/// assert_eq!(request.options.logprobs, Some(true));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The conversation, first message first.
    pub messages: Vec<Message>,
    /// The options for the answer.
    pub options: ChatOptions,
}

impl ChatRequest {
    /// Makes a request from a conversation, without options: those that are bound to the model apply.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatRequest;
    ///
    /// let request = ChatRequest::new([("system", "Be brief."), ("human", "hi")]);
    /// assert_eq!(request.messages.len(), 2);
    /// ```
    #[must_use]
    pub fn new(prompt: impl Into<PromptValue>) -> Self {
        Self {
            messages: prompt.into().messages,
            options: ChatOptions::default(),
        }
    }

    /// Sets further options, which win over those of the request.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatOptions, ChatRequest};
    ///
    /// let request = ChatRequest::new("hi").with_options(ChatOptions::new().seed(1).n(2));
    /// let request = request.with_options(ChatOptions::new().seed(3));
    /// assert_eq!((request.options.seed, request.options.n), (Some(3), Some(2)));
    /// ```
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = self.options.merge(options);
        self
    }

    /// Returns the text of the last message, or an empty text if the request has no message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatRequest;
    ///
    /// assert_eq!(ChatRequest::new([("human", "hi"), ("ai", "Hello!")]).last_text(), "Hello!");
    /// assert_eq!(ChatRequest::default().last_text(), "");
    /// ```
    #[must_use]
    pub fn last_text(&self) -> String {
        self.messages
            .last()
            .map(|message| message.text().into_owned())
            .unwrap_or_default()
    }

    /// Makes the request of a run, with the options that the caller set for every model of the call.
    pub(super) fn of_run(prompt: PromptValue, cx: &RunContext) -> Self {
        let request = Self::new(prompt);
        match cx.options() {
            Some(options) => request.with_options(options.clone()),
            None => request,
        }
    }
}
