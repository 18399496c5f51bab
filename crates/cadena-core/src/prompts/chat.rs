//! Templates of conversations.

use std::ops::{Add, RangeBounds};

use async_trait::async_trait;
use serde_json::Value;

use super::into_message::IntoMessageTemplate;
use super::message::{MessageList, MessageTemplate};
use super::placeholder::MessagesPlaceholder;
use super::scope::{Scope, partials};
use super::selector::at_once;
use super::template::TemplateFormat;
use crate::{Dict, Error, Message, PromptValue, Result, RunContext, RunKind, Runnable, StepInfo, impl_pipe};

/// A template of a conversation: a step from a [`Dict`] to the messages for a model.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let prompt = ChatPromptTemplate::from_messages([("system", "You are a {role}."), ("human", "{question}")])?;
/// let filled = prompt.invoke(dict! {"role": "poet", "question": "Why?"}).await?;
/// assert_eq!(filled.messages[0].text(), "You are a poet.");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Example: parts from elsewhere
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate, MessagesPlaceholder};
///
/// let persona = ChatPromptTemplate::from_messages([("system", "You are a {role}.")])?.partial("role", "poet");
/// let prompt = (persona + MessagesPlaceholder::new("history")).human("{question}")?;
/// assert_eq!(prompt.input_variables(), ["history", "question"]);
/// let filled = prompt.format(&dict! {"history": vec!["hi"], "question": "Why?"})?;
/// assert_eq!(filled.messages.len(), 3);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct ChatPromptTemplate {
    list: MessageList,
    format: TemplateFormat,
}

impl ChatPromptTemplate {
    /// Makes a template without messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().system("Be brief.")?.human("{question}")?;
    /// assert_eq!(prompt.format(&dict! {"question": "Why?"})?.messages.len(), 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a template of messages in any of the forms of [`IntoMessageTemplate`], such as pairs of role and text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::ErrorKind::Template), with the place, for a text that cannot be parsed or an unknown role.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, dict};
    ///
    /// let prompt = ChatPromptTemplate::from_messages([("system", "You are a {role}."), ("human", "{question}")])?;
    /// let filled = prompt.format(&dict! {"role": "poet", "question": "Why?"})?;
    /// assert_eq!(filled.messages[0].text(), "You are a poet.");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn from_messages<M: IntoMessageTemplate>(messages: impl IntoIterator<Item = M>) -> Result<Self> {
        messages.into_iter().try_fold(Self::new(), Self::append)
    }

    /// Sets how variables are written in the messages that are added after this call; default: `{name}`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, ChatPromptTemplate, TemplateFormat};
    ///
    /// let prompt = ChatPromptTemplate::new().with_format(TemplateFormat::Mustache).human("{\"x\": {{x}}}")?;
    /// assert_eq!(prompt.format(&dict! {"x": 1})?.messages[0].text(), "{\"x\": 1}");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn with_format(mut self, format: TemplateFormat) -> Self {
        self.format = format;
        self
    }

    /// Adds one message, placeholder or prompt, in any of the forms of [`IntoMessageTemplate`].
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, MessagesPlaceholder};
    ///
    /// let prompt = ChatPromptTemplate::new().append(("system", "Be brief."))?.append(MessagesPlaceholder::new("history"))?;
    /// assert_eq!(prompt.len(), 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn append(mut self, message: impl IntoMessageTemplate) -> Result<Self> {
        let place = self.list.messages.len() + 1;
        let message = message
            .into_message_template(self.format)
            .map_err(|error| Error::new(error.kind(), format!("message {place}: {}", error.detail())))?;
        self.list.messages.push(message);
        Ok(self)
    }

    /// Adds a text or a list of blocks in a role.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, dict};
    /// use serde_json::json;
    ///
    /// let image = json!(["What is this?", {"type": "image_url", "image_url": "https://example.com/{id}.png"}]);
    /// let prompt = ChatPromptTemplate::new().message("human", image)?;
    /// assert_eq!(prompt.format(&dict! {"id": 7})?.messages[0].text(), "What is this?");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn message(mut self, role: &str, content: impl Into<Value>) -> Result<Self> {
        let place = self.list.messages.len() + 1;
        let message = MessageTemplate::of_role(role, content.into(), self.format)
            .map_err(|error| Error::new(error.kind(), format!("message {place} (`{role}`): {}", error.detail())))?;
        self.list.messages.push(message);
        Ok(self)
    }

    /// Adds a message of a person.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().human("Why {what}?")?;
    /// assert_eq!(prompt.format(&dict! {"what": "bears"})?.messages[0].text(), "Why bears?");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn human(self, text: &str) -> Result<Self> {
        self.message("human", text)
    }

    /// Adds instructions of the application.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().system("You are a {role}.")?;
    /// assert_eq!(prompt.format(&dict! {"role": "poet"})?.messages[0].kind(), "system");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn system(self, text: &str) -> Result<Self> {
        self.message("system", text)
    }

    /// Adds an answer of the model, as an example.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().human("2+2")?.ai("4")?.human("{input}")?;
    /// assert_eq!(prompt.format(&dict! {"input": "1+1"})?.messages[1].kind(), "ai");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn ai(self, text: &str) -> Result<Self> {
        self.message("ai", text)
    }

    /// Adds a message that stays as it is: its braces are text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, HumanMessage, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().literal(HumanMessage::new("What does {x} mean?"));
    /// assert_eq!(prompt.format(&dict! {})?.messages[0].text(), "What does {x} mean?");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn literal(self, message: impl Into<Message>) -> Self {
        self + message.into()
    }

    /// Adds a placeholder for messages of the input.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, MessagesPlaceholder, dict};
    ///
    /// let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history"));
    /// assert_eq!(prompt.format(&dict! {"history": vec!["hi", "there"]})?.messages.len(), 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[doc(alias = "MessagesPlaceholder")]
    pub fn placeholder(self, placeholder: MessagesPlaceholder) -> Self {
        self + placeholder
    }

    /// Returns the messages, placeholders and prompts of the template, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatPromptTemplate;
    ///
    /// let prompt = ChatPromptTemplate::from_messages(["one", "two", "three"])?;
    /// assert_eq!(prompt.messages().len(), 3);
    /// assert_eq!(prompt.slice(1..).messages()[0], prompt.messages()[1]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn messages(&self) -> &[MessageTemplate] {
        &self.list.messages
    }

    /// Returns a template of a part of the messages; a range beyond the end is cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatPromptTemplate;
    ///
    /// let prompt = ChatPromptTemplate::from_messages(["one", "two", "three"])?;
    /// assert_eq!(prompt.slice(1..9).len(), 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let places = self.list.messages.iter().enumerate();
        let messages = places
            .filter(|(at, _)| range.contains(at))
            .map(|(_, message)| message.clone())
            .collect();
        Self {
            list: MessageList {
                messages,
                partials: self.list.partials.clone(),
            },
            format: self.format,
        }
    }

    /// Returns the number of messages, placeholders and prompts.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ChatPromptTemplate::from_messages(["one", "two"])?.len(), 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.messages.len()
    }

    /// Returns whether the template has no messages.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::ChatPromptTemplate::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.messages.is_empty()
    }

    /// Returns the keys that the input must have, sorted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatPromptTemplate;
    ///
    /// let prompt = ChatPromptTemplate::from_messages([("system", "You are a {role}."), ("human", "{question}")])?;
    /// assert_eq!(prompt.input_variables(), ["question", "role"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn input_variables(&self) -> Vec<&str> {
        self.list.input_variables()
    }

    /// Returns the keys of placeholders that the input may have, sorted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatPromptTemplate;
    ///
    /// let prompt = ChatPromptTemplate::from_messages([("placeholder", "{history}"), ("human", "{question}")])?;
    /// assert_eq!(prompt.optional_variables(), ["history"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn optional_variables(&self) -> Vec<&str> {
        self.list.optional_variables()
    }

    /// Fills the template.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if a key is missing, or if the key of a placeholder holds anything but messages;
    /// the errors of [`Template::format`](crate::Template::format); [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if a selector of examples has to wait: then invoke
    /// the prompt.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, ChatPromptTemplate};
    ///
    /// let prompt = ChatPromptTemplate::new().human("Why {what}?")?;
    /// assert_eq!(prompt.format(&dict! {"what": "bears"})?.messages[0].text(), "Why bears?");
    /// let error = prompt.format(&dict! {"waht": "bears"}).unwrap_err();
    /// assert!(error.to_string().contains("the prompt needs `what`, and the input has `waht`"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[doc(alias = "format_prompt")]
    #[doc(alias = "format_messages")]
    pub fn format(&self, input: &Dict) -> Result<PromptValue> {
        at_once(self.render(input))
    }

    pub(super) fn into_list(self) -> MessageList {
        self.list
    }

    async fn render(&self, input: &Dict) -> Result<PromptValue> {
        let mut messages = Vec::with_capacity(self.list.messages.len());
        self.list.push(&Scope::new(input), &mut messages).await?;
        Ok(PromptValue::new(messages))
    }
}

