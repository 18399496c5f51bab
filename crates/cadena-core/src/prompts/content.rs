//! The template of a message's content.

use serde_json::Value;

use super::blocks::BlockTemplate;
use super::scope::Scope;
use super::template::{Template, TemplateFormat};
use crate::{Content, Error, ErrorKind, Result};

/// The content of a message: a text, or a list of blocks.
///
/// # Examples
///
/// ```
/// use cadena_core::{ContentTemplate, Template};
///
/// let content = ContentTemplate::from(Template::parse("Why {what}?")?);
/// assert_eq!(content.variables(), ["what"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ContentTemplate {
    /// A text.
    Text(Template),
    /// Texts, images and other blocks.
    Blocks(Vec<BlockTemplate>),
}

impl ContentTemplate {
    /// Reads a text or a list of blocks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`], with the place, for a text that cannot be parsed, and for a value that is neither a text nor a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ContentTemplate, TemplateFormat};
    /// use serde_json::json;
    ///
    /// let content = ContentTemplate::parse(json!(["{question}", {"type": "image_url", "image_url": "{url}"}]), TemplateFormat::FString)?;
    /// assert!(matches!(&content, ContentTemplate::Blocks(blocks) if blocks.len() == 2));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn parse(content: Value, format: TemplateFormat) -> Result<Self> {
        match content {
            Value::String(text) => Ok(Self::Text(Template::parse_as(text, format)?)),
            Value::Array(blocks) => {
                let read = |(at, block)| {
                    BlockTemplate::parse(block, format)
                        .map_err(|error| Error::new(error.kind(), format!("content[{at}]: {}", error.detail())))
                };
                Ok(Self::Blocks(
                    blocks.into_iter().enumerate().map(read).collect::<Result<_>>()?,
                ))
            }
            _ => Err(Error::new(ErrorKind::Template, "content is a text or a list of blocks")),
        }
    }

    /// Returns the names of the variables.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ContentTemplate, Template};
    ///
    /// assert_eq!(ContentTemplate::from(Template::parse("Why {what}?")?).variables(), ["what"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Text(template) => template.variables(),
            Self::Blocks(blocks) => blocks.iter().flat_map(BlockTemplate::variables).collect(),
        }
    }

    pub(super) fn render(&self, scope: &Scope<'_>) -> Result<Content> {
        let blocks = match self {
            Self::Text(template) => return template.render_checked(scope).map(Content::from),
            Self::Blocks(blocks) => blocks,
        };
        let blocks = blocks.iter().filter_map(|block| block.render(scope).transpose());
        let blocks = Value::Array(blocks.collect::<Result<_>>()?);
        serde_json::from_value(blocks)
            .map_err(|error| Error::new(ErrorKind::Template, "a block is not content").with_source(error))
    }
}

impl From<Template> for ContentTemplate {
    fn from(template: Template) -> Self {
        Self::Text(template)
    }
}
