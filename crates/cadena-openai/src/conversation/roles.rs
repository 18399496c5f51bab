//! Which parts OpenAI takes in which messages.

use cadena_core::messages::{is_anthropic_data_block, is_data_content_block};
use cadena_core::{AIMessage, Content, ContentPart, Error, ErrorKind, Message, Result};
use serde_json::{Map, Value};

use crate::wire::Audience;

/// Refuses what OpenAI's schema of Chat Completions has no place for: see [`ModelRule::PartsByRole`](crate::ModelRule::PartsByRole).
pub(crate) fn check_roles(messages: &[Message]) -> Result<()> {
    for (at, message) in messages.iter().enumerate() {
        check(message).map_err(|misfit| misfit.into_error(at))?;
    }
    Ok(())
}

/// The error of a conversation without a message: OpenAI wants one at least.
pub(crate) fn nothing_to_send() -> Error {
    let error = Error::new(ErrorKind::InvalidInput, "there are no messages to send");
    error.with_hint("give at least one message as input")
}

/// A part that cannot be sent, and the remedy.
struct Misfit {
    what: String,
    remedy: &'static str,
}

impl Misfit {
    fn new(what: impl Into<String>, remedy: &'static str) -> Self {
        let what = what.into();
        Self { what, remedy }
    }

    fn into_error(self, at: usize) -> Error {
        let Self { what, remedy } = self;
        let detail = format!("`messages[{at}]` cannot be sent: {what}");
        Error::new(ErrorKind::InvalidInput, detail).with_hint(format!(
            "{remedy}; for a server that takes it, switch off `ModelRule::PartsByRole`"
        ))
    }
}

type Fit = std::result::Result<(), Misfit>;

/// The role of a message, and the parts that it may have.
struct Role {
    name: &'static str,
    audience: Audience,
    parts: &'static [&'static str],
    remedy: &'static str,
}

const USER: Role = Role {
    name: "a message of the user",
    audience: Audience::User,
    parts: &["text", "image_url", "input_audio", "file"],
    remedy: "say it in text, or as an image, a sound or a file",
};
const SYSTEM: Role = Role {
    name: "a system message",
    audience: Audience::User,
    parts: &["text"],
    remedy: "put it into a human message",
};
const ASSISTANT: Role = Role {
    name: "an answer",
    audience: Audience::Assistant,
    parts: &["text", "refusal"],
    remedy: "take it out, or ask the Responses API by `with_endpoint(Endpoint::Responses)`, which takes back the parts that it gave",
};
const TOOL: Role = Role {
    name: "the answer of a tool",
    audience: Audience::Tool,
    parts: &["text"],
    remedy: "put it into a human message behind the tool's, or ask the Responses API by `with_endpoint(Endpoint::Responses)`, which takes images there",
};
const FUNCTION: Role = Role {
    name: "the answer of a function",
    audience: Audience::Tool,
    parts: &["text"],
    remedy: "put it into a human message behind the function's",
};

fn check(message: &Message) -> Fit {
    match message {
        Message::Human(message) => USER.check(&message.content),
        Message::System(message) => {
            let role = message.additional_kwargs.get("__openai_role__").and_then(Value::as_str);
            in_role(role.unwrap_or("system"), &message.content)
        }
        Message::Chat(message) => in_role(&message.role, &message.content),
        Message::Tool(message) => TOOL.check(&message.content),
        Message::Function(message) => {
            let named = message.name.is_some() || message.additional_kwargs.get("name").is_some_and(Value::is_string);
            if !named {
                return Err(Misfit::new("the function has no name", "set the message's `name`"));
            }
            FUNCTION.check(&message.content)
        }
        Message::AI(message) => {
            ASSISTANT.check(&message.content)?;
            beside_the_content(message)
        }
        // A kind that cannot be written at all is an error there.
        _ => Ok(()),
    }
}

/// A message whose role is a word.
fn in_role(role: &str, content: &Content) -> Fit {
    match role {
        "user" => USER.check(content),
        "system" | "developer" => SYSTEM.check(content),
        "assistant" => ASSISTANT.check(content),
        "tool" | "function" => {
            let what = format!("a message of role `{role}` must name the call that it answers");
            Err(Misfit::new(what, "make it a ToolMessage or a FunctionMessage"))
        }
        _ => Err(Misfit::new(
            format!("OpenAI does not know the role `{}`", beginning(role)),
            "its roles are `developer`, `system`, `user`, `assistant`, `tool` and `function`",
        )),
    }
}

