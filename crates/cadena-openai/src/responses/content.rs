//! Parts of content as they are sent.

use cadena_core::messages::{OpenAIApi, convert_to_openai_data_block, is_anthropic_data_block, is_data_content_block};
use cadena_core::{Content, ContentPart};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::wire::{breakpoint, set_breakpoint};

/// What a user, the system or a tool says, in the form of this endpoint.
pub(super) struct InputContent<'a>(pub(super) &'a Content);

impl Serialize for InputContent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Content::Text(text) => serializer.serialize_str(text),
            Content::Parts(parts) => serializer.collect_seq(parts.iter().filter(|part| is_input(part)).map(InputPart)),
        }
    }
}

/// Whether the part can be sent. Calls and thoughts of other protocols are no input.
fn is_input(part: &ContentPart) -> bool {
    !matches!(
        part.block_type(),
        Some("tool_use" | "thinking" | "reasoning_content" | "redacted_thinking")
    )
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
        let block = &*block.to_map();
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

/// An image must say in how much detail it is looked at.
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
