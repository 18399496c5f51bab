//! Messages in the form of OpenAI's Chat Completions, which many servers speak.

mod block;

use serde_json::{Map, Value, json};

use self::block::Blocks;
use super::fields::Misfit;
use super::python::dumps;
use super::{Content, ContentPart, Message, ToolCall};
use crate::Result;

/// The options of [`convert_to_openai_messages`].
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{OpenAIOptions, TextFormat, convert_to_openai_messages};
/// use serde_json::json;
///
/// let options = OpenAIOptions::new().text_format(TextFormat::Block);
/// let messages = convert_to_openai_messages(&["hi".into()], &options)?;
/// assert_eq!(messages, [json!({"role": "user", "content": [{"type": "text", "text": "hi"}]})]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct OpenAIOptions {
    text_format: TextFormat,
    include_id: bool,
    pass_through_unknown_blocks: bool,
}

/// The form of content that is only text.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{OpenAIOptions, TextFormat, convert_to_openai_messages};
///
/// let blocks = OpenAIOptions::new().text_format(TextFormat::Block);
/// assert_eq!(convert_to_openai_messages(&["hi".into()], &blocks)?[0]["content"][0]["text"], "hi");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// One text; text parts are joined with a line end between them.
    #[default]
    String,
    /// A list of parts.
    Block,
}

impl OpenAIOptions {
    /// Returns the defaults: text as one text, no ids, unknown parts as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{OpenAIOptions, convert_to_openai_messages};
    ///
    /// assert_eq!(convert_to_openai_messages(&["hi".into()], &OpenAIOptions::new())?[0]["content"], "hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self {
            text_format: TextFormat::String,
            include_id: false,
            pass_through_unknown_blocks: true,
        }
    }

    /// Sets the form of content that is only text; default: [`TextFormat::String`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{OpenAIOptions, TextFormat, convert_to_openai_messages};
    ///
    /// let options = OpenAIOptions::new().text_format(TextFormat::Block);
    /// assert_eq!(convert_to_openai_messages(&["hi".into()], &options)?[0]["content"][0]["text"], "hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn text_format(mut self, format: TextFormat) -> Self {
        self.text_format = format;
        self
    }

    /// Sets whether the ids of messages are written; default: no.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::HumanMessage;
    /// use cadena_core::messages::{OpenAIOptions, convert_to_openai_messages};
    ///
    /// let messages = [HumanMessage::new("hi").with_id("msg_1").into()];
    /// assert_eq!(convert_to_openai_messages(&messages, &OpenAIOptions::new().include_id(true))?[0]["id"], "msg_1");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn include_id(mut self, include: bool) -> Self {
        self.include_id = include;
        self
    }

    /// Sets whether parts of an unknown form are written as they are, or are an error; default: they are written.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::HumanMessage;
    /// use cadena_core::messages::{OpenAIOptions, convert_to_openai_messages};
    /// use serde_json::{Value, json};
    ///
    /// let part: cadena_core::ContentPart = serde_json::from_value(json!({"type": "strange"})).expect("an object");
    /// let strict = OpenAIOptions::new().pass_through_unknown_blocks(false);
    /// assert!(convert_to_openai_messages(&[HumanMessage::new(vec![part]).into()], &strict).is_err());
    /// ```
    pub fn pass_through_unknown_blocks(mut self, pass: bool) -> Self {
        self.pass_through_unknown_blocks = pass;
        self
    }
}

impl Default for OpenAIOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes messages in the form of OpenAI's Chat Completions.
///
/// Parts in the forms of OpenAI, Anthropic, Bedrock and Vertex AI and in LangChain's form are translated. Calls in the content become
/// `tool_calls`, and each tool's answer in the content becomes a message.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{OpenAIOptions, convert_to_openai_messages};
/// use serde_json::json;
///
/// let messages = convert_to_openai_messages(&[("system", "Be brief.").into(), "hi".into()], &OpenAIOptions::new())?;
/// assert_eq!(messages, [json!({"role": "system", "content": "Be brief."}), json!({"role": "user", "content": "hi"})]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if a part lacks a member that its form needs, cannot be written in this form, or is unknown
/// and may not pass, and for a [`RemoveMessage`](super::RemoveMessage). The error names the place.
pub fn convert_to_openai_messages(messages: &[Message], options: &OpenAIOptions) -> Result<Vec<Value>> {
    let mut out = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        convert(&mut out, message, options).map_err(|misfit| misfit.inside(format_args!("messages[{at}]")))?;
    }
    Ok(out)
}

