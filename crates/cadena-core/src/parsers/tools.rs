//! Calls of tools in an answer: [`JsonOutputToolsParser`] and [`JsonOutputFunctionsParser`].

use serde_json::{Map, Value, json};

use super::answer::UnparsedAnswer;
use super::reader::{Chunks, Reader, parser};
use crate::json::PartialJson;
use crate::{
    AIMessage, AIMessageChunk, Merge, Result, ToolCall, ToolCallChunk, ToolCallParsing, ValueChunk, impl_pipe,
    parse_tool_calls,
};

/// Takes the calls of tools out of a message, as `{"args": …, "type": name}`, growing while they stream.
///
/// A call that was cut off is invalid, and not among them.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, JsonOutputToolsParser, ToolCall};
/// use serde_json::json;
///
/// let mut message = AIMessage::new("");
/// message.tool_calls.push(ToolCall::new("add", json!({"x": 1}).as_object().cloned().unwrap_or_default(), "call_1"));
///
/// let parser = JsonOutputToolsParser::new();
/// assert_eq!(parser.parse_message(message.clone())?, json!([{"args": {"x": 1}, "type": "add"}]));
/// assert_eq!(parser.key("add").first_tool_only().parse_message(message)?, json!({"x": 1}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct JsonOutputToolsParser {
    key: Option<String>,
    return_id: bool,
    first_tool_only: bool,
}

impl JsonOutputToolsParser {
    /// Makes a parser for all calls, without their ids.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, JsonOutputToolsParser, ToolCall};
    /// use serde_json::json;
    ///
    /// let mut message = AIMessage::new("");
    /// message.tool_calls.push(ToolCall::new("now", Default::default(), "call_1"));
    /// assert_eq!(JsonOutputToolsParser::new().parse_message(message)?, json!([{"args": {}, "type": "now"}]));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the calls of one tool, and of these the arguments alone, unless [`return_id`](Self::return_id) is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, JsonOutputToolsParser, ToolCall};
    /// use serde_json::json;
    ///
    /// let mut message = AIMessage::new("");
    /// message.tool_calls = ["now", "later"].map(|name| ToolCall::new(name, Default::default(), name)).into();
    /// assert_eq!(JsonOutputToolsParser::new().key("now").parse_message(message)?, json!([{}])); // the arguments of one call
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// Adds the id to each call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, JsonOutputToolsParser, ToolCall};
    /// use serde_json::json;
    ///
    /// let mut message = AIMessage::new("");
    /// message.tool_calls.push(ToolCall::new("now", Default::default(), "call_1"));
    /// let calls = JsonOutputToolsParser::new().return_id().parse_message(message)?;
    /// assert_eq!(calls, json!([{"args": {}, "id": "call_1", "type": "now"}]));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn return_id(mut self) -> Self {
        self.return_id = true;
        self
    }

    /// Takes the first call alone. Without a call the value is `null` for one tool, and an empty list for all.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, JsonOutputToolsParser, ToolCall};
    /// use serde_json::json;
    ///
    /// let mut message = AIMessage::new("");
    /// message.tool_calls = ["now", "later"].map(|name| ToolCall::new(name, Default::default(), name)).into();
    /// let parser = JsonOutputToolsParser::new().first_tool_only();
    /// assert_eq!(parser.parse_message(message)?, json!({"args": {}, "type": "now"}));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn first_tool_only(mut self) -> Self {
        self.first_tool_only = true;
        self
    }

    fn show(&self, calls: impl IntoIterator<Item = ToolCall>) -> Value {
        let fits = |call: &ToolCall| self.key.as_ref().is_none_or(|key| *key == call.name);
        let show = |call: ToolCall| match (self.return_id, &self.key) {
            (true, _) => json!({"args": call.args, "id": call.id, "type": call.name}),
            (false, None) => json!({"args": call.args, "type": call.name}),
            (false, Some(_)) => Value::Object(call.args),
        };
        let mut calls = calls.into_iter().filter(fits).map(show);
        match (self.first_tool_only, &self.key) {
            (false, _) => calls.collect(),
            (true, None) => calls.next().unwrap_or_else(|| json!([])),
            (true, Some(_)) => calls.next().unwrap_or_default(),
        }
    }
}

parser!(
    JsonOutputToolsParser,
    Value,
    |this| ToolsReader {
        parser: this.clone(),
        answer: AIMessageChunk::default(),
        growing: Vec::new(),
        last: None,
    },
    Ok(Value::Null)
);
impl_pipe!(JsonOutputToolsParser);

struct ToolsReader {
    parser: JsonOutputToolsParser,
    /// The calls so far, and the members that older answers have instead of them.
    answer: AIMessageChunk,
    /// The arguments of each call, and how many of their bytes were read.
    growing: Vec<(usize, PartialJson)>,
    last: Option<Value>,
}

