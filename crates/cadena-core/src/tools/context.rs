//! The context of a tool's call, and the values that a program injects into it.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use crate::{ConfigKey, Error, ErrorKind, Result, RunConfig, RunContext};

/// The context of a tool's call: the run, the id of the call, and the values that the caller injected.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use cadena_core::{tool_fn, AnyTool, RunConfig, RunnableExt, ToolCall, ToolContext};
/// use serde_json::{Value, json};
///
/// struct User(&'static str);
///
/// # futures::executor::block_on(async {
/// let who = tool_fn("who_am_i", "Names the user.", json!({"type": "object"}), |_: Value, cx: ToolContext| async move {
///     Ok(cx.injected::<User>()?.0)
/// });
/// let call = ToolCall::new("who_am_i", Default::default(), "call_1");
/// let answer = AnyTool::from(who).invoke_with(call, RunConfig::new().inject(Arc::new(User("Ada")))).await?;
/// assert_eq!(answer.text(), "Ada");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ToolContext {
    /// The context of the tool's run. Hand it to every step that the tool calls, so that their runs are inside it.
    pub run: RunContext,
    /// The id of the call, if the model gave it one.
    pub tool_call_id: Option<String>,
}

impl ToolContext {
    /// Makes the context of a call, for a test of a tool.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunContext, ToolContext};
    ///
    /// let cx = ToolContext::new(RunContext::default()).with_tool_call_id("call_1");
    /// assert_eq!(cx.tool_call_id.as_deref(), Some("call_1"));
    /// ```
    #[must_use]
    pub fn new(run: RunContext) -> Self {
        Self {
            run,
            tool_call_id: None,
        }
    }

    /// Sets the id of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolContext;
    ///
    /// assert_eq!(ToolContext::default().with_tool_call_id("call_1").tool_call_id.as_deref(), Some("call_1"));
    /// assert_eq!(ToolContext::default().tool_call_id, None);
    /// ```
    #[must_use]
    pub fn with_tool_call_id(mut self, id: impl Into<String>) -> Self {
        self.tool_call_id = Some(id.into());
        self
    }

    /// Returns the value of this type that the caller gave to [`RunConfig::inject`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{ErrorKind, RunConfig, RunContext, ToolContext};
    ///
    /// let cx = ToolContext::new(RunContext::new(RunConfig::new().inject(Arc::new(7_u8))));
    /// assert_eq!(*cx.injected::<u8>()?, 7);
    /// assert_eq!(cx.injected::<u16>().unwrap_err().kind(), ErrorKind::Config); // no value of this type was injected
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if no value of this type was injected. A tool that fails with this error, or with an error that has it as a cause, ends the run: the fault is the
    /// program's, and the model cannot repair it.
    pub fn injected<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        let found = self.run.configured(key::<T>()).map(Arc::clone);
        found.ok_or_else(|| {
            let missing = NotInjected {
                type_name: type_name::<T>(),
                is_named: false,
            };
            missing.error(String::new())
        })
    }
}

/// The cause of the error about a value that the program forgot to inject.
#[derive(Debug)]
pub(super) struct NotInjected {
    type_name: &'static str,
    /// Whether the error names the tool.
    is_named: bool,
}

impl NotInjected {
    /// The error that ends the run, if the failure of the tool is a forgotten value; else the failure.
    pub(super) fn ends(error: Error, tool: &str) -> Result<Error> {
        match error.downcast_source_ref::<Self>() {
            None => Err(error),
            Some(missing) if missing.is_named => Ok(error),
            Some(missing) => {
                let named = Self {
                    is_named: true,
                    ..*missing
                };
                Ok(named.error(format!(", which the tool `{tool}` needs")))
            }
        }
    }

    fn error(self, needed: String) -> Error {
        let detail = format!("no `{}` is injected into this run{needed}", self.type_name);
        Error::new(ErrorKind::Config, detail)
            .with_hint("give it with `RunConfig::inject`")
            .with_source(self)
    }
}

impl fmt::Display for NotInjected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the config of the call has no value of this type")
    }
}

impl std::error::Error for NotInjected {}

/// The key of injected values. The config finds them by their type, so all share one name.
const fn key<T>() -> ConfigKey<Arc<T>> {
    ConfigKey::new("cadena:injected")
}

impl RunConfig {
    /// Gives a value, such as a user or a database, to every tool of the call that asks for its type.
    ///
    /// A tool reads it with [`ToolContext::injected`], a function under `#[cadena::tool]` by an argument `#[inject] user: Arc<User>`. The model
    /// neither sees nor writes it. If a tool asks for a type that was not injected, the run ends with an error of kind [`Config`](ErrorKind::Config) that names the tool and
    /// the type, whatever [`OnToolError`](crate::OnToolError) is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{RunConfig, RunContext, ToolContext};
    ///
    /// let cx = ToolContext::new(RunContext::new(RunConfig::new().inject(Arc::new(7_u8))));
    /// assert_eq!(*cx.injected::<u8>()?, 7);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn inject<T: Send + Sync + 'static>(self, value: Arc<T>) -> Self {
        self.set(key(), value)
    }
}

/// A type that an argument under `#[inject]` of a `#[cadena::tool]` function may have.
///
/// # Examples
///
/// ```
/// use cadena_core::{FromToolContext, RunContext, ToolContext};
///
/// let cx = ToolContext::default();
/// assert_eq!(RunContext::from_tool_context(&cx)?.depth(), 0);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected into a tool",
    label = "not found in a `ToolContext`",
    note = "an `#[inject]` argument is a `cadena::tools::ToolContext`, a `cadena::RunContext`, or an `Arc<T>` that `RunConfig::inject` gives"
)]
pub trait FromToolContext: Sized {
    /// Reads the argument from the context.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{FromToolContext, RunConfig, RunContext, ToolContext};
    ///
    /// let cx = ToolContext::new(RunContext::new(RunConfig::new().inject(Arc::new(7_u8))));
    /// assert_eq!(*Arc::<u8>::from_tool_context(&cx)?, 7);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the context does not have it.
    fn from_tool_context(cx: &ToolContext) -> Result<Self>;
}

impl FromToolContext for ToolContext {
    fn from_tool_context(cx: &ToolContext) -> Result<Self> {
        Ok(cx.clone())
    }
}

impl FromToolContext for RunContext {
    fn from_tool_context(cx: &ToolContext) -> Result<Self> {
        Ok(cx.run.clone())
    }
}

impl<T: Send + Sync + 'static> FromToolContext for Arc<T> {
    fn from_tool_context(cx: &ToolContext) -> Result<Self> {
        cx.injected()
    }
}
