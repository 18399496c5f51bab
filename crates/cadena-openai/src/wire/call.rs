//! Calls of tools as they are sent.

use std::borrow::Cow;
use std::collections::HashSet;

use cadena_core::{Content, ContentPart, Extra, InvalidToolCall, ToolCall, ToolCallKind};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The calls of an answer, each in the form of its kind.
pub(super) struct OutCalls<'a> {
    pub(super) valid: &'a [ToolCall],
    pub(super) invalid: &'a [InvalidToolCall],
    /// The list by which the Responses API, and LangChain with it, marks the calls of custom tools.
    pub(super) content: &'a Content,
    /// Whether members that OpenAI's schema does not have go back as they came.
    pub(super) unknown: bool,
}

impl Serialize for OutCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Gathered once: a look into the content for each call would be quadratic.
        let custom = ids_of_custom_calls(self.content);
        let valid = self.valid.iter().map(|call| {
            let is_custom = call.id.as_deref().is_some_and(|id| custom.contains(id));
            OutCall::of_valid(call, is_custom)
        });
        let all = valid.chain(self.invalid.iter().map(OutCall::of_invalid));
        serializer.collect_seq(all.map(|call| OutCall {
            extra: call.extra.filter(|extra| self.unknown && !extra.is_empty()),
            ..call
        }))
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
struct OutCall<'a> {
    /// `function` or `custom`.
    kind: &'static str,
    id: Option<&'a str>,
    called: Called<'a>,
    /// The other members that the server sent with it.
    extra: Option<&'a Extra>,
}

/// Whom it calls, and with what.
struct Called<'a> {
    name: &'a str,
    /// `arguments` or `input`.
    key: &'static str,
    text: Cow<'a, str>,
    extra: Option<&'a Map<String, Value>>,
}

impl<'a> OutCall<'a> {
    /// `is_custom` is set if the content marks the call so.
    fn of_valid(call: &'a ToolCall, is_custom: bool) -> Self {
        let (id, name) = (call.id.as_deref(), call.name.as_str());
        let is_custom = is_custom || call.kind == ToolCallKind::Custom;
        match call.sole_text().filter(|_| is_custom) {
            Some(input) => Self::custom(id, name, input, &call.extra),
            // A map with text keys can always be written.
            None => Self::function(
                id,
                name,
                serde_json::to_string(&call.args).unwrap_or_default(),
                &call.extra,
            ),
        }
    }

    fn of_invalid(call: &'a InvalidToolCall) -> Self {
        let id = call.id.as_deref();
        let name = call.name.as_deref().unwrap_or_default();
        let args = call.args.as_deref().unwrap_or_default();
        match call.kind {
            ToolCallKind::Custom => Self::custom(id, name, args, &call.extra),
            _ => Self::function(id, name, args, &call.extra),
        }
    }

    fn function(id: Option<&'a str>, name: &'a str, arguments: impl Into<Cow<'a, str>>, extra: &'a Extra) -> Self {
        Self {
            kind: "function",
            id,
            called: Called {
                name,
                key: "arguments",
                text: arguments.into(),
                extra: None,
            },
            extra: Some(extra),
        }
    }

    fn custom(id: Option<&'a str>, name: &'a str, input: &'a str, extra: &'a Extra) -> Self {
        Self {
            kind: "custom",
            id,
            called: Called {
                name,
                key: "input",
                text: input.into(),
                extra: None,
            },
            extra: Some(extra),
        }
    }
}

/// The members of a call that are not taken from what else a server said of it.
const KNOWN: [&str; 5] = ["id", "index", "type", "function", "custom"];

impl Serialize for OutCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let said = |key: &str| self.extra.and_then(|extra| extra.get(key));
        map.serialize_entry("type", said("type").and_then(Value::as_str).unwrap_or(self.kind))?;
        map.serialize_entry("id", &self.id)?;
        let called = Called {
            extra: said(self.kind).and_then(Value::as_object),
            text: Cow::Borrowed(&self.called.text),
            ..self.called
        };
        map.serialize_entry(self.kind, &called)?;
        let unknown = self.extra.into_iter().flat_map(Extra::iter);
        for (key, value) in unknown.filter(|(key, _)| !KNOWN.contains(&key.as_str())) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Called<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry(self.key, &self.text)?;
        let unknown = self.extra.into_iter().flatten();
        for (key, value) in unknown.filter(|(key, _)| !CALLED.contains(&key.as_str())) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The tool that is called, in the form of OpenAI's schema.
const CALLED: [&str; 3] = ["name", "arguments", "input"];

/// Calls in OpenAI's own form, without the `index` that a stream left in them, and without what OpenAI's schema does not have unless `unknown`
/// members go back.
pub(super) fn stored(calls: &Value, unknown: bool) -> Value {
    let strip = |call: &Value| {
        let goes = |(key, _): &(&String, &Value)| *key != "index" && (unknown || KNOWN.contains(&key.as_str()));
        let parts = call.as_object().into_iter().flatten().filter(goes);
        let part = |(key, value): (&String, &Value)| match key.as_str() {
            "function" | "custom" => (key.clone(), called(value, unknown)),
            _ => (key.clone(), value.clone()),
        };
        let mut parts: Map<_, _> = parts.map(part).collect();
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

/// The tool that a call in OpenAI's own form calls.
pub(super) fn called(called: &Value, unknown: bool) -> Value {
    match called {
        Value::Object(members) if !unknown => {
            let known = members.iter().filter(|(key, _)| CALLED.contains(&key.as_str()));
            known.map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        other => other.clone(),
    }
}
