//! The JSON of log probabilities, which are most of the bytes of a stream: read without a `Value` in between.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::bytes::Bytes;
use super::members::{List, Logarithm, Read, TokenText};
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
    fn into_name(self) -> String {
        match self {
            Self::Other(name) => name,
            Self::Token => "token".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Logprob => "logprob".to_owned(),
            Self::TopLogprobs => "top_logprobs".to_owned(),
            Self::Content => "content".to_owned(),
            Self::Refusal => "refusal".to_owned(),
        }
    }

    /// Keeps an entry without a field; null values are kept too, as LangChain keeps them.
    fn keep<'de, A: MapAccess<'de>>(self, map: &mut A, extra: &mut Extra) -> Result<(), A::Error> {
        let value: Value = map.next_value()?;
        extra.insert(self.into_name(), value);
        Ok(())
    }

    /// Writes a member into its field, and the given value for `null`. A value of an unexpected type is kept under its name in `extra`.
    fn put<T>(self, read: Read<T>, null: T, field: &mut T, extra: &mut Extra) {
        match read {
            Read::Known(value) => *field = value,
            Read::Nothing => *field = null,
            Read::Strange(value) => drop(extra.insert(self.into_name(), *value)),
        }
    }
}

/// A server that computes `ln 0` has no JSON number for the result, and writes `null`.
const NULL: f64 = f64::NEG_INFINITY;

macro_rules! deserialize_object {
    ($type:ident, $what:literal, $key:ident, $map:ident, $out:ident, { $($pattern:pat => $read:expr,)* }) => {
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
                        while let Some($key) = $map.next_key::<Key>()? {
                            match $key {
                                $($pattern => $read,)*
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
            logprob: f64::NAN,
            ..Self::default()
        }
    }
}

impl TopLogprob {
    /// Makes an alternative without a log probability.
    pub(super) fn unset() -> Self {
        Self {
            logprob: f64::NAN,
            ..Self::default()
        }
    }
}

deserialize_object!(Logprobs, "an object with the log probabilities of an answer", key, map, out, {
    Key::Content => key.put(map.next_value::<List<_>>()?.some(), None, &mut out.content, &mut out.extra),
    Key::Refusal => key.put(map.next_value::<List<_>>()?.some(), None, &mut out.refusal, &mut out.extra),
});

deserialize_object!(TokenLogprob, "an object with the log probability of a token", key, map, out, {
    Key::Token => key.put(map.next_value::<TokenText>()?.0, String::new(), &mut out.token, &mut out.extra),
    Key::Bytes => out.bytes = map.next_value::<Bytes>()?.0,
    Key::Logprob => key.put(map.next_value::<Logarithm>()?.0, NULL, &mut out.logprob, &mut out.extra),
    Key::TopLogprobs => key.put(map.next_value::<List<_>>()?.some(), None, &mut out.top_logprobs, &mut out.extra),
});

deserialize_object!(TopLogprob, "an object with the log probability of an alternative", key, map, out, {
    Key::Token => key.put(map.next_value::<TokenText>()?.0, String::new(), &mut out.token, &mut out.extra),
    Key::Bytes => out.bytes = map.next_value::<Bytes>()?.0,
    Key::Logprob => key.put(map.next_value::<Logarithm>()?.0, NULL, &mut out.logprob, &mut out.extra),
});

/// An object as it is written: first its fields, then the entries of `extra`.
struct Members<'a, M> {
    map: M,
    extra: &'a Extra,
    /// Fields that have a value although `extra` has an entry of that name, as after a merge: the field is written.
    typed: Vec<&'static str>,
}

impl<'a, M: SerializeMap> Members<'a, M> {
    fn new(map: M, extra: &'a Extra) -> Self {
        Self {
            map,
            extra,
            typed: Vec::new(),
        }
    }

    /// Writes a field. A field that is not set leaves its place to the entry of `extra` with its name.
    fn field(&mut self, name: &'static str, value: &impl Serialize, is_set: bool) -> Result<(), M::Error> {
        match (self.extra.contains_key(name), is_set) {
            (true, false) => return Ok(()),
            (true, true) => self.typed.push(name),
            (false, _) => {}
        }
        self.map.serialize_entry(name, value)
    }

