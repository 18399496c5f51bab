//! A vector as servers write it: a list of numbers, or the bytes of little-endian floats in base64, which are a quarter of its size.

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The numbers of a vector, at least one.
#[derive(Debug)]
pub(super) struct Numbers(pub(super) Vec<f32>);

/// For servers that write base64 in the alphabet of addresses, or without padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const UNPADDED: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const FOR_ADDRESSES: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = deserializer.deserialize_any(NumbersVisitor { nested: false })?;
        if numbers.is_empty() || numbers.iter().any(|number| !number.is_finite()) {
            return Err(Error::custom("the vector is empty, or holds what is no number"));
        }
        Ok(Self(numbers))
    }
}

struct NumbersVisitor {
    /// Whether the list is inside another one.
    nested: bool,
}

impl<'de> Visitor<'de> for NumbersVisitor {
    type Value = Vec<f32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers, or floats in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim_ascii();
        // Some databases keep a vector as the text of its list.
        if text.starts_with('[') && !self.nested {
            return serde_json::from_str::<Numbers>(text)
                .map(|numbers| numbers.0)
                .map_err(E::custom);
        }
        let bytes = STANDARD.decode(text).or_else(|_| UNPADDED.decode(text));
        let bytes = bytes.or_else(|_| FOR_ADDRESSES.decode(text));
        let bytes = bytes.map_err(|_| E::custom("the vector is not base64"))?;
        let (floats, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::custom("the base64 of the vector ends inside a number"));
        }
        Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut numbers = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4096));
        while let Some(element) = seq.next_element()? {
            match element {
                Part::Number(number) => numbers.push(number),
                // llama.cpp writes a vector for each token of the text; of a text that is pooled there is one.
                Part::Vector(vector) if numbers.is_empty() && !self.nested => {
                    return match seq.next_element::<IgnoredAny>()? {
                        None => Ok(vector),
                        Some(_) => Err(A::Error::custom("there are several vectors for one text")),
                    };
                }
                Part::Vector(_) => return Err(A::Error::custom("the vector holds what is no number")),
            }
        }
        Ok(numbers)
    }
}

/// An element of a list: a number, or a vector.
enum Part {
    Number(f32),
    Vector(Vec<f32>),
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Part, E> {
                Ok(Part::Number(number as f32))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Part, E> {
                Ok(Part::Number(number as f32))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Part, E> {
                Ok(Part::Number(number as f32))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Part, A::Error> {
                NumbersVisitor { nested: true }.visit_seq(seq).map(Part::Vector)
            }
        }
        deserializer.deserialize_any(PartVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_that_can_be_read_is_read() {
        for embedding in [
            "[1.0,-2]",
            "[1,-2.0]",
            "[1e0,-2.0e0]",
            "[[1,-2]]",
            r#""AACAPwAAAMA=""#,
            r#""AACAPwAAAMA""#,
            r#"" AACAPwAAAMA=\n""#,
            r#""[1, -2]""#,
        ] {
            let read: Numbers = serde_json::from_str(embedding).unwrap();
            assert_eq!(read.0, [1.0, -2.0], "{embedding}");
        }
        let for_addresses = serde_json::from_str::<Numbers>(r#""-v_-_g==""#).unwrap();
        assert_eq!(
            for_addresses.0,
            serde_json::from_str::<Numbers>(r#""+v/+/g==""#).unwrap().0
        );
    }

    #[test]
    fn what_is_no_vector_is_not_read_as_one() {
        for embedding in [
            r#""AAA""#,
            r#""AAAA""#,
            r#""****""#,
            "[]",
            "[[]]",
            r#""""#,
            "[[1],[2]]",
            "[[1],2]",
            "[1,[2]]",
            "[[[1]]]",
            "[null]",
            "[1,null]",
            "[true]",
            r#"[1,"2"]"#,
            r#"["NaN"]"#,
            "[1e39]",
            "7",
            "null",
            "{}",
            r#""[[1],[2]]""#,
            r#""AADAfw==""#,
        ] {
            assert!(serde_json::from_str::<Numbers>(embedding).is_err(), "{embedding}");
        }
    }
}
