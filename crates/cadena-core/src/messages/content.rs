//! The content of a message: text, or a list of parts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::merge::json::{Item, merge_typed_lists};
use crate::messages::JsonBlock;
use crate::{Merge, Result};

/// The content of a message: text, or a list of parts such as text and images.
///
/// # Examples
///
/// ```
/// use cadena_core::{Content, ContentPart};
///
/// let content = Content::from(vec![ContentPart::text("What is this? "), ContentPart::image_url("https://example.com/a.png")]);
/// assert_eq!(content.text(), "What is this? ");
/// ```
#[doc(alias = "MessageContent")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "content must be a text or a list of texts and objects")]
pub enum Content {
    /// Plain text. As JSON: `"Hello"`.
    Text(String),
    /// A list of parts. As JSON: `["Hello", {"type": "text", "text": "!"}]`.
    Parts(Vec<ContentPart>),
}

/// One part of a [`Content::Parts`] list.
///
/// Objects are kept as the provider wrote them, so that members without a field here come back unchanged.
///
/// # Examples
///
/// ```
/// use cadena_core::ContentPart;
///
/// assert_eq!(ContentPart::text("hi").block_type(), Some("text"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a part of content must be a text or an object")]
pub enum ContentPart {
    /// A bare text. As JSON: `"Hello"`.
    Text(String),
    /// An object, whose `type` names its kind. As JSON: `{"type": "text", "text": "Hello"}`.
    Block(JsonBlock),
}

impl ContentPart {
    /// Makes a text block.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ContentPart::text("hi").as_text(), Some("hi"));
    /// ```
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Block(JsonBlock::text(text))
    }

    /// Makes an image by its URL, in the form of OpenAI's Chat Completions.
    ///
    /// # Examples
    ///
    /// ```
    /// let part = cadena_core::ContentPart::image_url("https://example.com/a.png");
    /// assert_eq!(part.block_type(), Some("image_url"));
    /// ```
    #[must_use]
    pub fn image_url(url: impl Into<String>) -> Self {
        let mut block = JsonBlock::default();
        block.insert("type", "image_url");
        block.insert("image_url", json!({"url": url.into()}));
        Self::Block(block)
    }

    /// Returns the `type` of a block; `None` for a bare text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ContentPart;
    ///
    /// assert_eq!(ContentPart::text("hi").block_type(), Some("text"));
    /// assert_eq!(ContentPart::Text("hi".to_owned()).block_type(), None);
    /// ```
    #[must_use]
    pub fn block_type(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Block(block) => block.block_type(),
        }
    }

    /// Returns the text of a bare text or of a text block.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ContentPart;
    ///
    /// assert_eq!(ContentPart::Text("hi".to_owned()).as_text(), Some("hi"));
    /// assert_eq!(ContentPart::image_url("https://example.com/a.png").as_text(), None);
    /// ```
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Block(block) => block.as_text(),
        }
    }
}

impl Content {
    /// Returns the text of all parts, without anything between them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Content, ContentPart};
    ///
    /// let content = Content::from(vec![ContentPart::text("Hel"), ContentPart::text("lo")]);
    /// assert_eq!(content.text(), "Hello");
    /// ```
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Parts(parts) => match parts.as_slice() {
                [one] => Cow::Borrowed(one.as_text().unwrap_or_default()),
                many => Cow::Owned(many.iter().filter_map(ContentPart::as_text).collect()),
            },
        }
    }

    /// Returns the text of all parts; plain text is not copied.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::Content::from("Hello").into_text(), "Hello");
    /// ```
    #[must_use]
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            parts @ Self::Parts(_) => parts.text().into_owned(),
        }
    }

    /// Returns whether there is neither text nor a part.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::Content::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Parts(parts) => parts.is_empty(),
        }
    }
}

/// Text appends; parts with the same `index` grow together, other parts append.
///
/// The rules are those of [`merge_content`](crate::merge::json::merge_content), except that nothing is lost and that empty content is
/// the identity on both sides: empty text before parts leaves no empty part, and text after an empty list stays.
impl Merge for Content {
    fn merge(&mut self, next: Self) -> Result<()> {
        if next.is_empty() && !(self.is_empty() && matches!(next, Self::Parts(_))) {
            return Ok(());
        }
        if self.is_empty() {
            *self = next;
            return Ok(());
        }
        match (&mut *self, next) {
            (Self::Text(left), Self::Text(right)) => left.push_str(&right),
            (Self::Text(left), Self::Parts(right)) => {
                let mut parts = vec![ContentPart::Text(std::mem::take(left))];
                parts.extend(right);
                *self = Self::Parts(parts);
            }
            (Self::Parts(left), Self::Text(right)) => match left.last_mut() {
                Some(ContentPart::Text(last)) => last.push_str(&right),
                _ => left.push(ContentPart::Text(right)),
            },
            (Self::Parts(left), Self::Parts(right)) => merge_typed_lists(left, right)?,
        }
        Ok(())
    }
}

impl Item for ContentPart {
    fn member(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Text(_) => None,
            Self::Block(block) => block.get(key),
        }
    }

    fn as_block_mut(&mut self) -> Option<&mut Map<String, Value>> {
        match self {
            Self::Text(_) => None,
            Self::Block(block) => Some(block.as_map_mut()),
        }
    }

    fn into_block(self) -> Option<Map<String, Value>> {
        match self {
            Self::Text(_) => None,
            Self::Block(block) => Some(block.into_map()),
        }
    }

    fn append(&mut self, piece: Self) -> Option<Self> {
        match (self, piece) {
            (Self::Block(block), Self::Block(piece)) => block.append(piece).map(Self::Block),
            (_, piece) => Some(piece),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<JsonBlock> for ContentPart {
    fn from(block: JsonBlock) -> Self {
        Self::Block(block)
    }
}

impl From<Map<String, Value>> for ContentPart {
    fn from(block: Map<String, Value>) -> Self {
        Self::Block(block.into())
    }
}

impl From<ContentPart> for Value {
    fn from(part: ContentPart) -> Self {
        match part {
            ContentPart::Text(text) => Self::String(text),
            ContentPart::Block(block) => block.into(),
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Content {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Cow<'_, str>> for Content {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Text(text.into_owned())
    }
}

impl From<Vec<ContentPart>> for Content {
    fn from(parts: Vec<ContentPart>) -> Self {
        Self::Parts(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: Value, right: Value, expect: Value) {
        let mut sum: Content = serde_json::from_value(left).unwrap();
        sum.merge(serde_json::from_value(right).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(sum).unwrap(), expect);
    }

    #[test]
    fn empty_content_is_the_identity_on_both_sides() {
        let block = json!([{"type": "text", "text": "x", "index": 0}]);
        check(json!(""), block.clone(), block.clone());
        check(block.clone(), json!(""), block.clone());
        check(json!([]), json!("b"), json!("b"));
        check(json!("b"), json!([]), json!("b"));
        check(json!(""), json!([]), json!([]));
    }

    #[test]
    fn blocks_with_the_same_index_grow_together() {
        let piece = |text| json!([{"type": "text", "text": text, "index": 0}]);
        check(piece("a"), piece("b"), piece("ab"));
        check(
            json!("a"),
            piece("b"),
            json!(["a", {"type": "text", "text": "b", "index": 0}]),
        );
        check(
            piece("a"),
            json!("b"),
            json!([{"type": "text", "text": "a", "index": 0}, "b"]),
        );
        check(
            json!(["a"]),
            piece("b"),
            json!(["a", {"type": "text", "text": "b", "index": 0}]),
        );
    }
}
