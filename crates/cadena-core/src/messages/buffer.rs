//! A conversation as one text.

mod xml;

use std::borrow::Cow;

use serde_json::Value;

use super::python::{repr, repr_calls};
use super::{AIMessage, Message};
use crate::{Error, ErrorKind, Result};

/// How [`get_buffer_string`] writes a conversation.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{BufferOptions, get_buffer_string};
///
/// let options = BufferOptions::new().human_prefix("User").message_separator(" / ");
/// assert_eq!(get_buffer_string(&["hi".into(), ("ai", "Hello!").into()], &options)?, "User: hi / AI: Hello!");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct BufferOptions {
    human: Cow<'static, str>,
    ai: Cow<'static, str>,
    system: Cow<'static, str>,
    function: Cow<'static, str>,
    tool: Cow<'static, str>,
    separator: Cow<'static, str>,
    format: BufferFormat,
}

/// The form of the text of [`get_buffer_string`].
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{BufferFormat, BufferOptions, get_buffer_string};
///
/// let xml = BufferOptions::new().format(BufferFormat::Xml);
/// assert_eq!(get_buffer_string(&["hi".into()], &xml)?, "<message type=\"human\">hi</message>");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BufferFormat {
    /// `Human: hi`. Of parts only text is written.
    #[default]
    Prefix,
    /// `<message type="human">hi</message>`, which text inside a message cannot break out of. Images and the like are written
    /// when they are an address or a file's id.
    Xml,
}

impl BufferOptions {
    /// `Human: …`, `AI: …` and so on, a line each.
    pub fn new() -> Self {
        Self {
            human: Cow::Borrowed("Human"),
            ai: Cow::Borrowed("AI"),
            system: Cow::Borrowed("System"),
            function: Cow::Borrowed("Function"),
            tool: Cow::Borrowed("Tool"),
            separator: Cow::Borrowed("\n"),
            format: BufferFormat::default(),
        }
    }

    /// What a person is called; default: `Human`.
    pub fn human_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.human = prefix.into();
        self
    }

    /// What a model is called; default: `AI`.
    pub fn ai_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.ai = prefix.into();
        self
    }

    /// What the application is called; default: `System`.
    pub fn system_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.system = prefix.into();
        self
    }

    /// What a function is called; default: `Function`.
    pub fn function_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.function = prefix.into();
        self
    }

    /// What a tool is called; default: `Tool`.
    pub fn tool_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.tool = prefix.into();
        self
    }

    /// What stands between two messages; default: a line end.
    pub fn message_separator(mut self, separator: impl Into<Cow<'static, str>>) -> Self {
        self.separator = separator.into();
        self
    }

    /// The form of the text; default: [`BufferFormat::Prefix`].
    pub fn format(mut self, format: BufferFormat) -> Self {
        self.format = format;
        self
    }

    /// What the speaker is called; `None` for a marker, which nobody speaks.
    fn speaker<'a>(&'a self, message: &'a Message) -> Option<&'a str> {
        Some(match message {
            Message::Human(_) => &self.human,
            Message::System(_) => &self.system,
            Message::AI(_) => &self.ai,
            Message::Tool(_) => &self.tool,
            Message::Function(_) => &self.function,
            Message::Chat(chat) => &chat.role,
            Message::Remove(_) => return None,
        })
    }
}

impl Default for BufferOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a conversation as one text, such as a prompt to summarise it.
///
/// With [`BufferFormat::Prefix`] tool calls stand behind the text of their message, as Python prints them: text that LangChain wrote
/// and text that cadena writes are the same.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{BufferFormat, BufferOptions, get_buffer_string};
///
/// let history = ["hi".into(), ("ai", "1 < 2").into()];
/// assert_eq!(get_buffer_string(&history, &BufferOptions::new())?, "Human: hi\nAI: 1 < 2");
///
/// let xml = BufferOptions::new().format(BufferFormat::Xml);
/// assert_eq!(
///     get_buffer_string(&history, &xml)?,
///     "<message type=\"human\">hi</message>\n<message type=\"ai\">1 &lt; 2</message>",
/// );
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for a [`RemoveMessage`](super::RemoveMessage), which says nothing.
pub fn get_buffer_string(messages: &[Message], options: &BufferOptions) -> Result<String> {
    let mut out = String::new();
    for (at, message) in messages.iter().enumerate() {
        let Some(speaker) = options.speaker(message) else {
            let detail = format!("`messages[{at}]` is a RemoveMessage, which cannot be printed");
            return Err(Error::new(ErrorKind::InvalidInput, detail));
        };
        if at > 0 {
            out.push_str(&options.separator);
        }
        match options.format {
            BufferFormat::Prefix => prefixed(&mut out, speaker, message),
            BufferFormat::Xml => {
                // A role is kept as it is, a prefix is not.
                let kind = match message {
                    Message::Chat(_) => Cow::Borrowed(speaker),
                    _ => Cow::Owned(speaker.to_lowercase()),
                };
                xml::message(&mut out, &kind, message);
            }
        }
    }
    Ok(out)
}

fn prefixed(out: &mut String, speaker: &str, message: &Message) {
    out.push_str(speaker);
    out.push_str(": ");
    out.push_str(&message.text());
    if let Message::AI(ai) = message {
        if !ai.tool_calls.is_empty() {
            out.push_str(&repr_calls(&ai.tool_calls));
        } else if let Some(call) = function_call(ai) {
            out.push_str(&repr(call));
        }
    }
}

/// The one call of a model that knows no tools.
fn function_call(message: &AIMessage) -> Option<&Value> {
    message.additional_kwargs.get("function_call")
}
