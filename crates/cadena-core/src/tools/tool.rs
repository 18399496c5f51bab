//! The trait that a tool implements.

use std::borrow::Cow;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{IntoToolOutput, OnToolError, ToolContext};
use crate::Result;

/// A function that a model may call, with a name, a description and a schema of its arguments.
///
/// `#[cadena::tool]` on an async function writes this impl, and [`tool_fn`](crate::tool_fn) makes a tool of a closure. Lists hold tools as
/// [`AnyTool`](crate::AnyTool), into which each converts.
///
/// # Implementing
///
/// All methods but [`call`](Self::call) describe the tool; they are called once, when the tool becomes an [`AnyTool`](crate::AnyTool). Dropping the future of a call must
/// stop its work. A value of the program, such as a database, is a field of the tool or is [injected](ToolContext::injected).
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
    /// The arguments.
    type Args: DeserializeOwned + Send;
    /// The output.
    type Output: IntoToolOutput + Send;

    /// Returns the name by which a model calls the tool.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, Tool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(now.name(), "now");
    /// ```
    fn name(&self) -> Cow<'_, str>;

    /// Returns the description for the model: what the tool does, and when to call it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, Tool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(now.description(), "Tells the time.");
    /// ```
    fn description(&self) -> Cow<'_, str>;

    /// Returns the JSON schema of the arguments: an object with a property for each.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, Tool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(now.parameters(), json!({"type": "object"}));
    /// ```
    fn parameters(&self) -> Value;

    /// Whether the answer of the tool ends an agent's run instead of going back to the model; default: no.
    fn return_direct(&self) -> bool {
        false
    }

    /// Returns how a failure of the tool is treated; default: [`OnToolError::Show`].
    fn on_error(&self) -> OnToolError {
        OnToolError::Show
    }

    /// Returns how long a call may take; default: no limit. A limit needs a tokio runtime with time enabled.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// Runs the tool.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, Tool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(now.call(json!({}), ToolContext::default()).await?, "12:00");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Any error of the tool; [`on_error`](Self::on_error) sets how it is treated.
    async fn call(&self, args: Self::Args, cx: ToolContext) -> Result<Self::Output>;
}