partials!(
    ChatPromptTemplate,
    list.partials,
    "ChatPromptTemplate::new().human(\"{a} {b}\")?",
    ".messages[0].text()"
);

impl<M: Into<MessageTemplate>> Extend<M> for ChatPromptTemplate {
    fn extend<I: IntoIterator<Item = M>>(&mut self, messages: I) {
        self.list.messages.extend(messages.into_iter().map(Into::into));
    }
}

/// The messages of the left template, then those of the right one; a partial of the right one wins.
impl Add for ChatPromptTemplate {
    type Output = Self;

    fn add(mut self, next: Self) -> Self {
        self.list.messages.extend(next.list.messages);
        self.list.partials.extend(next.list.partials);
        self
    }
}

macro_rules! add_one {
    ($($type:ty),*) => {$(
        impl Add<$type> for ChatPromptTemplate {
            type Output = Self;

            fn add(mut self, next: $type) -> Self {
                self.list.messages.push(next.into());
                self
            }
        }
    )*};
}

add_one!(MessageTemplate, MessagesPlaceholder, Message);

impl IntoMessageTemplate for ChatPromptTemplate {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self.into())
    }
}

impl From<ChatPromptTemplate> for MessageTemplate {
    fn from(prompt: ChatPromptTemplate) -> Self {
        Self::Prompt(prompt.list)
    }
}

#[async_trait]
impl Runnable for ChatPromptTemplate {
    type Input = Dict;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("ChatPromptTemplate").kind(RunKind::Prompt)
    }

    async fn run(&self, input: Dict, _cx: RunContext) -> Result<PromptValue> {
        self.render(&input).await
    }
}

impl_pipe!(ChatPromptTemplate);
