//! The answer of the embeddings endpoint: vectors as numbers or base64, in any order.

mod numbers;

use std::fmt;

use cadena_core::{Error, ErrorKind, Result};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::convert::{UsageNames, count};
use numbers::Numbers;

/// The body of an answer; some servers send the list alone.
#[derive(Debug)]
pub(super) struct List {
    pub(super) data: Vec<Item>,
    pub(super) model: Option<String>,
    usage: Option<Map<String, Value>>,
}

impl List {
    /// The tokens of the texts, and all that are paid for; 0 if the server does not count.
    pub(super) fn tokens(&self) -> (u64, u64) {
        self.usage.as_ref().map_or((0, 0), |usage| {
            let counted = count(usage, &UsageNames::CHAT_COMPLETIONS, None);
            (counted.input_tokens, counted.total_tokens)
        })
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Body {
            data: Vec<Item>,
            #[serde(default)]
            model: Value,
            #[serde(default)]
            usage: Value,
        }
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of vectors")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List, A::Error> {
                let Body { data, model, usage } = Body::deserialize(MapAccessDeserializer::new(map))?;
                let model = model.as_str().map(str::to_owned);
                let usage = match usage {
                    Value::Object(usage) => Some(usage),
                    _ => None,
                };
                Ok(List { data, model, usage })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<List, A::Error> {
                Ok(List {
                    data: Vec::deserialize(SeqAccessDeserializer::new(seq))?,
                    model: None,
                    usage: None,
                })
            }
        }
        deserializer.deserialize_any(ListVisitor)
    }
}

/// One vector, with the place of its text in the request.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    #[serde(default)]
    index: Index,
    embedding: Numbers,
}

/// The place of a text by the index of its vector.
#[derive(Clone, Copy, Debug, Default)]
enum Index {
    #[default]
    Missing,
    At(usize),
    /// A value that is no place.
    Wrong,
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Missing);
        }
        let number = match &value {
            // `1.0` is the place 1.
            Value::Number(number) => number.as_u64().or_else(|| format!("{}", number.as_f64()?).parse().ok()),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let place = number.and_then(|number: u64| usize::try_from(number).ok());
        Ok(place.map_or(Self::Wrong, Self::At))
    }
}

/// The vectors of `count` texts in the order of the texts. Without any `index`, they are in that order already; a single one that is missing is the 0
/// that a server made of protobuf leaves out.
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
    let missing = items.iter().filter(|item| matches!(item.index, Index::Missing)).count();
    let has_first = items.iter().any(|item| matches!(item.index, Index::At(0)));
    let mut places: Vec<Option<Vec<f32>>> = vec![None; count];
    for (place, item) in items.into_iter().enumerate() {
        let index = match item.index {
            Index::At(index) => index,
            Index::Missing if missing == count => place,
            Index::Missing if missing == 1 && !has_first => 0,
            Index::Missing => {
                return Err(wrong(
                    "some vectors of the answer have an `index` and some have none".to_owned(),
                ));
            }
            Index::Wrong => return Err(wrong("an `index` of the answer is no whole number".to_owned())),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(data: &str, count: usize) -> Result<Vec<Vec<f32>>> {
        in_order(serde_json::from_str::<Vec<Item>>(data).unwrap(), count)
    }

    #[test]
    fn vectors_stand_where_their_index_says() {
        let text = r#"[{"index":1,"embedding":[1]},{"index":0,"embedding":[0]}]"#;
        assert_eq!(vectors(text, 2).unwrap(), [[0.0], [1.0]]);
        for said in ["1", "1.0", "\"1\""] {
            for zero in [
                "",
                r#""index":null,"#,
                r#""index":0,"#,
                r#""index":0.0,"#,
                r#""index":"0","#,
            ] {
                let text = format!(r#"[{{"index":{said},"embedding":[1]}},{{{zero}"embedding":[0]}}]"#);
                assert_eq!(vectors(&text, 2).unwrap(), [[0.0], [1.0]], "{text}");
            }
        }
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
            (
                r#"[{"embedding":[1]},{"index":2,"embedding":[1]}]"#,
                "`index` 2 for 2 texts",
            ),
            (
                r#"[{"index":-1,"embedding":[1]},{"index":0,"embedding":[1]}]"#,
                "no whole number",
            ),
            (
                r#"[{"index":0.5,"embedding":[1]},{"embedding":[1]}]"#,
                "no whole number",
            ),
        ] {
            let error = vectors(data, 2).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.detail().contains(words), "{error}");
        }
    }

    #[test]
    fn two_missing_indexes_among_three_are_an_error() {
        let text = r#"[{"embedding":[1]},{"index":1,"embedding":[1]},{"embedding":[1]}]"#;
        assert!(vectors(text, 3).unwrap_err().detail().contains("some have none"));
    }

    #[test]
    fn a_list_comes_alone_or_with_what_it_cost() {
        for (body, model, tokens) in [
            (r#"[{"embedding":[1]}]"#, None, (0, 0)),
            (
                r#"{"data":[{"embedding":[1]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":3}}"#,
                Some("m"),
                (2, 3),
            ),
            (
                r#"{"data":[{"embedding":[1]}],"model":"m","usage":{"prompt_tokens":"2","total_tokens":3.0}}"#,
                Some("m"),
                (2, 3),
            ),
            (
                r#"{"data":[{"embedding":[1]}],"model":7,"usage":{"input_tokens":2}}"#,
                None,
                (2, 2),
            ),
            (
                r#"{"data":[{"embedding":[1]}],"model":null,"usage":{"prompt_tokens":null,"total_tokens":-1}}"#,
                None,
                (0, 0),
            ),
            (r#"{"data":[{"embedding":[1]}],"usage":"2"}"#, None, (0, 0)),
        ] {
            let list: List = serde_json::from_str(body).unwrap();
            assert_eq!((list.model.as_deref(), list.tokens()), (model, tokens), "{body}");
            assert_eq!(in_order(list.data, 1).unwrap(), [[1.0]]);
        }
        for body in ["{}", r#"{"data":null}"#, "7", r#"[{"index":0}]"#] {
            assert!(serde_json::from_str::<List>(body).is_err(), "{body}");
        }
    }
}
