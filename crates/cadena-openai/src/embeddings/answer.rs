//! The answer of the embeddings endpoint: vectors as numbers or base64, in any order.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cadena_core::{Error, ErrorKind, Result};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The body of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) data: Vec<Item>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<Counted>,
}

/// What the answer says it cost.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counted {
    pub(super) prompt_tokens: u64,
    pub(super) total_tokens: u64,
}

/// One vector, with the place of its text in the request.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Numbers,
}

/// The vectors of `count` texts in the order of the texts. Without any `index`, they are in that order already.
pub(super) fn in_order(items: Vec<Item>, count: usize) -> Result<Vec<Vec<f32>>> {
    let wrong = |detail: String| {
        let hint =
            "the server does not keep to the embeddings protocol; ask it for fewer texts at once by `with_batch_size`";
        Error::new(ErrorKind::Decode, detail).with_hint(hint)
    };
    let got = items.len();
    if got != count {
        return Err(wrong(format!("the answer has {got} vectors for {count} texts")));
    }
    let numbered = items.iter().any(|item| item.index.is_some());
    let mut places: Vec<Option<Vec<f32>>> = vec![None; count];
    for (place, item) in items.into_iter().enumerate() {
        let index = match item.index {
            Some(index) => index,
            None if !numbered => place,
            None => {
                return Err(wrong(
                    "some vectors of the answer have an `index` and some have none".to_owned(),
                ));
            }
        };
        let slot = places.get_mut(index).ok_or_else(|| {
            wrong(format!(
                "the answer has a vector with the `index` {index} for {count} texts"
            ))
        })?;
        if slot.replace(item.embedding.0).is_some() {
            return Err(wrong(format!("the answer has two vectors with the `index` {index}")));
        }
    }
    // As many vectors as places, and none twice: every place has one.
    Ok(places.into_iter().flatten().collect())
}

/// A vector: a list of numbers, or the bytes of little-endian floats in base64, which are a quarter of its size.
#[derive(Debug)]
struct Numbers(Vec<f32>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumbersVisitor;
        impl<'de> Visitor<'de> for NumbersVisitor {
            type Value = Vec<f32>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers, or floats in base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let bytes = BASE64_STANDARD
                    .decode(text)
                    .map_err(|_| E::custom("the vector is not base64"))?;
                let (floats, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom("the base64 of the vector ends inside a number"));
                }
                Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut numbers = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4096));
                while let Some(number) = seq.next_element()? {
                    numbers.push(number);
                }
                Ok(numbers)
            }
        }
        let numbers = deserializer.deserialize_any(NumbersVisitor)?;
        if numbers.is_empty() || numbers.iter().any(|number| !number.is_finite()) {
            return Err(serde::de::Error::custom(
                "the vector is empty, or holds what is no number",
            ));
        }
        Ok(Self(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(data: &str, count: usize) -> Result<Vec<Vec<f32>>> {
        in_order(serde_json::from_str::<Vec<Item>>(data).unwrap(), count)
    }

    #[test]
    fn base64_is_the_same_as_numbers() {
        let text = r#"[{"index":0,"embedding":"AACAPwAAAMA="},{"index":1,"embedding":[1.0,-2]}]"#;
        assert_eq!(vectors(text, 2).unwrap(), [[1.0, -2.0], [1.0, -2.0]]);
    }

    #[test]
    fn vectors_stand_where_their_index_says() {
        let text = r#"[{"index":1,"embedding":[1]},{"index":0,"embedding":[0]}]"#;
        assert_eq!(vectors(text, 2).unwrap(), [[0.0], [1.0]]);
        let unnumbered = r#"[{"embedding":[1]},{"embedding":[0]}]"#;
        assert_eq!(vectors(unnumbered, 2).unwrap(), [[1.0], [0.0]]);
    }

    #[test]
    fn an_index_that_is_missing_twice_or_out_of_range_is_an_error() {
        for (data, words) in [
            (r#"[{"index":0,"embedding":[1]}]"#, "1 vectors for 2 texts"),
            (
                r#"[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]"#,
                "two vectors with the `index` 0",
            ),
            (
                r#"[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]"#,
                "`index` 2 for 2 texts",
            ),
            (r#"[{"index":0,"embedding":[1]},{"embedding":[1]}]"#, "some have none"),
        ] {
            let error = vectors(data, 2).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.detail().contains(words), "{error}");
        }
    }

    #[test]
    fn what_is_no_vector_is_not_read_as_one() {
        for embedding in [
            r#""AAA""#,
            r#""AAAA""#,
            r#""****""#,
            "[]",
            r#""""#,
            "[[1]]",
            "7",
            r#""AADAfw==""#,
        ] {
            let item = format!(r#"{{"index":0,"embedding":{embedding}}}"#);
            assert!(serde_json::from_str::<Item>(&item).is_err(), "{embedding}");
        }
    }
}
