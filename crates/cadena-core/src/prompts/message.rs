//! One message in the template of a conversation.

use serde_json::{Map, Value};

use super::blocks::BlockTemplate;
use super::chat::ChatPromptTemplate;
use super::few_shot::FewShotChatPromptTemplate;
use super::placeholder::MessagesPlaceholder;
use super::scope::Scope;
use super::template::{Template, TemplateFormat};
use crate::{ChatMessage, Content, Error, ErrorKind, Message, Result};

/// One message, placeholder or prompt in a [`ChatPromptTemplate`].
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
    /// Another template, with its own partials.
    Prompt(Box<ChatPromptTemplate>),
    /// Examples.
    FewShot(Box<FewShotChatPromptTemplate>),
}

/// The content of a message: a text, or a list of blocks.
///
/// # Examples
///
/// ```
/// use cadena_core::{ContentTemplate, Template};
///
/// let content = ContentTemplate::from(Template::parse("Why {what}?")?);
/// assert_eq!(content.variables(), ["what"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ContentTemplate {
    /// A text.
    Text(Template),
    /// Texts, images and other blocks.
    Blocks(Vec<BlockTemplate>),
}

/// A value that can be an element of [`ChatPromptTemplate::from_messages`].
///
/// - a text, which is a human message;
/// - a pair of a role (`human`, `user`, `ai`, `assistant`, `system`) and a text or a list of blocks;
/// - `("placeholder", "{history}")`, a placeholder for messages that may be missing; `("placeholder", json!(["{history}", false]))`
///   for messages that must be there;
/// - a [`Message`], which stays as it is;
/// - a [`MessagesPlaceholder`], another [`ChatPromptTemplate`], a [`FewShotChatPromptTemplate`], a [`MessageTemplate`];
/// - any of the first three as JSON: `"text"`, `["human", "text"]`, `{"role": "human", "content": "text"}`.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate};
/// use serde_json::json;
///
/// let prompt = ChatPromptTemplate::from_messages([json!(["system", "Be {how}."]), json!({"role": "user", "content": "Hi"})])?;
/// assert_eq!(prompt.format(&dict! {"how": "brief"})?.messages[0].text(), "Be brief.");
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub trait IntoMessageTemplate {
    /// Makes the message template.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] for a text that cannot be parsed or an unknown role.
    fn into_message_template(self, format: TemplateFormat) -> Result<MessageTemplate>;
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

    pub(super) fn of_role(role: &str, content: Value, format: TemplateFormat) -> Result<Self> {
        match role {
            "placeholder" => return placeholder(&content),
            "human" | "user" | "ai" | "assistant" | "system" => {}
            other => {
                let detail = format!("`{other}` is not a role: use human, user, ai, assistant, system or placeholder");
                return Err(Error::new(ErrorKind::Template, detail));
            }
        }
        Ok(Self::Role {
            role: role.to_owned(),
            content: ContentTemplate::parse(content, format)?,
        })
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
            Self::Prompt(prompt) => prompt.push_boxed(scope, out).await?,
            Self::FewShot(examples) => examples.push(scope, out).await?,
        }
        Ok(())
    }
}

impl ContentTemplate {
    /// Reads a text or a list of blocks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`], with the place, for a text that cannot be parsed, and for a value that is neither a text nor a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ContentTemplate, TemplateFormat};
    /// use serde_json::json;
    ///
    /// let content = ContentTemplate::parse(json!(["{question}", {"type": "image_url", "image_url": "{url}"}]), TemplateFormat::FString)?;
    /// assert!(matches!(&content, ContentTemplate::Blocks(blocks) if blocks.len() == 2));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn parse(content: Value, format: TemplateFormat) -> Result<Self> {
        match content {
            Value::String(text) => Ok(Self::Text(Template::parse_as(text, format)?)),
            Value::Array(blocks) => {
                let read = |(at, block)| {
                    BlockTemplate::parse(block, format)
                        .map_err(|error| Error::new(error.kind(), format!("content[{at}]: {}", error.detail())))
                };
                Ok(Self::Blocks(
                    blocks.into_iter().enumerate().map(read).collect::<Result<_>>()?,
                ))
            }
            _ => Err(Error::new(ErrorKind::Template, "content is a text or a list of blocks")),
        }
    }

    /// Returns the names of the variables.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ContentTemplate, Template};
    ///
    /// assert_eq!(ContentTemplate::from(Template::parse("Why {what}?")?).variables(), ["what"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Text(template) => template.variables(),
            Self::Blocks(blocks) => blocks.iter().flat_map(BlockTemplate::variables).collect(),
        }
    }

    fn render(&self, scope: &Scope<'_>) -> Result<Content> {
        let blocks = match self {
            Self::Text(template) => return template.render_checked(scope).map(Content::from),
            Self::Blocks(blocks) => blocks,
        };
        let blocks = blocks.iter().filter_map(|block| block.render(scope).transpose());
        let blocks = Value::Array(blocks.collect::<Result<_>>()?);
        serde_json::from_value(blocks)
            .map_err(|error| Error::new(ErrorKind::Template, "a block is not content").with_source(error))
    }
}

