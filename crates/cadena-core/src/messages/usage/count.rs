//! A count of tokens as histories hold it: a whole number, which Python may write as `7.0`.

use std::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::TokenDetails;

/// Reads a count.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Count::deserialize(deserializer).map(|Count(count)| count)
}

/// Reads counts by name.
pub(super) fn read_all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<TokenDetails>>, D::Error> {
    let details = Option::<indexmap::IndexMap<String, Count>>::deserialize(deserializer)?;
    Ok(details.map(|details| Box::new(details.into_iter().map(|(name, Count(count))| (name, count)).collect())))
}

/// A value that LangChain takes for a whole number; a value below 0 is 0, as there are no negative counts.
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl Visitor<'_> for CountVisitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(number).unwrap_or(0)))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Count, E> {
                let whole = whole(number).map(Count);
                whole.ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
            }

            // Pydantic reads a boolean as the integer that it is in Python.
            fn visit_bool<E>(self, set: bool) -> Result<Count, E> {
                Ok(Count(set.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Count, E> {
                let number = text.trim();
                let count = number.parse().ok().or_else(|| whole(number.parse().ok()?));
                // The text may be anything, so the error does not quote it.
                count
                    .map(Count)
                    .ok_or_else(|| E::custom("the text is not a whole number"))
            }
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

/// Returns a float without a fraction as a count, if it is in the range of a count.
fn whole(number: f64) -> Option<u64> {
    // 2^64, which a float can hold and a count cannot.
    let fits = number.fract() == 0.0 && number < 18_446_744_073_709_551_616.0;
    // A cast of a negative number is 0.
    fits.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::UsageMetadata;

    #[test]
    fn a_count_is_what_langchain_takes_for_one() {
        for (count, expect) in [
            (json!(7), Some(7)),
            (json!(7.0), Some(7)),
            (json!("7"), Some(7)),
            (json!(" 7.0 "), Some(7)),
            (json!(true), Some(1)),
            (json!(-3), Some(0)),
            (json!(-3.0), Some(0)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(7.5), None),
            (json!(1e30), None),
            (json!("many"), None),
            (json!(null), None),
            (json!([7]), None),
        ] {
            let usage = json!({
                "input_tokens": count, "output_tokens": count, "total_tokens": count,
                "input_token_details": {"cache_read": count}, "output_token_details": {"reasoning": count},
            });
            let read = serde_json::from_value::<UsageMetadata>(usage).ok();
            let counts = read.as_ref().map(|read| {
                [
                    read.input_tokens,
                    read.total_tokens,
                    read.cache_read(),
                    read.reasoning(),
                ]
            });
            assert_eq!(counts, expect.map(|count| [count; 4]), "{count}");
        }
    }

    #[test]
    fn missing_details_are_none() {
        let usage = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_token_details": null});
        let read: UsageMetadata = serde_json::from_value(usage).unwrap();
        assert_eq!((read.input_token_details, read.output_token_details), (None, None));
    }
}
