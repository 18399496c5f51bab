//! Log probabilities in the forms that servers have: OpenAI's, those of the older completions, those of llama.cpp.

mod legacy;
mod llamacpp;

use std::fmt;

use cadena_core::{AIMessageChunk, Logprobs, Merge, ResponseMetadata, TokenLogprob};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What stands where log probabilities are expected.
#[derive(Debug)]
pub(super) enum Given {
    Nothing,
    Known(Logprobs),
    /// A form that is not known.
    Odd(Value),
}

/// Reads the log probabilities of a choice: an object, or the list that it would hold.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
    struct GivenVisitor;
    impl<'de> Visitor<'de> for GivenVisitor {
        type Value = Given;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("log probabilities")
        }

        fn visit_unit<E>(self) -> Result<Given, E> {
            Ok(Given::Nothing)
        }

        fn visit_bool<E>(self, value: bool) -> Result<Given, E> {
            Ok(Given::Odd(value.into()))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Given, E> {
            Ok(Given::Odd(value.into()))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Given, E> {
            Ok(Given::Odd(value.into()))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Given, E> {
            Ok(Given::Odd(value.into()))
        }

        fn visit_str<E>(self, value: &str) -> Result<Given, E> {
            Ok(Given::Odd(value.into()))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given, A::Error> {
            Logprobs::deserialize(MapAccessDeserializer::new(map)).map(known)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Given, A::Error> {
            list(seq)
        }
    }
    deserializer.deserialize_any(GivenVisitor)
}

/// An object, in whatever form it holds its tokens.
fn known(logprobs: Logprobs) -> Given {
    let mut logprobs = llamacpp::list(legacy::tokens(logprobs));
    let lists = [&mut logprobs.content, &mut logprobs.refusal];
    lists.into_iter().flatten().flatten().for_each(llamacpp::complete);
    Given::Known(logprobs)
}

fn list<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Given, A::Error> {
    let mut tokens = Vec::new();
    while let Some(element) = seq.next_element()? {
        match element {
            Element::Nothing => {}
            Element::Token(token) => {
                // An event has one token; a plain push makes room for four.
                if tokens.capacity() == 0 {
                    tokens.reserve_exact(1);
                }
                tokens.push(token);
            }
            Element::Odd(value) => return mixed(&tokens, value, seq),
        }
    }
    if tokens.is_empty() {
        return Ok(Given::Nothing);
    }
    Ok(known(Logprobs::content(tokens)))
}

/// A list with an element that is no object. Core has the rule for it.
fn mixed<'de, A: SeqAccess<'de>>(tokens: &[TokenLogprob], odd: Value, mut seq: A) -> Result<Given, A::Error> {
    let tokens = tokens.iter().filter_map(|token| serde_json::to_value(token).ok());
    let mut list: Vec<Value> = tokens.chain([odd]).collect();
    while let Some(element) = seq.next_element()? {
        list.push(element);
    }
    let object = Map::from_iter([("content".to_owned(), Value::Array(list))]);
    let mut logprobs = Logprobs::deserialize(Value::Object(object)).unwrap_or_default();
    Ok(match logprobs.extra.remove("content") {
        Some(list) => Given::Odd(list),
        None => known(logprobs),
    })
}

/// An element of a list of tokens.
enum Element {
    Nothing,
    Token(TokenLogprob),
    Odd(Value),
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementVisitor;
        impl<'de> Visitor<'de> for ElementVisitor {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element, A::Error> {
                TokenLogprob::deserialize(MapAccessDeserializer::new(map)).map(Element::Token)
            }

            fn visit_unit<E>(self) -> Result<Element, E> {
                Ok(Element::Nothing)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Element, E> {
                Ok(Element::Odd(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Element, E> {
                Ok(Element::Odd(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Element, E> {
                Ok(Element::Odd(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Element, E> {
                Ok(Element::Odd(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Element, E> {
                Ok(Element::Odd(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Element, A::Error> {
                Value::deserialize(serde::de::value::SeqAccessDeserializer::new(seq)).map(Element::Odd)
            }
        }
        deserializer.deserialize_any(ElementVisitor)
    }
}

/// The log probabilities of an event or a part of the Responses API. An empty list there says that none were asked for.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    list: Vec<TokenLogprob>,
    /// A form that is not known.
    odd: Option<Box<Value>>,
}

impl Tokens {
    /// How many there are; those of a form that is not known are one.
    pub(crate) fn count(&self) -> usize {
        self.list.len() + usize::from(self.odd.is_some())
    }

    /// Adds them to those of a chunk.
    pub(crate) fn add_to(self, chunk: &mut AIMessageChunk) {
        let metadata = &mut chunk.response_metadata;
        if !self.list.is_empty() {
            match metadata
                .logprobs
                .as_mut()
                .and_then(|logprobs| logprobs.content.as_mut())
            {
                Some(content) => content.extend(self.list),
                None => metadata.logprobs = Some(Logprobs::content(self.list)),
            }
        }
        if let Some(odd) = self.odd {
            let mut said = ResponseMetadata::default();
            said.extra.insert(LOGPROBS, *odd);
            // Forms that are not known make a list, whatever they are.
            let _ = metadata.merge(said);
        }
    }

    /// Whether a chunk has any.
    pub(crate) fn are_in(chunk: &AIMessageChunk) -> bool {
        let metadata = &chunk.response_metadata;
        metadata.logprobs.is_some() || metadata.extra.contains_key(LOGPROBS)
    }
}

impl From<Vec<TokenLogprob>> for Tokens {
    fn from(list: Vec<TokenLogprob>) -> Self {
        Self { list, odd: None }
    }
}

/// The key of log probabilities.
const LOGPROBS: &str = "logprobs";

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let odd = |value: Value| {
            let says_nothing = match &value {
                Value::Null | Value::Bool(false) => true,
                Value::Bool(true) | Value::Number(_) => false,
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                Value::Object(map) => map.is_empty(),
            };
            (!says_nothing).then(|| Box::new(value))
        };
        Ok(match read(deserializer)? {
            Given::Nothing => Self::default(),
            Given::Known(Logprobs {
                content: Some(list), ..
            }) => Self { list, odd: None },
            Given::Known(other) => Self {
                list: Vec::new(),
                odd: odd(other.extra.into()),
            },
            Given::Odd(value) => Self {
                list: Vec::new(),
                odd: odd(value),
            },
        })
    }
}