/// Checks the members of an answer beside its content: sound, and calls in OpenAI's own form.
fn beside_the_content(message: &AIMessage) -> Fit {
    let kwarg = |key| message.additional_kwargs.get(key).filter(|value| !value.is_null());
    if let Some(audio) = kwarg("audio")
        && !audio.as_object().is_some_and(|audio| text_in(audio, "id"))
    {
        return Err(Misfit::new(
            "its sound has no `id`, by which OpenAI takes sound back",
            "take `audio` out of `additional_kwargs` and put its `transcript` into the content",
        ));
    }
    if !message.tool_calls.is_empty() || !message.invalid_tool_calls.is_empty() {
        return Ok(());
    }
    let calls = kwarg("tool_calls");
    let stored = calls.map(|calls| {
        calls
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or(std::slice::from_ref(calls))
    });
    let is_call = |call: &Value, key: &str, input: &str| {
        let of_kind = call.get("type").is_none_or(|kind| kind == key);
        let called = call.get(key).and_then(Value::as_object);
        of_kind && called.is_some_and(|called| text_in(called, "name") && text_in(called, input))
    };
    for call in stored.into_iter().flatten() {
        let has_id = call.as_object().is_some_and(|call| text_in(call, "id"));
        if !has_id || !(is_call(call, "function", "arguments") || is_call(call, "custom", "input")) {
            return Err(Misfit::new(
                "a call in `additional_kwargs[\"tool_calls\"]` is not in OpenAI's form",
                "put calls into `tool_calls`",
            ));
        }
    }
    if let (None, Some(call)) = (calls, kwarg("function_call"))
        && !call
            .as_object()
            .is_some_and(|call| text_in(call, "name") && text_in(call, "arguments"))
    {
        return Err(Misfit::new(
            "the call in `additional_kwargs[\"function_call\"]` is not in OpenAI's form",
            "put calls into `tool_calls`",
        ));
    }
    Ok(())
}

impl Role {
    fn check(&self, content: &Content) -> Fit {
        let Content::Parts(parts) = content else { return Ok(()) };
        let sent = parts.iter().filter(|part| self.audience.accepts(part));
        sent.filter_map(|part| match part {
            ContentPart::Text(_) => None,
            ContentPart::Block(block) => Some(block.to_map()),
        })
        .try_for_each(|block| self.check_block(&block))
    }

    fn check_block(&self, block: &Map<String, Value>) -> Fit {
        let Some(kind) = block.get("type").and_then(Value::as_str) else {
            return Err(Misfit::new(
                "a part has no `type`",
                "name it, as in `{\"type\": \"text\"}`",
            ));
        };
        let (sent, whole) = if is_data_content_block(block) {
            let sent = match kind {
                "image" => "image_url",
                "audio" => "input_audio",
                other => other,
            };
            (sent, are_texts(block, &["url", "file_id", "id", "filename"]))
        } else if is_anthropic_data_block(block) {
            // The code that writes the part names what its source lacks.
            let is_text = block.get("source").and_then(|source| source.get("type")) == Some(&Value::from("text"));
            let sent = match kind {
                "image" => "image_url",
                _ if is_text => "text",
                _ => "file",
            };
            (sent, true)
        } else {
            (kind, is_whole(kind, block))
        };
        if !self.parts.contains(&sent) {
            let kind = beginning(kind);
            let what = format!("OpenAI takes no part of type `{kind}` in {}", self.name);
            return Err(Misfit::new(what, self.remedy));
        }
        if !whole {
            let what = format!("a part of type `{kind}` lacks what the type needs");
            return Err(Misfit::new(what, "write it in OpenAI's form, or in LangChain's"));
        }
        Ok(())
    }
}

/// Whether a part in OpenAI's form has what it must have. The server judges its words, such as formats: there will be more of them.
fn is_whole(kind: &str, block: &Map<String, Value>) -> bool {
    let inner = |key: &str| block.get(key).and_then(Value::as_object);
    match kind {
        "text" | "refusal" => text_in(block, kind),
        // The short form is sent as the long one.
        "image_url" => text_in(block, kind) || inner(kind).is_some_and(|image| text_in(image, "url")),
        "input_audio" => inner(kind).is_some_and(|sound| text_in(sound, "data") && text_in(sound, "format")),
        "file" => inner(kind).is_some_and(|file| are_texts(file, &["file_data", "file_id", "filename"])),
        _ => true,
    }
}

/// Whether what there is of these is text.
fn are_texts(map: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().all(|key| map.get(*key).is_none_or(Value::is_string))
}

fn text_in(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).is_some_and(Value::is_string)
}

/// The beginning of a word that may be of any length.
fn beginning(word: &str) -> &str {
    word.char_indices()
        .nth(40)
        .map_or(word, |(end, _)| word.get(..end).unwrap_or_default())
}
