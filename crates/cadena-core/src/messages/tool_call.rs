//! Calls of tools: whole, invalid, and in pieces.

mod parse;
pub(crate) use parse::is_falsy;
use parse::read_arguments;
pub use parse::{ToolCallParsing, make_invalid_tool_call, parse_tool_call, parse_tool_calls};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::json::parse_partial_json;
use crate::{Merge, Result};

/// A model's request to call a tool, with arguments that are a JSON object.
///
/// # Examples
///
/// ```
/// use cadena_core::ToolCall;
/// use serde_json::json;
///
/// let call: ToolCall = serde_json::from_value(json!({"name": "add", "args": {"a": 1}, "id": "call_1"}))?;
/// assert_eq!(call.args["a"], 1);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// The arguments by name.
    pub args: Map<String, Value>,
    /// The id that the answer to this call must name.
    #[serde(default)]
    pub id: Option<String>,
}

impl ToolCall {
    /// A call of a tool.
    #[must_use]
    pub fn new(name: impl Into<String>, args: Map<String, Value>, id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            args,
            id: Some(id.into()),
        }
    }
}

impl Serialize for ToolCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Dump<'a> {
            name: &'a str,
            args: &'a Map<String, Value>,
            id: &'a Option<String>,
            r#type: &'static str,
        }
        Dump {
            name: &self.name,
            args: &self.args,
            id: &self.id,
            r#type: "tool_call",
        }
        .serialize(serializer)
    }
}

/// A call whose arguments are not a complete JSON object: cut off, misspelt, or of another type.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, AIMessageChunk, Streamable, ToolCallChunk};
///
/// let cut = AIMessageChunk::new("").with_tool_call_chunk(ToolCallChunk::new(0).with_name("pay").with_args(r#"{"amount": 10"#));
/// let message = AIMessage::from_chunk(cut)?;
/// assert!(message.tool_calls.is_empty());
/// assert_eq!(message.invalid_tool_calls[0].args.as_deref(), Some(r#"{"amount": 10"#));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct InvalidToolCall {
    /// The tool's name, if it had arrived.
    #[serde(default)]
    pub name: Option<String>,
    /// The arguments as they arrived.
    #[serde(default)]
    pub args: Option<String>,
    /// The id of the call.
    #[serde(default)]
    pub id: Option<String>,
    /// What is wrong with it.
    #[serde(default)]
    pub error: Option<String>,
}

impl Serialize for InvalidToolCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Dump<'a> {
            r#type: &'static str,
            id: &'a Option<String>,
            name: &'a Option<String>,
            args: &'a Option<String>,
            error: &'a Option<String>,
        }
        let Self { name, args, id, error } = self;
        Dump {
            r#type: "invalid_tool_call",
            id,
            name,
            args,
            error,
        }
        .serialize(serializer)
    }
}

/// A piece of a tool call. Pieces with the same index are pieces of the same call.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessageChunk, ToolCallChunk};
///
/// let first = AIMessageChunk::new("").with_tool_call_chunk(ToolCallChunk::new(0).with_name("add").with_args(r#"{"a""#));
/// let second = AIMessageChunk::new("").with_tool_call_chunk(ToolCallChunk::new(0).with_args(": 1}"));
/// assert_eq!((first + second).tool_call_chunks[0].args.as_deref(), Some(r#"{"a": 1}"#));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ToolCallChunk {
    /// The tool's name, usually in the first piece.
    #[serde(default)]
    pub name: Option<String>,
    /// A piece of the arguments' JSON text.
    #[serde(default)]
    pub args: Option<String>,
    /// The id of the call, usually in the first piece.
    #[serde(default)]
    pub id: Option<String>,
    /// Which call of the message this is a piece of; pieces without an index stay apart.
    #[serde(default)]
    pub index: Option<i64>,
    /// Why the call is known to be invalid, if it was given as an invalid call.
    #[serde(skip)]
    pub(crate) error: Option<String>,
}

impl ToolCallChunk {
    /// An empty piece of the message's call number `index`, from 0.
    #[must_use]
    pub fn new(index: i64) -> Self {
        Self {
            index: Some(index),
            ..Self::default()
        }
    }

    /// Sets the tool's name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the piece of the arguments' JSON text.
    #[must_use]
    pub fn with_args(mut self, args: impl Into<String>) -> Self {
        self.args = Some(args.into());
        self
    }