fn convert(out: &mut Vec<Value>, message: &Message, options: &OpenAIOptions) -> Result<(), Misfit> {
    if matches!(message, Message::Remove(_)) {
        return Err(Misfit::new("", "is a RemoveMessage, which cannot be sent to a model"));
    }
    let mut dict = Map::new();
    let mut set = |key: &str, value: Value| drop(dict.insert(key.to_owned(), value));
    set("role", role(message).into());
    if let Some(name) = message.name().filter(|name| !name.is_empty()) {
        set("name", name.into());
    }
    let calls = message.as_ai().map(|ai| ai.tool_calls.as_slice());
    let Converted {
        content,
        more_calls,
        answers,
    } = content(message.content(), calls, options)?;
    let all_calls: Vec<Value> = calls.into_iter().flatten().map(call).chain(more_calls).collect();
    if !all_calls.is_empty() {
        set("tool_calls", all_calls.into());
    }
    let refusal = message
        .additional_kwargs()
        .get("refusal")
        .filter(|refusal| !refusal.is_null() && **refusal != "");
    if let Some(refusal) = refusal {
        set("refusal", refusal.clone());
    }
    if let Message::Tool(tool) = message {
        set("tool_call_id", tool.tool_call_id.clone().into());
    }
    if let Some(id) = message.id().filter(|id| options.include_id && !id.is_empty()) {
        set("id", id.into());
    }
    let says_nothing = content.as_str() == Some("") || content.as_array().is_some_and(Vec::is_empty);
    set("content", content);
    let replaced = !message.content().is_empty() && says_nothing && !answers.is_empty();
    if !replaced {
        out.push(dict.into());
    }
    out.extend(answers);
    Ok(())
}

/// The conversion of one content.
struct Converted {
    content: Value,
    more_calls: Vec<Value>,
    answers: Vec<Value>,
}

fn content(content: &Content, calls: Option<&[ToolCall]>, options: &OpenAIOptions) -> Result<Converted, Misfit> {
    let simple = |content| Converted {
        content,
        more_calls: Vec::new(),
        answers: Vec::new(),
    };
    let as_text = options.text_format == TextFormat::String;
    let parts = match content {
        content if content.is_empty() => return Ok(simple(if as_text { json!("") } else { json!([]) })),
        Content::Text(text) if as_text => return Ok(simple(json!(text))),
        Content::Text(text) => return Ok(simple(json!([{"type": "text", "text": text}]))),
        Content::Parts(parts) => parts,
    };
    let mut blocks = Blocks::new(calls, options);
    for (at, part) in parts.iter().enumerate() {
        match part {
            ContentPart::Text(text) => blocks.push_text(text),
            ContentPart::Block(block) => {
                blocks
                    .push(&block.to_map())
                    .map_err(|misfit| misfit.inside(format_args!("content[{at}]")))?;
            }
        }
    }
    let Blocks {
        content,
        more_calls,
        answers,
        ..
    } = blocks;
    let texts: Option<Vec<&str>> = content.iter().map(text_of).collect();
    let content = match texts {
        Some(texts) if as_text => texts.join("\n").into(),
        _ => content.into(),
    };
    Ok(Converted {
        content,
        more_calls,
        answers,
    })
}

/// The text of a text block.
fn text_of(block: &Value) -> Option<&str> {
    if block.get("type")? != "text" {
        return None;
    }
    block.get("text")?.as_str()
}

/// Returns the role of a message, in OpenAI's words.
pub(crate) fn role(message: &Message) -> &str {
    match message {
        Message::Human(_) => "user",
        Message::AI(_) => "assistant",
        Message::Tool(_) => "tool",
        Message::Function(_) => "function",
        Message::Chat(chat) => &chat.role,
        Message::System(system) => system
            .additional_kwargs
            .get("__openai_role__")
            .and_then(Value::as_str)
            .unwrap_or("system"),
        Message::Remove(_) => "remove",
    }
}

fn call(call: &ToolCall) -> Value {
    if let Some(input) = call.input() {
        return json!({"type": "custom", "id": call.id, "custom": {"name": call.name, "input": input}});
    }
    json!({"type": "function", "id": call.id, "function": {"name": call.name, "arguments": dumps(&call.args)}})
}
