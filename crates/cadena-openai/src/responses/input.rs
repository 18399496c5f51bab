//! Messages as the items that they are sent as.

use std::collections::BTreeSet;

use cadena_core::{AIMessage, Content, ContentPart, Message, ToolCallKind, ToolMessage};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::content::{InputContent, inner};
use super::item::{CUSTOM, FUNCTION, MESSAGE};
use super::message::OF_MESSAGE;
use crate::wire::is_anthropics_work;

/// The conversation. What the model said goes back item by item, as it came.
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
        // Calls that came by Chat Completions stand beside the content.
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
    /// What a tool answered.
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
            // LangChain's tools of these kinds give the item in place of words.
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

/// What the computer shows: the image in the content, or the address of one.
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

/// The items of an answer: those of its content as they came, then calls that stand beside it.
fn assistant(message: &AIMessage, stored: bool) -> Vec<Value> {
    let mut items: Vec<Value> = Vec::new();
    let mut called = BTreeSet::new();
    match &message.content {
        Content::Text(text) => items.extend((!text.is_empty()).then(|| said(text))),
        Content::Parts(parts) => {
            for part in parts {
                match part {
                    ContentPart::Text(text) => items.push(said(text)),
                    ContentPart::Block(block) => {
                        if let Some(FUNCTION | CUSTOM) = part.block_type() {
                            called.extend(block.get("call_id").and_then(Value::as_str));
                        }
                        add(&mut items, &inner(block), stored);
                    }
                }
            }
        }
    }
    // A refusal that came by Chat Completions stands beside the content.
    if let Some(refusal) = message
        .refusal()
        .filter(|refusal| items.is_empty() && !refusal.is_empty())
    {
        items.push(said(refusal));
    }
    let valid = message.tool_calls.iter().map(|call| match call.input() {
        Some(input) => (
            ToolCallKind::Custom,
            call.id.as_deref(),
            call.name.as_str(),
            input.to_owned(),
        ),
        None => {
            // A map with text keys can always be written.
            let arguments = serde_json::to_string(&call.args).unwrap_or_default();
            (
                ToolCallKind::Function,
                call.id.as_deref(),
                call.name.as_str(),
                arguments,
            )
        }
    });
    let invalid = message.invalid_tool_calls.iter().map(|call| {
        let name = call.name.as_deref().unwrap_or_default();
        (
            call.kind,
            call.id.as_deref(),
            name,
            call.args.clone().unwrap_or_default(),
        )
    });
    for (kind, id, name, text) in valid.chain(invalid) {
        if id.is_some_and(|id| called.contains(id)) {
            continue;
        }
        items.push(match kind {
            ToolCallKind::Custom => json!({"type": CUSTOM, "name": name, "input": text, "call_id": id}),
            _ => json!({"type": FUNCTION, "name": name, "arguments": text, "call_id": id}),
        });
    }
    items
}

/// A text of the assistant's without an id.
fn said(text: &str) -> Value {
    json!({"type": "message", "role": "assistant", "content": text})
}

/// Adds a block of an answer: to the message that it is a part of, or as an item.
fn add(items: &mut Vec<Value>, block: &Map<String, Value>, stored: bool) {
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
    let id = block
        .get("id")
        .and_then(Value::as_str)
        .filter(|id| stored && !id.starts_with("lc_"));
    let words = match kind {
        "text" | "output_text" => "text",
        "refusal" => "refusal",
        // Calls that the message has beside its content, and what other protocols have there.
        "tool_call" | "invalid_tool_call" | "tool_call_chunk" | "reasoning_content" => return,
        // LangChain's own forms of what tools of a server did.
        "server_tool_call" | "server_tool_call_chunk" | "server_tool_result" => return,
        kind if is_anthropics_work(kind) => return,
        "reasoning" if !is_item(block) || (!stored && block.get("encrypted_content").is_none_or(Value::is_null)) => {
            return;
        }
        // It says nothing, and the server does not know it by its id.
        MESSAGE if !stored => return,
        _ if block.get(OF_MESSAGE).is_some_and(Value::is_object) => "",
        _ => return items.push(item(block)),
    };
    let Some(id) = id else {
        let text = block.get(words).and_then(Value::as_str);
        return items.extend(text.map(said));
    };
    let part = part(block, kind, words);
    let last = items
        .last_mut()
        .filter(|item| item.get("id").is_some_and(|last| last == id));
    if let Some(Value::Array(content)) = last.and_then(|item| item.get_mut("content")) {
        return content.push(part);
    }
    let status = block.get("status").and_then(Value::as_str).unwrap_or("completed");
    let mut message = json!({"type": MESSAGE, "id": id, "role": "assistant", "status": status, "content": [part]});
    if let Value::Object(message) = &mut message {
        let unknown = block.get(OF_MESSAGE).and_then(Value::as_object);
        message.extend(block.get("phase").map(|phase| ("phase".to_owned(), phase.clone())));
        message.extend(
            unknown
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    items.push(message);
}

/// A part of a message as it came: what is known of it in the form that the schema asks for, and what is not known.
fn part(block: &Map<String, Value>, kind: &str, words: &str) -> Value {
    const OURS: [&str; 8] = [
        "type",
        "index",
        "id",
        "phase",
        "status",
        "extras",
        "tool_progress",
        OF_MESSAGE,
    ];
    let text = || block.get(words).and_then(Value::as_str).unwrap_or_default();
    let mut part = match words {
        "text" => json!({"type": "output_text", "text": text(), "annotations": [], "logprobs": []}),
        "refusal" => json!({"type": "refusal", "refusal": text()}),
        _ => json!({"type": kind}),
    };
    if let Value::Object(part) = &mut part {
        let is_malformed = |key: &str, value: &Value| words == "text" && key == "annotations" && !value.is_array();
        for (key, value) in block {
            if !OURS.contains(&key.as_str()) && key != words && !is_malformed(key, value) {
                part.insert(key.clone(), value.clone());
            }
        }
        if let Some(Value::Array(annotations)) = part.get_mut("annotations") {
            annotations
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(restore_index);
        }
    }
    part
}

/// LangChain renames the place of a cited file, as it puts pieces together by `index`.
fn restore_index(annotation: &mut Map<String, Value>) {
    if annotation.get("type").is_some_and(|kind| kind == "file_citation")
        && let Some(place) = annotation.shift_remove("file_index")
    {
        annotation.entry("index").or_insert(place);
    }
}

/// Whether a thought is an item of this endpoint: LangChain's own form has its text elsewhere.
fn is_item(block: &Map<String, Value>) -> bool {
    block.contains_key("summary") || block.contains_key("encrypted_content")
}

/// An item as it came, without the numbers by which its pieces found each other.
fn item(block: &Map<String, Value>) -> Value {
    let mut item = block.clone();
    item.shift_remove("index");
    item.shift_remove("tool_progress");
    for key in ["summary", "content"] {
        if let Some(Value::Array(parts)) = item.get_mut(key) {
            parts.iter_mut().filter_map(Value::as_object_mut).for_each(|part| {
                part.shift_remove("index");
            });
        }
    }
    item.into()
}
