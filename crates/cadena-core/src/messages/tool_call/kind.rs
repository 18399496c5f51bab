//! Whether a tool takes arguments or a text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// LangChain's name for a single argument that has none.
pub(super) const ONLY_ARGUMENT: &str = "__arg1";

/// What a call gives to its tool.
///
/// A model that was given a *custom* tool writes any text, such as code or SQL, and a server that is told of the call again must be told so
/// too. Among the arguments of a [`ToolCall`](crate::ToolCall) this text stands under `__arg1`, as LangChain puts it.
///
/// In the JSON of a call it is `"kind": "custom"`, and left out for a function. In the JSON of a message it stands in
/// `additional_kwargs["__tool_call_extras__"]` by the id of the call, as LangChain reads no call with a key that it does not know.
///
/// # Examples
///
/// ```
/// use cadena_core::{ToolCall, ToolCallKind};
///
/// let call = ToolCall::custom("sql", "SELECT 1", "call_1");
/// assert_eq!((call.kind, call.input()), (ToolCallKind::Custom, Some("SELECT 1")));
/// assert_eq!(call.args["__arg1"], "SELECT 1");
/// assert_eq!(serde_json::to_value(&call)?["kind"], "custom");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ToolCallKind {
    /// Arguments by name, a JSON object: the default. As JSON: `"function"`.
    #[default]
    Function,
    /// A text. As JSON: `"custom"`.
    Custom,
}

impl ToolCallKind {
    /// Whether it goes without saying.
    pub(super) fn is_function(&self) -> bool {
        *self == Self::Function
    }

    /// The kind of a call of which this is one piece and `next` another: servers say it once, or in every piece.
    pub(super) fn or(self, next: Self) -> Self {
        match self {
            Self::Function => next,
            Self::Custom => self,
        }
    }
}

/// A text as arguments.
pub(super) fn wrap(input: &str) -> Map<String, Value> {
    Map::from_iter([(ONLY_ARGUMENT.to_owned(), input.into())])
}

/// The text that arguments are, if they are nothing else.
pub(super) fn unwrap(args: &Map<String, Value>) -> Option<&str> {
    match args.get(ONLY_ARGUMENT) {
        Some(Value::String(input)) if args.len() == 1 => Some(input),
        _ => None,
    }
}
