//! What a chat model is asked.

use serde::{Deserialize, Serialize};

use crate::{ChatOptions, Message, PromptValue, RunContext};

/// What a chat model is asked: a conversation, and how to answer it.
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
    /// How to answer it.
    pub options: ChatOptions,
}

impl ChatRequest {
    /// A conversation, to be answered as the model is set.
    #[must_use]
    pub fn new(prompt: impl Into<PromptValue>) -> Self {
        Self {
            messages: prompt.into().messages,
            options: ChatOptions::default(),
        }
    }

    /// Puts options on top of those that it has.
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = self.options.merge(options);
        self
    }

    /// The text of the last message.
    #[must_use]
    pub fn last_text(&self) -> String {
        self.messages
            .last()
            .map(|message| message.text().into_owned())
            .unwrap_or_default()
    }

    /// The request of a run: with the options that the caller set for every model of the call.
    pub(super) fn of_run(prompt: PromptValue, cx: &RunContext) -> Self {
        let request = Self::new(prompt);
        match cx.options() {
            Some(options) => request.with_options(options.clone()),
            None => request,
        }
    }
}
