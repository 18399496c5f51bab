//! How objects of the wire are read: each known member leniently, and every other one kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Keeps every kind of value that a visitor has no method for.
macro_rules! otherwise_odd {
    ($lifetime:lifetime; $($kind:ident),*) => {
        $(otherwise_odd!(@ $lifetime, $kind);)*
    };
    (@ $l:lifetime, unit) => {
        fn visit_unit<E>(self) -> Result<$crate::wire::member::Found, E> {
            Ok($crate::wire::member::Found::Nothing)
        }
    };
    (@ $l:lifetime, bool) => {
        fn visit_bool<E>(self, value: bool) -> Result<$crate::wire::member::Found, E> {
            Ok($crate::wire::member::Found::odd(value))
        }
    };
    (@ $l:lifetime, number) => {
        fn visit_i64<E>(self, value: i64) -> Result<$crate::wire::member::Found, E> {
            Ok($crate::wire::member::Found::odd(value))
        }
        fn visit_u64<E>(self, value: u64) -> Result<$crate::wire::member::Found, E> {
            Ok($crate::wire::member::Found::odd(value))
        }
        fn visit_f64<E>(self, value: f64) -> Result<$crate::wire::member::Found, E> {
            Ok($crate::wire::member::Found::odd(value))
        }
    };
    (@ $l:lifetime, str) => {
        fn visit_str<E>(self, value: &str) -> Result<$crate::wire::member::Found, E> {
            Ok($crate::wire::member::Found::odd(value))
        }
    };
    (@ $l:lifetime, seq) => {
        fn visit_seq<A: serde::de::SeqAccess<$l>>(self, list: A) -> Result<$crate::wire::member::Found, A::Error> {
            Ok($crate::wire::member::Found::odd(<serde_json::Value as serde::Deserialize>::deserialize(serde::de::value::SeqAccessDeserializer::new(list))?))
        }
    };
    (@ $l:lifetime, map) => {
        fn visit_map<A: serde::de::MapAccess<$l>>(self, map: A) -> Result<$crate::wire::member::Found, A::Error> {
            Ok($crate::wire::member::Found::odd(<serde_json::Value as serde::Deserialize>::deserialize(serde::de::value::MapAccessDeserializer::new(map))?))
        }
    };
}
pub(crate) use otherwise_odd;

/// Declares an object of the wire and how it is read.
///
/// A member is read by the rule of its field's type; `name | "alias"` has two names. Members that are `ignored` (all others, if that is `_`) are read
/// past, every other one is kept in `other`. (`#[serde(flatten)]` would buffer every object before it reads it, for every token.) `from_text` reads a text in place of the object.
macro_rules! wire_struct {
    (
        $(#[$attribute:meta])*
        $vis:vis struct $name:ident<$a:lifetime> {
            $($(#[$doc:meta])* $field_vis:vis $field:ident $(| $alias:literal)*: $type:ty,)*
        }
        $(ignored: $($ignored:tt)|+;)?
        $(from_text: $from_text:expr;)?
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Default)]
        $vis struct $name<$a> {
            $($(#[$doc])* $field_vis $field: $type,)*
            /// The other members that the server sent.
            $vis other: $crate::wire::member::Other,
        }

        impl<'de: $a, $a> $crate::wire::member::Members<'de> for $name<$a> {
            fn member<A: serde::de::MapAccess<'de>>(
                &mut self,
                key: $crate::wire::member::Key<'de>,
                map: &mut A,
            ) -> Result<(), A::Error> {
                #[allow(unreachable_patterns, reason = "where all other members are ignored")]
                match key.as_str() {
                    $(stringify!($field) $(| $alias)* => key.known(map, &mut self.$field, &mut self.other),)*
                    $($($ignored)|+ => map.next_value::<serde::de::IgnoredAny>().map(drop),)?
                    _ => key.unknown(map, &mut self.other),
                }
            }

            $(
                fn text(&mut self, text: &str) -> bool {
                    ($from_text)(self, text)
                }
            )?
        }

        impl<'de: $a, $a> serde::Deserialize<'de> for $name<$a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::member::read_object(deserializer)
            }
        }

        impl<'de: $a, $a> $crate::wire::member::Lenient<'de> for Option<$name<$a>> {
            fn read<D: serde::Deserializer<'de>>(
                &mut self,
                deserializer: D,
            ) -> Result<$crate::wire::member::Found, D::Error> {
                $crate::wire::member::read_optional(self, deserializer)
            }
        }
    };
}
pub(crate) use wire_struct;

/// Members that a type does not know, and known ones with a value that nobody understands. Nulls are left out.
pub(crate) type Other = Option<Box<Map<String, Value>>>;

