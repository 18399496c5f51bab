//! Text, and what its parts refer to.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::fields::{Field, Json, block};
use crate::messages::Extra;

block! {
    /// Text, with what its parts refer to.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{Annotation, Citation, TextBlock};
    ///
    /// let text = TextBlock::new("Madrid").with_annotation(Citation::new("https://example.com"));
    /// assert!(matches!(&text.annotations.unwrap()[0], Annotation::Citation(citation) if citation.url.is_some()));
    /// ```
    TextBlock {
        /// The text.
        text: String,
        /// What parts of the text refer to.
        annotations: Option<Vec<Annotation>>,
    }
}

impl TextBlock {
    /// A text without annotations.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with_annotation(mut self, annotation: impl Into<Annotation>) -> Self {
        self.annotations.get_or_insert_default().push(annotation.into());
        self
    }
}

/// What a part of a text refers to.
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
    /// Its id.
    pub id: Option<String>,
    /// Where the source is.
    pub url: Option<String>,
    /// The title of the source.
    pub title: Option<String>,
    /// Where the part of the answer begins, as the provider counts.
    pub start_index: Option<i64>,
    /// Where the part of the answer ends.
    pub end_index: Option<i64>,
    /// The part of the source.
    pub cited_text: Option<String>,
    /// What the provider says beside the standard.
    pub extras: Extra,
    /// Other keys of the object, verbatim.
    pub other: Extra,
}

impl Citation {
    /// A source by its URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// Sets which part of the answer has this source.
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

/// A list of objects; one with something else in it stays in the block as it is.
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
