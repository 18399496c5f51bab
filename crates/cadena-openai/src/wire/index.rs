//! The number of a choice or of a call.

use serde::Deserializer;

use super::lenient;
use super::member::{Found, Lenient};

impl<'de> Lenient<'de> for Option<u32> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        Ok(number(self, lenient::index(deserializer)?))
    }
}

impl<'de> Lenient<'de> for Option<i64> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        Ok(number(self, lenient::index(deserializer)?))
    }
}

/// An index that is no number is as good as missing: nobody would miss it in the metadata.
fn number<T>(slot: &mut Option<T>, read: Option<T>) -> Found {
    if read.is_none() {
        return Found::Nothing;
    }
    *slot = read;
    Found::Known
}
