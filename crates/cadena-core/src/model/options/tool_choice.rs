//! [`ToolChoice`]: whether a model calls a tool, and which.

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
    /// The model calls no tool. As JSON: `"none"`.
    None,
    /// The model calls at least one tool. As JSON: `"required"`, and read from `"any"` too.
    #[serde(alias = "any")]
    Required,
    /// The model calls the tool of this name. As JSON: `{"name": "add"}`.
    Name(String),
    /// Another value that a provider understands, as it goes over the wire. As JSON: the value.
    #[serde(untagged)]
    Other(Value),
}

/// Reads LangChain's words `auto`, `none`, `any` and `required`; any other text is the name of a tool.
///
/// # Examples
///
/// ```
/// use cadena_core::ToolChoice;
///
/// assert_eq!(ToolChoice::from("any"), ToolChoice::Required);
/// assert_eq!(ToolChoice::from("add"), ToolChoice::Name("add".to_owned()));
/// ```
impl From<&str> for ToolChoice {
    fn from(word: &str) -> Self {
        match word {
            "auto" => Self::Auto,
            "none" => Self::None,
            "any" | "required" => Self::Required,
            name => Self::Name(name.to_owned()),
        }
    }
}

/// A value that sets the choice of a tool: a [`ToolChoice`], its word, the name of a tool, or whether a tool must be called.
///
/// # Examples
///
/// ```
/// use cadena_core::{IntoToolChoice, ToolChoice};
///
/// assert_eq!("auto".into_tool_choice(), Some(ToolChoice::Auto));
/// assert_eq!(true.into_tool_choice(), Some(ToolChoice::Required));
/// // As in LangChain, nothing is sent.
/// assert_eq!(false.into_tool_choice(), None);
/// ```
pub trait IntoToolChoice {
    /// Returns the choice; `None` if the server's default applies.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{IntoToolChoice, ToolChoice};
    ///
    /// assert_eq!("add".into_tool_choice(), Some(ToolChoice::Name("add".to_owned())));
    /// assert_eq!(false.into_tool_choice(), None);
    /// ```
    fn into_tool_choice(self) -> Option<ToolChoice>;
}

impl<T: Into<ToolChoice>> IntoToolChoice for T {
    fn into_tool_choice(self) -> Option<ToolChoice> {
        Some(self.into())
    }
}

impl IntoToolChoice for bool {
    fn into_tool_choice(self) -> Option<ToolChoice> {
        self.then_some(ToolChoice::Required)
    }
}
