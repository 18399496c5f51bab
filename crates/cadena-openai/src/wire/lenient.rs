//! Readers of single fields that accept what servers send there, and never fail on a value of another type.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Reads every kind of value without a method in the visitor as "nothing".
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
pub(crate) use otherwise_nothing;

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
