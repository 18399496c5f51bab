//! The answer of a tool.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Content;
use super::fields::{Fields, Misfit};
use super::spoken::{keep_first, message_kind, same};
use crate::Result;
use crate::merge::json::merge_obj;

message_kind! {
    /// The answer of a tool to one call.
    ///
    /// If the content in the JSON is neither text nor a list, it is read as its JSON text, since tools may return any value. A
    /// `tool_call_id` may be a number.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolMessage;
    /// use serde_json::json;
    ///
    /// let answer = ToolMessage::new("3", "call_1");
    /// assert_eq!(serde_json::to_value(&answer)?["status"], "success");
    ///
    /// let answer: ToolMessage = serde_json::from_value(json!({"content": {"sum": 3}, "tool_call_id": 7}))?;
    /// assert_eq!((answer.text().as_ref(), answer.tool_call_id.as_str()), (r#"{"sum":3}"#, "7"));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    ToolMessage = "tool",
    /// A piece of the answer of a tool to one call. Pieces of answers to two calls do not add up.
    ///
    /// The artifacts are merged by [`merge_obj`](crate::merge::json::merge_obj), and one failed piece makes the whole answer failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ToolMessageChunk, ToolStatus};
    ///
    /// let mut failed = ToolMessageChunk::new(" and then it broke", "call_1");
    /// failed.status = ToolStatus::Error;
    /// let sum = ToolMessageChunk::new("3", "call_1") + failed;
    /// assert_eq!((sum.text().as_ref(), sum.status), ("3 and then it broke", ToolStatus::Error));
    /// ```
    ToolMessageChunk = "ToolMessageChunk",
    content: Fields::tool_content,
    name: Fields::text, keep_first,
    fields: {
        /// The id of the call that this answers.
        tool_call_id: String = Fields::required_id, same_call;
        /// The tool's result for the program. It is never sent to the model.
        artifact: Value = Fields::any, merge_obj;
        /// Whether the tool succeeded.
        status: ToolStatus = ToolStatus::read, ToolStatus::add;
    }
}

fn same_call(left: &mut String, right: String) -> Result<()> {
    same(left, right, "the chunks answer two different tool calls")
}

/// Whether a tool succeeded.
///
/// # Examples
///
/// ```
/// use cadena_core::{ToolMessage, ToolStatus};
///
/// assert_eq!(ToolMessage::new("3", "call_1").status, ToolStatus::Success);
/// assert_eq!(serde_json::to_value(ToolStatus::Error)?, "error");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolStatus {
    /// The tool succeeded. As JSON: `"success"`.
    #[default]
    Success,
    /// The tool failed, and the content describes the failure. As JSON: `"error"`.
    Error,
}

impl ToolStatus {
    fn read(fields: &mut Fields, key: &str) -> Result<Self, Misfit> {
        match fields.take(key) {
            None => Ok(Self::Success),
            Some(Value::String(status)) if status == "success" => Ok(Self::Success),
            Some(Value::String(status)) if status == "error" => Ok(Self::Error),
            Some(other) => Err(Misfit::new(key, format!("must be `success` or `error`, not {other}"))),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "has the form of the other rules of addition")]
    fn add(left: &mut Self, right: Self) -> Result<()> {
        if right == Self::Error {
            *left = right;
        }
        Ok(())
    }
}

impl ToolMessage {
    /// Makes the answer to the call with this id.
    ///
    /// # Examples
    ///
    /// ```
    /// let answer = cadena_core::ToolMessage::new("3", "call_1");
    /// assert_eq!((answer.text().as_ref(), answer.tool_call_id.as_str()), ("3", "call_1"));
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>, tool_call_id: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            tool_call_id: tool_call_id.into(),
            ..Self::default()
        }
    }
}

impl ToolMessageChunk {
    /// Makes a piece of the answer to the call with this id.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolMessageChunk;
    ///
    /// let sum = ToolMessageChunk::new("1", "call_1") + ToolMessageChunk::new("2", "call_1");
    /// assert_eq!(sum.text(), "12");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>, tool_call_id: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            tool_call_id: tool_call_id.into(),
            ..Self::default()
        }
    }
}
