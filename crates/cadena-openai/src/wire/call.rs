//! Calls of tools as they are sent.

use std::borrow::Cow;
use std::collections::HashSet;

use cadena_core::{Content, ContentPart, InvalidToolCall, ToolCall, ToolCallKind};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The calls of an answer, each in the form of its kind.
pub(super) struct OutCalls<'a> {
    pub(super) valid: &'a [ToolCall],
    pub(super) invalid: &'a [InvalidToolCall],
    /// Where the Responses API, and LangChain with it, says which calls are those of custom tools.
    pub(super) content: &'a Content,
}

impl Serialize for OutCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Gathered once: a look into the content for each call would be quadratic.
        let custom = ids_of_custom_calls(self.content);
        let valid = self.valid.iter().map(|call| {
            let is_custom = call.id.as_deref().is_some_and(|id| custom.contains(id));
            OutCall::of_valid(call, is_custom)
        });
        serializer.collect_seq(valid.chain(self.invalid.iter().map(OutCall::of_invalid)))
    }
}

/// The ids by which the content has calls of custom tools.
fn ids_of_custom_calls(content: &Content) -> HashSet<&str> {
    let Content::Parts(parts) = content else {
        return HashSet::new();
    };
    let calls = parts.iter().filter_map(|part| match part {
        ContentPart::Block(block) if part.block_type() == Some("custom_tool_call") => block.get("call_id")?.as_str(),
        _ => None,
    });
    calls.collect()
}

/// A call as it is sent.
#[derive(Serialize)]
struct OutCall<'a> {
    r#type: &'static str,
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<OutFunction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<OutCustom<'a>>,
}

#[derive(Serialize)]
struct OutFunction<'a> {
    name: &'a str,
    arguments: Cow<'a, str>,
}

#[derive(Serialize)]
struct OutCustom<'a> {
    name: &'a str,
    input: &'a str,
}

impl<'a> OutCall<'a> {
    /// `is_custom` is what the content says.
    fn of_valid(call: &'a ToolCall, is_custom: bool) -> Self {
        let (id, name) = (call.id.as_deref(), call.name.as_str());
        let is_custom = is_custom || call.kind == ToolCallKind::Custom;
        match call.sole_text().filter(|_| is_custom) {
            Some(input) => Self::custom(id, name, input),
            // A map with text keys can always be written.
            None => Self::function(id, name, serde_json::to_string(&call.args).unwrap_or_default()),
        }
    }

    fn of_invalid(call: &'a InvalidToolCall) -> Self {
        let id = call.id.as_deref();
        let name = call.name.as_deref().unwrap_or_default();
        let args = call.args.as_deref().unwrap_or_default();
        match call.kind {
            ToolCallKind::Custom => Self::custom(id, name, args),
            _ => Self::function(id, name, args),
        }
    }

    fn function(id: Option<&'a str>, name: &'a str, arguments: impl Into<Cow<'a, str>>) -> Self {
        let arguments = arguments.into();
        Self {
            r#type: "function",
            id,
            function: Some(OutFunction { name, arguments }),
            custom: None,
        }
    }

    fn custom(id: Option<&'a str>, name: &'a str, input: &'a str) -> Self {
        Self {
            r#type: "custom",
            id,
            function: None,
            custom: Some(OutCustom { name, input }),
        }
    }
}

/// Calls in OpenAI's own form, without the `index` and whatever else a stream left in them.
pub(super) fn known_parts(calls: &Value) -> Value {
    let strip = |call: &Value| {
        let known = |(key, _): &(&String, &Value)| matches!(key.as_str(), "id" | "type" | "function" | "custom");
        let parts = call.as_object().into_iter().flatten().filter(known);
        let mut parts: Map<_, _> = parts.map(|(key, value)| (key.clone(), value.clone())).collect();
        let kind = if parts.contains_key("custom") {
            "custom"
        } else {
            "function"
        };
        parts.entry("type").or_insert(kind.into());
        Value::Object(parts)
    };
    calls.as_array().into_iter().flatten().map(strip).collect()
}
