//! One part of a content in the form of OpenAI's Chat Completions.

use serde_json::{Map, Value, json};

use super::{OpenAIOptions, convert};
use crate::messages::fields::{Fields, Misfit};
use crate::messages::python::{dumps, dumps_ascii};
use crate::messages::spoken::Read;
use crate::messages::{
    OpenAIApi, ToolCall, ToolMessage, convert_to_openai_data_block, is_anthropic_data_block, is_data_content_block,
};

type Block = Map<String, Value>;

/// The parts of a content, and the calls and answers that left the content.
pub(super) struct Blocks<'a> {
    /// The calls that the message has beside its content; `None` for a message that cannot have calls.
    calls: Option<&'a [ToolCall]>,
    options: &'a OpenAIOptions,
    pub(super) content: Vec<Value>,
    /// Calls that are only in the content.
    pub(super) more_calls: Vec<Value>,
    /// Answers of tools, each of which becomes a message.
    pub(super) answers: Vec<Value>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(calls: Option<&'a [ToolCall]>, options: &'a OpenAIOptions) -> Self {
        Self {
            calls,
            options,
            content: Vec::new(),
            more_calls: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub(super) fn push_text(&mut self, text: &str) {
        self.content.push(json!({"type": "text", "text": text}));
    }

    pub(super) fn push(&mut self, block: &Block) -> Result<(), Misfit> {
        let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "text" => {
                let Some(Value::String(text)) = block.get("text") else {
                    return Err(Misfit::new("text", "must be a text"));
                };
                self.push_text(text);
            }
            "image_url" => {
                let url = need(block, "image_url")?;
                self.content.push(json!({"type": "image_url", "image_url": url}));
            }
            _ if is_data_content_block(block) || is_anthropic_data_block(block) => {
                self.content.push(named_file(data_block(block)?))
            }
            _ if kind == "image" || block.contains_key("image") => self.content.push(image(block)?),
            "file"
                if block
                    .get("file")
                    .is_some_and(|file| file.get("file_data").is_some_and(Value::is_string)) =>
            {
                self.content.push(named_file(block.clone().into()));
            }
            "input_audio" if is_audio(block) => self.content.push(block.clone().into()),
            "tool_use" => self.tool_use(block)?,
            "function_call" => self.function_call(block)?,
            "tool_result" => self.tool_result(block)?,
            _ if kind == "json" || block.contains_key("json") => self.push_text(&dumps_ascii(need(block, "json")?)),
            _ if kind == "guard_content" || block.contains_key("guard_content") => {
                let guarded = need(need(block, "guard_content")?, "text").map_err(|m| m.inside("guard_content"))?;
                let text = guarded.get("text").unwrap_or(guarded);
                self.push_text(
                    text.as_str()
                        .ok_or_else(|| Misfit::of_type("guard_content.text", "a text", text))?,
                );
            }
            "media" => self.content.push(media(block)?),
            _ if matches!(kind, "thinking" | "reasoning") || self.options.pass_through_unknown_blocks => {
                self.content.push(block.clone().into());
            }
            _ => {
                let problem =
                    format!("has the type `{kind}`, which is not in OpenAI's form nor in one that is translated");
                return Err(Misfit::new("", problem));
            }
        }
        Ok(())
    }

    fn is_known_call(&self, id: Option<&Value>) -> Result<bool, Misfit> {
        let calls = self
            .calls
            .ok_or_else(|| Misfit::new("", "calls a tool, which only a model's message can do"))?;
        let id = id.and_then(Value::as_str);
        Ok(calls.iter().any(|call| call.id.as_deref() == id))
    }

    /// Adds a call in Anthropic's form.
    fn tool_use(&mut self, block: &Block) -> Result<(), Misfit> {
        let (id, name, input) = (need(block, "id")?, need(block, "name")?, need(block, "input")?);
        if !self.is_known_call(Some(id))? {
            let function = json!({"name": name, "arguments": dumps(input)});
            self.more_calls
                .push(json!({"type": "function", "id": id, "function": function}));
        }
        Ok(())
    }

    /// Adds a call in the form of OpenAI's Responses.
    fn function_call(&mut self, block: &Block) -> Result<(), Misfit> {
        if !self.is_known_call(block.get("call_id"))? {
            let id = need(block, "call_id")?;
            let function = json!({"name": need(block, "name")?, "arguments": need(block, "arguments")?});
            self.more_calls
                .push(json!({"type": "function", "id": id, "function": function}));
        }
        if self.options.pass_through_unknown_blocks {
            self.content.push(block.clone().into());
        }
        Ok(())
    }

    /// Adds an answer in Anthropic's form.
    fn tool_result(&mut self, block: &Block) -> Result<(), Misfit> {
        let (content, id) = (need(block, "content")?, need(block, "tool_use_id")?);
        let fields = [("content", content), ("tool_call_id", id)];
        let fields = fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .collect();
        let answer = ToolMessage::read(Fields::new(fields))?.into();
        // LangChain hands on only the form of the text.
        let options = OpenAIOptions::new().text_format(self.options.text_format);
        convert(&mut self.answers, &answer, &options)
    }
}

