//! The number of tokens that a call used.

mod count;

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::{Error, ErrorKind, Merge, Result};

/// The number of tokens that a call used, in LangChain's form.
///
/// `total_tokens` is the server's number and is not computed again. Details are open maps, since providers add their own
/// keys (`cache_read`, `reasoning`, `audio`, `flex`, …).
///
/// # Examples
///
/// ```
/// use cadena_core::UsageMetadata;
///
/// let sum = UsageMetadata::new(5, 1) + UsageMetadata::new(7, 2);
/// assert_eq!((sum.input_tokens, sum.output_tokens, sum.total_tokens), (12, 3, 15));
/// ```
///
/// Counts that other programs stored as `7.0`, as `"7"`, or below 0 (as a difference) are read as 7, 7 and 0.
///
/// ```
/// use cadena_core::UsageMetadata;
/// use serde_json::json;
///
/// let usage: UsageMetadata = serde_json::from_value(json!({"input_tokens": 7.0, "output_tokens": "2", "total_tokens": 9}))?;
/// assert_eq!((usage.input_tokens, usage.output_tokens), (7, 2));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[doc(alias = "add_usage")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UsageMetadata {
    /// Tokens of the prompt.
    #[serde(deserialize_with = "count::read")]
    pub input_tokens: u64,
    /// Tokens of the answer.
    #[serde(deserialize_with = "count::read")]
    pub output_tokens: u64,
    /// The sum of both, as the server counts it.
    #[serde(deserialize_with = "count::read")]
    pub total_tokens: u64,
    /// The details of the prompt's tokens.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "count::read_all"
    )]
    pub input_token_details: Option<Box<TokenDetails>>,
    /// The details of the answer's tokens.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "count::read_all"
    )]
    pub output_token_details: Option<Box<TokenDetails>>,
    /// Other counts of the provider: whole numbers, or objects of them.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Counts by name, such as `cache_read` or `reasoning`.
#[doc(alias = "InputTokenDetails")]
#[doc(alias = "OutputTokenDetails")]
pub type TokenDetails = IndexMap<String, u64>;

impl UsageMetadata {
    /// Makes counts of a prompt and its answer; the total is their sum.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::UsageMetadata::new(5, 1).total_tokens, 6);
    /// ```
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        let total_tokens = input_tokens.saturating_add(output_tokens);
        Self {
            input_tokens,
            output_tokens,
            total_tokens,
            ..Self::default()
        }
    }

    /// Returns the prompt tokens that came from the provider's cache: `input_token_details["cache_read"]`; 0 if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::UsageMetadata;
    /// use serde_json::json;
    ///
    /// let usage: UsageMetadata = serde_json::from_value(json!({
    ///     "input_tokens": 9, "output_tokens": 3, "total_tokens": 12,
    ///     "input_token_details": {"cache_read": 4, "flex": 2},
    ///     "output_token_details": {"reasoning": 1},
    /// }))?;
    /// assert_eq!((usage.cache_read(), usage.cache_creation(), usage.reasoning()), (4, 0, 1));
    /// assert_eq!(usage.input_detail("flex"), Some(2)); // a key of the provider's own
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn cache_read(&self) -> u64 {
        self.input_detail("cache_read").unwrap_or(0)
    }

    /// Returns the prompt tokens that the provider put into its cache: `input_token_details["cache_creation"]`; 0 if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_input_detail("cache_creation", 4);
    /// assert_eq!(usage.cache_creation(), 4);
    /// ```
    #[must_use]
    pub fn cache_creation(&self) -> u64 {
        self.input_detail("cache_creation").unwrap_or(0)
    }

    /// Returns the prompt tokens that were sound: `input_token_details["audio"]`; 0 if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_input_detail("audio", 2);
    /// assert_eq!(usage.input_audio(), 2);
    /// ```
    #[must_use]
    pub fn input_audio(&self) -> u64 {
        self.input_detail("audio").unwrap_or(0)
    }

    /// Returns the answer tokens that are sound: `output_token_details["audio"]`; 0 if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_output_detail("audio", 2);
    /// assert_eq!(usage.output_audio(), 2);
    /// ```
    #[must_use]
    pub fn output_audio(&self) -> u64 {
        self.output_detail("audio").unwrap_or(0)
    }

    /// Returns the answer tokens that the model spent on reasoning: `output_token_details["reasoning"]`; 0 if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_output_detail("reasoning", 1);
    /// assert_eq!(usage.reasoning(), 1);
    /// ```
    #[must_use]
    pub fn reasoning(&self) -> u64 {
        self.output_detail("reasoning").unwrap_or(0)
    }

    /// Returns a count of the prompt's tokens by its name; `None` if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_input_detail("flex", 2);
    /// assert_eq!((usage.input_detail("flex"), usage.input_detail("audio")), (Some(2), None));
    /// ```
    #[must_use]
    pub fn input_detail(&self, key: &str) -> Option<u64> {
        self.input_token_details.as_ref()?.get(key).copied()
    }

    /// Returns a count of the answer's tokens by its name; `None` if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_output_detail("flex", 2);
    /// assert_eq!((usage.output_detail("flex"), usage.output_detail("audio")), (Some(2), None));
    /// ```
    #[must_use]
    pub fn output_detail(&self, key: &str) -> Option<u64> {
        self.output_token_details.as_ref()?.get(key).copied()
    }

    /// Sets a count of the prompt's tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_input_detail("cache_read", 4);
    /// assert_eq!(usage.cache_read(), 4);
    /// ```
    #[must_use]
    pub fn with_input_detail(mut self, key: impl Into<String>, count: u64) -> Self {
        self.input_token_details
            .get_or_insert_default()
            .insert(key.into(), count);
        self
    }

    /// Sets a count of the answer's tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// let usage = cadena_core::UsageMetadata::new(9, 3).with_output_detail("reasoning", 1);
    /// assert_eq!(usage.reasoning(), 1);
    /// ```
    #[must_use]
    pub fn with_output_detail(mut self, key: impl Into<String>, count: u64) -> Self {
        self.output_token_details
            .get_or_insert_default()
            .insert(key.into(), count);
        self
    }
}

