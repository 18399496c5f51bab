//! A text of the wire.

use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::member::{Found, Lenient, otherwise_odd};

/// A text that may be missing; borrowed from the event where it has no escapes. A number is read as its text.
#[derive(Debug, Default)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, unless it is missing or empty.
    pub(crate) fn known(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The text, unless it is missing; it may be empty.
    pub(crate) fn into_string(self) -> Option<String> {
        self.0.map(Cow::into_owned)
    }

    /// The same, borrowed from nothing.
    pub(super) fn into_owned(self) -> Text<'static> {
        Text(self.0.map(|text| Cow::Owned(text.into_owned())))
    }

    #[cfg(test)]
    pub(super) fn is_borrowed(&self) -> bool {
        matches!(self.0, Some(Cow::Borrowed(_)))
    }
}

impl From<&str> for Text<'_> {
    fn from(text: &str) -> Self {
        Self(Some(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 'a, 'a> Lenient<'de> for Text<'a> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(TextVisitor(self))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = Self::default();
        text.read(deserializer)?;
        Ok(text)
    }
}

struct TextVisitor<'s, 'a>(&'s mut Text<'a>);

impl TextVisitor<'_, '_> {
    fn number(self, number: impl ToString) -> Found {
        self.0.0 = Some(Cow::Owned(number.to_string()));
        Found::Known
    }
}

impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'_, 'a> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Found, E> {
        self.0.0 = Some(Cow::Borrowed(text));
        Ok(Found::Known)
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        self.0.0 = Some(Cow::Owned(text.to_owned()));
        Ok(Found::Known)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Found, E> {
        Ok(self.number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Found, E> {
        Ok(self.number(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Found, E> {
        Ok(self.number(number))
    }

    otherwise_odd!('de; unit, bool, seq, map);
}
