//! One message in the template of a conversation, and the list of them: an element may be a list itself, so both are here.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::content::ContentTemplate;
use super::placeholder::MessagesPlaceholder;
use super::scope::{Partials, Scope, open_names};
use super::selector::Examples;
use crate::{ChatMessage, Error, ErrorKind, Message, Result};

/// One message, placeholder or prompt in a [`ChatPromptTemplate`](super::ChatPromptTemplate).
///
/// # Examples
///
/// ```
/// use cadena_core::{MessageTemplate, Template, dict, ChatPromptTemplate};
///
/// let critic = MessageTemplate::chat("critic", Template::parse("I find {what} dull.")?);
/// let prompt = ChatPromptTemplate::from_messages([critic])?;
/// assert_eq!(prompt.format(&dict! {"what": "it"})?.messages[0].text(), "I find it dull.");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "BaseMessagePromptTemplate")]
#[doc(alias = "HumanMessagePromptTemplate")]
#[doc(alias = "AIMessagePromptTemplate")]
#[doc(alias = "SystemMessagePromptTemplate")]
#[doc(alias = "ChatMessagePromptTemplate")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageTemplate {
    /// A message of a human, of the model or of the application.
    #[non_exhaustive]
    Role {
        /// The role: `human`, `ai` or `system`, or another word for one of these.
        role: String,
        /// The content of the message.
        content: ContentTemplate,
    },
    /// A message in another role, a [`ChatMessage`].
    #[non_exhaustive]
    Chat {
        /// The role.
        role: String,
        /// The content of the message.
        content: ContentTemplate,
    },
    /// A message that stays as it is: its braces are text.
    Message(Box<Message>),
    /// A placeholder for messages of the input.
    Placeholder(MessagesPlaceholder),
    /// Another [`ChatPromptTemplate`](super::ChatPromptTemplate), with its own partials.
    Prompt(MessageList),
    /// Examples, made of a [`FewShotChatPromptTemplate`](super::FewShotChatPromptTemplate).
    FewShot(ExampleMessages),
}

impl MessageTemplate {
    /// Makes a message in a role of your choice, which becomes a [`ChatMessage`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, MessageTemplate, Template, dict};
    ///
    /// let critic = MessageTemplate::chat("critic", Template::parse("I find {what} dull.")?);
    /// let filled = ChatPromptTemplate::from_messages([critic])?.format(&dict! {"what": "it"})?;
    /// assert_eq!(filled.messages[0].kind(), "chat");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn chat(role: impl Into<String>, content: impl Into<ContentTemplate>) -> Self {
        Self::Chat {
            role: role.into(),
            content: content.into(),
        }
    }

    /// Returns the word for this element in errors.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Role { role, .. } | Self::Chat { role, .. } => role,
            Self::Message(message) => message.kind(),
            Self::Placeholder(_) => "placeholder",
            Self::Prompt(_) => "prompt",
            Self::FewShot(_) => "examples",
        }
    }

    pub(super) fn push_names<'a>(&'a self, required: &mut Vec<&'a str>, optional: &mut Vec<&'a str>) {
        match self {
            Self::Role { content, .. } | Self::Chat { content, .. } => required.extend(content.variables()),
            Self::Placeholder(place) if place.optional => optional.push(&place.variable),
            Self::Placeholder(place) => required.push(&place.variable),
            Self::Prompt(prompt) => {
                required.extend(prompt.input_variables());
                optional.extend(prompt.optional_variables());
            }
            Self::Message(_) | Self::FewShot(_) => {}
        }
    }

    pub(super) async fn push(&self, scope: &Scope<'_>, out: &mut Vec<Message>) -> Result<()> {
        match self {
            Self::Role { role, content } => out.push(Message::from_role(role, content.render(scope)?)?),
            Self::Chat { role, content } => out.push(ChatMessage::new(role, content.render(scope)?).into()),
            Self::Message(message) => out.push(Message::clone(message)),
            Self::Placeholder(place) => place.push(scope, out)?,
            Self::Prompt(prompt) => prompt.push(scope, out).await?,
            Self::FewShot(examples) => examples.push(scope, out).await?,
        }
        Ok(())
    }
}

impl<M: Into<Message>> From<M> for MessageTemplate {
    fn from(message: M) -> Self {
        Self::Message(Box::new(message.into()))
    }
}

impl From<MessagesPlaceholder> for MessageTemplate {
    fn from(placeholder: MessagesPlaceholder) -> Self {
        Self::Placeholder(placeholder)
    }
}

/// The messages of a template, with its partials.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageList {
    pub(super) messages: Vec<MessageTemplate>,
    pub(super) partials: Partials,
}

impl MessageList {
    pub(super) fn input_variables(&self) -> Vec<&str> {
        open_names(self.names().0, &self.partials)
    }

    pub(super) fn optional_variables(&self) -> Vec<&str> {
        open_names(self.names().1, &self.partials)
    }

    fn names(&self) -> (Vec<&str>, Vec<&str>) {
        let (mut required, mut optional) = (Vec::new(), Vec::new());
        for message in &self.messages {
            message.push_names(&mut required, &mut optional);
        }
        (required, optional)
    }

    /// Renders the messages to the end of `out`. Boxed, as an element may be a list itself.
    pub(super) fn push<'a>(&'a self, scope: &'a Scope<'_>, out: &'a mut Vec<Message>) -> BoxFuture<'a, Result<()>> {
        async move {
            let own = self.partials.resolve(scope);
            let scope = scope.with(&own);
            for (at, message) in self.messages.iter().enumerate() {
                message.push(&scope, out).await.map_err(|error| match error.kind() {
                    ErrorKind::Template => {
                        let detail = format!("message {} (`{}`): {}", at + 1, message.word(), error.detail());
                        Error::new(error.kind(), detail)
                    }
                    _ => error,
                })?;
            }
            Ok(())
        }
        .boxed()
    }
}

/// The messages of each example, in the place of one element.
#[derive(Clone, Debug, PartialEq)]
pub struct ExampleMessages {
    pub(super) examples: Examples,
    pub(super) example: MessageList,
}

impl ExampleMessages {
    async fn push(&self, scope: &Scope<'_>, out: &mut Vec<Message>) -> Result<()> {
        for example in self.examples.choose(scope).await?.iter() {
            self.example.push(&Scope::new(example), out).await?;
        }
        Ok(())
    }
}
