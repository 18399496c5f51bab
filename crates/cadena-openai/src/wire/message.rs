//! Messages as they are sent.

use cadena_core::{AIMessage, Content, ContentPart, Extra, InvalidToolCall, Message, ToolCall, ToolCallKind};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::borrow::Cow;

use super::part::{Audience, OutContent};

/// A message in the form of Chat Completions: content first, then name and role.
pub(super) struct OutMessage<'a> {
    pub(super) message: &'a Message,
    /// Whether the model calls the system role developer.
    pub(super) developer: bool,
    /// Whether the thoughts of an answer are sent back.
    pub(super) reasoning: bool,
}

impl Serialize for OutMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let user = |content| OutContent {
            content,
            audience: Audience::User,
        };
        match self.message {
            Message::Human(message) => {
                map.serialize_entry("content", &user(&message.content))?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                map.serialize_entry("role", "user")?;
            }
            Message::System(message) => {
                map.serialize_entry("content", &user(&message.content))?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                let role = message.additional_kwargs.get("__openai_role__").and_then(Value::as_str);
                map.serialize_entry(
                    "role",
                    role.unwrap_or(if self.developer { "developer" } else { "system" }),
                )?;
            }
            Message::AI(message) => {
                assistant(&mut map, message)?;
                let thought = message.additional_kwargs.get("reasoning_content");
                if let Some(thought) = thought.filter(|thought| self.reasoning && thought.is_string()) {
                    map.serialize_entry("reasoning_content", thought)?;
                }
            }
            Message::Tool(message) => {
                let content = OutContent {
                    content: &message.content,
                    audience: Audience::Tool,
                };
                map.serialize_entry("content", &content)?;
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", &message.tool_call_id)?;
            }
            Message::Chat(message) => {
                let audience = match message.role.as_str() {
                    "assistant" => Audience::Assistant,
                    _ => Audience::User,
                };
                let content = OutContent {
                    content: &message.content,
                    audience,
                };
                map.serialize_entry("content", &content)?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                map.serialize_entry("role", &message.role)?;
            }
            Message::Function(message) => {
                // It takes a text and no list.
                match only_text(&message.content) {
                    Some(text) => map.serialize_entry("content", &text)?,
                    None => map.serialize_entry("content", &user(&message.content))?,
                }
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                map.serialize_entry("role", "function")?;
            }
            other => {
                let detail = format!("a message of kind `{}` cannot be sent", other.kind());
                return Err(serde::ser::Error::custom(detail));
            }
        }
        map.end()
    }
}

fn assistant<M: SerializeMap>(map: &mut M, message: &AIMessage) -> Result<(), M::Error> {
    let AIMessage {
        content,
        tool_calls,
        invalid_tool_calls,
        additional_kwargs,
        name,
        ..
    } = message;
    let kwarg = |key| additional_kwargs.get(key).filter(|value| !value.is_null());
    let has_calls = !tool_calls.is_empty() || !invalid_tool_calls.is_empty();
    let stored_calls = kwarg("tool_calls").filter(|_| !has_calls);
    let function_call = kwarg("function_call").filter(|_| !has_calls && stored_calls.is_none());
    let refusal = message.refusal().filter(|refusal| !refusal.is_empty());
    let audio = kwarg("audio");

    let out = OutContent {
        content,
        audience: Audience::Assistant,
    };
    let says_more =
        has_calls || stored_calls.is_some() || function_call.is_some() || refusal.is_some() || audio.is_some();
    // The server sent null where there is something else, and takes back no empty text there.
    let said = (!says_more || !out.is_empty()).then_some(&out);
    map.serialize_entry("content", &said)?;
    entry_name(map, name.as_deref(), additional_kwargs)?;
    map.serialize_entry("role", "assistant")?;
    if has_calls {
        let calls = OutCalls {
            valid: tool_calls,
            invalid: invalid_tool_calls,
            content,
        };
        map.serialize_entry("tool_calls", &calls)?;
    }
    if let Some(calls) = stored_calls {
        map.serialize_entry("tool_calls", &known_parts(calls))?;
    }
    if let Some(call) = function_call {
        map.serialize_entry("function_call", call)?;
    }
    if let Some(refusal) = refusal {
        map.serialize_entry("refusal", refusal)?;
    }
    if let Some(audio) = audio {
        // The server wants its id back, not the sound.
        let id = audio.get("id").map(|id| json!({"id": id}));
        map.serialize_entry("audio", id.as_ref().unwrap_or(audio))?;
    }
    Ok(())
}

