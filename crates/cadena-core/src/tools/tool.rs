//! The contract of a tool.

use std::borrow::Cow;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{IntoToolOutput, OnToolError, ToolContext};
use crate::Result;

/// Something that a model may call: a name, a description, a schema of its arguments, and what it does.
///
/// `#[cadena::tool]` on an async function writes this, [`tool_fn`](crate::tool_fn) makes one of a closure. In lists, and wherever a model
/// calls it, a tool is an [`AnyTool`](crate::AnyTool), which `into()` gives.
///
/// # Implementing
///
/// Everything but [`call`](Self::call) describes; it is asked once, when the tool becomes an [`AnyTool`](crate::AnyTool). Dropping the future of a call must
/// stop its work. What the program has, such as a database, is a field of the tool, or is taken from the [`ToolContext`].
///
/// # Examples
///
/// ```
/// use std::borrow::Cow;
/// use cadena_core::{AnyTool, Result, RunnableExt, Tool, ToolCall, ToolContext, async_trait};
/// use serde_json::{Value, json};
///
/// struct Add;
///
/// #[derive(serde::Deserialize)]
/// struct AddArgs {
///     a: i64,
///     b: i64,
/// }
///
/// #[async_trait]
/// impl Tool for Add {
///     type Args = AddArgs;
///     type Output = i64;
///
///     fn name(&self) -> Cow<'_, str> {
///         "add".into()
///     }
///
///     fn description(&self) -> Cow<'_, str> {
///         "Adds two integers.".into()
///     }
///
///     fn parameters(&self) -> Value {
///         let integer = json!({"type": "integer"});
///         json!({"type": "object", "properties": {"a": integer, "b": integer}, "required": ["a", "b"]})
///     }
///
///     async fn call(&self, args: AddArgs, _cx: ToolContext) -> Result<i64> {
///         Ok(args.a + args.b)
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let args = json!({"a": 1, "b": 2}).as_object().cloned().unwrap_or_default();
/// let answer = AnyTool::from(Add).invoke(ToolCall::new("add", args, "call_1")).await?;
/// assert_eq!((answer.text().as_ref(), answer.tool_call_id.as_str()), ("3", "call_1"));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    label = "not a tool",
    note = "`#[cadena::tool]` on an async function makes a tool of it, `cadena::tools::tool_fn(…)` one of a closure"
)]
pub trait Tool: Send + Sync + 'static {
    /// What it is called with.
    type Args: DeserializeOwned + Send;
    /// What it gives.
    type Output: IntoToolOutput + Send;

    /// The name by which a model calls it.
    fn name(&self) -> Cow<'_, str>;

    /// What it does and when to call it, for the model.
    fn description(&self) -> Cow<'_, str>;

    /// The JSON schema of its arguments: an object with a property for each.
    fn parameters(&self) -> Value;

    /// Whether its answer ends an agent's run instead of going back to the model; default: no.
    fn return_direct(&self) -> bool {
        false
    }

    /// What its failure does; default: [`OnToolError::Show`].
    fn on_error(&self) -> OnToolError {
        OnToolError::Show
    }

    /// How long a call may take; default: no limit. Needs a tokio runtime with time enabled.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// Does what the tool is for.
    ///
    /// # Errors
    ///
    /// Whatever fails; [`on_error`](Self::on_error) says what becomes of it.
    async fn call(&self, args: Self::Args, cx: ToolContext) -> Result<Self::Output>;
}
