//! Reads the fields of a block from its JSON object and writes them back, so that nothing in the object is lost.

use serde::ser::SerializeMap;
use serde_json::{Map, Value};

use crate::messages::Extra;

/// A field of a block, with the rule for the value of its key.
pub(crate) trait Field: Sized {
    /// Returns whether the object has the value that this field needs.
    fn fits(map: &Map<String, Value>, key: &str) -> bool;
    /// Takes the value out if it is of this field's type; a value of another type stays in the object.
    fn take(map: &mut Map<String, Value>, key: &str) -> Self;
    /// Puts the value into an object.
    fn put(self, map: &mut Map<String, Value>, key: &str);
    /// Writes the value after those that are written already.
    fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error>;
}

/// JSON that a field can hold.
pub(crate) trait Json: Sized {
    fn fits(value: &Value) -> bool;
    fn from_json(value: Value) -> Option<Self>;
    fn into_json(self) -> Value;
    fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error>;
}

/// Implements a field that the block needs.
macro_rules! needed_field {
    ($type:ty, $fits:expr, $from:expr) => {
        impl Json for $type {
            fn fits(value: &Value) -> bool {
                $fits(value)
            }

            fn from_json(value: Value) -> Option<Self> {
                $from(value)
            }

            fn into_json(self) -> Value {
                self.into()
            }

            fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
                map.serialize_entry(key, self)
            }
        }

        impl Field for $type {
            fn fits(map: &Map<String, Value>, key: &str) -> bool {
                map.get(key).is_some_and(<Self as Json>::fits)
            }

            fn take(map: &mut Map<String, Value>, key: &str) -> Self {
                // The caller asks `fits` first, so the default is never used.
                map.shift_remove(key)
                    .and_then(Self::from_json)
                    .unwrap_or_default()
            }

            fn put(self, map: &mut Map<String, Value>, key: &str) {
                map.insert(key.to_owned(), self.into_json());
            }

            fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
                Json::write(self, map, key)
            }
        }
    };
}

needed_field!(String, Value::is_string, |value| match value {
    Value::String(text) => Some(text),
    _ => None,
});
needed_field!(Map<String, Value>, Value::is_object, |value| match value {
    Value::Object(object) => Some(object),
    _ => None,
});

/// Any JSON except null: a null stays in the object, so that it is written again and not taken for a missing key.
impl Json for Value {
    fn fits(value: &Value) -> bool {
        !value.is_null()
    }

    fn from_json(value: Value) -> Option<Self> {
        Some(value)
    }

    fn into_json(self) -> Value {
        self
    }

    fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
}

impl<T: Json> Field for Option<T> {
    fn fits(_: &Map<String, Value>, _: &str) -> bool {
        true
    }

    fn take(map: &mut Map<String, Value>, key: &str) -> Self {
        let fits = map.get(key).is_some_and(T::fits);
        fits.then(|| map.shift_remove(key)).flatten().and_then(T::from_json)
    }

    fn put(self, map: &mut Map<String, Value>, key: &str) {
        if let Some(value) = self {
            map.insert(key.to_owned(), value.into_json());
        }
    }

    fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| value.write(map, key))
    }
}

/// An object with at least one key; an empty object stays in the block's object.
impl Field for Extra {
    fn fits(_: &Map<String, Value>, _: &str) -> bool {
        true
    }

    fn take(map: &mut Map<String, Value>, key: &str) -> Self {
        match map.get_mut(key) {
            Some(Value::Object(object)) if !object.is_empty() => {
                let object = std::mem::take(object);
                map.shift_remove(key);
                object.into()
            }
            _ => Self::default(),
        }
    }

    fn put(self, map: &mut Map<String, Value>, key: &str) {
        if !self.is_empty() {
            map.insert(key.to_owned(), Value::Object(self.into_map()));
        }
    }

    fn write<M: SerializeMap>(&self, map: &mut M, key: &str) -> Result<(), M::Error> {
        if self.is_empty() {
            return Ok(());
        }
        map.serialize_entry(key, self)
    }
}

/// Writes one block type: its fields, the fields that every block has, and the conversion from and to its JSON object.
macro_rules! block {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The id of the block: the provider's, or one that starts with `lc_`.
            pub id: Option<String>,
            /// The index of the block in its answer, by which streamed pieces of the block find each other.
            pub index: Option<$crate::messages::BlockIndex>,
            /// The provider's data for which the standard has no field.
            pub extras: $crate::messages::Extra,
            /// Other keys of the object, and standard keys whose value has another type, verbatim.
            pub other: $crate::messages::Extra,
        }

        impl $name {
            /// Reads the object of a block. Returns the object if a field that the block needs is missing.
            #[allow(unused_mut, reason = "some blocks have no field except the common ones")]
            pub(crate) fn read(
                mut map: serde_json::Map<String, serde_json::Value>,
            ) -> std::result::Result<Self, serde_json::Map<String, serde_json::Value>> {
                use $crate::messages::blocks::fields::Field;
                $(if !<$type as Field>::fits(&map, stringify!($field)) {
                    return Err(map);
                })*
                Ok(Self {
                    $($field: Field::take(&mut map, stringify!($field)),)*
                    id: Field::take(&mut map, "id"),
                    index: Field::take(&mut map, "index"),
                    extras: Field::take(&mut map, "extras"),
                    other: map.into(),
                })
            }

            /// Puts the fields into an object that has the type.
            pub(crate) fn put(self, map: &mut serde_json::Map<String, serde_json::Value>) {
                use $crate::messages::blocks::fields::Field;
                $(self.$field.put(map, stringify!($field));)*
                self.id.put(map, "id");
                self.index.put(map, "index");
                self.extras.put(map, "extras");
                map.extend(self.other.into_map());
            }

            pub(crate) fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> std::result::Result<(), M::Error> {
                use $crate::messages::blocks::fields::Field;
                $(Field::write(&self.$field, map, stringify!($field))?;)*
                Field::write(&self.id, map, "id")?;
                Field::write(&self.index, map, "index")?;
                Field::write(&self.extras, map, "extras")?;
                self.other.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))
            }

            /// Sets the id.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let block = cadena_core::messages::", stringify!($name), "::default().with_id(\"msg_1\");")]
            /// assert_eq!(block.id.as_deref(), Some("msg_1"));
            /// ```
            #[must_use]
            pub fn with_id(mut self, id: impl Into<String>) -> Self {
                self.id = Some(id.into());
                self
            }

            /// Sets the index of the block in its answer, by which streamed pieces of the block find each other.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let block = cadena_core::messages::", stringify!($name), "::default().with_index(0);")]
            /// assert_eq!(block.index, Some(0.into()));
            /// ```
            #[must_use]
            pub fn with_index(mut self, index: impl Into<$crate::messages::BlockIndex>) -> Self {
                self.index = Some(index.into());
                self
            }

            /// Adds a value for which the standard has no field.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let block = cadena_core::messages::", stringify!($name), "::default().with_extra(\"score\", 7);")]
            /// assert_eq!(block.extras["score"], 7);
            /// ```
            #[must_use]
            pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.extras.insert(key, value);
                self
            }
        }
    };
}
pub(crate) use block;
