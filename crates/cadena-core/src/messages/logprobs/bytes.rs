//! The bytes of a token, read with tolerance.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The bytes of a token, if every element of the list is a byte.
///
/// The bytes are a detail beside the token and its probability. If a server writes another value there, the bytes count as not sent, and the
/// answer stays readable.
pub(super) struct Bytes(pub(super) Option<Vec<u8>>);

/// A number from 0 to 255, or `None` for any other value.
struct Byte(Option<u8>);

/// Reads every kind of value without a method here as "nothing".
macro_rules! nothing {
    ($nothing:expr, $lifetime:lifetime) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_map<A: MapAccess<$lifetime>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of bytes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes, A::Error> {
                let mut bytes = Some(Vec::new());
                while let Some(Byte(byte)) = seq.next_element()? {
                    match (byte, &mut bytes) {
                        (Some(byte), Some(bytes)) => bytes.push(byte),
                        _ => bytes = None,
                    }
                }
                Ok(Bytes(bytes))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Bytes, E> {
                Ok(Bytes(None))
            }

            nothing!(Bytes(None), 'de);
        }
        deserializer.deserialize_any(BytesVisitor)
    }
}

impl<'de> Deserialize<'de> for Byte {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByteVisitor;
        impl<'de> Visitor<'de> for ByteVisitor {
            type Value = Byte;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Byte, E> {
                Ok(Byte(u8::try_from(number).ok()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Byte, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Byte(None))
            }

            nothing!(Byte(None), 'de);
        }
        deserializer.deserialize_any(ByteVisitor)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Logprobs, TokenLogprob};

    #[test]
    fn what_are_no_bytes_costs_the_token_nothing_else() {
        for bytes in [
            "[72,256]",
            "[-1]",
            "[72.5]",
            "[1e3]",
            "[72,\"i\"]",
            "[null,1]",
            "[[1],2]",
            "[{\"a\":1}]",
            "[true]",
            "\"Hi\"",
            "7",
            "-7",
            "1.5",
            "{\"a\":[1]}",
            "false",
            "null",
            "[18446744073709551616]",
        ] {
            let text = format!(
                "{{\"content\":[{{\"token\":\"Hi\",\"bytes\":{bytes},\"logprob\":-0.5,\"top_logprobs\":\
                 [{{\"token\":\"Ho\",\"bytes\":{bytes},\"logprob\":-1.0}}]}},{{\"token\":\"!\",\"bytes\":[33],\"logprob\":-0.25}}]}}"
            );
            let read: Logprobs = serde_json::from_str(&text).unwrap();
            let tokens: Vec<_> = read.tokens().collect();
            assert_eq!((&tokens[0].bytes, tokens[0].logprob), (&None, -0.5), "{bytes}");
            let top = &tokens[0].top_logprobs.as_ref().unwrap()[0];
            assert_eq!((&top.bytes, top.logprob), (&None, -1.0));
            assert_eq!(tokens[1].bytes.as_deref(), Some(&b"!"[..]));
        }
    }

    #[test]
    fn an_empty_list_is_no_bytes_and_not_unknown_ones() {
        let token: TokenLogprob = serde_json::from_str(r#"{"token":"","bytes":[],"logprob":0}"#).unwrap();
        assert_eq!(token.bytes, Some(Vec::new()));
    }
}
