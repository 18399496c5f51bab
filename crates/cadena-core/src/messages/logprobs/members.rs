//! The members of a token's object, read with tolerance: a value of an unexpected type neither fails the answer nor is lost.

mod list;
pub(super) use list::List;

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The value under a key.
#[derive(Debug)]
pub(super) enum Read<T> {
    /// `null`.
    Nothing,
    Known(T),
    /// A value of an unexpected type. Boxed, since every member of every alternative of every token returns a `Read`.
    Strange(Box<Value>),
}

impl<T> Read<T> {
    fn strange(value: impl Into<Value>) -> Self {
        Self::Strange(Box::new(value.into()))
    }
}

/// Reads the kinds of values that have no method in the visitor.
macro_rules! strange {
    ($lifetime:lifetime; $($kind:ident),*) => {
        $(strange!(@ $lifetime, $kind);)*
    };
    (@ $l:lifetime, bool) => {
        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Read::strange(value))
        }
    };
    (@ $l:lifetime, number) => {
        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Read::strange(value))
        }
        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Read::strange(value))
        }
        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Read::strange(value))
        }
    };
    (@ $l:lifetime, str) => {
        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(Read::strange(value))
        }
    };
    (@ $l:lifetime, seq) => {
        fn visit_seq<A: SeqAccess<$l>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Value::deserialize(SeqAccessDeserializer::new(seq)).map(|value: Value| Read::strange(value))
        }
    };
    (@ $l:lifetime, map) => {
        fn visit_map<A: MapAccess<$l>>(self, map: A) -> Result<Self::Value, A::Error> {
            Value::deserialize(MapAccessDeserializer::new(map)).map(|value: Value| Read::strange(value))
        }
    };
    (@ $l:lifetime, unit) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Read::Nothing)
        }
    };
}

/// The text of a token. A server that does not decode its tokens sends their numbers.
pub(super) struct TokenText(pub(super) Read<String>);

impl<'de> Deserialize<'de> for TokenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Read<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a token")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Read::Known(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Read::Known(text))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Read::Known(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Read::Known(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Read::Known(number.to_string()))
            }

            strange!('de; unit, bool, seq, map);
        }
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

/// The natural logarithm of a probability, as a number or as a text. `NaN` is a logarithm without a value.
pub(super) struct Logarithm(pub(super) Read<f64>);

impl Logarithm {
    /// No probability is above 1, so infinity is not a logarithm of one.
    fn of(number: f64) -> Read<f64> {
        Read::Known(if number == f64::INFINITY { f64::NAN } else { number })
    }

    /// JSON has no infinity and no `NaN`, so servers write them as texts, and often every number with them.
    fn of_text(text: &str) -> Read<f64> {
        match text.trim() {
            "" => Read::Known(f64::NAN),
            trimmed => trimmed.parse().map_or_else(|_| Read::strange(text), Self::of),
        }
    }
}

impl<'de> Deserialize<'de> for Logarithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LogarithmVisitor;
        impl<'de> Visitor<'de> for LogarithmVisitor {
            type Value = Read<f64>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a log probability")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Logarithm::of(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Read::Known(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Read::Known(number as f64))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Logarithm::of_text(text))
            }

            strange!('de; unit, bool, seq, map);
        }
        deserializer.deserialize_any(LogarithmVisitor).map(Self)
    }
}

use strange;
