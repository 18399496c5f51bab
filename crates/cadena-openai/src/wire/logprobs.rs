//! Log probabilities in the forms that servers have: OpenAI's, those of the older completions, those of llama.cpp.

mod legacy;
mod llamacpp;

use std::fmt;

use cadena_core::{AIMessageChunk, Logprobs, Merge, ResponseMetadata, TokenLogprob};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::member::{Found, Lenient, is_empty, otherwise_odd};

/// An object, or the list that it would hold.
impl<'de> Lenient<'de> for Option<Logprobs> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        struct Place<'s>(&'s mut Option<Logprobs>);
        impl<'de> Visitor<'de> for Place<'_> {
            type Value = Found;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("log probabilities")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
                let read = Logprobs::deserialize(MapAccessDeserializer::new(map))?;
                *self.0 = Some(complete(read));
                Ok(Found::Known)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Found, A::Error> {
                list(self.0, seq)
            }

            otherwise_odd!('de; unit, bool, number, str);
        }
        deserializer.deserialize_any(Place(self))
    }
}

/// Puts tokens where they belong, in whatever form the object holds them.
fn complete(logprobs: Logprobs) -> Logprobs {
    let mut logprobs = llamacpp::list(legacy::tokens(logprobs));
    let lists = [&mut logprobs.content, &mut logprobs.refusal];
    lists.into_iter().flatten().flatten().for_each(llamacpp::complete);
    logprobs
}

fn list<'de, A: SeqAccess<'de>>(place: &mut Option<Logprobs>, mut seq: A) -> Result<Found, A::Error> {
    let mut tokens = Vec::new();
    loop {
        let mut token = None;
        match seq.next_element_seed(Element(&mut token))? {
            None => break,
            Some(Found::Odd(value)) => return mixed(place, &tokens, *value, seq),
            Some(_) => {}
        }
        if let Some(token) = token {
            // An event has one token; a plain push makes room for four.
            if tokens.capacity() == 0 {
                tokens.reserve_exact(1);
            }
            tokens.push(token);
        }
    }
    if tokens.is_empty() {
        return Ok(Found::Nothing);
    }
    *place = Some(complete(Logprobs::content(tokens)));
    Ok(Found::Known)
}

/// A list with an element that is no object. Core has the rule for it.
fn mixed<'de, A: SeqAccess<'de>>(
    place: &mut Option<Logprobs>,
    tokens: &[TokenLogprob],
    odd: Value,
    mut seq: A,
) -> Result<Found, A::Error> {
    let tokens = tokens.iter().filter_map(|token| serde_json::to_value(token).ok());
    let mut list: Vec<Value> = tokens.chain([odd]).collect();
    while let Some(element) = seq.next_element()? {
        list.push(element);
    }
    let object = Map::from_iter([("content".to_owned(), Value::Array(list))]);
    let mut logprobs = Logprobs::deserialize(Value::Object(object)).unwrap_or_default();
    if let Some(list) = logprobs.extra.remove("content") {
        return Ok(Found::odd(list));
    }
    *place = Some(complete(logprobs));
    Ok(Found::Known)
}

/// An element of a list of tokens.
struct Element<'s>(&'s mut Option<TokenLogprob>);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        *self.0 = Some(TokenLogprob::deserialize(MapAccessDeserializer::new(map))?);
        Ok(Found::Known)
    }

    otherwise_odd!('de; unit, bool, number, str, seq);
}

/// The log probabilities of a choice.
#[derive(Debug, Default)]
pub(crate) struct Given {
    known: Option<Logprobs>,
    /// A form that is not known.
    odd: Option<Box<Value>>,
}

impl Given {
    pub(crate) fn is_none(&self) -> bool {
        self.known.is_none() && self.odd.is_none()
    }

    /// Writes them into the metadata of a chunk that has none.
    pub(crate) fn put(self, metadata: &mut ResponseMetadata) {
        metadata.logprobs = self.known;
        if let Some(odd) = self.odd {
            metadata.extra.insert(LOGPROBS, *odd);
        }
    }
}

impl<'de> Lenient<'de> for Given {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        Ok(match self.known.read(deserializer)? {
            Found::Odd(value) if !is_empty(&value) => {
                self.odd = Some(value);
                Found::Known
            }
            found => found,
        })
    }
}

/// The log probabilities of an event or a part of the Responses API. An empty list there means that none were asked for.
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

impl<'de> Lenient<'de> for Tokens {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        let mut read: Option<Logprobs> = None;
        let odd = match read.read(deserializer)? {
            Found::Odd(value) => *value,
            // Every event has an empty list where none were asked for.
            Found::Nothing | Found::Empty => {
                *self = Self::default();
                return Ok(Found::Known);
            }
            Found::Known => Value::Null,
        };
        let (list, odd) = match read {
            Some(Logprobs {
                content: Some(list), ..
            }) => (list, odd),
            Some(other) => (Vec::new(), other.extra.into()),
            None => (Vec::new(), odd),
        };
        let odd = (!is_empty(&odd)).then(|| Box::new(odd));
        *self = Self { list, odd };
        Ok(Found::Known)
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut tokens = Self::default();
        tokens.read(deserializer)?;
        Ok(tokens)
    }
}
