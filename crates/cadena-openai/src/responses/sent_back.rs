//! Answers of the model as the items that they are sent back as.

use std::collections::BTreeSet;

use cadena_core::{AIMessage, Content, ContentPart, ToolCallKind};
use serde_json::{Map, Value, json};

use super::content::inner;
use super::item::{CUSTOM, FUNCTION, MESSAGE};
use super::message::OF_MESSAGE;
use crate::wire::is_anthropics_work;

/// The items of an answer: those of its content as they came, then calls beside it.
pub(super) fn assistant(message: &AIMessage, stored: bool) -> Vec<Value> {
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
    // A refusal that came by Chat Completions is beside the content.
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
        // It is empty, and the server does not know it by its id.
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
