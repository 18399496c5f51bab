//! The JSON object of a message, read field by field, with errors that name the place.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::bounded::name_of;
use super::{Content, ContentPart, Extra, ResponseMetadata};
use crate::{Error, ErrorKind};

/// A field with a value that it must not have, and the place of the field.
#[derive(Debug)]
pub(crate) struct Misfit {
    place: String,
    problem: String,
    kind: ErrorKind,
}

impl Misfit {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
            kind: ErrorKind::InvalidInput,
        }
    }

    pub(crate) fn missing(key: &str) -> Self {
        Self::new(key, "is missing")
    }

    pub(crate) fn of_type(key: &str, expected: &str, got: &Value) -> Self {
        Self::new(key, format!("must be {expected}, not {}", name_of(got)))
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Returns the error as the outer value sees it: `content` inside `messages[3]` is `messages[3].content`.
    pub(crate) fn inside(mut self, outer: impl fmt::Display) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') {
            ""
        } else {
            "."
        };
        self.place = format!("{outer}{dot}{}", self.place);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            return f.write_str(&self.problem);
        }
        write!(f, "`{}` {}", self.place, self.problem)
    }
}

impl From<Misfit> for Error {
    fn from(misfit: Misfit) -> Self {
        Self::new(misfit.kind, misfit.to_string())
    }
}

/// The fields of an object that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new(map: Map<String, Value>) -> Self {
        Self(map)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// Takes a field that is there and is not null.
    pub(crate) fn take_some(&mut self, key: &str) -> Option<Value> {
        self.take(key).filter(|value| !value.is_null())
    }

    /// Returns the fields that were not taken.
    pub(crate) fn into_extra(self) -> Extra {
        self.0.into()
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Takes the `type`, which may be missing but must not be another one.
    pub(crate) fn expect_type(&mut self, tag: &str) -> Result<(), Misfit> {
        match self.take("type") {
            None => Ok(()),
            Some(Value::String(found)) if found == tag => Ok(()),
            Some(Value::String(found)) => Err(Misfit::new("type", format!("is `{found}`, and `{tag}` is expected"))),
            Some(other) => Err(Misfit::of_type("type", "a text", &other)),
        }
    }

    /// Takes the content: `content_blocks` if they are there, otherwise `content`.
    pub(crate) fn content(&mut self) -> Result<Content, Misfit> {
        let (key, value) = match (self.take_some("content_blocks"), self.take("content")) {
            (Some(blocks), _) => ("content_blocks", blocks),
            (None, Some(content)) => ("content", content),
            (None, None) => return Err(Misfit::missing("content")),
        };
        read_content(value).map_err(|misfit| misfit.inside(key))
    }

    /// As [`content`](Self::content), except that a value that is neither text nor a list becomes its JSON text: LangChain's tools may return
    /// any value.
    pub(crate) fn tool_content(&mut self) -> Result<Content, Misfit> {
        match self.0.get_mut("content") {
            None | Some(Value::String(_)) => {}
            Some(Value::Array(items)) => {
                for item in items.iter_mut().filter(|item| !item.is_string() && !item.is_object()) {
                    *item = Value::String(item.to_string());
                }
            }
            Some(other) => *other = Value::String(other.to_string()),
        }
        self.content()
    }

    /// Takes a text; `None` if it is missing or null.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, Misfit> {
        match self.take_some(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Misfit::of_type(key, "a text", &other)),
        }
    }

    pub(crate) fn required_text(&mut self, key: &str) -> Result<String, Misfit> {
        self.text(key)?.ok_or_else(|| Misfit::missing(key))
    }

    pub(crate) fn some_required_text(&mut self, key: &str) -> Result<Option<String>, Misfit> {
        self.required_text(key).map(Some)
    }

    /// Takes an id; LangChain accepts numbers too.
    pub(crate) fn id(&mut self, key: &str) -> Result<Option<String>, Misfit> {
        match self.take_some(key) {
            None => Ok(None),
            Some(Value::String(id)) => Ok(Some(id)),
            Some(Value::Number(id)) => Ok(Some(id.to_string())),
            Some(other) => Err(Misfit::of_type(key, "a text or a number", &other)),
        }
    }

    pub(crate) fn required_id(&mut self, key: &str) -> Result<String, Misfit> {
        self.id(key)?.ok_or_else(|| Misfit::missing(key))
    }

    /// Takes an object; a missing object is empty.
    pub(crate) fn object(&mut self, key: &str) -> Result<Map<String, Value>, Misfit> {
        match self.take(key) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(other) => Err(Misfit::of_type(key, "an object", &other)),
        }
    }

    pub(crate) fn extra(&mut self, key: &str) -> Result<Extra, Misfit> {
        self.object(key).map(Extra::from)
    }

    pub(crate) fn metadata(&mut self) -> Result<ResponseMetadata, Misfit> {
        self.object("response_metadata").map(ResponseMetadata::from)
    }

    /// Takes any value; a missing value is null.
    #[expect(clippy::unnecessary_wraps, reason = "has the form of the other readers")]
    pub(crate) fn any(&mut self, key: &str) -> Result<Value, Misfit> {
        Ok(self.take(key).unwrap_or_default())
    }

    /// Takes a value that has a `Deserialize`; `None` if it is missing or null.
    pub(crate) fn parse<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, Misfit> {
        self.take_some(key).map(|value| parse(value, key)).transpose()
    }

    /// Takes a list; a missing list and null are empty.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, key: &str) -> Result<Vec<T>, Misfit> {
        let items = match self.take_some(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(Misfit::of_type(key, "a list", &other)),
        };
        let read = |(at, item)| parse(item, &format!("{key}[{at}]"));
        items.into_iter().enumerate().map(read).collect()
    }
}

fn parse<T: DeserializeOwned>(value: Value, place: &str) -> Result<T, Misfit> {
    serde_json::from_value(value).map_err(|error| Misfit::new(place, format!("does not fit: {error}")))
}

/// Reads a text, or a list of texts and objects. Nothing is copied.
pub(crate) fn read_content(value: Value) -> Result<Content, Misfit> {
    let part = |(at, item)| match item {
        Value::String(text) => Ok(ContentPart::Text(text)),
        Value::Object(block) => Ok(block.into()),
        other => Err(Misfit::of_type(&format!("[{at}]"), "a text or an object", &other)),
    };
    match value {
        Value::String(text) => Ok(Content::Text(text)),
        Value::Array(items) => {
            let parts = items.into_iter().enumerate().map(part);
            Ok(Content::Parts(parts.collect::<Result<_, _>>()?))
        }
        other => Err(Misfit::of_type("", "a text or a list of texts and objects", &other)),
    }
}
