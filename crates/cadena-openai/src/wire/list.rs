//! A list of the wire: choices or calls.

use std::fmt;

use serde::Deserializer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::member::{Found, Lenient, otherwise_odd};

/// There is nearly always one, so room is made for one. A single one, without a list around it, is a list of one; what is not
/// understood in a list is skipped, and a list of nothing else is missing.
impl<'de, T: Lenient<'de>> Lenient<'de> for Option<Vec<T>> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(ListVisitor(self))
    }
}

struct ListVisitor<'s, T>(&'s mut Option<Vec<T>>);

impl<'de, T: Lenient<'de>> Visitor<'de> for ListVisitor<'_, T> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let (mut list, mut any) = (Vec::new(), false);
        while let Some(found) = seq.next_element_seed(Push(&mut list))? {
            if found != Found::Known {
                list.pop();
                any = true;
            }
        }
        if any && list.is_empty() {
            return Ok(Found::Nothing);
        }
        *self.0 = Some(list);
        Ok(Found::Known)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        let mut item = T::default();
        let found = item.read(MapAccessDeserializer::new(map))?;
        if found == Found::Known {
            *self.0 = Some(vec![item]);
        }
        Ok(found)
    }

    otherwise_odd!('de; unit, bool, number, str);
}

/// Reads an element into its final place, as it is too large to be moved for every token.
struct Push<'s, T>(&'s mut Vec<T>);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Push<'_, T> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        let Self(list) = self;
        if list.capacity() == 0 {
            list.reserve_exact(1);
        }
        list.push(T::default());
        match list.last_mut() {
            Some(element) => element.read(deserializer),
            None => Ok(Found::Nothing),
        }
    }
}