    /// Writes a logarithm. One without a value is not written: a missing member reads as no value, and `null` as minus infinity.
    fn logprob(&mut self, logprob: f64) -> Result<(), M::Error> {
        if logprob.is_nan() {
            return Ok(());
        }
        self.field("logprob", &logprob, true)
    }

    fn end(mut self) -> Result<M::Ok, M::Error> {
        for (key, value) in self.extra.iter().filter(|(key, _)| !self.typed.contains(&key.as_str())) {
            self.map.serialize_entry(key, value)?;
        }
        self.map.end()
    }
}

impl Serialize for Logprobs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Members::new(serializer.serialize_map(None)?, &self.extra);
        members.field("content", &self.content, self.content.is_some())?;
        members.field("refusal", &self.refusal, self.refusal.is_some())?;
        members.end()
    }
}

impl Serialize for TokenLogprob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Members::new(serializer.serialize_map(None)?, &self.extra);
        members.field("token", &self.token, !self.token.is_empty())?;
        members.field("bytes", &self.bytes, true)?;
        members.logprob(self.logprob)?;
        members.field("top_logprobs", &self.top_logprobs, self.top_logprobs.is_some())?;
        members.end()
    }
}

impl Serialize for TopLogprob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Members::new(serializer.serialize_map(None)?, &self.extra);
        members.field("token", &self.token, !self.token.is_empty())?;
        members.field("bytes", &self.bytes, true)?;
        members.logprob(self.logprob)?;
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log probability of a token, and the JSON of the token.
    fn read(logprob: &str) -> (TokenLogprob, Value) {
        let text = format!(r#"{{"token":"a","bytes":null{logprob},"top_logprobs":null}}"#);
        let token: TokenLogprob = serde_json::from_str(&text).unwrap();
        let json = serde_json::to_value(&token).unwrap();
        assert_eq!(
            serde_json::from_value::<TokenLogprob>(json.clone()).unwrap(),
            token,
            "{text}"
        );
        (token, json)
    }

    #[test]
    fn minus_infinity_is_written_as_null_and_read_back() {
        for text in ["null", r#""-inf""#, r#""-Infinity""#, r#""-1e400""#, r#"" -INF ""#] {
            let (token, json) = read(&format!(r#","logprob":{text}"#));
            assert_eq!(token.logprob, f64::NEG_INFINITY, "{text}");
            assert_eq!(json["logprob"], Value::Null);
            assert!(json.as_object().unwrap().contains_key("logprob"));
        }
    }

    #[test]
    fn no_value_is_neither_zero_nor_minus_infinity() {
        for text in [
            "",
            r#","logprob":"NaN""#,
            r#","logprob":"nan""#,
            r#","logprob":"""#,
            r#","logprob":"inf""#,
        ] {
            let (token, json) = read(text);
            assert_eq!((token.known_logprob(), token.token.as_str()), (None, "a"), "{text}");
            assert!(!json.as_object().unwrap().contains_key("logprob"), "{json}");
        }
    }

    #[test]
    fn numbers_as_texts_are_numbers() {
        for (text, expect) in [
            (r#""-0.5""#, -0.5),
            (r#"" -2""#, -2.0),
            ("-3", -3.0),
            ("0", 0.0),
            (r#""-1e-3""#, -0.001),
        ] {
            assert_eq!(read(&format!(r#","logprob":{text}"#)).0.logprob, expect, "{text}");
        }
    }

    #[test]
    fn a_value_of_a_strange_type_is_kept_and_written_as_it_came() {
        for member in [
            r#""logprob":"n/a""#,
            r#""logprob":[1]"#,
            r#""logprob":{"x":1}"#,
            r#""logprob":true"#,
        ] {
            let (token, json) = read(&format!(",{member}"));
            assert_eq!((token.known_logprob(), token.token.as_str()), (None, "a"));
            assert!(json.to_string().contains(member), "{json}");
        }
        for text in [
            r#"{"token":["a"],"bytes":null,"logprob":-0.5,"top_logprobs":null}"#,
            r#"{"token":"a","bytes":null,"logprob":-0.5,"top_logprobs":"none"}"#,
            r#"{"token":"a","bytes":null,"logprob":-0.5,"top_logprobs":[1,2]}"#,
        ] {
            let token: TokenLogprob = serde_json::from_str(text).unwrap();
            let (json, text): (Value, Value) = (
                serde_json::to_value(&token).unwrap(),
                serde_json::from_str(text).unwrap(),
            );
            assert_eq!(json, text);
            assert_eq!((token.logprob, token.top_logprobs), (-0.5, None));
        }
        for text in [
            r#"{"content":{"a":-0.5},"refusal":null}"#,
            r#"{"content":"a","refusal":null}"#,
            r#"{"content":[-0.5,-1],"refusal":null}"#,
            r#"{"content":null,"refusal":7}"#,
        ] {
            let logprobs: Logprobs = serde_json::from_str(text).unwrap();
            assert_eq!((&logprobs.content, &logprobs.refusal), (&None, &None));
            let (json, text): (Value, Value) = (
                serde_json::to_value(&logprobs).unwrap(),
                serde_json::from_str(text).unwrap(),
            );
            assert_eq!(json, text);
        }
    }

    #[test]
    fn tokens_as_numbers_are_texts() {
        for (token, expect) in [("12", "12"), ("-1", "-1"), ("1.5", "1.5"), ("null", "")] {
            let text =
                format!(r#"{{"token":{token},"logprob":-0.5,"top_logprobs":[{{"token":{token},"logprob":-1}}]}}"#);
            let read: TokenLogprob = serde_json::from_str(&text).unwrap();
            assert_eq!((read.token.as_str(), read.logprob), (expect, -0.5));
            assert_eq!(read.top_logprobs.unwrap()[0].token, expect);
        }
    }

    #[test]
    fn alternatives_come_as_a_list_as_pairs_or_by_text() {
        for top in [
            r#"[{"token":"a","logprob":-0.5},{"token":"b","logprob":-2}]"#,
            r#"[{"token":"a","logprob":-0.5},null,{"token":"b","logprob":-2}]"#,
            r#"[["a",-0.5],["b","-2"]]"#,
            r#"{"b":-2,"a":-0.5}"#,
            r#"{"b":"-2.0","a":"-0.5"}"#,
            r#"{"b":{"logprob":-2,"rank":2},"a":{"logprob":-0.5}}"#,
            r#"{"17":{"logprob":-2,"decoded_token":"b"},"9":{"logprob":-0.5,"token":"a"}}"#,
        ] {
            let text = format!(r#"{{"token":"a","logprob":-0.5,"top_logprobs":{top}}}"#);
            let read: TokenLogprob = serde_json::from_str(&text).unwrap();
            let top = read.top_logprobs.unwrap();
            let said: Vec<_> = top.iter().map(|top| (top.token.as_str(), top.logprob)).collect();
            assert_eq!(said, [("a", -0.5), ("b", -2.0)], "{text}");
        }
        let text = r#"{"token":"a","top_logprobs":{"c":"NaN","b":null,"a":-0.5}}"#;
        let read: TokenLogprob = serde_json::from_str(text).unwrap();
        let top: Vec<_> = read
            .top_logprobs
            .iter()
            .flatten()
            .map(TopLogprob::known_logprob)
            .collect();
        assert_eq!(top, [Some(-0.5), Some(f64::NEG_INFINITY), None]);
    }

    #[test]
    fn a_strange_element_keeps_its_place_among_tokens() {
        let text = r#"{"content":[{"token":"a","logprob":-0.5},7,"x",{"token":"b","logprob":-1}],"refusal":null}"#;
        let read: Logprobs = serde_json::from_str(text).unwrap();
        let tokens: Vec<_> = read
            .tokens()
            .map(|token| (token.token.as_str(), token.known_logprob()))
            .collect();
        assert_eq!(tokens, [("a", Some(-0.5)), ("", None), ("", None), ("b", Some(-1.0))]);
        assert_eq!(read.tokens().nth(1).unwrap().extra["raw"], 7);
        let again: Logprobs = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
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