    /// Sets the id of the call.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Whether `next` is another piece of this call: the same index, and no two different ids.
    fn continues_in(&self, next: &Self) -> bool {
        let known = |id: &Option<String>| id.as_deref().is_some_and(|id| !id.is_empty());
        self.index == next.index && (!known(&self.id) || !known(&next.id) || self.id == next.id)
    }

    fn append(&mut self, next: Self) -> Result<()> {
        let Self {
            name,
            args,
            id,
            index: _,
            error,
        } = next;
        self.name.merge(name)?;
        self.args.merge(args)?;
        if self.id.as_deref().is_none_or(str::is_empty) {
            self.id = id.or(self.id.take());
        }
        self.error = error.or(self.error.take());
        Ok(())
    }

    /// Reads the arguments that have arrived so far: an object is a call, anything else an invalid one.
    fn parse(&self, read: fn(&str) -> Option<Value>) -> Result<ToolCall, InvalidToolCall> {
        let args = match self.args.as_deref() {
            None | Some("") => Some(Value::Object(Map::new())),
            Some(text) => read(text),
        };
        match args {
            Some(Value::Object(args)) if self.error.is_none() => Ok(ToolCall {
                name: self.name.clone().unwrap_or_default(),
                args,
                id: self.id.clone(),
            }),
            _ => Err(self.invalid()),
        }
    }

    fn invalid(&self) -> InvalidToolCall {
        InvalidToolCall {
            name: self.name.clone(),
            args: self.args.clone(),
            id: self.id.clone(),
            error: self.error.clone(),
        }
    }
}

impl From<ToolCall> for ToolCallChunk {
    fn from(call: ToolCall) -> Self {
        let args = Some(Value::Object(call.args).to_string());
        Self {
            name: Some(call.name),
            args,
            id: call.id,
            index: None,
            error: None,
        }
    }
}

impl From<InvalidToolCall> for ToolCallChunk {
    fn from(call: InvalidToolCall) -> Self {
        Self {
            name: call.name,
            args: call.args,
            id: call.id,
            index: None,
            error: call.error,
        }
    }
}

impl Serialize for ToolCallChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Dump<'a> {
            name: &'a Option<String>,
            args: &'a Option<String>,
            id: &'a Option<String>,
            index: Option<i64>,
            r#type: &'static str,
        }
        let Self {
            name,
            args,
            id,
            index,
            error: _,
        } = self;
        Dump {
            name,
            args,
            id,
            index: *index,
            r#type: "tool_call_chunk",
        }
        .serialize(serializer)
    }
}

/// Adds pieces to the calls that they continue; the others begin calls of their own.
pub(crate) fn merge_tool_call_chunks(left: &mut Vec<ToolCallChunk>, right: Vec<ToolCallChunk>) -> Result<()> {
    for piece in right {
        let open = left
            .iter_mut()
            .find(|call| piece.index.is_some() && call.continues_in(&piece));
        match open {
            Some(call) => call.append(piece)?,
            None => left.push(piece),
        }
    }
    Ok(())
}

/// Calls as far as they have arrived, an open object closed: what a chunk shows while it grows.
pub(crate) fn growing_calls(chunks: &[ToolCallChunk]) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
    split(chunks, |chunk| chunk.parse(|text| parse_partial_json(text).ok()))
}

/// Calls of a finished message: only a complete JSON object is a call. A cut one is never completed.
///
/// In an answer that was `cut` by its length, a call without any arguments was cut before them.
pub(crate) fn finished_calls(chunks: &[ToolCallChunk], cut: bool) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
    split(chunks, |chunk| {
        if cut && chunk.args.as_deref().is_none_or(str::is_empty) {
            return Err(chunk.invalid());
        }
        chunk.parse(|text| read_arguments(text, false).ok())
    })
}

fn split(
    chunks: &[ToolCallChunk],
    read: impl Fn(&ToolCallChunk) -> Result<ToolCall, InvalidToolCall>,
) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
    let (mut calls, mut invalid) = (Vec::new(), Vec::new());
    for chunk in chunks {
        match read(chunk) {
            Ok(call) => calls.push(call),
            Err(call) => invalid.push(call),
        }
    }
    (calls, invalid)
}
