//! Log probabilities of the tokens of an answer.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Extra;
use crate::{Merge, Result};

/// The log probabilities of an answer's tokens: those of its text and those of its refusal.
///
/// `None` is what the server did not say; it is not an empty list. Lists append when chunks are added.
///
/// # Examples
///
/// ```
/// use cadena_core::{Logprobs, TokenLogprob};
///
/// let logprobs = Logprobs::content(vec![TokenLogprob::new("Hi", -0.25)]);
/// assert_eq!(logprobs.content.as_deref().map(<[_]>::len), Some(1));
/// assert_eq!(logprobs.refusal, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Logprobs {
    /// The tokens of the text.
    pub content: Option<Vec<TokenLogprob>>,
    /// The tokens of the refusal.
    pub refusal: Option<Vec<TokenLogprob>>,
    /// Other keys of the server's object.
    pub extra: Extra,
}

impl Logprobs {
    /// The log probabilities of a text.
    #[must_use]
    pub fn content(tokens: Vec<TokenLogprob>) -> Self {
        Self {
            content: Some(tokens),
            ..Self::default()
        }
    }

    /// Every token, first those of the text, then those of the refusal.
    pub fn tokens(&self) -> impl Iterator<Item = &TokenLogprob> {
        self.content.iter().chain(&self.refusal).flatten()
    }
}

impl Merge for Logprobs {
    fn merge(&mut self, next: Self) -> Result<()> {
        let Self {
            content,
            refusal,
            extra,
        } = next;
        self.content.merge(content)?; // per-token data is concatenated
        self.refusal.merge(refusal)?;
        self.extra.merge(extra)
    }
}

/// One token and how probable it was.
///
/// # Examples
///
/// ```
/// use cadena_core::TokenLogprob;
///
/// let token: TokenLogprob = serde_json::from_str(r#"{"token":"Hi","logprob":-0.25,"id":17}"#)?;
/// assert_eq!(token.bytes, None); // the server sent none: never derived from the token
/// assert_eq!(token.extra.get("id"), Some(&17.into()));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The token as text. Where a character is split over several tokens this text may be empty or hold `�`.
    pub token: String,
    /// The token's own bytes, if the server sent them.
    pub bytes: Option<Vec<u8>>,
    /// The natural logarithm of its probability; `-inf` where the server wrote `null` or nothing.
    pub logprob: f64,
    /// The most probable tokens at this place. Servers differ on whether the chosen token is among them.
    pub top_logprobs: Option<Vec<TopLogprob>>,
    /// Other keys of the server's object.
    pub extra: Extra,
}

impl TokenLogprob {
    /// A token with its natural log probability.
    #[must_use]
    pub fn new(token: impl Into<String>, logprob: f64) -> Self {
        let token = token.into();
        Self {
            bytes: Some(token.clone().into_bytes()),
            token,
            logprob,
            ..Self::default()
        }
    }

    /// Sets the alternatives at this place.
    #[must_use]
    pub fn with_top(mut self, top: Vec<TopLogprob>) -> Self {
        self.top_logprobs = Some(top);
        self
    }

    /// The probability, from 0 to 1: `exp(logprob)`.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.logprob.exp()
    }
}

/// A token that the model could have chosen.
///
/// # Examples
///
/// ```
/// use cadena_core::TopLogprob;
///
/// assert_eq!(TopLogprob::new("Hi", 0.0).probability(), 1.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TopLogprob {
    /// The token as text.
    pub token: String,
    /// The token's own bytes, if the server sent them.
    pub bytes: Option<Vec<u8>>,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// Other keys of the server's object.
    pub extra: Extra,
}

impl TopLogprob {
    /// An alternative with its natural log probability.
    #[must_use]
    pub fn new(token: impl Into<String>, logprob: f64) -> Self {
        let token = token.into();
        Self {
            bytes: Some(token.clone().into_bytes()),
            token,
            logprob,
            ..Self::default()
        }
    }

    /// The probability, from 0 to 1: `exp(logprob)`.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.logprob.exp()
    }
}

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
    Key::Bytes => out.bytes = map.next_value()?,
    Key::Logprob => out.logprob = read_logprob(&mut map)?,
    Key::TopLogprobs => out.top_logprobs = map.next_value()?,
});

deserialize_object!(TopLogprob, "an object with the log probability of an alternative", map, out, {
    Key::Token => out.token = map.next_value::<Option<String>>()?.unwrap_or_default(),
    Key::Bytes => out.bytes = map.next_value()?,
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