/// Returns a member that the form of the part needs.
fn need<'a>(block: impl Members<'a>, key: &str) -> Result<&'a Value, Misfit> {
    block.member(key).ok_or_else(|| Misfit::missing(key))
}

trait Members<'a> {
    fn member(self, key: &str) -> Option<&'a Value>;
}

impl<'a> Members<'a> for &'a Block {
    fn member(self, key: &str) -> Option<&'a Value> {
        self.get(key)
    }
}

impl<'a> Members<'a> for &'a Value {
    fn member(self, key: &str) -> Option<&'a Value> {
        self.get(key)
    }
}

fn text<'a>(block: impl Members<'a>, key: &str) -> Result<&'a str, Misfit> {
    let value = need(block, key)?;
    value.as_str().ok_or_else(|| Misfit::of_type(key, "a text", value))
}

fn image_url(mime_type: &str, encoding: &str, data: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": format!("data:{mime_type};{encoding},{data}")}})
}

/// Converts an image in Bedrock's form.
fn image(block: &Block) -> Result<Value, Misfit> {
    let Some(image) = block.get("image") else {
        return Err(Misfit::new(
            "",
            "is an image without `source`, `image`, `url`, `base64` or `file_id`",
        ));
    };
    let read = || {
        let format = text(image, "format")?;
        let bytes = text(need(image, "source")?, "bytes").map_err(|misfit| misfit.inside("source"))?;
        Ok(image_url(&format!("image/{format}"), "base64", bytes))
    };
    read().map_err(|misfit: Misfit| misfit.inside("image"))
}

/// Converts an image in Vertex AI's form; in JSON the data is base64 text.
fn media(block: &Block) -> Result<Value, Misfit> {
    let (mime_type, data) = (text(block, "mime_type")?, text(block, "data")?);
    if !mime_type.contains("image") {
        return Err(Misfit::new(
            "mime_type",
            format!("is `{mime_type}`, and this form holds only text and images"),
        ));
    }
    Ok(image_url(mime_type, "base64", data))
}

/// Sets a name on a file without one: OpenAI requires a name for every file.
fn named_file(mut block: Value) -> Value {
    if let Some(Value::Object(file)) = block.get_mut("file")
        && file.get("filename").is_none_or(Value::is_null)
    {
        file.insert("filename".to_owned(), "LC_AUTOGENERATED".into());
    }
    block
}

fn is_audio(block: &Block) -> bool {
    let is_text = |key| {
        block
            .get("input_audio")
            .and_then(|audio| audio.get(key))
            .is_some_and(Value::is_string)
    };
    is_text("data") && is_text("format")
}

/// Converts data in LangChain's form.
fn data_block(block: &Block) -> Result<Value, Misfit> {
    let sent = convert_to_openai_data_block(block, OpenAIApi::ChatCompletions);
    sent.map(Value::Object)
        .map_err(|error| Misfit::new("", format!("cannot be written in this form: {}", error.detail())))
}
