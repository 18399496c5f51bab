//! Which tool a model should call, in words.

use crate::ToolChoice;

/// LangChain's words: `auto`, `none`, `any` or `required`; anything else is the name of a tool.
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
