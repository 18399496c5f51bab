//! The request of a response, written straight from options and messages.

use cadena_core::{ChatOptions, Message, ToolChoice};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::input::Input;

/// The word in `include` that asks for log probabilities.
pub(crate) const LOGPROBS: &str = "message.output_text.logprobs";

/// The body of `POST /responses`.
#[derive(Clone, Copy)]
pub(crate) struct CreateResponse<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) options: &'a ChatOptions,
    pub(crate) stream: bool,
    /// Whether the server's own copy of the conversation is continued, if it has one.
    pub(crate) continues: bool,
}

/// The keys that follow from how the model is called, and those that are put together here.
const OURS: [&str; 8] = [
    "input",
    "stream",
    "stream_options",
    "include",
    "text",
    "reasoning",
    "verbosity",
    "reasoning_effort",
];

impl Serialize for CreateResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ChatOptions {
            model,
            temperature,
            top_p,
            max_tokens,
            top_logprobs,
            tools,
            tool_choice,
            parallel_tool_calls,
            extra,
            // The others have been refused, or are put together below.
            ..
        } = self.options;
        let mut map = serializer.serialize_map(None)?;
        // The caller wrote a key in `extra` on purpose, so it wins over the typed field of that name.
        macro_rules! field {
            ($key:literal, $value:expr) => {
                if let Some(value) = $value
                    && extra.get($key).is_none()
                {
                    map.serialize_entry($key, value)?;
                }
            };
        }
        field!("model", Some(model.as_deref().unwrap_or(self.model)));
        let remembered = self.remembered();
        let (count, id) = remembered.map_or((0, None), |(count, id)| (count, Some(id)));
        field!("previous_response_id", id);
        map.serialize_entry("input", &Input::new(self.messages, count, self.is_stored()))?;
        field!("temperature", temperature);
        field!("top_p", top_p);
        field!("max_output_tokens", max_tokens);
        field!("top_logprobs", top_logprobs);
        let tools = tools.as_deref().unwrap_or_default();
        if !tools.is_empty() && extra.get("tools").is_none() {
            map.serialize_entry("tools", &tools.iter().map(flat_tool).collect::<Vec<_>>())?;
        }
        field!(
            "tool_choice",
            tool_choice
                .as_ref()
                .map(|choice| out_tool_choice(choice, tools))
                .as_ref()
        );
        field!("parallel_tool_calls", parallel_tool_calls);
        for (key, value) in [
            ("include", self.include()),
            ("text", self.text()),
            ("reasoning", self.reasoning()),
        ] {
            if let Some(value) = value {
                map.serialize_entry(key, &value)?;
            }
        }
        for (key, value) in extra.iter().filter(|(key, _)| !OURS.contains(&key.as_str())) {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("stream", &self.stream)?;
        if let Some(options) = self.stream_options() {
            map.serialize_entry("stream_options", &options)?;
        }
        map.end()
    }
}

impl CreateResponse<'_> {
    /// Whether the server keeps responses, so that it knows them and their items by their ids.
    fn is_stored(&self) -> bool {
        self.options.extra.get("store") != Some(&Value::Bool(false))
    }

    /// How many of the messages the server remembers, and by which response.
    fn remembered(&self) -> Option<(usize, &str)> {
        let told = |key: &&str| self.options.extra.get(key).is_some_and(|value| !value.is_null());
        if !self.continues || !self.is_stored() || ["previous_response_id", "conversation"].iter().any(told) {
            return None;
        }
        let answers = self.messages.iter().enumerate().rev();
        let mut ids = answers.filter_map(|(at, message)| match message {
            Message::AI(answer) => Some((at + 1, answer.response_metadata.id.as_deref()?)),
            _ => None,
        });
        ids.find(|(_, id)| id.starts_with("resp_"))
    }

    /// The list `include`: what the caller names, and log probabilities where they are asked for.
    fn include(&self) -> Option<Value> {
        let given = self.options.extra.get("include");
        if self.options.logprobs != Some(true) {
            return given.cloned();
        }
        let mut list = given.and_then(Value::as_array).cloned().unwrap_or_default();
        if !list.iter().any(|one| one == LOGPROBS) {
            list.push(LOGPROBS.into());
        }
        Some(list.into())
    }

    /// How the text is formed: Chat Completions has these as options of their own.
    fn text(&self) -> Option<Value> {
        let mut text = Map::new();
        if let Some(format) = &self.options.response_format {
            text.insert("format".to_owned(), flat_format(format));
        }
        if let Some(verbosity) = self.options.extra.get("verbosity") {
            text.insert("verbosity".to_owned(), verbosity.clone());
        }
        merged(text, self.options.extra.get("text"))
    }

    /// How the model thinks.
    fn reasoning(&self) -> Option<Value> {
        let mut reasoning = Map::new();
        let effort = self.options.reasoning_effort.as_deref().map(Value::from);
        if let Some(effort) = self.options.extra.get("reasoning_effort").cloned().or(effort) {
            reasoning.insert("effort".to_owned(), effort);
        }
        merged(reasoning, self.options.extra.get("reasoning"))
    }

    /// The caller's stream options. Usage comes with every response, so that it cannot be asked for.
    fn stream_options(&self) -> Option<Map<String, Value>> {
        let mut options = self.options.extra.get("stream_options")?.as_object()?.clone();
        options.shift_remove("include_usage");
        (self.stream && !options.is_empty()).then_some(options)
    }
}

