//! The request of a chat completion, written straight from options and messages.

use cadena_core::{ChatOptions, Extra, Message, ToolChoice};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::message::OutMessage;

/// The body of `POST /chat/completions`.
///
/// Borrowed and written once: its cost is linear in the conversation, of which only data that has another form here is copied on the way.
#[derive(Clone, Copy)]
pub(crate) struct ChatCompletionRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) options: &'a ChatOptions,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// Whether the system role is called developer.
    pub(crate) developer: bool,
    /// Whether the thoughts of answers are sent back.
    pub(crate) reasoning: bool,
    /// Whether members that OpenAI's schema does not have go back as they came.
    pub(crate) unknown: bool,
    /// Whether `max_tokens` goes out by its newer name.
    pub(crate) max_completion_tokens: bool,
}

impl Serialize for ChatCompletionRequest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ChatOptions {
            model,
            temperature,
            top_p,
            max_tokens,
            stop,
            seed,
            logprobs,
            top_logprobs,
            n,
            presence_penalty,
            frequency_penalty,
            logit_bias,
            tools,
            tool_choice,
            parallel_tool_calls,
            response_format,
            reasoning_effort,
            extra,
            // The others (headers, query, timeout) are no part of the body.
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
        map.serialize_entry(
            "messages",
            &Messages {
                messages: self.messages,
                developer: self.developer,
                reasoning: self.reasoning,
                unknown: self.unknown,
            },
        )?;
        field!("temperature", temperature);
        field!("top_p", top_p);
        if self.max_completion_tokens {
            field!("max_completion_tokens", max_tokens);
        } else {
            field!("max_tokens", max_tokens);
        }
        field!("stop", stop.as_ref().filter(|stop| !stop.is_empty()));
        field!("seed", seed);
        field!("logprobs", logprobs);
        field!("top_logprobs", top_logprobs);
        field!("n", n);
        field!("presence_penalty", presence_penalty);
        field!("frequency_penalty", frequency_penalty);
        field!("logit_bias", logit_bias);
        field!("tools", tools.as_ref().filter(|tools| !tools.is_empty()));
        field!(
            "tool_choice",
            tool_choice
                .as_ref()
                .map(|choice| out_tool_choice(choice, tools.as_deref().unwrap_or_default()))
                .as_ref()
        );
        field!("parallel_tool_calls", parallel_tool_calls);
        field!("response_format", response_format);
        field!("reasoning_effort", reasoning_effort);
        for (key, value) in extra.iter().filter(|(key, _)| !OURS.contains(&key.as_str())) {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("stream", &self.stream)?;
        if let Some(options) = stream_options(extra, self.stream, self.include_usage) {
            map.serialize_entry("stream_options", &options)?;
        }
        map.end()
    }
}

/// The keys that follow from how the model is called; `extra` cannot change what the answer is read as.
const OURS: [&str; 3] = ["messages", "stream", "stream_options"];

/// The caller's stream options, with usage asked for unless they refuse it. Servers reject them in other calls.
pub(crate) fn stream_options(extra: &Extra, stream: bool, include_usage: bool) -> Option<Map<String, Value>> {
    let given = extra.get("stream_options").and_then(Value::as_object);
    if !stream || (given.is_none() && !include_usage) {
        return None;
    }
    let mut options = given.cloned().unwrap_or_default();
    if include_usage {
        options.entry("include_usage").or_insert(Value::Bool(true));
    }
    Some(options)
}

/// A word that is the name of a tool means this tool.
fn out_tool_choice(choice: &ToolChoice, tools: &[Value]) -> Value {
    let kind_of = |name: &str| {
        let is_it = |kind: &&str| {
            let called = |tool: &Value| tool.get(kind)?.get("name")?.as_str().map(|found| found == name);
            tools.iter().any(|tool| called(tool) == Some(true))
        };
        ["function", "custom"].into_iter().find(is_it)
    };
    let named = |kind: &str, name: &str| json!({"type": kind, kind: {"name": name}});
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Name(name) => named(kind_of(name).unwrap_or("function"), name),
        // LangChain's words for it.
        ToolChoice::Other(Value::String(word)) if word == "any" => "required".into(),
        ToolChoice::Other(Value::Bool(true)) => "required".into(),
        ToolChoice::Other(Value::String(word)) => match kind_of(word) {
            Some(kind) => named(kind, word),
            None => word.as_str().into(),
        },
        ToolChoice::Other(value) => value.clone(),
        // A choice that this version does not know is left to the server.
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

struct Messages<'a> {
    messages: &'a [Message],
    developer: bool,
    reasoning: bool,
    unknown: bool,
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.messages.iter().map(|message| OutMessage {
            message,
            developer: self.developer,
            reasoning: self.reasoning,
            unknown: self.unknown,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: bool, options: ChatOptions, expect: Value) {
        let messages = [Message::from("hi")];
        let include_usage = true;
        let request = ChatCompletionRequest {
            model: "m",
            messages: &messages,
            options: &options,
            stream,
            include_usage,
            developer: false,
            reasoning: false,
            unknown: true,
            max_completion_tokens: true,
        };
        let mut body = serde_json::to_value(request).unwrap();
        let body = body.as_object_mut().unwrap();
        assert_eq!(
            body.remove("messages"),
            Some(json!([{"content": "hi", "role": "user"}]))
        );
        assert_eq!(Value::Object(body.clone()), expect);
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        check(false, ChatOptions::new(), json!({"model": "m", "stream": false}));
        check(
            false,
            ChatOptions::new().stop([""; 0]),
            json!({"model": "m", "stream": false}),
        );
    }

    #[test]
    fn options_go_out_under_their_wire_names() {
        let options = ChatOptions::new()
            .model("other")
            .max_tokens(5)
            .stop(["\n"])
            .logprobs(true)
            .top_logprobs(2)
            .tool_choice(ToolChoice::Name("f".to_owned()))
            .extra("min_p", 0.05);
        let choice = json!({"type": "function", "function": {"name": "f"}});
        check(
            false,
            options,
            json!({"model": "other", "max_completion_tokens": 5, "stop": ["\n"], "logprobs": true, "top_logprobs": 2,
                "tool_choice": choice, "min_p": 0.05, "stream": false}),
        );
    }

    #[test]
    fn the_callers_stream_options_are_kept_and_usage_is_asked_for() {
        let given = ChatOptions::new().extra("stream_options", json!({"include_obfuscation": false}));
        let expect = json!({"include_obfuscation": false, "include_usage": true});
        check(
            true,
            given.clone(),
            json!({"model": "m", "stream": true, "stream_options": expect}),
        );
        check(false, given, json!({"model": "m", "stream": false}));
        let off = ChatOptions::new().extra("stream_options", json!({"include_usage": false}));
        check(
            true,
            off,
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": false}}),
        );
    }

    #[test]
    fn extra_wins_over_the_typed_field_but_not_over_the_kind_of_call() {
        let options = ChatOptions::new()
            .temperature(1.0)
            .extra("temperature", 0)
            .extra("stream", true);
        check(false, options, json!({"model": "m", "temperature": 0, "stream": false}));
    }
}
