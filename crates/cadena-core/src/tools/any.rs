//! A tool of any type.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use serde_json::{Map, Value};

use super::context::NotInjected;
use super::convert::CUSTOM;
use super::limit::limited;
use super::on_error::shown;
use super::{IntoToolOutput, OnToolError, Tool, ToolContext, ToolOutput, arguments, convert_to_openai_tool};
use crate::{
    Error, ErrorKind, Result, RunContext, RunKind, Runnable, StepInfo, ToolCall, ToolCallKind, ToolMessage, ToolStatus,
    flow_whole, impl_pipe,
};

/// A tool of any type, so that a list can hold tools of different types; `AnyTool::from(tool)` makes one.
///
/// It is a step from a [`ToolCall`] to a [`ToolMessage`], and each call is a run. Wrong arguments, an error, a panic and a timeout become a message whose status is an error;
/// with [`OnToolError::Stop`] all but wrong arguments end the run.
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, AnyTool, RunnableExt, ToolCall, ToolContext, ToolStatus};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Args {
///     city: String,
/// }
///
/// # futures::executor::block_on(async {
/// let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
/// let weather = AnyTool::from(tool_fn("weather", "Tells the weather.", schema, |args: Args, _: ToolContext| async move {
///     Ok(format!("sunny in {}", args.city))
/// }));
///
/// let args = json!({"city": "Madrid"}).as_object().cloned().unwrap_or_default();
/// assert_eq!(weather.invoke(ToolCall::new("weather", args, "call_1")).await?.text(), "sunny in Madrid");
///
/// let wrong = weather.invoke(ToolCall::new("weather", Default::default(), "call_2")).await?;
/// assert_eq!(wrong.status, ToolStatus::Error);
/// assert_eq!(wrong.text(), "the arguments do not fit the tool: expected the key `city`, got {}");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "steps do nothing until they are invoked"]
pub struct AnyTool {
    name: Arc<str>,
    description: Arc<str>,
    /// For a tool that is only described, the whole description.
    schema: Arc<Value>,
    call: Option<Arc<Call>>,
    return_direct: bool,
    on_error: OnToolError,
    timeout: Option<Duration>,
    max_argument_bytes: usize,
}

type Call = dyn Fn(Map<String, Value>, ToolContext) -> BoxFuture<'static, Result<ToolOutput, Failure>> + Send + Sync;

/// Who is at fault: the model, which wrote the arguments, or the tool.
enum Failure {
    Arguments(Error),
    Tool(Error),
}

impl AnyTool {
    /// The default of [`with_max_argument_bytes`](Self::with_max_argument_bytes): 1 MiB.
    pub const DEFAULT_MAX_ARGUMENT_BYTES: usize = 1 << 20;

    /// Makes a tool that is only described, in any form that [`convert_to_openai_tool`] takes. It can be bound to a model, but not called.
    ///
    /// Such a tool runs on the provider's servers, or the program reads the model's calls and runs them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AnyTool;
    /// use serde_json::json;
    ///
    /// let search = AnyTool::from_schema(json!({"type": "web_search"}))?;
    /// assert_eq!(search.name(), "web_search");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the description has no such form.
    pub fn from_schema(schema: impl Into<Value>) -> Result<Self> {
        let schema = convert_to_openai_tool(schema, None)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let described = schema.get("function").or_else(|| schema.get(CUSTOM));
        let name = described.map_or_else(|| text(schema.get("type")), |described| text(described.get("name")));
        let description = text(described.and_then(|described| described.get("description")));
        Ok(Self {
            name: name.into(),
            description: description.into(),
            schema: schema.into(),
            call: None,
            return_direct: false,
            on_error: OnToolError::Show,
            timeout: None,
            max_argument_bytes: Self::DEFAULT_MAX_ARGUMENT_BYTES,
        })
    }

    /// Makes a custom tool, for which the model writes a text, such as code or SQL, and no JSON. Not every model and server knows custom tools.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AnyTool, RunnableExt, ToolCall, ToolContext};
    ///
    /// # futures::executor::block_on(async {
    /// let sql = AnyTool::custom("sql", "Runs a query.", |query: String, _: ToolContext| async move {
    ///     Ok(format!("{} rows", query.len()))
    /// });
    /// assert_eq!(sql.to_openai(None)?["type"], "custom");
    ///
    /// let answer = sql.invoke(ToolCall::custom("sql", "SELECT 1", "call_1")).await?;
    /// assert_eq!(answer.text(), "8 rows");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn custom<O, Fut, F>(name: impl Into<Arc<str>>, description: impl Into<Arc<str>>, function: F) -> Self
    where
        O: IntoToolOutput + Send + 'static,
        Fut: Future<Output = Result<O>> + Send + 'static,
        F: Fn(String, ToolContext) -> Fut + Send + Sync + 'static,
    {
        let function = Arc::new(function);
        let call = move |args, cx| {
            let function = Arc::clone(&function);
            async move {
                let mut call = ToolCall::new("", args, "");
                call.kind = ToolCallKind::Custom;
                let Some(input) = call.input().map(str::to_owned) else {
                    let detail = "the tool takes a text, and the call has arguments";
                    return Err(Failure::Arguments(Error::new(ErrorKind::InvalidInput, detail)));
                };
                let output = function(input, cx).await.map_err(Failure::Tool)?;
                output.into_tool_output().map_err(Failure::Tool)
            }
            .boxed()
        };
        Self {
            name: name.into(),
            description: description.into(),
            schema: Arc::new(serde_json::json!({"type": CUSTOM, "custom": {}})),
            call: Some(Arc::new(call)),
            return_direct: false,
            on_error: OnToolError::Show,
            timeout: None,
            max_argument_bytes: Self::DEFAULT_MAX_ARGUMENT_BYTES,
        }
    }

    /// Returns the name by which a model calls the tool.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(AnyTool::from(now).name(), "now");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the description for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(AnyTool::from(now).description(), "Tells the time.");
    /// ```
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Describes the tool in OpenAI's form. `strict` has the meaning that [`convert_to_openai_tool`] gives it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let described = AnyTool::from(now).to_openai(None)?;
    /// assert_eq!(described["function"]["name"], "now");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a schema that strict mode cannot express, such as a map.
    pub fn to_openai(&self, strict: Option<bool>) -> Result<Value> {
        let named = |error: Error| error.in_step(&*self.name);
        let is_custom = self.schema.get("type").is_some_and(|kind| kind == CUSTOM);
        if self.call.is_some() && !is_custom {
            let function = serde_json::json!({
                "name": &*self.name, "description": &*self.description, "parameters": &*self.schema,
            });
            return convert_to_openai_tool(function, strict).map_err(named);
        }
        let mut schema = (*self.schema).clone();
        let key = if is_custom { CUSTOM } else { "function" };
        let Some(Value::Object(function)) = schema.get_mut(key) else {
            return Ok(schema);
        };
        // `with_name` and `with_description` change a described tool too.
        function.insert("name".to_owned(), self.name.as_ref().into());
        if !self.description.is_empty() {
            function.insert("description".to_owned(), self.description.as_ref().into());
        }
        match strict {
            // Strict mode is about arguments, and a custom tool takes a text.
            _ if is_custom => Ok(schema),
            None => Ok(schema),
            Some(_) => convert_to_openai_tool(std::mem::take(function), strict).map_err(named),
        }
    }

    /// Whether the tool can be called here; a tool [from a schema](Self::from_schema) is only described.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AnyTool;
    /// use serde_json::json;
    ///
    /// assert!(!AnyTool::from_schema(json!({"type": "web_search"}))?.is_callable());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_callable(&self) -> bool {
        self.call.is_some()
    }

    /// Whether the answer of the tool ends an agent's run: [`with_return_direct`](Self::with_return_direct) sets it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let now = AnyTool::from(now);
    /// assert!(!now.is_return_direct());
    /// assert!(now.with_return_direct(true).is_return_direct());
    /// ```
    #[must_use]
    pub fn is_return_direct(&self) -> bool {
        self.return_direct
    }

    /// Sets the name by which a model calls the tool, such as for two tools of one name.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(AnyTool::from(now).with_name("clock").name(), "clock");
    /// ```
    pub fn with_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the description for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let now = AnyTool::from(now).with_description("Tells the time in UTC.");
    /// assert_eq!(now.description(), "Tells the time in UTC.");
    /// ```
    pub fn with_description(mut self, description: impl Into<Arc<str>>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets whether the answer of the tool ends an agent's run instead of going back to the model; default: the tool's.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, tool_fn, AnyTool, RunnableExt, ToolContext};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let now = AnyTool::from(now).with_return_direct(true);
    /// let model = ScriptedModel::new().call("now", json!({}));
    /// assert_eq!(agent(model, [now])?.invoke("What time is it?").await?.text(), "12:00");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_return_direct(mut self, return_direct: bool) -> Self {
        self.return_direct = return_direct;
        self
    }

    /// Sets how a failure of the tool is treated; default: the tool's. [`OnToolError`] has an example.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, AnyTool, Error, ErrorKind, OnToolError, RunnableExt, ToolCall, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let broken = tool_fn("pay", "Pays.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
    ///     Err::<String, _>(Error::new(ErrorKind::Tool, "the account is empty"))
    /// });
    /// let hidden = AnyTool::from(broken).with_on_error(OnToolError::Hide);
    /// assert_eq!(hidden.invoke(ToolCall::new("pay", Default::default(), "call_1")).await?.text(), "the tool failed");
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    pub fn with_on_error(mut self, on_error: OnToolError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Limits how long a call may take; default: the tool's, which is no limit. Needs a tokio runtime with time enabled.
    ///
    /// After the limit the model reads that the tool took too long, and the run goes on. [`RunnableExt::with_timeout`](crate::RunnableExt::with_timeout) ends
    /// the run instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cadena_core::{tool_fn, AnyTool, RunnableExt, ToolCall, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let slow = tool_fn("slow", "Waits.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
    ///     tokio::time::sleep(Duration::from_secs(60)).await;
    ///     Ok("done")
    /// });
    /// let slow = AnyTool::from(slow).with_time_limit(Duration::from_secs(5));
    /// let answer = slow.invoke(ToolCall::new("slow", Default::default(), "call_1")).await?;
    /// assert_eq!(answer.text(), "the tool failed: it took longer than 5s");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Limits the arguments of a call, in bytes of JSON; default: [`DEFAULT_MAX_ARGUMENT_BYTES`](Self::DEFAULT_MAX_ARGUMENT_BYTES). The model reads that longer ones were refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AnyTool, RunnableExt, ToolCall, ToolContext, ToolStatus};
    ///
    /// # futures::executor::block_on(async {
    /// let sql = AnyTool::custom("sql", "Runs a query.", |query: String, _: ToolContext| async move { Ok(query) });
    /// let sql = sql.with_max_argument_bytes(100);
    /// let answer = sql.invoke(ToolCall::custom("sql", "x".repeat(200), "call_1")).await?;
    /// assert_eq!(answer.status, ToolStatus::Error);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_max_argument_bytes(mut self, limit: usize) -> Self {
        self.max_argument_bytes = limit;
        self
    }

    async fn answer(&self, args: Map<String, Value>, cx: ToolContext) -> Result<ToolOutput, Failure> {
        let Some(call) = &self.call else {
            let detail = "the tool is only described and cannot be called here";
            return Err(Failure::Tool(Error::new(ErrorKind::Tool, detail)));
        };
        if arguments::exceed(&args, self.max_argument_bytes) {
            let detail = format!(
                "the arguments are longer than the {} bytes that the tool takes",
                self.max_argument_bytes
            );
            return Err(Failure::Arguments(Error::new(ErrorKind::LimitExceeded, detail)));
        }
        // Wrong arguments pass `limited` as a success, so that every error that comes out of it is the tool's.
        let answer = limited(self.timeout, async {
            match call(args, cx).await {
                Ok(output) => Ok(Ok(output)),
                Err(Failure::Arguments(error)) => Ok(Err(Failure::Arguments(error))),
                Err(Failure::Tool(error)) => Err(error),
            }
        });
        answer.await.map_err(Failure::Tool)?
    }
}

