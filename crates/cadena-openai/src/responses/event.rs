//! The events of a response: which kinds there are, and what is read of each.

use serde_json::Value;

use super::answer::Response;
use super::item::MaybeItem;
use crate::wire::{Text, Tokens, wire_struct};

/// The kind of an event, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A piece of a text.
    Words(Words),
    /// The whole of a text, where its pieces end.
    Whole(Words),
    /// A piece of what is spoken, or of its transcript.
    Audio(&'static str),
    /// A source that a text cites.
    Annotation,
    /// The progress of a tool of the server, for the type of its item.
    Progress(&'static str),
    ItemAdded,
    ItemDone,
    /// The response has begun.
    Begun,
    /// The response is whole, or as much as will come.
    Finished,
    Failed,
    Error,
    /// Its content has been in other events, or will be in the item that ends.
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
    /// The code that the code interpreter runs.
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
            "output_text.done" => Self::Whole(Words::Text),
            "refusal.done" => Self::Whole(Words::Refusal),
            "function_call_arguments.done" => Self::Whole(Words::Arguments),
            "custom_tool_call_input.done" => Self::Whole(Words::Input),
            "mcp_call_arguments.done" => Self::Whole(Words::McpArguments),
            "code_interpreter_call_code.done" => Self::Whole(Words::Code),
            "reasoning_summary_text.done" => Self::Whole(Words::Summary),
            "reasoning_text.done" => Self::Whole(Words::Thought),
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

/// The tools of the server that report their progress.
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
/// Those that end a part repeat its pieces, and those that begin a part are empty. The commands of a shell and what
/// they print are in lists of texts inside of their items, where pieces would not add up, and come with these items.
const REPEATS: [&str; 11] = [
    "audio.done",
    "audio.transcript.done",
    "content_part.added",
    "content_part.done",
    "reasoning_summary_part.added",
    "reasoning_summary_part.done",
    "shell_call_command.added",
    "shell_call_command.delta",
    "shell_call_command.done",
    "shell_call_output_content.delta",
    "shell_call_output_content.done",
];

/// Declares an event, or a part of one. Members that it does not know are read past: there is one event for each token.
macro_rules! event {
    ($($struct:tt)*) => {
        wire_struct! { $($struct)* ignored: _; }
    };
}

event! {
    /// The type of an event whose frame does not name it.
    pub(super) struct Typed<'a> {
        pub(super) r#type | "type": Text<'a>,
    }
}

event! {
    /// A piece of a text.
    pub(super) struct Delta<'a> {
        pub(super) output_index: Option<u32>,
        pub(super) content_index: Option<u32>,
        pub(super) summary_index: Option<u32>,
        pub(super) item_id: Text<'a>,
        pub(super) delta: Text<'a>,
        pub(super) logprobs: Tokens,
    }
}

event! {
    /// The whole of a text, where its pieces end.
    pub(super) struct Whole<'a> {
        pub(super) output_index: Option<u32>,
        pub(super) content_index: Option<u32>,
        pub(super) summary_index: Option<u32>,
        pub(super) item_id: Text<'a>,
        pub(super) text | "refusal" | "arguments" | "input" | "code": Text<'a>,
        /// The name of the function that is called.
        pub(super) name: Text<'a>,
        pub(super) logprobs: Tokens,
    }
}

event! {
    /// Something that a text cites.
    pub(super) struct Cited<'a> {
        pub(super) output_index: Option<u32>,
        pub(super) content_index: Option<u32>,
        pub(super) annotation_index: Option<u32>,
        pub(super) item_id: Text<'a>,
        pub(super) annotation: Option<Value>,
    }
}

event! {
    /// An item that begins or ends.
    pub(super) struct OfItem<'a> {
        pub(super) output_index: Option<u32>,
        pub(super) item: MaybeItem<'a>,
    }
}

event! {
    /// A response that begins.
    pub(super) struct Begun<'a> {
        pub(super) response: Option<Named<'a>>,
    }
}

event! {
    /// The id of a response.
    pub(super) struct Named<'a> {
        pub(super) id: Text<'a>,
    }
}

event! {
    /// A response that ends.
    pub(super) struct Ended<'a> {
        pub(super) response: Option<Response<'a>>,
    }
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
