//! The events of a response: which kinds there are, and what is read of each.

use serde::Deserialize;
use serde_json::Value;

use super::answer::Response;
use super::item::Item;
use crate::wire::{Text, Tokens, lenient};

/// What an event says, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A piece of a text.
    Words(Words),
    /// A piece of what is spoken, or of its transcript.
    Audio(&'static str),
    /// What a text cites.
    Annotation,
    /// What a tool of the server is doing, for the type of its item.
    Progress(&'static str),
    ItemAdded,
    ItemDone,
    /// The response has begun.
    Begun,
    /// The response is whole, or as much as will come.
    Finished,
    Failed,
    Error,
    /// What it says has been in other events, or will be in the item that ends.
    Repeats,
    Unknown,
}

/// The texts that come in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Text,
    Refusal,
    /// The arguments of a function.
    Arguments,
    /// The input of a custom tool.
    Input,
    /// The arguments of a tool of an MCP server.
    McpArguments,
    /// What the code interpreter runs.
    Code,
    /// The summary of a thought.
    Summary,
    Thought,
}

impl Words {
    /// Whether it is what a tool of the caller's is called with.
    pub(super) fn is_call(self) -> bool {
        matches!(self, Self::Arguments | Self::Input)
    }
}

impl Kind {
    pub(super) fn of(r#type: &str) -> Self {
        let Some(name) = r#type.strip_prefix("response.") else {
            return if r#type == "error" { Self::Error } else { Self::Unknown };
        };
        match name {
            "output_text.delta" => Self::Words(Words::Text),
            "refusal.delta" => Self::Words(Words::Refusal),
            "function_call_arguments.delta" => Self::Words(Words::Arguments),
            "custom_tool_call_input.delta" => Self::Words(Words::Input),
            "mcp_call_arguments.delta" => Self::Words(Words::McpArguments),
            "code_interpreter_call_code.delta" => Self::Words(Words::Code),
            "reasoning_summary_text.delta" => Self::Words(Words::Summary),
            "reasoning_text.delta" => Self::Words(Words::Thought),
            "audio.delta" => Self::Audio("data"),
            "audio.transcript.delta" => Self::Audio("transcript"),
            "output_text.annotation.added" => Self::Annotation,
            "output_item.added" => Self::ItemAdded,
            "output_item.done" => Self::ItemDone,
            "created" | "queued" | "in_progress" => Self::Begun,
            "completed" | "incomplete" => Self::Finished,
            "failed" | "cancelled" => Self::Failed,
            _ if REPEATS.contains(&name) => Self::Repeats,
            _ => match name.split_once('.') {
                Some((of, _)) => TOOLS
                    .iter()
                    .find(|tool| **tool == of)
                    .map_or(Self::Unknown, |tool| Self::Progress(tool)),
                None => Self::Unknown,
            },
        }
    }
}

/// The tools of the server that say what they are doing.
const TOOLS: [&str; 6] = [
    "code_interpreter_call",
    "file_search_call",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "web_search_call",
];

/// Events that are not read, without `response.`.
///
/// Those that end a text or a part repeat its pieces, and those that begin a part say nothing yet. The commands of a shell and what
/// they print stand in lists of texts inside of their items, where pieces would not add up, and come with these items.
const REPEATS: [&str; 19] = [
    "audio.done",
    "audio.transcript.done",
    "code_interpreter_call_code.done",
    "content_part.added",
    "content_part.done",
    "custom_tool_call_input.done",
    "function_call_arguments.done",
    "mcp_call_arguments.done",
    "output_text.done",
    "reasoning_summary_part.added",
    "reasoning_summary_part.done",
    "reasoning_summary_text.done",
    "reasoning_text.done",
    "refusal.done",
    "shell_call_command.added",
    "shell_call_command.delta",
    "shell_call_command.done",
    "shell_call_output_content.delta",
    "shell_call_output_content.done",
];

/// The type of an event whose frame does not name it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed<'a> {
    #[serde(borrow, default)]
    pub(super) r#type: Text<'a>,
}

/// A piece of a text.
#[derive(Debug, Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) output_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) content_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) summary_index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) item_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) delta: Text<'a>,
    #[serde(default)]
    pub(super) logprobs: Tokens,
}

/// Something that a text cites.
#[derive(Debug, Deserialize)]
pub(super) struct Cited<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) output_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) content_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) annotation_index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) item_id: Text<'a>,
    #[serde(default)]
    pub(super) annotation: Value,
}

/// An item that begins or ends.
#[derive(Debug, Deserialize)]
pub(super) struct OfItem<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) output_index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) item: Option<Item<'a>>,
}

/// A response that begins.
#[derive(Debug, Deserialize)]
pub(super) struct Begun<'a> {
    #[serde(borrow, default)]
    pub(super) response: Option<Named<'a>>,
}

/// The id of a response.
#[derive(Debug, Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
}

/// A response that ends.
#[derive(Debug, Deserialize)]
pub(super) struct Ended<'a> {
    #[serde(borrow, default)]
    pub(super) response: Option<Response<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The types of all events that OpenAI's schema has.
    fn types() -> Vec<String> {
        let schema = include_str!("../../tests/data/schemas/ResponseStreamEvent.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let definitions = &schema["$defs"];
        let event = &definitions["ResponseStreamEvent"];
        let all = event
            .get("anyOf")
            .or(event.get("oneOf"))
            .and_then(Value::as_array)
            .unwrap();
        all.iter()
            .map(|one| {
                let name = one["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
                definitions[name]["properties"]["type"]["enum"][0]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn every_event_of_the_schema_is_read_or_known_to_repeat_others() {
        let types = types();
        assert!(types.len() > 50);
        for r#type in &types {
            assert_ne!(Kind::of(r#type), Kind::Unknown, "{type}");
        }
        for name in REPEATS {
            assert!(types.contains(&format!("response.{name}")), "{name} is in the schema");
        }
    }
}