fn entry_name<M: SerializeMap>(map: &mut M, name: Option<&str>, kwargs: &Extra) -> Result<(), M::Error> {}

/// The text of content that is nothing else.
fn only_text(content: &Content) -> Option<Cow<'_, str>> {
    let is_text = match content {
        Content::Text(_) => true,
        Content::Parts(parts) => parts
            .iter()
            .all(|part| part.as_text().is_some() || !Audience::Tool.accepts(part)),
    };
    is_text.then(|| content.text())
}

fn entry_name<M: SerializeMap>(map: &mut M, name: Option<&str>, kwargs: &Map<String, Value>) -> Result<(), M::Error> {
    match name.or_else(|| kwargs.get("name")?.as_str()) {
        Some(name) => map.serialize_entry("name", name),
        None => Ok(()),
    }
}

/// Calls in OpenAI's own form, without the `index` and whatever else a stream left in them.
fn known_parts(calls: &Value) -> Value {
    let strip = |call: &Value| {
        let known = |(key, _): &(&String, &Value)| matches!(key.as_str(), "id" | "type" | "function" | "custom");
        let parts = call.as_object().into_iter().flatten().filter(known);
        let mut parts: Map<_, _> = parts.map(|(key, value)| (key.clone(), value.clone())).collect();
        let kind = if parts.contains_key("custom") {
            "custom"
        } else {
            "function"
        };
        parts.entry("type").or_insert(kind.into());
        Value::Object(parts)
    };
    calls.as_array().into_iter().flatten().map(strip).collect()
}

/// The calls of an answer, each in the form of its kind.
struct OutCalls<'a> {
    valid: &'a [ToolCall],
    invalid: &'a [InvalidToolCall],
    /// Where the Responses API, and LangChain with it, says which calls are those of custom tools.
    content: &'a Content,
}

impl OutCalls<'_> {
    /// Whether the content has the call of a custom tool by this id.
    fn says_custom(&self, id: Option<&str>) -> bool {
        let Content::Parts(parts) = self.content else {
            return false;
        };
        let is_it = |part: &ContentPart| match part {
            ContentPart::Block(block) => {
                part.block_type() == Some("custom_tool_call")
                    && block.get("call_id").is_some_and(|found| found.as_str() == id)
            }
            ContentPart::Text(_) => false,
        };
        id.is_some() && parts.iter().any(is_it)
    }

    fn valid<'a>(&self, call: &'a ToolCall) -> OutCall<'a> {
        let (id, name) = (call.id.as_deref(), call.name.as_str());
        let is_custom = call.kind == ToolCallKind::Custom || self.says_custom(id);
        match call.sole_text().filter(|_| is_custom) {
            Some(input) => OutCall::custom(id, name, input),
            // A map with text keys can always be written.
            None => OutCall::function(id, name, serde_json::to_string(&call.args).unwrap_or_default()),
        }
    }

    fn invalid<'a>(&self, call: &'a InvalidToolCall) -> OutCall<'a> {
        let name = call.name.as_deref().unwrap_or_default();
        let args = call.args.as_deref().unwrap_or_default();
        match call.kind {
            ToolCallKind::Custom => OutCall::custom(call.id.as_deref(), name, args),
            _ => OutCall::function(call.id.as_deref(), name, args),
        }
    }
}

impl Serialize for OutCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let valid = self.valid.iter().map(|call| self.valid(call));
        serializer.collect_seq(valid.chain(self.invalid.iter().map(|call| self.invalid(call))))
    }
}

/// A call as it is sent.
#[derive(Serialize)]
struct OutCall<'a> {
    r#type: &'static str,
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<OutFunction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<OutCustom<'a>>,
}

#[derive(Serialize)]
struct OutFunction<'a> {
    name: &'a str,
    arguments: Cow<'a, str>,
}

