//! The content of a message: a text, a list of parts, or whatever a server sends in their place.

use std::fmt;

use cadena_core::{Content, ContentPart};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::member::{Found, Lenient};

impl<'de> Lenient<'de> for Option<Content> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(ContentVisitor(self))
    }
}

struct ContentVisitor<'s>(&'s mut Option<Content>);

impl ContentVisitor<'_> {
    fn text(self, text: impl Into<String>) -> Found {
        *self.0 = Some(Content::Text(text.into()));
        Found::Known
    }
}

impl<'de> Visitor<'de> for ContentVisitor<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or parts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(self.text(text))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    // A server that decodes JSON where it finds some has made a number of `5`, and an object of an answer in JSON mode.
    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(self.text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(self.text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Ok(self.text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        Ok(self.text(Value::from(value).to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element::<Value>()? {
            match part {
                Value::Null => {}
                Value::String(text) => parts.push(ContentPart::Text(text)),
                Value::Object(block) => parts.push(part_of(block)),
                other => parts.push(ContentPart::Text(other.to_string())),
            }
        }
        *self.0 = Some(Content::Parts(parts));
        Ok(Found::Known)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        let block: Map<String, Value> = Map::deserialize(MapAccessDeserializer::new(map))?;
        if block.is_empty() {
            return Ok(Found::Nothing);
        }
        if block.get("type").is_some_and(Value::is_string) {
            *self.0 = Some(Content::Parts(vec![block.into()]));
            return Ok(Found::Known);
        }
        Ok(match block.get("text") {
            Some(Value::String(text)) => self.text(text.as_str()),
            _ => self.text(Value::Object(block).to_string()),
        })
    }
}

/// A part without a type that has a text is a text.
fn part_of(mut block: Map<String, Value>) -> ContentPart {
    if block.get("type").is_none_or(Value::is_null) && block.get("text").is_some_and(Value::is_string) {
        block.insert("type".to_owned(), "text".into());
    }
    block.into()
}
