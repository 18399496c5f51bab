//! Tools: functions that a model may call.
//!
//! `#[tool]` makes a [`Tool`] of an async function, [`tool_fn`] one of a closure, and [`AnyTool`] holds tools of any type in one list.
//! [`BindTools`] tells a model about them, a [`ToolNode`] runs the calls of an answer, and an [`agent`](crate::agent()) goes on until
//! there is an answer.
//!
//! # Example
//!
//! ```
//! use cadena::{AnyTool, RunnableExt, agent, tool};
//! use cadena::tools::ToolContext;
//! # use cadena::{AIMessage, AIMessageChunk};
//! # use cadena::messages::ToolCall;
//! # use cadena_testing::ScriptedModel;
//!
//! /// Adds two numbers.
//! #[tool]
//! async fn add(a: i64, b: i64) -> Result<i64, String> {
//!     a.checked_add(b).ok_or_else(|| "too large".to_owned()) // the model reads the error
//! }
//!
//! # futures::executor::block_on(async {
//! // A custom tool takes a text in place of arguments.
//! let sql = AnyTool::custom("sql", "Runs a query.", |query: String, _: ToolContext| async move { Ok(query) });
//! # let mut calls = AIMessage::new("");
//! # let args = [("a".to_owned(), 1.into()), ("b".to_owned(), 2.into())].into_iter().collect();
//! # calls.tool_calls = vec![ToolCall::new("add", args, "call_1"), ToolCall::custom("sql", "SELECT 3", "call_2")];
//! # let model = ScriptedModel::new().chunks([AIMessageChunk::from(calls)]).say("It is 3.");
//! let answer = agent(model, (add, sql))?.invoke("What is 1 + 2?").await?;
//! assert_eq!(answer.text(), "It is 3.");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```

#[cfg(feature = "schemars")]
pub use cadena_core::parameters_of;
pub use cadena_core::{
    AnyTool, BindTools, FromToolContext, IntoToolChoice, IntoToolOutput, IntoTools, OnToolError, Tool, ToolChoice,
    ToolContext, ToolNode, ToolOptions, ToolOutput, ToolStep, convert_to_openai_function, convert_to_openai_tool,
    tool_fn, tool_node,
};
#[cfg(feature = "macros")]
pub use cadena_macros::tool;
