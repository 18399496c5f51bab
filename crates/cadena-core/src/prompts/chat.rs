//! Templates of conversations.

use std::borrow::Cow;

use async_trait::async_trait;

use super::fstring::{Template, missing};
use crate::{
    Dict, Error, ErrorKind, Message, PromptValue, Result, RunContext, RunKind, Runnable, convert_to_messages, impl_pipe,
};

/// A template of a conversation: a step from a [`Dict`] to the messages for a model.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate, MessagesPlaceholder, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let prompt = ChatPromptTemplate::from_messages([("system", "You are a {role}."), ("human", "{question}")])?;
/// let filled = prompt.invoke(dict! {"role": "poet", "question": "Why?"}).await?;
/// assert_eq!(filled.messages[0].text(), "You are a poet.");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct ChatPromptTemplate {
    messages: Vec<MessageTemplate>,
}

/// One place of a [`ChatPromptTemplate`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageTemplate {
    /// A role and a text with variables.
    Text {
        /// The role, such as `human`.
        role: String,
        /// What is said.
        template: Template,
    },
    /// A message that stays as it is: its braces are text.
    Message(Box<Message>),
    /// Room for messages from the input.
    Placeholder(MessagesPlaceholder),
}

/// Room for messages from the input, such as the history of a conversation.
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
    /// The key of the input that holds the messages.
    pub variable: String,
    /// Whether the key may be missing.
    pub optional: bool,
}

impl MessagesPlaceholder {
    /// Room for the messages of a key.
    #[must_use]
    pub fn new(variable: impl Into<String>) -> Self {
        Self {
            variable: variable.into(),
            optional: false,
        }
    }

    /// Lets the key be missing.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    fn read(&self, input: &Dict) -> Result<Vec<Message>> {
        let Some(value) = input.get(&self.variable) else {
            return if self.optional {
                Ok(Vec::new())
            } else {
                Err(missing(&self.variable, input))
            };
        };
        if !value.is_array() {
            let detail = format!("`{}` must be a list of messages", self.variable);
            return Err(Error::new(ErrorKind::InvalidInput, detail));
        }
        convert_to_messages(value.clone()).map_err(|error| {
            let detail = format!("`{}` must be a list of messages", self.variable);
            Error::new(error.kind(), detail).with_source(error)
        })
    }
}

impl ChatPromptTemplate {
    /// A template without messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// A template of pairs of role and text. The role `placeholder` makes room for messages: `("placeholder", "{history}")`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`], with the place, for a text that cannot be parsed or an unknown role.
    pub fn from_messages<R: AsRef<str>, T: AsRef<str>>(messages: impl IntoIterator<Item = (R, T)>) -> Result<Self> {
        messages.into_iter().try_fold(Self::new(), |prompt, (role, text)| {
            prompt.message(role.as_ref(), text.as_ref())
        })
    }

    /// Adds a text in a role.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    pub fn message(mut self, role: &str, text: &str) -> Result<Self> {
        let place = self.messages.len() + 1;
        let located = |error: Error| {
            let detail = format!("message {place} (`{role}`): {}", error.detail());
            Error::new(ErrorKind::Template, detail)
        };
        let template = Template::parse(text).map_err(located)?;
        if role == "placeholder" {
            let &[variable] = template.variables().as_slice() else {
                return Err(located(Error::new(
                    ErrorKind::Template,
                    "a placeholder is one variable, such as `{history}`",
                )));
            };
            return Ok(self.placeholder(MessagesPlaceholder::new(variable).optional()));
        }
        Message::from_role(role, "").map_err(located)?;
        self.messages.push(MessageTemplate::Text {
            role: role.to_owned(),
            template,
        });
        Ok(self)
    }

    /// Adds what a person says.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    pub fn human(self, text: &str) -> Result<Self> {
        self.message("human", text)
    }

    /// Adds what the application says.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    pub fn system(self, text: &str) -> Result<Self> {
        self.message("system", text)
    }

    /// Adds what the model said, as an example.
    ///
    /// # Errors
    ///
    /// As [`from_messages`](Self::from_messages).
    pub fn ai(self, text: &str) -> Result<Self> {
        self.message("ai", text)
    }

    /// Adds a message that stays as it is: its braces are text.
    pub fn literal(mut self, message: impl Into<Message>) -> Self {
        self.messages.push(MessageTemplate::Message(Box::new(message.into())));
        self
    }

    /// Adds room for messages from the input.
    pub fn placeholder(mut self, placeholder: MessagesPlaceholder) -> Self {
        self.messages.push(MessageTemplate::Placeholder(placeholder));
        self
    }

    /// The keys that the input must have, sorted.
    #[must_use]
    pub fn input_variables(&self) -> Vec<&str> {
        let mut names: Vec<_> = self
            .messages
            .iter()
            .flat_map(|message| match message {
                MessageTemplate::Text { template, .. } => template.variables(),
                MessageTemplate::Placeholder(placeholder) if !placeholder.optional => vec![&*placeholder.variable],
                MessageTemplate::Placeholder(_) | MessageTemplate::Message(_) => Vec::new(),
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Fills the template.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if a key is missing or holds no messages where messages belong.
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
    pub fn format(&self, input: &Dict) -> Result<PromptValue> {
        let mut messages = Vec::with_capacity(self.messages.len());
        for message in &self.messages {
            match message {
                MessageTemplate::Text { role, template } => {
                    messages.push(Message::from_role(role, template.format(input)?)?);
                }
                MessageTemplate::Message(message) => messages.push(Message::clone(message)),
                MessageTemplate::Placeholder(placeholder) => messages.extend(placeholder.read(input)?),
            }
        }
        Ok(PromptValue::new(messages))
    }
}

#[async_trait]
impl Runnable for ChatPromptTemplate {
    type Input = Dict;
    type Output = PromptValue;

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("ChatPromptTemplate")
    }

    fn kind(&self) -> RunKind {
        RunKind::Prompt
    }

    async fn run(&self, input: Dict, _cx: RunContext) -> Result<PromptValue> {
        self.format(&input)
    }
}

impl_pipe!(ChatPromptTemplate);
