//! Lists of tokens, in the forms in which servers write them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Logarithm, Read, strange};
use crate::messages::logprobs::{TokenLogprob, TopLogprob};

/// An element of a list of tokens.
pub(in super::super) trait Element: for<'de> Deserialize<'de> {
    /// Makes an element of a text and the value beside it.
    fn named(token: String, value: Value) -> Self;

    /// Makes an element of a value of an unknown form.
    fn strange(value: Value) -> Self;

    /// Reads an object in the place of a list, if the elements can be written so.
    fn of_object(object: Map<String, Value>) -> Read<Vec<Self>> {
        Read::strange(object)
    }
}

/// The key in `extra` for an element of an unknown form.
const RAW: &str = "raw";

impl Element for TokenLogprob {
    fn named(token: String, value: Value) -> Self {
        let TopLogprob {
            token,
            bytes,
            logprob,
            extra,
        } = TopLogprob::named(token, value);
        Self {
            token,
            bytes,
            logprob,
            top_logprobs: None,
            extra,
        }
    }

    fn strange(value: Value) -> Self {
        let TopLogprob { logprob, extra, .. } = TopLogprob::strange(value);
        Self {
            logprob,
            extra,
            ..Self::default()
        }
    }
}

impl Element for TopLogprob {
    fn named(token: String, value: Value) -> Self {
        let mut top = Self::unset();
        match Logarithm::deserialize(&value) {
            Ok(Logarithm(Read::Known(logprob))) => top.logprob = logprob,
            Ok(Logarithm(Read::Nothing)) => top.logprob = f64::NEG_INFINITY,
            // vLLM writes an object with the logarithm, the rank and the text for the number of each token.
            _ if value.is_object() => top = Self::deserialize(value).unwrap_or(top),
            _ => drop(top.extra.insert(RAW, value)),
        }
        if top.token.is_empty() {
            let decoded = top.extra.get("decoded_token").and_then(Value::as_str);
            top.token = decoded.map_or(token, str::to_owned);
        }
        top
    }

    fn strange(value: Value) -> Self {
        let mut top = Self::unset();
        top.extra.insert(RAW, value);
        top
    }

    /// Reads the logarithm of each text. The most probable one comes first, as in a list.
    fn of_object(object: Map<String, Value>) -> Read<Vec<Self>> {
        let mut list: Vec<_> = object
            .into_iter()
            .map(|(token, value)| Self::named(token, value))
            .collect();
        list.sort_by(|one, other| {
            let missing = one.logprob.is_nan().cmp(&other.logprob.is_nan());
            missing.then(other.logprob.total_cmp(&one.logprob))
        });
        Read::Known(list)
    }
}

/// A list of tokens, or of the alternatives at one place.
pub(in super::super) struct List<T>(Read<Vec<T>>);

impl<T> List<T> {
    /// Returns the list as a field that may be missing.
    pub(in super::super) fn some(self) -> Read<Option<Vec<T>>> {
        match self.0 {
            Read::Known(list) => Read::Known(Some(list)),
            Read::Strange(value) => Read::Strange(value),
            Read::Nothing => Read::Nothing,
        }
    }
}

/// An element as it was read.
struct Item<T>(Read<T>);

impl<'de, T: Element> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor<T>(PhantomData<T>);
        impl<'de, T: Element> Visitor<'de> for ItemVisitor<T> {
            type Value = Read<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Read::Known)
            }

            /// Reads a pair of a text and its logarithm, as some servers write it.
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Ok(match Value::deserialize(SeqAccessDeserializer::new(seq))? {
                    Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
                        Ok([Value::String(token), value]) if !value.is_array() => Read::Known(T::named(token, value)),
                        Ok(pair) => Read::strange(Vec::from(pair)),
                        Err(items) => Read::strange(items),
                    },
                    other => Read::strange(other),
                })
            }

            strange!('de; unit, bool, number, str);
        }
        deserializer.deserialize_any(ItemVisitor(PhantomData)).map(Self)
    }
}

impl<'de, T: Element> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Element> Visitor<'de> for ListVisitor<T> {
            type Value = Read<Vec<T>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of tokens")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(64));
                while let Some(Item(item)) = seq.next_element()? {
                    match item {
                        Read::Known(item) => list.push(item),
                        Read::Nothing => {}
                        Read::Strange(value) => return mixed(list, *value, seq),
                    }
                }
                Ok(Read::Known(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Map::deserialize(MapAccessDeserializer::new(map)).map(T::of_object)
            }

            strange!('de; unit, bool, number, str);
        }
        deserializer.deserialize_any(ListVisitor(PhantomData)).map(Self)
    }
}

/// Reads the rest of a list with an element of an unknown form. If no element is known, the list stays as it is; otherwise each element keeps its
/// place.
fn mixed<'de, T: Element, A: SeqAccess<'de>>(
    known: Vec<T>,
    first: Value,
    mut seq: A,
) -> Result<Read<Vec<T>>, A::Error> {
    let mut any = !known.is_empty();
    let mut all: Vec<Result<T, Value>> = known.into_iter().map(Ok).collect();
    all.push(Err(first));
    while let Some(Item(item)) = seq.next_element()? {
        match item {
            Read::Known(item) => {
                any = true;
                all.push(Ok(item));
            }
            Read::Nothing => {}
            Read::Strange(value) => all.push(Err(*value)),
        }
    }
    if any {
        let all = all.into_iter().map(|item| item.unwrap_or_else(T::strange));
        return Ok(Read::Known(all.collect()));
    }
    Ok(Read::strange(
        all.into_iter().filter_map(Result::err).collect::<Vec<_>>(),
    ))
}
