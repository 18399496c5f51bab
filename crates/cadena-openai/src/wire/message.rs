//! Messages as they are sent.

use std::borrow::Cow;

use cadena_core::{AIMessage, Content, Extra, Message};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::call::{OutCalls, called, stored};
use super::part::{self, Audience, OutContent};
use crate::convert::PROVIDER;

/// A message in the form of Chat Completions: content first, then name and role.
pub(super) struct OutMessage<'a> {
    pub(super) message: &'a Message,
    /// Whether the model calls the system role developer.
    pub(super) developer: bool,
    /// Whether the thoughts of an answer are sent back.
    pub(super) reasoning: bool,
    /// Whether members that OpenAI's schema does not have go back as they came.
    pub(super) unknown: bool,
}

impl Serialize for OutMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let of = |audience, content| OutContent { content, audience };
        match self.message {
            Message::Human(message) => {
                map.serialize_entry("content", &of(Audience::User, &message.content))?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                map.serialize_entry("role", "user")?;
            }
            Message::System(message) => {
                map.serialize_entry("content", &of(Audience::User, &message.content))?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                let role = message.additional_kwargs.get("__openai_role__").and_then(Value::as_str);
                map.serialize_entry(
                    "role",
                    role.unwrap_or(if self.developer { "developer" } else { "system" }),
                )?;
            }
            Message::AI(message) => {
                let unknown = self.unknown && is_of_this_protocol(message);
                assistant(&mut map, message, unknown)?;
                let thought = message.additional_kwargs.get("reasoning_content");
                if let Some(thought) = thought.filter(|thought| self.reasoning && thought.is_string()) {
                    map.serialize_entry("reasoning_content", thought)?;
                }
                if unknown {
                    unknown_members(&mut map, message)?;
                }
            }
            Message::Tool(message) => {
                map.serialize_entry("content", &of(Audience::Tool, &message.content))?;
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", &message.tool_call_id)?;
            }
            Message::Chat(message) => {
                let audience = match message.role.as_str() {
                    "assistant" => Audience::Assistant,
                    _ => Audience::User,
                };
                map.serialize_entry("content", &of(audience, &message.content))?;
                entry_name(&mut map, message.name.as_deref(), &message.additional_kwargs)?;
                map.serialize_entry("role", &message.role)?;
            }
            Message::Function(message) => {
                // It takes a text and no list.
                match only_text(&message.content) {
                    Some(text) => map.serialize_entry("content", &text)?,
                    None => map.serialize_entry("content", &of(Audience::User, &message.content))?,
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

/// The members of an answer that are known here, and go back in other ways or not at all: what it cites is for the reader.
const KNOWN: [&str; 14] = [
    "annotations",
    "audio",
    "citations",
    "content",
    "function_call",
    "name",
    "parsed",
    "reasoning",
    "reasoning_content",
    "refusal",
    "role",
    "search_results",
    "tool_call_id",
    "tool_calls",
];

/// The other members that a server of this protocol sent with an answer, such as `reasoning_details`. They may be signed, and the server wants them back unchanged.
fn unknown_members<M: SerializeMap>(map: &mut M, message: &AIMessage) -> Result<(), M::Error> {
    // LangChain's own notes have such names.
    let is_unknown = |key: &&String| !KNOWN.contains(&key.as_str()) && !key.starts_with("__");
    for (key, value) in message.additional_kwargs.iter().filter(|(key, _)| is_unknown(key)) {
        map.serialize_entry(key, value)?;
    }
    Ok(())
}

/// Whether an answer came from a server of this protocol, as far as is known: another one's members are for its own servers.
fn is_of_this_protocol(message: &AIMessage) -> bool {
    let provider = message.response_metadata.model_provider.as_deref();
    provider.is_none_or(|provider| provider == PROVIDER)
}

fn assistant<M: SerializeMap>(map: &mut M, message: &AIMessage, unknown: bool) -> Result<(), M::Error> {
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
    // A server may have said something else there.
    let stored_calls = kwarg("tool_calls").filter(|calls| !has_calls && calls.is_array());
    let function_call = kwarg("function_call").filter(|call| !has_calls && stored_calls.is_none() && call.is_object());
    // An answer of the Responses API has it in both places, and once is enough.
    let refusal = message
        .refusal()
        .filter(|text| !text.is_empty() && !has_refusal(content));
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
            unknown,
        };
        map.serialize_entry("tool_calls", &calls)?;
    }
    if let Some(calls) = stored_calls {
        map.serialize_entry("tool_calls", &stored(calls, unknown))?;
    }
    if let Some(call) = function_call {
        map.serialize_entry("function_call", &called(call, unknown))?;
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

fn has_refusal(content: &Content) -> bool {
    match content {
        Content::Text(_) => false,
        Content::Parts(parts) => parts.iter().any(|part| part::refusal(part).is_some()),
    }
}

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

fn entry_name<M: SerializeMap>(map: &mut M, name: Option<&str>, kwargs: &Extra) -> Result<(), M::Error> {
    match name.or_else(|| kwargs.get("name")?.as_str()) {
        Some(name) => map.serialize_entry("name", name),
        None => Ok(()),
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
            unknown: true,
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
            unknown: true,
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
    fn an_answer_of_the_responses_api_goes_back_as_its_words_and_calls() {
        let message = ai(json!({
            "content": [
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gA"},
                {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
                {"type": "mcp_list_tools", "id": "ml_1", "server_label": "s", "tools": []},
                {"type": "mcp_call", "id": "mc_1", "server_label": "s", "name": "f", "arguments": "{}", "output": "1"},
                {"type": "text", "text": "Found.", "id": "msg_1", "index": 4, "annotations": []},
                {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
            ],
            "tool_calls": [{"name": "f", "args": {}, "id": "c1"}],
        }));
        let call = json!({"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{}"}});
        check(
            message,
            json!({"content": [{"type": "text", "text": "Found."}], "role": "assistant", "tool_calls": [call]}),
        );
        let only_thoughts = ai(json!({"content": [{"type": "reasoning", "id": "rs_1", "summary": []}]}));
        check(only_thoughts, json!({"content": "", "role": "assistant"}));
    }

    #[test]
    fn a_refusal_of_the_responses_api_goes_back_once() {
        let message = ai(json!({
            "content": [{"type": "text", "text": "Well."}, {"type": "refusal", "refusal": "No.", "id": "msg_1", "index": 1}],
            "additional_kwargs": {"refusal": "No."},
        }));
        let parts = json!([{"type": "text", "text": "Well."}, {"type": "refusal", "refusal": "No."}]);
        check(message, json!({"content": parts, "role": "assistant"}));
    }

    #[test]
    fn members_that_nobody_knows_go_back_as_they_came_and_not_where_they_are_refused() {
        let details = json!([{"type": "reasoning.encrypted", "data": "gAAA", "index": 0}]);
        let signed = json!({"google": {"thought_signature": "s"}});
        let message = |provider: Value| {
            ai(json!({
                "content": "",
                "additional_kwargs": {"reasoning_details": details, "citations": ["u"], "__note__": 1, "parsed": {}},
                "response_metadata": {"model_provider": provider},
                "tool_calls": [{"name": "f", "args": {}, "id": "c1", "extras": {"extra_content": signed, "id": {}, "function": {"strict": true}}}],
                "invalid_tool_calls": [{"name": "g", "args": "{", "id": "c2", "extras": {"type": "builtin_function"}}],
            }))
        };
        let first = json!({"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{}", "strict": true}, "extra_content": signed});
        let second = json!({"type": "builtin_function", "id": "c2", "function": {"name": "g", "arguments": "{"}});
        let expect =
            json!({"content": null, "role": "assistant", "tool_calls": [first, second], "reasoning_details": details});
        check(message(json!("openai")), expect.clone());
        check(message(Value::Null), expect);

        let out = OutMessage {
            message: &message(json!("openai")).into(),
            developer: false,
            reasoning: false,
            unknown: false,
        };
        let call = |id: &str, name: &str, arguments: &str| json!({"type": "function", "id": id, "function": {"name": name, "arguments": arguments}});
        assert_eq!(
            serde_json::to_value(&out).unwrap(),
            json!({"content": null, "role": "assistant", "tool_calls": [call("c1", "f", "{}"), call("c2", "g", "{")]})
        );
        let foreign = serde_json::to_value(OutMessage {
            message: &message(json!("anthropic")).into(),
            developer: false,
            reasoning: false,
            unknown: true,
        });
        assert_eq!(foreign.unwrap(), serde_json::to_value(out).unwrap());
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
