//! The state of one choice on which its next pieces depend.

use cadena_core::{AIMessageChunk, Extra};
use serde_json::{Map, Value};

use super::calls::OpenCalls;
use super::members::Members;

/// Makes of what a server sends chunks that add up: see [`OpenCalls`] and [`Members`].
#[derive(Debug, Default)]
pub(super) struct Said {
    calls: OpenCalls,
    members: Members,
    /// The name of the call in the form that tool calls replaced.
    function: String,
    of_function: Members,
}

impl Said {
    /// Leaves in a chunk what is new in it. Free for one that has text alone.
    pub(super) fn keep_news(&mut self, chunk: &mut AIMessageChunk) {
        if !chunk.tool_call_chunks.is_empty() {
            self.calls.arrange(&mut chunk.tool_call_chunks);
        }
        let kwargs = &mut chunk.additional_kwargs;
        if kwargs.iter().all(|(key, value)| adds_up(key, value) == Some(true)) {
            return;
        }
        let mut unknown = Map::new();
        let mut known = Map::new();
        for (key, value) in std::mem::take(kwargs) {
            match (adds_up(&key, &value), value) {
                (Some(true), value) => drop(known.insert(key, value)),
                (None, Value::Object(call)) if key == FUNCTION_CALL => drop(known.insert(key, self.function(call))),
                (None, value) => drop(unknown.insert(key, value)),
                // A value of another type than the member has, which could not be added to the others.
                (Some(false), _) => {}
            }
        }
        let mut news = Extra::from(unknown);
        self.members.keep_news(&mut news);
        known.extend(news);
        *kwargs = known.into();
    }

    /// Takes a repeated name out of a call whose texts append.
    fn function(&mut self, mut call: Map<String, Value>) -> Value {
        let texts = ["arguments", "name"].map(|key| call.remove_entry(key));
        let mut rest = Extra::from(call);
        self.of_function.keep_news(&mut rest);
        let mut call = rest.into_map();
        for (key, mut text) in texts.into_iter().flatten() {
            if let (Value::String(name), "name") = (&mut text, key.as_str()) {
                if *name == self.function {
                    name.clear();
                }
                self.function.push_str(name);
            }
            call.insert(key, text);
        }
        call.into()
    }
}

const FUNCTION_CALL: &str = "function_call";

/// Whether a member whose pieces always add up is of the type that it should be. `None` of another member.
fn adds_up(key: &str, value: &Value) -> Option<bool> {
    match key {
        "refusal" | "reasoning_content" => Some(value.is_string()),
        "annotations" => Some(value.is_array()),
        "audio" => Some(value.is_object()),
        FUNCTION_CALL if !value.is_object() => Some(false),
        _ => None,
    }
}
