//! Tool calls: whole, invalid, and in pieces.

mod beside;
pub(crate) use beside::{Beside, KwargsWithCalls, restore};
mod dump;
pub(crate) use dump::Plain;
mod kind;
pub use kind::ToolCallKind;
mod finish;
pub(crate) use finish::{finished_calls, growing_calls, mark_invalid};
mod places;
pub(crate) use places::{Places, merge_tool_call_chunks};
mod parse;
use parse::is_blank;
pub use parse::{make_invalid_tool_call, parse_tool_call, parse_tool_calls};
mod parsing;
pub(crate) use parse::{is_falsy, read_arguments, unknown_members};
pub use parsing::ToolCallParsing;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Extra;

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
    /// The kind of input that the tool takes; default: arguments.
    #[serde(default)]
    pub kind: ToolCallKind,
    /// Other members of the server's call, such as the signature of a thought in `extra_content`, in the form in which they are sent back.
    ///
    /// The members of the call are keys here, and the members of its function are under `function`. In the JSON of a message this object is in
    /// `additional_kwargs`, since LangChain accepts no other keys in `tool_calls` than its own; in the JSON of a call alone it is `extras`.
    #[serde(default, rename = "extras")]
    pub extra: Extra,
}

impl ToolCall {
    /// Makes a call of a tool with arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolCall;
    /// use serde_json::Map;
    ///
    /// let call = ToolCall::new("now", Map::new(), "call_1");
    /// assert_eq!((call.name.as_str(), call.id.as_deref()), ("now", Some("call_1")));
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, args: Map<String, Value>, id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            args,
            id: Some(id.into()),
            kind: ToolCallKind::Function,
            extra: Extra::default(),
        }
    }

    /// Makes a call of a tool that takes a text: see [`ToolCallKind::Custom`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolCall;
    ///
    /// assert_eq!(ToolCall::custom("sql", "SELECT 1", "call_1").input(), Some("SELECT 1"));
    /// ```
    #[must_use]
    pub fn custom(name: impl Into<String>, input: impl AsRef<str>, id: impl Into<String>) -> Self {
        Self {
            kind: ToolCallKind::Custom,
            ..Self::new(name, kind::wrap(input.as_ref()), id)
        }
    }

    /// Returns the text for a custom tool. `None` for a function, and if the arguments have more than this text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolCall;
    /// use serde_json::Map;
    ///
    /// assert_eq!(ToolCall::custom("sql", "SELECT 1", "call_1").input(), Some("SELECT 1"));
    /// assert_eq!(ToolCall::new("now", Map::new(), "call_2").input(), None);
    /// ```
    #[must_use]
    pub fn input(&self) -> Option<&str> {
        match self.kind {
            ToolCallKind::Custom => self.sole_text(),
            ToolCallKind::Function => None,
        }
    }

    /// Returns the text that is the only argument, whatever the kind of the call: LangChain does not write the kind.
    #[doc(hidden)]
    #[must_use]
    pub fn sole_text(&self) -> Option<&str> {
        kind::unwrap(&self.args)
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
    /// The reason why the call is invalid.
    #[serde(default)]
    pub error: Option<String>,
    /// The kind of input that the tool takes; default: arguments.
    #[serde(default)]
    pub kind: ToolCallKind,
    /// Other members of the server's call, as in [`ToolCall::extra`].
    #[serde(default, rename = "extras")]
    pub extra: Extra,
}

/// A piece of a tool call. Pieces with the same index are pieces of the same call.
///
/// **Every piece of a provider carries the index of its call.** If a server sends no index, or the same one for every call, the provider's crate
/// numbers the calls, since it sees the order of the pieces. It also leaves out a name or an id that the server repeats, as texts
/// append here.
///
/// Pieces without an index stay apart, since addition cannot know their call. They never make a call that could run without the arguments
/// that followed it: while there are pieces of arguments without a name, a call without arguments is an [`InvalidToolCall`], and so is a piece
/// without a name.
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
    /// A piece of the arguments' JSON text, or a piece of the text for a custom tool.
    #[serde(default)]
    pub args: Option<String>,
    /// The id of the call, usually in the first piece.
    #[serde(default)]
    pub id: Option<String>,
    /// The kind of input that the tool takes; default: arguments. One piece with [`ToolCallKind::Custom`] is enough.
    #[serde(default)]
    pub kind: ToolCallKind,
    /// The number of the call in its message; pieces without an index stay apart.
    #[serde(default)]
    pub index: Option<i64>,
    /// Other members of the server's call that came with this piece, as in [`ToolCall::extra`]. They add up as metadata does.
    #[serde(default, rename = "extras")]
    pub extra: Extra,
    /// The reason why the call is known to be invalid, if it was stored as an invalid call; empty if the reason is not known.
    #[serde(skip)]
    pub(crate) error: Option<String>,
}

