//! A step from the arguments of a tool to its output.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::limit::limited;
use super::{Tool, ToolContext, arguments};
use crate::{Dict, Result, RunContext, RunKind, Runnable, StepInfo, Streamable};

/// A step from the arguments of a tool to its output, for a chain that calls the tool without a model.
///
/// A failure is an error of the step: [`OnToolError`](crate::OnToolError) has no effect here. [`AnyTool`](crate::AnyTool) is the step that answers a model's call with a message.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, tool_fn, RunnableExt, ToolContext, ToolStep};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Args {
///     n: i64,
/// }
///
/// # futures::executor::block_on(async {
/// let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
/// let double = tool_fn("double", "Doubles.", schema, |args: Args, _: ToolContext| async move { Ok(args.n * 2) });
/// assert_eq!(ToolStep::new(double).invoke(dict! {"n": 21}).await?, 42);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct ToolStep<T> {
    tool: Arc<T>,
    parameters: Arc<Value>,
}

impl<T: Tool> ToolStep<T> {
    /// Makes a step that calls the tool.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, tool_fn, RunnableExt, ToolContext, ToolStep};
    /// use serde_json::json;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Args {
    ///     n: i64,
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    /// let negate = tool_fn("negate", "Negates.", schema, |args: Args, _: ToolContext| async move { Ok(-args.n) });
    /// assert_eq!(ToolStep::new(negate).invoke(dict! {"n": 7}).await?, -7);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn new(tool: T) -> Self {
        Self {
            parameters: Arc::new(tool.parameters()),
            tool: Arc::new(tool),
        }
    }
}

#[async_trait]
impl<T: Tool<Output: Streamable>> Runnable for ToolStep<T> {
    type Input = Dict;
    type Output = T::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(self.tool.name()).kind(RunKind::Tool)
    }

    async fn run(&self, args: Dict, cx: RunContext) -> Result<T::Output> {
        let args = arguments::read(args.into_map(), &self.parameters)?;
        limited(self.tool.timeout(), self.tool.call(args, ToolContext::new(cx))).await
    }
}

impl<T> Clone for ToolStep<T> {
    fn clone(&self) -> Self {
        Self {
            tool: Arc::clone(&self.tool),
            parameters: Arc::clone(&self.parameters),
        }
    }
}

impl<T: Tool> fmt::Debug for ToolStep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolStep({})", self.tool.name())
    }
}