#[derive(Serialize)]
struct OutCustom<'a> {
    name: &'a str,
    input: &'a str,
}

impl<'a> OutCall<'a> {
    fn function(id: Option<&'a str>, name: &'a str, arguments: impl Into<Cow<'a, str>>) -> Self {
        let arguments = arguments.into();
        Self {
            r#type: "function",
            id,
            function: Some(OutFunction { name, arguments }),
            custom: None,
        }
    }

    fn custom(id: Option<&'a str>, name: &'a str, input: &'a str) -> Self {
        Self {
            r#type: "custom",
            id,
            function: None,
            custom: Some(OutCustom { name, input }),
        }
    }
}

impl OutContent<'_> {
    fn is_empty(&self) -> bool {
        match self.content {
            Content::Text(text) => text.is_empty(),
            Content::Parts(parts) => !parts.iter().any(|part| self.audience.accepts(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use cadena_core::{FunctionMessage, HumanMessage, SystemMessage, ToolMessage};

    use super::*;

    #[track_caller]
    fn check(message: impl Into<Message>, expect: Value) {
        let out = OutMessage {
            message: &message.into(),
            developer: false,
            reasoning: false,
        };
        assert_eq!(serde_json::to_value(out).unwrap(), expect);
    }

    fn ai(value: Value) -> AIMessage {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn each_message_has_its_role() {
        check(
            HumanMessage::new("hi").with_name("ann"),
            json!({"content": "hi", "name": "ann", "role": "user"}),
        );
        check(SystemMessage::new("s"), json!({"content": "s", "role": "system"}));
        check(("developer", "d"), json!({"content": "d", "role": "developer"}));
        check(("critic", "c"), json!({"content": "c", "role": "critic"}));
        check(
            FunctionMessage::new("f", "1"),
            json!({"content": "1", "name": "f", "role": "function"}),
        );
        check(AIMessage::new("yes"), json!({"content": "yes", "role": "assistant"}));
        check(
            ToolMessage::new("3", "c1"),
            json!({"content": "3", "role": "tool", "tool_call_id": "c1"}),
        );
    }

    #[test]
    fn reasoning_models_hear_the_developer() {
        let message = SystemMessage::new("s").into();
        let out = OutMessage {
            message: &message,
            developer: true,
            reasoning: false,
        };
        assert_eq!(serde_json::to_value(out).unwrap()["role"], "developer");
    }

    #[test]
    fn calls_go_back_as_text_and_broken_ones_verbatim() {
        let message = ai(json!({
            "content": "",
            "tool_calls": [{"name": "f", "args": {"a": 1}, "id": "c1"}],
            "invalid_tool_calls": [{"name": "g", "args": "{\"b\": ", "id": "c2", "error": "cut"}],
        }));
        let call = |id: &str, name: &str, arguments: &str| json!({"type": "function", "id": id, "function": {"name": name, "arguments": arguments}});
        let calls = [call("c1", "f", r#"{"a":1}"#), call("c2", "g", r#"{"b": "#)];
        check(
            message,
            json!({"content": null, "role": "assistant", "tool_calls": calls}),
        );
    }

    #[test]
    fn a_refusal_goes_back_and_sound_goes_back_as_its_id() {
        let refused = ai(json!({"content": "", "additional_kwargs": {"refusal": "No."}}));
        check(refused, json!({"content": null, "role": "assistant", "refusal": "No."}));
        let not_refused = ai(json!({"content": "Yes.", "additional_kwargs": {"refusal": null}}));
        check(not_refused, json!({"content": "Yes.", "role": "assistant"}));
        let sound = ai(json!({"content": "", "additional_kwargs": {"audio": {"id": "a1", "data": "AAAA"}}}));
        check(
            sound,
            json!({"content": null, "role": "assistant", "audio": {"id": "a1"}}),
        );
    }

    #[test]
    fn a_legacy_call_is_sent_only_where_there_is_no_other() {
        let call = json!({"name": "f", "arguments": "{}"});
        let message = ai(json!({"content": "", "additional_kwargs": {"function_call": call}}));
        check(
            message,
            json!({"content": null, "role": "assistant", "function_call": call}),
        );
    }
}
