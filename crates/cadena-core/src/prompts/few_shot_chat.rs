//! Messages that show examples, as a part of a conversation's template.

use std::ops::Add;
use std::sync::Arc;

use super::chat::ChatPromptTemplate;
use super::into_message::IntoMessageTemplate;
use super::message::{ExampleMessages, MessageTemplate};
use super::selector::{ExampleSelector, Examples};
use super::template::TemplateFormat;
use crate::{Dict, Result};

/// Messages that show examples, as a part of a [`ChatPromptTemplate`].
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate, FewShotChatPromptTemplate};
///
/// let example = ChatPromptTemplate::from_messages([("human", "{q}"), ("ai", "{a}")])?;
/// let examples = FewShotChatPromptTemplate::new(example).with_examples([dict! {"q": "2+2", "a": "4"}]);
/// let prompt = (ChatPromptTemplate::new().system("You add.")? + examples).human("{input}")?;
/// let filled = prompt.format(&dict! {"input": "1+1"})?;
/// assert_eq!(filled.messages.iter().map(|message| message.kind()).collect::<Vec<_>>(), ["system", "human", "ai", "human"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "FewShotChatMessagePromptTemplate")]
#[derive(Clone, Debug, PartialEq)]
pub struct FewShotChatPromptTemplate(ExampleMessages);

impl FewShotChatPromptTemplate {
    /// Makes messages of a template for each example.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, FewShotChatPromptTemplate, dict};
    ///
    /// let example = ChatPromptTemplate::new().human("{q}")?.ai("{a}")?;
    /// let shown = FewShotChatPromptTemplate::new(example).with_examples([dict! {"q": "2+2", "a": "4"}]);
    /// assert_eq!((ChatPromptTemplate::new() + shown).format(&dict! {})?.messages[1].text(), "4");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(example: ChatPromptTemplate) -> Self {
        Self(ExampleMessages {
            examples: Examples::default(),
            example: example.into_list(),
        })
    }

    /// Sets the examples.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, FewShotChatPromptTemplate, dict};
    ///
    /// let example = ChatPromptTemplate::new().human("{q}")?.ai("{a}")?;
    /// let shown = FewShotChatPromptTemplate::new(example).with_examples([dict! {"q": "2+2", "a": "4"}, dict! {"q": "1+1", "a": "2"}]);
    /// assert_eq!((ChatPromptTemplate::new() + shown).format(&dict! {})?.messages.len(), 4);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_examples(mut self, examples: impl IntoIterator<Item = Dict>) -> Self {
        self.0.examples = Examples::All(examples.into_iter().collect());
        self
    }

    /// Sets the selector that chooses the examples for each input.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, FewShotChatPromptTemplate, LengthExampleSelector, Template, dict};
    ///
    /// let selector = LengthExampleSelector::new([dict! {"q": "2+2", "a": "4"}], &Template::parse("{q}")?, 10)?;
    /// let shown = FewShotChatPromptTemplate::new(ChatPromptTemplate::new().human("{q}")?.ai("{a}")?).with_selector(selector);
    /// assert_eq!((ChatPromptTemplate::new() + shown).format(&dict! {"input": "1+1"})?.messages[0].text(), "2+2");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_selector(mut self, selector: impl ExampleSelector + 'static) -> Self {
        self.0.examples = Examples::Selected(Arc::new(selector));
        self
    }
}

impl IntoMessageTemplate for FewShotChatPromptTemplate {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self.into())
    }
}

impl From<FewShotChatPromptTemplate> for MessageTemplate {
    fn from(examples: FewShotChatPromptTemplate) -> Self {
        Self::FewShot(examples.0)
    }
}

impl Add<FewShotChatPromptTemplate> for ChatPromptTemplate {
    type Output = Self;

    fn add(self, next: FewShotChatPromptTemplate) -> Self {
        self + MessageTemplate::from(next)
    }
}