fn combine_details(left: &mut Option<Box<TokenDetails>>, right: Option<Box<TokenDetails>>, op: fn(u64, u64) -> u64) {
    let Some(right) = right else { return };
    let left = left.get_or_insert_default();
    for (key, count) in *right {
        let slot = left.entry(key).or_insert(0);
        *slot = op(*slot, count);
    }
}

/// Combines open counts. A boolean counts as 0 or 1, as in Python.
fn combine_extra(left: &mut Extra, right: Extra, op: fn(u64, u64) -> u64) -> Result<()> {
    fn count(value: &Value) -> Option<u64> {
        value.as_u64().or_else(|| value.as_bool().map(u64::from))
    }
    for (key, value) in right.into_map() {
        let combined = match (left.get(&key), &value) {
            (None, value) if count(value).is_some() => op(0, count(value).unwrap_or(0)).into(),
            (Some(old), value) if count(old).is_some() && count(value).is_some() => {
                op(count(old).unwrap_or(0), count(value).unwrap_or(0)).into()
            }
            (old, Value::Object(new)) if old.is_none_or(Value::is_object) => {
                let mut inner: Extra = old.and_then(Value::as_object).cloned().unwrap_or_default().into();
                combine_extra(&mut inner, new.clone().into(), op)?;
                Value::Object(inner.into_map())
            }
            _ => {
                let detail = format!("the usage count `{key}` is neither a whole number nor an object on both sides");
                return Err(Error::new(ErrorKind::Merge, detail));
            }
        };
        left.insert(key, combined);
    }
    Ok(())
}

impl UsageMetadata {
    fn combine(&mut self, next: Self, op: fn(u64, u64) -> u64) -> Result<()> {
        let Self {
            input_tokens,
            output_tokens,
            total_tokens,
            input_token_details,
            output_token_details,
            extra,
        } = next;
        self.input_tokens = op(self.input_tokens, input_tokens);
        self.output_tokens = op(self.output_tokens, output_tokens);
        self.total_tokens = op(self.total_tokens, total_tokens);
        combine_details(&mut self.input_token_details, input_token_details, op);
        combine_details(&mut self.output_token_details, output_token_details, op);
        combine_extra(&mut self.extra, extra, op)
    }

    /// Returns the counts minus those of `used`; no count goes below 0.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Merge`] if another count of the provider is not a whole number.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::UsageMetadata;
    ///
    /// let left = UsageMetadata::new(5, 3).subtract(UsageMetadata::new(2, 9))?;
    /// assert_eq!((left.input_tokens, left.output_tokens), (3, 0));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[doc(alias = "subtract_usage")]
    pub fn subtract(mut self, used: Self) -> Result<Self> {
        self.combine(used, u64::saturating_sub)?;
        Ok(self)
    }
}

/// Counts add up; a count that only one side has is kept.
impl Merge for UsageMetadata {
    fn merge(&mut self, next: Self) -> Result<()> {
        self.combine(next, u64::saturating_add)
    }
}

/// As [`Merge`], but another count of the provider that cannot be added stays as it was.
impl AddAssign for UsageMetadata {
    fn add_assign(&mut self, next: Self) {
        let _ = self.merge(next);
    }
}

impl Add for UsageMetadata {
    type Output = Self;
    fn add(mut self, next: Self) -> Self {
        self += next;
        self
    }
}

impl Sum for UsageMetadata {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}
