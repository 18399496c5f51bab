//! The arguments of a call: JSON as text.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::member::{Found, Lenient};

/// Some servers do not make a text of the JSON: it is written as one.
impl<'de> Lenient<'de> for Option<String> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(ArgumentsVisitor(self))
    }
}

struct ArgumentsVisitor<'s>(&'s mut Option<String>);

impl ArgumentsVisitor<'_> {
    fn text(self, text: String) -> Found {
        *self.0 = Some(text);
        Found::Known
    }

    fn json(self, value: impl Into<Value>) -> Found {
        self.text(value.into().to_string())
    }
}

impl<'de> Visitor<'de> for ArgumentsVisitor<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("arguments")
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(self.text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(self.json(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(self.json(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Ok(self.json(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        Ok(self.json(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Found, A::Error> {
        let list = Value::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(self.json(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        let object = Value::deserialize(MapAccessDeserializer::new(map))?;
        Ok(self.json(object))
    }
}
