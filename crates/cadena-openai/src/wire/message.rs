//! Messages as they are sent.

use cadena_core::{AIMessage, Content, Extra, InvalidToolCall, Message, ToolCall};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

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
                map.serialize_entry("content", &user(&message.content))?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                map.serialize_entry("role", &message.role)?;
            }
            Message::Function(message) => {
                map.serialize_entry("content", &user(&message.content))?;
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
    let content = (!says_more || !out.is_empty()).then_some(&out);
    map.serialize_entry("content", &content)?;
    entry_name(map, name.as_deref(), additional_kwargs)?;
    map.serialize_entry("role", "assistant")?;
    if has_calls {
        map.serialize_entry("tool_calls", &OutCalls(tool_calls, invalid_tool_calls))?;
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

fn entry_name<M: SerializeMap>(map: &mut M, name: Option<&str>, kwargs: &Extra) -> Result<(), M::Error> {
    match name.or_else(|| kwargs.get("name")?.as_str()) {
        Some(name) => map.serialize_entry("name", name),
        None => Ok(()),
    }
}

/// Calls in OpenAI's own form, without the `index` and whatever else a stream left in them.
fn known_parts(calls: &Value) -> Value {
    let strip = |call: &Value| {
        let known = |(key, _): &(&String, &Value)| matches!(key.as_str(), "id" | "type" | "function");
        let parts = call.as_object().into_iter().flatten().filter(known);
        Value::Object(parts.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    calls.as_array().into_iter().flatten().map(strip).collect()
}

struct OutCalls<'a>(&'a [ToolCall], &'a [InvalidToolCall]);

impl Serialize for OutCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Call<'a> {
            r#type: &'static str,
            id: Option<&'a str>,
            function: Function<'a>,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            arguments: std::borrow::Cow<'a, str>,
        }
        let call = |id, name, arguments| Call {
            r#type: "function",
            id,
            function: Function { name, arguments },
        };
        let valid = self.0.iter().map(|one| {
            // A map with text keys can always be written.
            let arguments = serde_json::to_string(&one.args).unwrap_or_default();
            call(one.id.as_deref(), &one.name, arguments.into())
        });
        let invalid = self.1.iter().map(|one| {
            let arguments = one.args.as_deref().unwrap_or_default();
            call(
                one.id.as_deref(),
                one.name.as_deref().unwrap_or_default(),
                arguments.into(),
            )
        });
        serializer.collect_seq(valid.chain(invalid))
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