/// The caller's own object on top of the one that the options make.
fn merged(mut ours: Map<String, Value>, given: Option<&Value>) -> Option<Value> {
    match given {
        Some(Value::Object(given)) => ours.extend(given.clone()),
        Some(other) => return Some(other.clone()),
        None => {}
    }
    (!ours.is_empty()).then_some(ours.into())
}

/// A tool as this endpoint has it: what Chat Completions has below the tool's type is beside it here.
fn flat(tool: &Value) -> Value {
    let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
    let (Some(Value::Object(inner)), Value::Object(outer)) = (tool.get(kind), tool) else {
        return tool.clone();
    };
    let mut flat = Map::new();
    flat.insert("type".to_owned(), kind.into());
    flat.extend(inner.clone());
    for (key, value) in outer.iter().filter(|(key, _)| *key != kind) {
        flat.insert(key.clone(), value.clone());
    }
    flat.into()
}

/// A tool as this endpoint has it. Here a function is strict by default, in Chat Completions it is not: bound
/// tools mean the same over both.
fn flat_tool(tool: &Value) -> Value {
    let mut out = flat(tool);
    if tool.get("function").is_some_and(Value::is_object)
        && let Value::Object(function) = &mut out
    {
        function.entry("strict").or_insert(Value::Bool(false));
        function.entry("parameters").or_insert(Value::Null);
    }
    // A grammar is one level deeper in Chat Completions.
    if tool.get("custom").is_some_and(Value::is_object)
        && let Some(format) = out.get_mut("format")
    {
        *format = flat(format);
    }
    out
}

/// The format of an answer as this endpoint has it.
fn flat_format(format: &Value) -> Value {
    match format.get("json_schema") {
        Some(Value::Object(_)) => flat(format),
        _ => format.clone(),
    }
}

/// A word that is the name of a tool means this tool, and the type of a tool of the server means that one.
fn out_tool_choice(choice: &ToolChoice, tools: &[Value]) -> Value {
    let kind_of = |name: &str| {
        let named = |tool: &&Value| {
            let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
            tool.get("name")
                .or_else(|| tool.get(kind)?.get("name"))
                .is_some_and(|found| found == name)
        };
        tools.iter().find(named).and_then(|tool| tool.get("type")?.as_str())
    };
    let of_server = |word: &str| {
        tools
            .iter()
            .any(|tool| tool.get("type").is_some_and(|kind| kind == word))
    };
    let named = |name: &str| json!({"type": kind_of(name).unwrap_or("function"), "name": name});
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Name(name) if kind_of(name).is_none() && of_server(name) => json!({"type": name}),
        ToolChoice::Name(name) => named(name),
        // LangChain's words for it.
        ToolChoice::Other(Value::String(word)) if word == "any" => "required".into(),
        ToolChoice::Other(Value::Bool(true)) => "required".into(),
        ToolChoice::Other(Value::String(word)) if kind_of(word).is_some() => named(word),
        ToolChoice::Other(Value::String(word)) if of_server(word) => json!({"type": word}),
        ToolChoice::Other(value) => flat(value),
        // A choice that this version does not know is left to the server.
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}
