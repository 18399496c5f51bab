//! [`XmlOutputParser`]: XML in an answer.

mod entity;
mod model;
pub use model::{Xml, XmlChunk};
mod reader;
mod tag;

use self::reader::XmlReader;
use super::reader::parser;
use crate::{ErrorKind, impl_pipe};

/// Takes the XML out of an answer as JSON: an element is `{"tag": "text"}` or `{"tag": [elements]}`.
///
/// Text before and after the one root element is ignored, and so are attributes and comments; a second root is an error. Each element that holds
/// text streams out as soon as it is closed. Entities other than XML's own five are errors: nothing expands. Elements may be nested 128 deep.
///
/// # Examples
///
/// ```
/// use cadena_core::XmlOutputParser;
/// use serde_json::json;
///
/// let movies = XmlOutputParser::new().parse("Sure:\n<movies><movie>Alien</movie><movie>Up</movie></movies>")?;
/// assert_eq!(movies.into_value(), json!({"movies": [{"movie": "Alien"}, {"movie": "Up"}]}));
///
/// let error = XmlOutputParser::new().parse("<a><b></a>").unwrap_err();
/// assert_eq!(error.to_string(), "parse error: expected `</b>` at line 1 column 7, got \"</a>\"");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct XmlOutputParser {
    tags: Vec<String>,
}

impl XmlOutputParser {
    /// Makes a parser for any tags.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::XmlOutputParser;
    ///
    /// let xml = XmlOutputParser::new().parse("<a><b>1</b></a>")?;
    /// assert_eq!(xml["a"][0]["b"], "1");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the tags that [`format_instructions`](Self::format_instructions) names.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::XmlOutputParser;
    ///
    /// let parser = XmlOutputParser::new().with_tags(["title", "year"]);
    /// assert!(parser.format_instructions().ends_with("Use these tags: `title`, `year`."));
    /// ```
    pub fn with_tags<S: Into<String>>(mut self, tags: impl IntoIterator<Item = S>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the instructions for a model, so that it answers in this form.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::XmlOutputParser;
    ///
    /// assert!(XmlOutputParser::new().with_tags(["movie"]).format_instructions().contains("`movie`"));
    /// ```
    #[must_use]
    pub fn format_instructions(&self) -> String {
        let mut text = "Return well-formed XML with one root element. Open and close every tag.".to_owned();
        if !self.tags.is_empty() {
            let tags: Vec<_> = self.tags.iter().map(|tag| format!("`{tag}`")).collect();
            text = format!("{text} Use these tags: {}.", tags.join(", "));
        }
        text
    }
}

parser!(
    XmlOutputParser,
    Xml,
    |_this| XmlReader::default(),
    Err(ErrorKind::Internal.into())
);
impl_pipe!(XmlOutputParser);
