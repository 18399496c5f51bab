//! Text, and the sources that its parts cite.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::fields::{Field, Json, block};
use crate::messages::Extra;

block! {
    /// Text, with the sources that its parts cite.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{Annotation, Citation, TextBlock};
    ///
    /// let text = TextBlock::new("Madrid").with_annotation(Citation::new("https://example.com"));
    /// assert!(matches!(&text.annotations.unwrap()[0], Annotation::Citation(citation) if citation.url.is_some()));
    /// ```
    #[doc(alias = "TextContentBlock")]
    TextBlock {
        /// The text.
        text: String,
        /// The sources that parts of the text cite.
        annotations: Option<Vec<Annotation>>,
    }
}

impl TextBlock {
    /// Makes a text without annotations.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::TextBlock::new("Madrid").text, "Madrid");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Adds an annotation.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{Citation, TextBlock};
    ///
    /// let block = TextBlock::new("Madrid").with_annotation(Citation::new("https://example.com"));
    /// assert_eq!(block.annotations.map(|annotations| annotations.len()), Some(1));
    /// ```
    #[must_use]
    pub fn with_annotation(mut self, annotation: impl Into<Annotation>) -> Self {
        self.annotations.get_or_insert_default().push(annotation.into());
        self
    }
}

/// A reference from a part of a text.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::Annotation;
///
/// let citation: Annotation = serde_json::from_str(r#"{"type": "citation", "url": "https://example.com", "start_index": 4}"#)?;
/// assert!(matches!(citation, Annotation::Citation(citation) if citation.start_index == Some(4)));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Annotation {
    /// A source. As JSON: `{"type": "citation", "url": "https://example.com", "start_index": 0, "end_index": 6}`.
    Citation(Citation),
    /// Anything else, verbatim. As JSON: `{"type": "non_standard_annotation", "value": {…}}`.
    Other(Map<String, Value>),
}

/// The source of a part of a text.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::Citation;
///
/// let citation = Citation::new("https://example.com").with_span(0, 6);
/// assert_eq!((citation.start_index, citation.end_index), (Some(0), Some(6)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Citation {
    /// The id of the citation.
    pub id: Option<String>,
    /// The address of the source.
    pub url: Option<String>,
    /// The title of the source.
    pub title: Option<String>,
    /// The start of the citing part in the answer, as the provider counts.
    pub start_index: Option<i64>,
    /// The end of the citing part in the answer.
    pub end_index: Option<i64>,
    /// The cited part of the source.
    pub cited_text: Option<String>,
    /// The provider's data for which the standard has no field.
    pub extras: Extra,
    /// Other keys of the object, verbatim.
    pub other: Extra,
}

impl Citation {
    /// Makes a citation of a source at a URL.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::Citation::new("https://example.com").url.as_deref(), Some("https://example.com"));
    /// ```
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// Sets the part of the answer that has this source.
    ///
    /// # Examples
    ///
    /// ```
    /// let citation = cadena_core::messages::Citation::new("https://example.com").with_span(0, 6);
    /// assert_eq!((citation.start_index, citation.end_index), (Some(0), Some(6)));
    /// ```
    #[must_use]
    pub fn with_span(mut self, start_index: i64, end_index: i64) -> Self {
        (self.start_index, self.end_index) = (Some(start_index), Some(end_index));
        self
    }
}

impl From<Citation> for Annotation {
    fn from(citation: Citation) -> Self {
        Self::Citation(citation)
    }
}

impl From<Map<String, Value>> for Annotation {
    fn from(mut map: Map<String, Value>) -> Self {
        if map.get("type").and_then(Value::as_str) != Some("citation") {
            return Self::Other(map);
        }
        map.shift_remove("type");
        Self::Citation(Citation {
            id: Field::take(&mut map, "id"),
            url: Field::take(&mut map, "url"),
            title: Field::take(&mut map, "title"),
            start_index: Field::take(&mut map, "start_index"),
            end_index: Field::take(&mut map, "end_index"),
            cited_text: Field::take(&mut map, "cited_text"),
            extras: Field::take(&mut map, "extras"),
            other: map.into(),
        })
    }
}

impl From<Annotation> for Map<String, Value> {
    fn from(annotation: Annotation) -> Self {
        let citation = match annotation {
            Annotation::Citation(citation) => citation,
            Annotation::Other(map) => return map,
        };
        let mut map = Self::new();
        map.insert("type".to_owned(), "citation".into());
        citation.id.put(&mut map, "id");
        citation.url.put(&mut map, "url");
        citation.title.put(&mut map, "title");
        citation.start_index.put(&mut map, "start_index");
        citation.end_index.put(&mut map, "end_index");
        citation.cited_text.put(&mut map, "cited_text");
        citation.extras.put(&mut map, "extras");
        map.extend(citation.other.into_map());
        map
    }
}

impl Serialize for Annotation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Map::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Annotation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

impl Json for i64 {
    fn fits(value: &Value) -> bool {
        value.is_i64()
    }

    fn from_json(value: Value) -> Option<Self> {
        value.as_i64()
    }

    fn into_json(self) -> Value {
        self.into()
    }

    fn write<M: serde::ser::SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
}

/// A list of objects; a list with another element stays in the block as it is.
impl Json for Vec<Annotation> {
    fn fits(value: &Value) -> bool {
        value.as_array().is_some_and(|items| items.iter().all(Value::is_object))
    }

    fn from_json(value: Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        let object = |item| match item {
            Value::Object(map) => Some(Annotation::from(map)),
            _ => None,
        };
        items.into_iter().map(object).collect()
    }

    fn into_json(self) -> Value {
        self.into_iter()
            .map(|annotation| Value::Object(annotation.into()))
            .collect()
    }

    fn write<M: serde::ser::SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
}
