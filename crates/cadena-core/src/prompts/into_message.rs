//! Values that can be an element of a conversation's template.

use serde_json::{Map, Value};

use super::content::ContentTemplate;
use super::message::MessageTemplate;
use super::placeholder::MessagesPlaceholder;
use super::template::TemplateFormat;
use crate::{Error, ErrorKind, Message, Result};

/// A value that can be an element of [`ChatPromptTemplate::from_messages`](super::ChatPromptTemplate::from_messages).
///
/// - a text, which is a human message;
/// - a pair of a role (`human`, `user`, `ai`, `assistant`, `system`) and a text or a list of blocks;
/// - `("placeholder", "{history}")`, a placeholder for messages that may be missing; `("placeholder", json!(["{history}", false]))`
///   for messages that must be there;
/// - a [`Message`], which stays as it is;
/// - a [`MessagesPlaceholder`], another [`ChatPromptTemplate`](super::ChatPromptTemplate), a [`FewShotChatPromptTemplate`](super::FewShotChatPromptTemplate), a [`MessageTemplate`];
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
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{IntoMessageTemplate, MessageTemplate, TemplateFormat};
    ///
    /// let template = ("system", "Be {how}.").into_message_template(TemplateFormat::FString)?;
    /// assert!(matches!(&template, MessageTemplate::Role { role, .. } if role == "system"));
    /// assert!(("nobody", "Be {how}.").into_message_template(TemplateFormat::FString).is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] for a text that cannot be parsed or an unknown role.
    fn into_message_template(self, format: TemplateFormat) -> Result<MessageTemplate>;
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

impl MessageTemplate {
    /// Reads a message in a role, or a placeholder.
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
