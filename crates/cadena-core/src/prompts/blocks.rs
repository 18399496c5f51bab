//! Templates of content blocks: texts, images, and any other object.

use serde_json::{Map, Value, json};

use super::scope::Scope;
use super::template::{Template, TemplateFormat};
use crate::{Error, ErrorKind, Result};

/// A template of one content block.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ChatPromptTemplate};
/// use serde_json::json;
///
/// let prompt = ChatPromptTemplate::new().message("human", json!([
///     "What is on {what}?",
///     {"type": "image_url", "image_url": "https://example.com/{id}.png"},
/// ]))?;
/// let filled = prompt.format(&dict! {"what": "it", "id": 7})?;
/// let content = serde_json::to_value(filled.messages[0].content())?;
/// assert_eq!(content[1]["image_url"]["url"], "https://example.com/7.png");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ImagePromptTemplate")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum BlockTemplate {
    /// A text; left out if it is empty after rendering.
    Text(Template),
    /// An image by its URL.
    #[non_exhaustive]
    Image {
        /// The URL.
        url: Template,
        /// The level of detail at which the model sees the image: `low`, `high` or `auto`.
        detail: Option<Template>,
    },
    /// Any other object: the texts in it are templates, its keys are not.
    Json(JsonTemplate),
}

/// JSON whose texts are templates.
///
/// # Examples
///
/// ```
/// use cadena_core::{BlockTemplate, JsonTemplate, TemplateFormat};
/// use serde_json::json;
///
/// let block = BlockTemplate::parse(json!({"type": "document", "title": "{name}"}), TemplateFormat::FString)?;
/// assert!(matches!(&block, BlockTemplate::Json(JsonTemplate { .. })));
/// assert_eq!(block.variables(), ["name"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "DictPromptTemplate")]
#[derive(Clone, Debug, PartialEq)]
pub struct JsonTemplate(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(Template),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Literal(Value),
}

impl BlockTemplate {
    /// Reads a block: a text, `{"type": "text", …}`, `{"type": "image_url", …}`, or any other object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] for a text that cannot be parsed, for an image from a file, and for a value that is not a block.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BlockTemplate, TemplateFormat};
    /// use serde_json::json;
    ///
    /// let format = TemplateFormat::FString;
    /// assert!(matches!(BlockTemplate::parse("What is on {what}?".into(), format)?, BlockTemplate::Text(_)));
    /// let image = json!({"type": "image_url", "image_url": {"url": "https://example.com/{id}.png"}});
    /// assert!(matches!(BlockTemplate::parse(image, format)?, BlockTemplate::Image { .. }));
    /// assert!(BlockTemplate::parse(7.into(), format).is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn parse(block: Value, format: TemplateFormat) -> Result<Self> {
        let map = match block {
            Value::String(text) => return Ok(Self::Text(Template::parse_as(text, format)?)),
            Value::Object(map) => map,
            _ => {
                return Err(Error::new(
                    ErrorKind::Template,
                    "a content block is a text or an object",
                ));
            }
        };
        let only = |key: &str| map.contains_key(key) && map.keys().all(|known| known == key || known == "type");
        match (map.get("text"), map.get("image_url")) {
            (Some(Value::String(text)), _) if only("text") => Ok(Self::Text(Template::parse_as(text, format)?)),
            (_, Some(Value::String(url))) if only("image_url") => Ok(Self::Image {
                url: Template::parse_as(url, format)?,
                detail: None,
            }),
            (_, Some(Value::Object(image))) if only("image_url") => Self::image(image, format),
            _ => Ok(Self::Json(JsonTemplate(Node::parse(Value::Object(map), format)?))),
        }
    }

    fn image(image: &Map<String, Value>, format: TemplateFormat) -> Result<Self> {
        if image.contains_key("path") {
            let detail = "an image is given by its `url`: a `path` would let the input read files";
            return Err(Error::new(ErrorKind::Template, detail));
        }
        let part = |key: &str| match image.get(key) {
            Some(Value::String(text)) => Template::parse_as(text, format).map(Some),
            None | Some(Value::Null) => Ok(None),
            Some(_) => Err(Error::new(
                ErrorKind::Template,
                format!("`image_url.{key}` must be a text"),
            )),
        };
        let url = part("url")?.ok_or_else(|| Error::new(ErrorKind::Template, "`image_url` has no `url`"))?;
        Ok(Self::Image {
            url,
            detail: part("detail")?,
        })
    }

    /// Returns the names of the variables.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BlockTemplate, TemplateFormat};
    ///
    /// let block = BlockTemplate::parse("What is on {what}?".into(), TemplateFormat::FString)?;
    /// assert_eq!(block.variables(), ["what"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        match self {
            Self::Text(template) => names = template.variables(),
            Self::Image { url, detail } => {
                names = url.variables();
                names.extend(detail.iter().flat_map(Template::variables));
            }
            Self::Json(JsonTemplate(node)) => node.variables(&mut names),
        }
        names
    }

    /// Renders the block; `None` for an empty text.
    pub(super) fn render(&self, scope: &Scope<'_>) -> Result<Option<Value>> {
        Ok(match self {
            Self::Text(template) => {
                let text = template.render_checked(scope)?;
                (!text.is_empty()).then(|| json!({"type": "text", "text": text}))
            }
            Self::Image { url, detail } => {
                let url = url.render_checked(scope)?;
                if url.is_empty() {
                    return Err(Error::new(ErrorKind::InvalidInput, "the address of the image is empty"));
                }
                let mut image = json!({"url": url});
                let detail = detail.as_ref().map(|detail| detail.render(scope)).transpose()?;
                if let (Some(detail), Some(image)) = (detail.filter(|text| !text.is_empty()), image.as_object_mut()) {
                    image.insert("detail".to_owned(), detail.into());
                }
                Some(json!({"type": "image_url", "image_url": image}))
            }
            Self::Json(JsonTemplate(node)) => Some(node.render(scope)?),
        })
    }
}

impl Node {
    fn parse(value: Value, format: TemplateFormat) -> Result<Self> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse_as(text, format)?),
            Value::Array(items) => Self::List(
                items
                    .into_iter()
                    .map(|item| Self::parse(item, format))
                    .collect::<Result<_>>()?,
            ),
            Value::Object(map) => Self::Map(
                map.into_iter()
                    .map(|(key, item)| Ok((key, Self::parse(item, format)?)))
                    .collect::<Result<_>>()?,
            ),
            literal => Self::Literal(literal),
        })
    }

    fn variables<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Text(template) => names.extend(template.variables()),
            Self::List(items) => items.iter().for_each(|item| item.variables(names)),
            Self::Map(entries) => entries.iter().for_each(|(_, item)| item.variables(names)),
            Self::Literal(_) => {}
        }
    }

    fn render(&self, scope: &Scope<'_>) -> Result<Value> {
        Ok(match self {
            Self::Text(template) => template.render_checked(scope)?.into(),
            Self::List(items) => items.iter().map(|item| item.render(scope)).collect::<Result<_>>()?,
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, item)| Ok((key.clone(), item.render(scope)?)));
                Value::Object(entries.collect::<Result<_>>()?)
            }
            Self::Literal(value) => value.clone(),
        })
    }
}
