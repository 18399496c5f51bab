//! The JSON of log probabilities, read without a detour: it is most of what a stream sends.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::bytes::Bytes;
use super::{Logprobs, TokenLogprob, TopLogprob};
use crate::messages::Extra;

/// The keys of an object, told apart without a `String` for each.
///
/// `#[serde(flatten)]` would buffer every object before it reads it; this runs once for every alternative of every token.
enum Key {
    Token,
    Bytes,
    Logprob,
    TopLogprobs,
    Content,
    Refusal,
    Other(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "token" => Key::Token,
                    "bytes" => Key::Bytes,
                    "logprob" => Key::Logprob,
                    "top_logprobs" => Key::TopLogprobs,
                    "content" => Key::Content,
                    "refusal" => Key::Refusal,
                    other => Key::Other(other.to_owned()),
                })
            }
        }
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

impl Key {
    /// Keeps an entry that has no field of its own; `None` values are kept too, as LangChain keeps them.
    fn keep<'de, A: MapAccess<'de>>(self, map: &mut A, extra: &mut Extra) -> Result<(), A::Error> {
        let name = match self {
            Self::Other(name) => name,
            Self::Token => "token".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Logprob => "logprob".to_owned(),
            Self::TopLogprobs => "top_logprobs".to_owned(),
            Self::Content => "content".to_owned(),
            Self::Refusal => "refusal".to_owned(),
        };
        let value: Value = map.next_value()?;
        extra.insert(name, value);
        Ok(())
    }
}

/// A server that computes `ln 0` has no JSON number for it and writes `null`.
fn read_logprob<'de, A: MapAccess<'de>>(map: &mut A) -> Result<f64, A::Error> {
    Ok(map.next_value::<Option<f64>>()?.unwrap_or(f64::NEG_INFINITY))
}

macro_rules! deserialize_object {
    ($type:ident, $what:literal, $map:ident, $out:ident, { $($key:pat => $read:expr,)* }) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;
                impl<'de> Visitor<'de> for ObjectVisitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut $map: A) -> Result<$type, A::Error> {
                        let mut $out = $type::unset();
                        while let Some(key) = $map.next_key::<Key>()? {
                            match key {
                                $($key => $read,)*
                                other => other.keep(&mut $map, &mut $out.extra)?,
                            }
                        }
                        Ok($out)
                    }
                }
                deserializer.deserialize_map(ObjectVisitor)
            }
        }
    };
}

impl Logprobs {
    fn unset() -> Self {
        Self::default()
    }
}

impl TokenLogprob {
    fn unset() -> Self {
        Self {
            logprob: f64::NEG_INFINITY,
            ..Self::default()
        }
    }
}

impl TopLogprob {
    fn unset() -> Self {
        Self {
            logprob: f64::NEG_INFINITY,
            ..Self::default()
        }
    }
}

deserialize_object!(Logprobs, "an object with the log probabilities of an answer", map, out, {
    Key::Content => out.content = map.next_value()?,
    Key::Refusal => out.refusal = map.next_value()?,
});

deserialize_object!(TokenLogprob, "an object with the log probability of a token", map, out, {
    Key::Token => out.token = map.next_value::<Option<String>>()?.unwrap_or_default(),
    Key::Bytes => out.bytes = map.next_value::<Bytes>()?.0,
    Key::Logprob => out.logprob = read_logprob(&mut map)?,
    Key::TopLogprobs => out.top_logprobs = map.next_value()?,
});

deserialize_object!(TopLogprob, "an object with the log probability of an alternative", map, out, {
    Key::Token => out.token = map.next_value::<Option<String>>()?.unwrap_or_default(),
    Key::Bytes => out.bytes = map.next_value::<Bytes>()?.0,
    Key::Logprob => out.logprob = read_logprob(&mut map)?,
});

impl Serialize for Logprobs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("content", &self.content)?;
        map.serialize_entry("refusal", &self.refusal)?;
        self.extra
            .iter()
            .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

impl Serialize for TokenLogprob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token", &self.token)?;
        map.serialize_entry("bytes", &self.bytes)?;
        map.serialize_entry("logprob", &self.logprob)?;
        map.serialize_entry("top_logprobs", &self.top_logprobs)?;
        self.extra
            .iter()
            .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

impl Serialize for TopLogprob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token", &self.token)?;
        map.serialize_entry("bytes", &self.bytes)?;
        map.serialize_entry("logprob", &self.logprob)?;
        self.extra
            .iter()
            .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_missing_logprobs_are_minus_infinity_and_print_as_null() {
        for text in [r#"{"token":"a","logprob":null}"#, r#"{"token":"a"}"#] {
            let token: TokenLogprob = serde_json::from_str(text).unwrap();
            assert_eq!(token.logprob, f64::NEG_INFINITY);
            assert!(serde_json::to_value(&token).unwrap()["logprob"].is_null());
        }
    }

    #[test]
    fn a_missing_list_stays_different_from_an_empty_one() {
        let read = |text: &str| serde_json::from_str::<Logprobs>(text).unwrap();
        assert_eq!(read("{}").content, None);
        assert_eq!(read(r#"{"content":null}"#).content, None);
        assert_eq!(read(r#"{"content":[]}"#).content, Some(vec![]));
    }

    #[test]
    fn unknown_keys_survive_a_round_trip() {
        let text = r#"{"content":[{"token":"a","bytes":[97],"logprob":-0.1,"top_logprobs":[{"token":"b","bytes":null,"logprob":-2.0,"id":3}],"id":7}],"refusal":null,"tokens":["a"]}"#;
        let read: Logprobs = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