impl<T: Tool> From<T> for AnyTool {
    fn from(tool: T) -> Self {
        let (name, description) = (tool.name().into(), tool.description().into());
        let schema = Arc::new(tool.parameters());
        let (return_direct, on_error, timeout) = (tool.return_direct(), tool.on_error(), tool.timeout());
        let tool = Arc::new(tool);
        let arguments_schema = Arc::clone(&schema);
        let call = move |args, cx| {
            let (tool, schema) = (Arc::clone(&tool), Arc::clone(&arguments_schema));
            async move {
                let args: T::Args = arguments::read(args, &schema).map_err(Failure::Arguments)?;
                let output = tool.call(args, cx).await.map_err(Failure::Tool)?;
                output.into_tool_output().map_err(Failure::Tool)
            }
            .boxed()
        };
        Self {
            name,
            description,
            schema,
            call: Some(Arc::new(call)),
            return_direct,
            on_error,
            timeout,
            max_argument_bytes: Self::DEFAULT_MAX_ARGUMENT_BYTES,
        }
    }
}

flow_whole!(ToolCall);

#[async_trait]
impl Runnable for AnyTool {
    type Input = ToolCall;
    type Output = ToolMessage;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(&*self.name).kind(RunKind::Tool)
    }

    async fn run(&self, call: ToolCall, cx: RunContext) -> Result<ToolMessage> {
        let mut cx = ToolContext::new(cx);
        cx.tool_call_id.clone_from(&call.id);
        let mut message = ToolMessage::new("", call.id.unwrap_or_default());
        message.name = Some(self.name.to_string());
        match self.answer(call.args, cx).await {
            Ok(output) => {
                message.content = output.content;
                message.artifact = output.artifact;
                return Ok(message);
            }
            Err(Failure::Arguments(error)) => message.content = shown(&error).into(),
            Err(Failure::Tool(error)) => {
                let error = match NotInjected::ends(error, &self.name) {
                    Ok(forgotten) => return Err(forgotten),
                    Err(error) => error,
                };
                match self.on_error {
                    _ if error.kind() == ErrorKind::Cancelled => return Err(error),
                    OnToolError::Stop => return Err(error),
                    OnToolError::Hide => message.content = "the tool failed".into(),
                    OnToolError::Show => message.content = format!("the tool failed: {}", shown(&error)).into(),
                }
            }
        }
        message.status = ToolStatus::Error;
        Ok(message)
    }
}

impl_pipe!(AnyTool);

impl fmt::Debug for AnyTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyTool")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
