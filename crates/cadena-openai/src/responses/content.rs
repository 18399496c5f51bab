//! Parts of content as they are sent.

use std::borrow::Cow;

use cadena_core::messages::{OpenAIApi, convert_to_openai_data_block, is_anthropic_data_block, is_data_content_block};
use cadena_core::{Content, ContentPart, JsonBlock};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::wire::{Audience, breakpoint, set_breakpoint};

/// The content of a user, the system or a tool, in the form of this endpoint.
pub(super) struct InputContent<'a>(pub(super) &'a Content);

impl Serialize for InputContent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Content::Text(text) => serializer.serialize_str(text),
            Content::Parts(parts) => serializer.collect_seq(parts.iter().filter(|part| is_input(part)).map(InputPart)),
        }
    }
}

impl InputContent<'_> {
    /// Whether anything is left to be said where the items are taken out.
    pub(super) fn says_something(&self) -> bool {
        match self.0 {
            Content::Text(_) => true,
            Content::Parts(parts) => parts.is_empty() || parts.iter().any(is_input),
        }
    }

    /// Whether the server takes every part of it as the result of a call.
    pub(super) fn is_result(&self) -> bool {
        let fits = |part: &ContentPart| match part {
            ContentPart::Text(_) => true,
            ContentPart::Block(block) => {
                let block = inner(block);
                let kind = block.get("type").and_then(Value::as_str);
                matches!(
                    kind,
                    Some("text" | "image_url" | "file" | "input_text" | "input_image" | "input_file")
                ) || is_data_content_block(&block)
                    || is_anthropic_data_block(&block)
            }
        };
        match self.0 {
            Content::Text(_) => true,
            Content::Parts(parts) => parts.iter().all(fits),
        }
    }

    /// Parts of the content that are items here.
    pub(super) fn items(&self) -> impl Iterator<Item = Cow<'_, Map<String, Value>>> {
        let parts = match self.0 {
            Content::Text(_) => &[],
            Content::Parts(parts) => parts.as_slice(),
        };
        let items = parts
            .iter()
            .filter(|part| kind(part).is_some_and(|kind| ITEMS.contains(&kind)));
        items.filter_map(|part| match part {
            ContentPart::Block(block) => Some(inner(block)),
            ContentPart::Text(_) => None,
        })
    }
}

/// Items of a caller other than messages and results of tools, such as approvals and added tools. LangChain has them in the content of a message.
const ITEMS: [&str; 5] = [
    "additional_tools",
    "apply_patch_call_output",
    "configuration_update",
    "mcp_approval_response",
    "tool_search_output",
];

/// Whether the part can be said. Calls and thoughts are no input.
fn is_input(part: &ContentPart) -> bool {
    let kind = kind(part);
    kind.is_none_or(|kind| Audience::Assistant.accepts_kind(kind) && !ITEMS.contains(&kind))
}

fn kind(part: &ContentPart) -> Option<&str> {
    match (part, part.block_type()) {
        (ContentPart::Block(block), Some(NON_STANDARD)) => match block.get("value")?.get("type") {
            Some(Value::String(kind)) => Some(kind),
            _ => Some(NON_STANDARD),
        },
        (_, kind) => kind,
    }
}

const NON_STANDARD: &str = "non_standard";

/// The object in LangChain's wrapping of what it has no block for.
pub(super) fn inner(block: &JsonBlock) -> Cow<'_, Map<String, Value>> {
    match block.get("value") {
        Some(Value::Object(inner)) if block.block_type() == Some(NON_STANDARD) => Cow::Borrowed(inner),
        _ => block.to_map(),
    }
}

struct InputPart<'a>(&'a ContentPart);

impl Serialize for InputPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Text<'a> {
            r#type: &'static str,
            text: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            prompt_cache_breakpoint: Option<&'a Value>,
        }
        let (part, text) = (self.0, self.0.as_text());
        let prompt_cache_breakpoint = match part {
            ContentPart::Block(block) => breakpoint(block),
            ContentPart::Text(_) => None,
        };
        if let Some(text) = text {
            return Text {
                r#type: "input_text",
                text,
                prompt_cache_breakpoint,
            }
            .serialize(serializer);
        }
        let ContentPart::Block(block) = part else {
            return part.serialize(serializer);
        };
        let block = &*inner(block);
        let sent = if is_data_content_block(block) || is_anthropic_data_block(block) {
            Some(convert_to_openai_data_block(block, OpenAIApi::Responses).map_err(S::Error::custom)?)
        } else {
            of_chat_completions(block)
        };
        match sent {
            Some(mut sent) => {
                set_breakpoint(&mut sent, prompt_cache_breakpoint);
                with_detail(sent).serialize(serializer)
            }
            None => block.serialize(serializer),
        }
    }
}

/// An image must have a `detail`, which sets how closely the model looks.
fn with_detail(mut block: Map<String, Value>) -> Map<String, Value> {
    if block.get("type").is_some_and(|kind| kind == "input_image") {
        block.entry("detail").or_insert_with(|| "auto".into());
    }
    block
}

/// A block of Chat Completions in the form of this endpoint; `None` for any other.
fn of_chat_completions(block: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut out = Map::new();
    match block.get("type")?.as_str()? {
        "image_url" => {
            out.insert("type".to_owned(), "input_image".into());
            match block.get("image_url")? {
                Value::Object(image) => {
                    out.insert("image_url".to_owned(), image.get("url").cloned().unwrap_or_default());
                    out.extend(image.get("detail").map(|detail| ("detail".to_owned(), detail.clone())));
                }
                url => drop(out.insert("image_url".to_owned(), url.clone())),
            }
        }
        "file" => {
            out.insert("type".to_owned(), "input_file".into());
            out.extend(block.get("file")?.as_object()?.clone());
        }
        _ => return None,
    }
    Some(out)
}