impl ToolCallChunk {
    /// Makes an empty piece of the message's call number `index`, from 0.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ToolCallChunk::new(0).index, Some(0));
    /// ```
    #[must_use]
    pub fn new(index: i64) -> Self {
        Self {
            index: Some(index),
            ..Self::default()
        }
    }

    /// Sets the tool's name.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ToolCallChunk::new(0).with_name("add").name.as_deref(), Some("add"));
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the piece of the arguments' JSON text.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ToolCallChunk::new(0).with_args("{\"a\"").args.as_deref(), Some("{\"a\""));
    /// ```
    #[must_use]
    pub fn with_args(mut self, args: impl Into<String>) -> Self {
        self.args = Some(args.into());
        self
    }

    /// Sets the id of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ToolCallChunk::new(0).with_id("call_1").id.as_deref(), Some("call_1"));
    /// ```
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the reason why the call is invalid, whatever its other pieces are.
    ///
    /// A provider's crate sets it if it knows of a fault that the pieces do not show.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, ToolCallChunk};
    ///
    /// let call = ToolCallChunk::new(0).with_name("pay").with_args("{}");
    /// let doubt = ToolCallChunk::new(0).with_error("the server took it back");
    /// let sum = AIMessageChunk::new("").with_tool_call_chunk(call) + AIMessageChunk::new("").with_tool_call_chunk(doubt);
    /// let message = AIMessage::from(sum);
    /// assert!(message.tool_calls.is_empty());
    /// assert_eq!(message.invalid_tool_calls[0].error.as_deref(), Some("the server took it back"));
    /// ```
    #[must_use]
    pub fn with_error(mut self, reason: impl Into<String>) -> Self {
        self.error = Some(reason.into());
        self
    }

    /// Marks the piece as one of a call of a custom tool, whose text is in [`args`](Self::args).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AIMessageChunk, ToolCallChunk};
    ///
    /// let first = ToolCallChunk::new(0).with_name("sql").with_args("SELECT").custom();
    /// let sum = AIMessageChunk::new("").with_tool_call_chunk(first)
    ///     + AIMessageChunk::new("").with_tool_call_chunk(ToolCallChunk::new(0).with_args(" 1"));
    /// assert_eq!(AIMessage::from(sum).tool_calls[0].input(), Some("SELECT 1"));
    /// ```
    #[must_use]
    pub fn custom(mut self) -> Self {
        self.kind = ToolCallKind::Custom;
        self
    }

    /// Parses the arguments that have arrived so far: an object is a call, anything else an invalid call.
    fn parse(&self, read: fn(&str) -> Option<Value>) -> Result<ToolCall, InvalidToolCall> {
        let text = self.args.as_deref().unwrap_or_default();
        let args = match self.kind {
            ToolCallKind::Custom => Some(Value::Object(kind::wrap(text))),
            ToolCallKind::Function if is_blank(text) => Some(Value::Object(Map::new())),
            ToolCallKind::Function => read(text),
        };
        match args {
            Some(Value::Object(args)) if self.error.is_none() => Ok(ToolCall {
                name: self.name.clone().unwrap_or_default(),
                args,
                id: self.id.clone(),
                kind: self.kind,
                extra: self.extra.clone(),
            }),
            _ => Err(self.invalid(None)),
        }
    }

    /// Returns the call as an invalid one. The reason is used if no other reason is known.
    fn invalid(&self, reason: Option<&str>) -> InvalidToolCall {
        InvalidToolCall {
            name: self.name.clone(),
            args: self.args.clone(),
            id: self.id.clone(),
            error: match &self.error {
                Some(known) => Some(known.clone()).filter(|known| !known.is_empty()),
                None => reason.map(str::to_owned),
            },
            kind: self.kind,
            extra: self.extra.clone(),
        }
    }
}

impl From<ToolCall> for ToolCallChunk {
    fn from(call: ToolCall) -> Self {
        // A call with a text and other arguments can only be kept as arguments.
        let (args, kind) = match call.input() {
            Some(input) => (input.to_owned(), ToolCallKind::Custom),
            None => (Value::Object(call.args).to_string(), ToolCallKind::Function),
        };
        Self {
            name: Some(call.name),
            args: Some(args),
            id: call.id,
            index: None,
            kind,
            extra: call.extra,
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
            kind: call.kind,
            extra: call.extra,
            error: Some(call.error.unwrap_or_default()),
        }
    }
}
