//! Readers of single fields that accept what servers send there, and never fail on a value of another type.

use std::fmt;
use std::marker::PhantomData;

use cadena_core::{Logprobs, TokenLogprob};
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::legacy;

/// Answers every kind of value that has no method of its own with "nothing".
macro_rules! otherwise_nothing {
    ($lifetime:lifetime, $nothing:expr; $($kind:ident),*) => {
        $(otherwise_nothing!(@ $lifetime, $nothing, $kind);)*
    };
    (@ $l:lifetime, $nothing:expr, unit) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, bool) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, number) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, str) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, seq) => {
        fn visit_seq<A: SeqAccess<$l>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
    (@ $l:lifetime, $nothing:expr, map) => {
        fn visit_map<A: MapAccess<$l>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

/// The number of a choice or of a call; what is none is as good as missing.
pub(crate) fn index<'de, T: TryFrom<i64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct IndexVisitor<T>(PhantomData<T>);
    impl<'de, T: TryFrom<i64>> Visitor<'de> for IndexVisitor<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an index")
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(i64::try_from(number).ok().and_then(|number| T::try_from(number).ok()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(T::try_from(number).ok())
        }

        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            // Some servers write `1.0`; what is no whole number does not read as one.
            Ok(format!("{number}")
                .parse()
                .ok()
                .and_then(|number| T::try_from(number).ok()))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(text.parse().ok().and_then(|number| T::try_from(number).ok()))
        }

        otherwise_nothing!('de, None; unit, bool, seq, map);
    }
    deserializer.deserialize_any(IndexVisitor(PhantomData))
}

/// The log probabilities of a choice; other shapes than an object say nothing that could be kept.
pub(super) fn logprobs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Logprobs>, D::Error> {
    struct LogprobsVisitor;
    impl<'de> Visitor<'de> for LogprobsVisitor {
        type Value = Option<Logprobs>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("log probabilities")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let logprobs = Logprobs::deserialize(MapAccessDeserializer::new(map))?;
            Ok(Some(legacy::tokens(logprobs)))
        }

        otherwise_nothing!('de, None; unit, bool, number, str, seq);
    }
    deserializer.deserialize_any(LogprobsVisitor)
}

/// The log probabilities of an event or a part of the Responses API. An empty list there says that none were asked for.
pub(crate) fn tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TokenLogprob>, D::Error> {
    struct TokensVisitor;
    impl<'de> Visitor<'de> for TokensVisitor {
        type Value = Vec<TokenLogprob>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of tokens")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut tokens = Vec::new();
            while let Some(token) = seq.next_element()? {
                // An event has one token; a plain push makes room for four.
                if tokens.capacity() == 0 {
                    tokens.reserve_exact(1);
                }
                tokens.push(token);
            }
            Ok(tokens)
        }

        otherwise_nothing!('de, Vec::new(); unit, bool, number, str, map);
    }
    deserializer.deserialize_any(TokensVisitor)
}
