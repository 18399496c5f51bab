//! A conversation as one text.

mod xml;

use std::borrow::Cow;

use serde_json::Value;

use super::python::{repr, repr_calls};
use super::{AIMessage, Message};
use crate::{Error, ErrorKind, Result};

/// The options of [`get_buffer_string`].
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
    /// `Human: hi`. Only the text of a list of parts is written.
    #[default]
    Prefix,
    /// `<message type="human">hi</message>`, out of which text inside a message cannot break. An image, a sound or a video is written if it is an
    /// address or the id of a file.
    Xml,
}

impl BufferOptions {
    /// Returns the defaults: `Human: …`, `AI: …` and so on, one line each.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// assert_eq!(get_buffer_string(&["hi".into()], &BufferOptions::new())?, "Human: hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
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

    /// Sets the prefix of a human message; default: `Human`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// assert_eq!(get_buffer_string(&["hi".into()], &BufferOptions::new().human_prefix("User"))?, "User: hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn human_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.human = prefix.into();
        self
    }

    /// Sets the prefix of a model's message; default: `AI`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// assert_eq!(get_buffer_string(&[("ai", "hi").into()], &BufferOptions::new().ai_prefix("Bot"))?, "Bot: hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn ai_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.ai = prefix.into();
        self
    }

    /// Sets the prefix of a system message; default: `System`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// let options = BufferOptions::new().system_prefix("Rules");
    /// assert_eq!(get_buffer_string(&[("system", "Be brief.").into()], &options)?, "Rules: Be brief.");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn system_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.system = prefix.into();
        self
    }

    /// Sets the prefix of a function's answer; default: `Function`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::FunctionMessage;
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// let options = BufferOptions::new().function_prefix("Result");
    /// assert_eq!(get_buffer_string(&[FunctionMessage::new("add", "3").into()], &options)?, "Result: 3");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn function_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.function = prefix.into();
        self
    }

    /// Sets the prefix of a tool's answer; default: `Tool`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolMessage;
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// let options = BufferOptions::new().tool_prefix("Result");
    /// assert_eq!(get_buffer_string(&[ToolMessage::new("3", "call_1").into()], &options)?, "Result: 3");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn tool_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.tool = prefix.into();
        self
    }

    /// Sets the text between two messages; default: a line end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{BufferOptions, get_buffer_string};
    ///
    /// let options = BufferOptions::new().message_separator(" / ");
    /// assert_eq!(get_buffer_string(&["a".into(), "b".into()], &options)?, "Human: a / Human: b");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn message_separator(mut self, separator: impl Into<Cow<'static, str>>) -> Self {
        self.separator = separator.into();
        self
    }

    /// Sets the form of the text; default: [`BufferFormat::Prefix`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{BufferFormat, BufferOptions, get_buffer_string};
    ///
    /// let options = BufferOptions::new().format(BufferFormat::Xml);
    /// assert_eq!(get_buffer_string(&["hi".into()], &options)?, "<message type=\"human\">hi</message>");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn format(mut self, format: BufferFormat) -> Self {
        self.format = format;
        self
    }

    /// Returns the prefix of a message; `None` for a [`RemoveMessage`](super::RemoveMessage), which has no speaker.
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

/// Writes a conversation as one text, for example for a prompt that asks for a summary.
///
/// With [`BufferFormat::Prefix`] the tool calls follow the text of their message, printed as Python prints them, so LangChain and cadena write the
/// same text.
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
/// [`ErrorKind::InvalidInput`] for a [`RemoveMessage`](super::RemoveMessage), which has no content.
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
                // LangChain writes a role as it is, and a prefix in lower case.
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

/// Returns the call of a model in the form before tools, with one function at most.
fn function_call(message: &AIMessage) -> Option<&Value> {
    message.additional_kwargs.get("function_call")
}