/// Something that can be read from a value of any type, and is never an error because of it.
pub(crate) trait Lenient<'de>: Default {
    /// Reads a value in place, as what holds choices and messages is moved once for every token otherwise.
    ///
    /// A value that is not understood leaves `self` unchanged. So if a key comes twice, the last value that is understood and not null wins.
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error>;
}

/// The result of reading a value.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// It has been taken over.
    Known,
    /// An object without a member.
    Empty,
    /// Null.
    Nothing,
    /// A value of a type that means nothing here. Boxed, as every member of every token returns this enum.
    Odd(Box<Value>),
}

impl Found {
    pub(crate) fn odd(value: impl std::convert::Into<Value>) -> Self {
        Self::Odd(Box::new(value.into()))
    }
}

/// Reads a value into a place.
pub(crate) struct Into<'s, T>(pub(crate) &'s mut T);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Into<'_, T> {
    type Value = Found;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        self.0.read(deserializer)
    }
}

/// Rare members are boxed; a null costs no box.
impl<'de, T: Lenient<'de>> Lenient<'de> for Option<Box<T>> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        let mut value = T::default();
        let found = value.read(deserializer)?;
        if found == Found::Known {
            *self = Some(Box::new(value));
        }
        Ok(found)
    }
}

/// Reads an object; another value is an error.
pub(crate) fn read_object<'de, T: Members<'de> + Lenient<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    use serde::de::Error as _;
    let mut object = T::default();
    match object.read(deserializer)? {
        Found::Known | Found::Empty => Ok(object),
        Found::Nothing | Found::Odd(_) => Err(D::Error::custom("expected an object")),
    }
}

/// Reads an object that may be missing. Where it comes twice, the members of the second add to those of the first.
pub(crate) fn read_optional<'de, T: Members<'de> + Lenient<'de>, D: Deserializer<'de>>(
    place: &mut Option<T>,
    deserializer: D,
) -> Result<Found, D::Error> {
    let is_new = place.is_none();
    let found = place.get_or_insert_default().read(deserializer)?;
    if is_new && !matches!(found, Found::Known | Found::Empty) {
        *place = None;
    }
    Ok(found)
}

impl<'de, T: Members<'de>> Lenient<'de> for T {
    #[inline]
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(Object(self))
    }
}

/// JSON as it came.
impl<'de> Lenient<'de> for Option<Value> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        match Self::deserialize(deserializer)? {
            None => Ok(Found::Nothing),
            known => {
                *self = known;
                Ok(Found::Known)
            }
        }
    }
}

impl<'de> Lenient<'de> for Option<Box<Value>> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        let Some(value) = Option::<Value>::deserialize(deserializer)? else {
            return Ok(Found::Nothing);
        };
        *self = Some(Box::new(value));
        Ok(Found::Known)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Debug)]
pub(crate) struct Key<'a>(Cow<'a, str>);

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the value of a member that has a field.
    #[inline(always)]
    pub(crate) fn known<'de, T: Lenient<'de>, A: MapAccess<'de>>(
        self,
        map: &mut A,
        field: &mut T,
        other: &mut Other,
    ) -> Result<(), A::Error> {
        if let Found::Odd(value) = map.next_value_seed(Into(field))?
            && !is_empty(&value)
        {
            self.keep(*value, other);
        }
        Ok(())
    }

    /// Reads the value of a member that has none.
    pub(crate) fn unknown<'de, A: MapAccess<'de>>(self, map: &mut A, other: &mut Other) -> Result<(), A::Error> {
        // Servers write nulls in place of members that they do not use, for every token.
        if let Some(value) = map.next_value::<Option<Value>>()? {
            self.keep(value, other);
        }
        Ok(())
    }

    #[cold]
    fn keep(self, value: Value, other: &mut Other) {
        other.get_or_insert_default().insert(self.0.into_owned(), value);
    }
}

/// Whether a value of an unexpected type is one of those that servers write for "nothing".
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            #[inline]
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// An object of the wire; [`wire_struct`] writes it.
pub(crate) trait Members<'de>: Default {
    /// Reads the value of a member.
    fn member<A: MapAccess<'de>>(&mut self, key: Key<'de>, map: &mut A) -> Result<(), A::Error>;

    /// Reads a text that a server sends in place of the object. Returns whether it has a meaning.
    fn text(&mut self, _: &str) -> bool {
        false
    }
}

/// Reads an object into its place.
struct Object<'s, T>(&'s mut T);

impl<'de, T: Members<'de>> Visitor<'de> for Object<'_, T> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = Found::Empty;
        while let Some(key) = map.next_key()? {
            found = Found::Known;
            self.0.member(key, &mut map)?;
        }
        Ok(found)
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(match self.0.text(text) {
            true => Found::Known,
            false => Found::odd(text),
        })
    }

    otherwise_odd!('de; unit, bool, number, seq);
}
