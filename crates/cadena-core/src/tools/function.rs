//! Tools made of closures.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{IntoToolOutput, Tool, ToolContext};
use crate::Result;

/// Makes a tool of a name and a description for the model, the JSON schema of the arguments, and a closure.
///
/// `#[cadena::tool]` on an async function derives all of these from the function.
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, Tool, ToolContext};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Args {
///     city: String,
/// }
///
/// # futures::executor::block_on(async {
/// let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
/// let weather = tool_fn("weather", "Tells the weather.", schema, |args: Args, _: ToolContext| async move {
///     Ok(format!("sunny in {}", args.city))
/// });
/// let args = Args { city: "Madrid".to_owned() };
/// assert_eq!(weather.call(args, ToolContext::default()).await?, "sunny in Madrid");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub fn tool_fn<A, O, Fut, F>(
    name: impl Into<Cow<'static, str>>,
    description: impl Into<Cow<'static, str>>,
    parameters: impl Into<Value>,
    function: F,
) -> impl Tool<Args = A, Output = O>
where
    A: DeserializeOwned + Send + 'static,
    O: IntoToolOutput + Send + 'static,
    Fut: Future<Output = Result<O>> + Send + 'static,
    F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
{
    FunctionTool {
        name: name.into(),
        description: description.into(),
        parameters: parameters.into(),
        function,
        types: PhantomData::<fn(A) -> Fut>,
    }
}

struct FunctionTool<F, A, Fut> {
    name: Cow<'static, str>,
    description: Cow<'static, str>,
    parameters: Value,
    function: F,
    types: PhantomData<fn(A) -> Fut>,
}

#[async_trait]
impl<F, A, Fut, O> Tool for FunctionTool<F, A, Fut>
where
    A: DeserializeOwned + Send + 'static,
    O: IntoToolOutput + Send + 'static,
    Fut: Future<Output = Result<O>> + Send + 'static,
    F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
{
    type Args = A;
    type Output = O;

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn description(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.description)
    }

    fn parameters(&self) -> Value {
        self.parameters.clone()
    }

    async fn call(&self, args: A, cx: ToolContext) -> Result<O> {
        (self.function)(args, cx).await
    }
}

impl<F, A, Fut> fmt::Debug for FunctionTool<F, A, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
