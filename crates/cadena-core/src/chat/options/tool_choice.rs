//! Which tool a model calls, if any.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether the model may, must or must not call a tool.
///
/// # Examples
///
/// ```
/// use cadena_core::ToolChoice;
///
/// assert_eq!(serde_json::to_value(ToolChoice::Required)?, "required");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides. As JSON: `"auto"`.
    Auto,
    /// No tool. As JSON: `"none"`.
    None,
    /// At least one tool. As JSON: `"required"`.
    Required,
    /// The tool of this name. As JSON: `{"name": "add"}`.
    Name(String),
    /// What else a provider understands, as it goes over the wire. As JSON: the value.
    #[serde(untagged)]
    Other(Value),
}
