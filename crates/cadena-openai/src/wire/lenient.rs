//! Readers of single fields that accept what servers send there, and never fail on a value of another type.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use cadena_core::{Content, ContentPart, Logprobs};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::logprobs::{Given, read};

/// A text that may be missing; borrowed from the event where it has no escapes.
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

/// Answers every kind of value that has no method of its own with "nothing".
macro_rules! otherwise_nothing {
    ($lifetime:lifetime, $nothing:expr; $($kind:ident),*) => {
        $(otherwise_nothing!(@ $lifetime, $nothing, $kind);)*
    };
    (@ $l:lifetime, $nothing:expr, unit) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, bool) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, number) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, str) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, seq) => {
        fn visit_seq<A: SeqAccess<$l>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, map) => {
        fn visit_map<A: MapAccess<$l>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }

            otherwise_nothing!('de, Text(None); unit, bool, seq, map);
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A list of choices or of calls. There is nearly always one, so room is made for one; a `null` among them is skipped.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    struct ListVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Option<Vec<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = seq.next_element::<Option<T>>()? {
                if let Some(item) = item {
                    if list.capacity() == 0 {
                        list.reserve_exact(1);
                    }
                    list.push(item);
                }
            }
            Ok(Some(list))
        }
    }
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

/// The number of a choice or of a call; what is none is as good as missing.
pub(crate) fn index<'de, T: TryFrom<i64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct IndexVisitor<T>(PhantomData<T>);
    impl<'de, T: TryFrom<i64>> Visitor<'de> for IndexVisitor<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an index")
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(i64::try_from(number).ok().and_then(|number| T::try_from(number).ok()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(T::try_from(number).ok())
        }

        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            // Some servers write `1.0`; what is no whole number does not read as one.
            Ok(format!("{number}")
                .parse()
                .ok()
                .and_then(|number| T::try_from(number).ok()))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(text.parse().ok().and_then(|number| T::try_from(number).ok()))
        }

        otherwise_nothing!('de, None; unit, bool, seq, map);
    }
    deserializer.deserialize_any(IndexVisitor(PhantomData))
}

/// Text, or a list of parts as some servers send it.
pub(super) fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Content>, D::Error> {
    struct ContentVisitor;
    impl<'de> Visitor<'de> for ContentVisitor {
        type Value = Option<Content>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text or parts")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Content::Text(text.to_owned())))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut parts = Vec::new();
            while let Some(part) = seq.next_element()? {
                match part {
                    Value::String(text) => parts.push(ContentPart::Text(text)),
                    Value::Object(block) => parts.push(block.into()),
                    _ => {}
                }
            }
            Ok(Some(Content::Parts(parts)))
        }

        otherwise_nothing!('de, None; unit, bool, number, map);
    }
    deserializer.deserialize_any(ContentVisitor)
}

/// The log probabilities of a choice.
pub(super) fn logprobs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Logprobs>, D::Error> {
    Ok(match read(deserializer)? {
        Given::Known(logprobs) => Some(logprobs),
        Given::Nothing | Given::Odd(_) => None,
    })
}

/// The arguments of a call: JSON as text, or as an object from servers that did not make a text of it.
pub(super) fn arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct ArgumentsVisitor;
    impl<'de> Visitor<'de> for ArgumentsVisitor {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("arguments")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let object = PhantomData::<Map<String, Value>>;
            Ok(Some(
                Value::Object(object.deserialize(MapAccessDeserializer::new(map))?).to_string(),
            ))
        }

        otherwise_nothing!('de, None; unit, bool, number, seq);
    }
    deserializer.deserialize_any(ArgumentsVisitor)
}
