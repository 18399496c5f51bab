//! The kind of input that a tool takes: arguments or a text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// LangChain's name for a single argument without a name.
pub(super) const ONLY_ARGUMENT: &str = "__arg1";

/// The kind of input in a call: arguments or a text.
///
/// A model with a *custom* tool writes any text for it, such as code or SQL, and a server to which the call is sent again must see that it was a
/// custom one. Among the arguments of a [`ToolCall`](crate::ToolCall) this text is under `__arg1`, as in LangChain.
///
/// In the JSON of a call the kind is `"kind": "custom"`, and left out for a function. In the JSON of a message it is in
/// `additional_kwargs["__tool_call_extras__"]` by the id of the call, since LangChain reads no call with an unknown key.
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
    /// Arguments by name, a JSON object; the default. As JSON: `"function"`.
    #[default]
    Function,
    /// A text. As JSON: `"custom"`.
    Custom,
}

impl ToolCallKind {
    /// Returns whether this is the default, which is not written.
    pub(super) fn is_function(&self) -> bool {
        *self == Self::Function
    }

    /// Returns the kind of a call from the kinds of two of its pieces: servers write it once, or in every piece.
    pub(super) fn or(self, next: Self) -> Self {
        match self {
            Self::Function => next,
            Self::Custom => self,
        }
    }
}

/// Returns a text as arguments.
pub(super) fn wrap(input: &str) -> Map<String, Value> {
    Map::from_iter([(ONLY_ARGUMENT.to_owned(), input.into())])
}

/// Returns the text in arguments, if they have nothing else.
pub(super) fn unwrap(args: &Map<String, Value>) -> Option<&str> {
    match args.get(ONLY_ARGUMENT) {
        Some(Value::String(input)) if args.len() == 1 => Some(input),
        _ => None,
    }
}
