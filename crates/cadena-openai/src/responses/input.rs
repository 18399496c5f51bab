//! Messages as the items that they are sent as.

use std::collections::BTreeSet;

use cadena_core::{Content, ContentPart, Message, ToolCallKind, ToolMessage};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::content::{InputContent, inner};
use super::item::CUSTOM;
use super::sent_back::assistant;

/// The conversation. The model's items go back one by one, as they came.
pub(super) struct Input<'a> {
    /// Those that are sent.
    messages: &'a [Message],
    /// Whether the server keeps responses, so that it knows the ids of their items.
    stored: bool,
    /// The calls of custom tools, whose results are items of their own kind.
    custom: BTreeSet<&'a str>,
}

impl<'a> Input<'a> {
    /// Leaves out the first messages, which the server remembers.
    pub(super) fn new(messages: &'a [Message], remembered: usize, stored: bool) -> Self {
        // The results of a call may be sent without it.
        let parts = messages.iter().filter_map(|message| match message.content() {
            Content::Parts(parts) => Some(parts),
            Content::Text(_) => None,
        });
        let custom = parts.flatten().filter(|part| part.block_type() == Some(CUSTOM));
        let ids = custom.filter_map(|part| match part {
            ContentPart::Block(block) => block.get("call_id")?.as_str(),
            ContentPart::Text(_) => None,
        });
        // Calls that came by Chat Completions are beside the content.
        let beside = messages.iter().filter_map(Message::as_ai).flat_map(|answer| {
            let valid = answer.tool_calls.iter().map(|call| (call.kind, &call.id));
            valid.chain(answer.invalid_tool_calls.iter().map(|call| (call.kind, &call.id)))
        });
        let beside = beside
            .filter(|(kind, _)| *kind == ToolCallKind::Custom)
            .filter_map(|(_, id)| id.as_deref());
        Self {
            messages: messages.get(remembered..).unwrap_or_default(),
            stored,
            custom: ids.chain(beside).collect(),
        }
    }
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for message in self.messages {
            let role = match message {
                Message::Human(_) => "user",
                Message::System(message) => {
                    let role = message.additional_kwargs.get("__openai_role__").and_then(Value::as_str);
                    role.unwrap_or("system")
                }
                Message::Chat(message) => &message.role,
                Message::AI(message) => {
                    for item in assistant(message, self.stored) {
                        seq.serialize_element(&item)?;
                    }
                    continue;
                }
                Message::Tool(message) => {
                    self.result(&mut seq, message)?;
                    continue;
                }
                other => {
                    let detail = format!(
                        "a message of kind `{}` cannot be sent to the Responses API",
                        other.kind()
                    );
                    return Err(S::Error::custom(detail));
                }
            };
            let content = InputContent(message.content());
            for item in content.items() {
                seq.serialize_element(&*item)?;
            }
            if content.says_something() {
                let r#type = "message";
                seq.serialize_element(&Said { content, role, r#type })?;
            }
        }
        seq.end()
    }
}

#[derive(Serialize)]
struct Said<'a> {
    content: InputContent<'a>,
    role: &'a str,
    r#type: &'static str,
}

impl Input<'_> {
    /// Writes the result of a tool.
    fn result<S: SerializeSeq>(&self, seq: &mut S, message: &ToolMessage) -> Result<(), S::Error> {
        #[derive(Serialize)]
        struct Result<'a> {
            r#type: &'a str,
            output: InputContent<'a>,
            call_id: &'a str,
        }
        let given = message.additional_kwargs.get("type").and_then(Value::as_str);
        let call_id = &message.tool_call_id;
        if given == Some("computer_call_output")
            && let Some(mut output) = screenshot(message)
        {
            if let Some(checks) = message.additional_kwargs.get("acknowledged_safety_checks") {
                output.insert("acknowledged_safety_checks".to_owned(), checks.clone());
            }
            return seq.serialize_element(&output);
        }
        if let Content::Parts(parts) = &message.content {
            // LangChain's tools of these kinds return the item in place of words.
            let blocks = parts.iter().filter_map(|part| match part {
                ContentPart::Block(block) => Some(inner(block)),
                ContentPart::Text(_) => None,
            });
            for block in blocks {
                match block.get("type").and_then(Value::as_str) {
                    Some(CUSTOM_OUTPUT) => {
                        let output = block.get("output").cloned().unwrap_or_else(|| "".into());
                        return seq
                            .serialize_element(&json!({"type": CUSTOM_OUTPUT, "output": output, "call_id": call_id}));
                    }
                    Some("computer_call_output") => return seq.serialize_element(&*block),
                    _ => {}
                }
            }
        }
        let is_custom = self.custom.contains(message.tool_call_id.as_str());
        let output = InputContent(&message.content);
        // The model shall read what a tool gave also where the server has no part for it.
        let as_json = (!output.is_result()).then(|| serde_json::to_string(&message.content).map(Content::from));
        let as_json = as_json.transpose().map_err(S::Error::custom)?;
        let output = as_json.as_ref().map_or(output, InputContent);
        seq.serialize_element(&Result {
            r#type: match given {
                Some(CUSTOM_OUTPUT) => CUSTOM_OUTPUT,
                _ if is_custom => CUSTOM_OUTPUT,
                _ => "function_call_output",
            },
            output,
            call_id,
        })
    }
}

const CUSTOM_OUTPUT: &str = "custom_tool_call_output";

/// The screen of the computer: the image in the content, or the address of one.
fn screenshot(message: &ToolMessage) -> Option<Map<String, Value>> {
    let output = match &message.content {
        Content::Text(url) => json!({"type": "input_image", "image_url": url}),
        Content::Parts(parts) => json!(parts.iter().find(|part| part.as_text().is_none())?),
    };
    let item = json!({"type": "computer_call_output", "output": output, "call_id": message.tool_call_id});
    match item {
        Value::Object(item) => Some(item),
        _ => None,
    }
}