impl ToolsReader {
    /// The calls whose arguments are an object so far. Each byte of them is read once.
    fn calls(&mut self) -> Result<Vec<ToolCall>> {
        let mut calls = Vec::new();
        self.growing
            .resize_with(self.answer.tool_call_chunks.len(), Default::default);
        for (call, (read, json)) in self.answer.tool_call_chunks.iter().zip(&mut self.growing) {
            let args = call.args.as_deref().unwrap_or_default();
            json.push(args.get(*read..).unwrap_or_default())?;
            *read = args.len();
            let args = match json.value() {
                Some(Value::Object(args)) => args.clone(),
                None if args.is_empty() => Map::new(),
                _ => continue,
            };
            let ToolCallChunk { name, id, .. } = call;
            let mut call = ToolCall::new(name.as_deref().unwrap_or_default(), args, "");
            call.id.clone_from(id);
            calls.push(call);
        }
        Ok(calls)
    }

    fn emit(&mut self, value: Value, out: &mut Chunks<Value>) {
        if self.last.as_ref() != Some(&value) {
            out.push_back(ValueChunk::from(value.clone()));
            self.last = Some(value);
        }
    }
}

impl Reader for ToolsReader {
    type Output = Value;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<Value>) -> Result<()> {
        self.answer.merge(AIMessageChunk {
            tool_call_chunks: chunk.tool_call_chunks,
            additional_kwargs: chunk.additional_kwargs,
            ..AIMessageChunk::default()
        })?;
        let calls = self.calls()?;
        let value = self.parser.show(calls);
        let raw = self.answer.tool_call_chunks.is_empty() && has_raw_calls(&self.answer);
        if !raw && !value.is_null() {
            self.emit(value, out);
        }
        Ok(())
    }

    fn finish(mut self, out: &mut Chunks<Value>) -> Result<()> {
        let answer = AIMessage::from(std::mem::take(&mut self.answer));
        let calls = match answer.additional_kwargs.get("tool_calls") {
            Some(Value::Array(raw)) if answer.tool_calls.is_empty() => parse_tool_calls(raw, ToolCallParsing::new())
                .map_err(|error| UnparsedAnswer::source_of(error, Value::Array(raw.clone()).to_string()))?,
            _ => answer.tool_calls,
        };
        let value = self.parser.show(calls);
        self.emit(value, out);
        Ok(())
    }
}

fn has_raw_calls(answer: &AIMessageChunk) -> bool {
    answer.additional_kwargs.contains_key("tool_calls")
}

/// Takes the arguments of a function call, the form before tools: `additional_kwargs["function_call"]`.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, JsonOutputFunctionsParser};
/// use serde_json::json;
///
/// let mut message = AIMessage::new("");
/// message.additional_kwargs.insert("function_call".to_owned(), json!({"name": "add", "arguments": "{\"x\": 1}"}));
/// assert_eq!(JsonOutputFunctionsParser::new().parse_message(message)?, json!({"x": 1}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct JsonOutputFunctionsParser {
    with_name: bool,
}

impl JsonOutputFunctionsParser {
    /// Makes a parser for the arguments alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, JsonOutputFunctionsParser};
    /// use serde_json::json;
    ///
    /// let mut message = AIMessage::new("");
    /// message.additional_kwargs.insert("function_call".to_owned(), json!({"name": "add", "arguments": "{\"x\": 1}"}));
    /// assert_eq!(JsonOutputFunctionsParser::new().parse_message(message)?, json!({"x": 1}));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the name beside the arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, JsonOutputFunctionsParser};
    /// use serde_json::json;
    ///
    /// let mut message = AIMessage::new("");
    /// message.additional_kwargs.insert("function_call".to_owned(), json!({"name": "add", "arguments": "{}"}));
    /// let call = JsonOutputFunctionsParser::new().with_name().parse_message(message)?;
    /// assert_eq!(call, json!({"name": "add", "arguments": {}}));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn with_name(mut self) -> Self {
        self.with_name = true;
        self
    }
}

parser!(
    JsonOutputFunctionsParser,
    Value,
    |this| FunctionReader {
        with_name: this.with_name,
        answer: AIMessageChunk::default(),
    },
    Ok(Value::Null)
);
impl_pipe!(JsonOutputFunctionsParser);

struct FunctionReader {
    with_name: bool,
    answer: AIMessageChunk,
}

impl Reader for FunctionReader {
    type Output = Value;

    fn push(&mut self, chunk: AIMessageChunk, _out: &mut Chunks<Value>) -> Result<()> {
        self.answer.merge(AIMessageChunk {
            additional_kwargs: chunk.additional_kwargs,
            ..AIMessageChunk::default()
        })
    }

    fn finish(self, out: &mut Chunks<Value>) -> Result<()> {
        let call = self.answer.additional_kwargs.get("function_call");
        let text = |key: &str| call.and_then(|call| call.get(key)).and_then(Value::as_str);
        let Some(arguments) = text("arguments") else {
            return Err(UnparsedAnswer::of("", "expected a `function_call` with `arguments`"));
        };
        let mut json = PartialJson::new();
        let parsed = json.push(arguments).and_then(|()| json.finish());
        let parsed = parsed.map_err(|error| UnparsedAnswer::unread(arguments, error))?;
        out.push_back(ValueChunk::from(if self.with_name {
            json!({"name": text("name"), "arguments": parsed})
        } else {
            parsed
        }));
        Ok(())
    }
}
