//! The output of a tool.

use serde::Serialize;
use serde_json::Value;

use crate::{Content, ContentPart, Error, ErrorKind, Result};

/// The output of a tool: content for the model, and an artifact for the program, which the model never sees.
///
/// # Examples
///
/// ```
/// use cadena_core::ToolOutput;
///
/// let output = ToolOutput::new("2 rows").with_artifact(vec![[1, 2], [3, 4]])?;
/// assert_eq!(output.artifact[1][0], 3);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolOutput {
    /// The content that the model reads.
    pub content: Content,
    /// The value that the program finds in [`ToolMessage::artifact`](crate::ToolMessage::artifact); default: null.
    pub artifact: Value,
}

impl ToolOutput {
    /// Makes an output of content, without an artifact.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolOutput;
    ///
    /// assert_eq!(ToolOutput::new("2 rows").content.text(), "2 rows");
    /// ```
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            artifact: Value::Null,
        }
    }

    /// Sets the artifact.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolOutput;
    ///
    /// let output = ToolOutput::new("2 rows").with_artifact(["Ada", "Grace"])?;
    /// assert_eq!(output.artifact, serde_json::json!(["Ada", "Grace"]));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tool`] if the value has no JSON form, such as a map whose keys are not texts.
    pub fn with_artifact(mut self, artifact: impl Serialize) -> Result<Self> {
        self.artifact = to_json(&artifact)?;
        Ok(self)
    }
}

/// Prints whether there is an artifact; the content stays out of logs.
impl std::fmt::Debug for ToolOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolOutput")
            .field("artifact", &!self.artifact.is_null())
            .finish_non_exhaustive()
    }
}

/// A value that a tool may return: anything with a JSON form, or a [`ToolOutput`].
///
/// The model reads a text and a list of content blocks as they are, and anything else as its JSON text.
///
/// # Examples
///
/// ```
/// use cadena_core::{IntoToolOutput, dict};
///
/// assert_eq!("sunny".into_tool_output()?.content.text(), "sunny");
/// assert_eq!(dict! {"degrees": 31}.into_tool_output()?.content.text(), r#"{"degrees":31}"#);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a tool can give",
    label = "has no JSON form",
    note = "derive `Serialize` for it, or return a `cadena::tools::ToolOutput`"
)]
pub trait IntoToolOutput {
    /// Converts the value to content for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::IntoToolOutput;
    ///
    /// assert_eq!(vec![1, 2].into_tool_output()?.content.text(), "[1,2]");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tool`] if the value has no JSON form.
    fn into_tool_output(self) -> Result<ToolOutput>;
}

impl IntoToolOutput for ToolOutput {
    fn into_tool_output(self) -> Result<ToolOutput> {
        Ok(self)
    }
}

impl<T: Serialize> IntoToolOutput for T {
    fn into_tool_output(self) -> Result<ToolOutput> {
        let content = match to_json(&self)? {
            Value::String(text) => Content::Text(text),
            Value::Array(parts) if !parts.is_empty() && parts.iter().all(is_part) => {
                Content::Parts(parts.into_iter().filter_map(part).collect())
            }
            other => Content::Text(other.to_string()),
        };
        Ok(ToolOutput::new(content))
    }
}

/// The types of blocks that models read. An object with another `type` is data, and is sent as its JSON text.
const BLOCKS: [&str; 9] = [
    "text",
    "image_url",
    "image",
    "audio",
    "video",
    "file",
    "text-plain",
    "json",
    "search_result",
];

fn is_part(part: &Value) -> bool {
    let kind = part.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| BLOCKS.contains(&kind))
}

fn part(part: Value) -> Option<ContentPart> {
    match part {
        Value::Object(block) => Some(block.into()),
        _ => None,
    }
}

fn to_json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::Tool, "what the tool gave has no JSON form").with_source(error))
}