impl From<Template> for ContentTemplate {
    fn from(template: Template) -> Self {
        Self::Text(template)
    }
}

/// Reads a placeholder: `"{name}"` or `["{name}", true]`.
fn placeholder(content: &Value) -> Result<MessageTemplate> {
    let (text, optional) = match content {
        Value::Array(items) => match items.as_slice() {
            [text, Value::Bool(optional)] => (text, *optional),
            _ => (&Value::Null, true),
        },
        text => (text, true),
    };
    let name = text
        .as_str()
        .and_then(|text| text.strip_prefix('{')?.strip_suffix('}'))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Template,
                "a placeholder is one variable, such as `{history}`",
            )
        })?;
    Ok(MessageTemplate::Placeholder(MessagesPlaceholder {
        variable: name.to_owned(),
        optional,
        n_messages: None,
    }))
}

impl IntoMessageTemplate for MessageTemplate {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self)
    }
}

impl IntoMessageTemplate for &str {
    fn into_message_template(self, format: TemplateFormat) -> Result<MessageTemplate> {
        MessageTemplate::of_role("human", self.into(), format)
    }
}

impl IntoMessageTemplate for String {
    fn into_message_template(self, format: TemplateFormat) -> Result<MessageTemplate> {
        MessageTemplate::of_role("human", self.into(), format)
    }
}

impl<R: AsRef<str>, C: Into<Value>> IntoMessageTemplate for (R, C) {
    fn into_message_template(self, format: TemplateFormat) -> Result<MessageTemplate> {
        MessageTemplate::of_role(self.0.as_ref(), self.1.into(), format)
    }
}

impl IntoMessageTemplate for Message {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self.into())
    }
}

impl IntoMessageTemplate for MessagesPlaceholder {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self.into())
    }
}

impl IntoMessageTemplate for ChatPromptTemplate {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self.into())
    }
}

impl IntoMessageTemplate for FewShotChatPromptTemplate {
    fn into_message_template(self, _format: TemplateFormat) -> Result<MessageTemplate> {
        Ok(self.into())
    }
}

impl IntoMessageTemplate for Value {
    fn into_message_template(self, format: TemplateFormat) -> Result<MessageTemplate> {
        let pair = match self {
            text @ Self::String(_) => return MessageTemplate::of_role("human", text, format),
            Self::Array(items) => <[Self; 2]>::try_from(items).ok().map(|[role, content]| (role, content)),
            Self::Object(map) => role_and_content(map),
            _ => None,
        };
        match pair {
            Some((Self::String(role), content)) => MessageTemplate::of_role(&role, content, format),
            _ => {
                let detail = "a message is a text, a pair of role and content, or an object with `role` and `content`";
                Err(Error::new(ErrorKind::Template, detail))
            }
        }
    }
}

fn role_and_content(mut map: Map<String, Value>) -> Option<(Value, Value)> {
    let pair = (map.remove("role")?, map.remove("content")?);
    map.is_empty().then_some(pair)
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

impl From<ChatPromptTemplate> for MessageTemplate {
    fn from(prompt: ChatPromptTemplate) -> Self {
        Self::Prompt(Box::new(prompt))
    }
}

impl From<FewShotChatPromptTemplate> for MessageTemplate {
    fn from(examples: FewShotChatPromptTemplate) -> Self {
        Self::FewShot(Box::new(examples))
    }
}
