//! The provider's metadata about an answer, typed where it is known.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Alignment, Content, Extra, Logprobs};
use crate::{Merge, Result};

/// The key that marks an answer out of a cache.
pub(crate) const FROM_CACHE: &str = "from_cache";

/// The provider's metadata about an answer: LangChain's `response_metadata`, typed where it is known.
///
/// The JSON has LangChain's keys, the known ones only if they are set. When chunks are added, log probabilities append, the
/// last known scalar wins, and other keys follow [`merge_dicts`](crate::merge::json::merge_dicts).
///
/// # Examples
///
/// ```
/// use cadena_core::ResponseMetadata;
///
/// let metadata: ResponseMetadata = serde_json::from_str(r#"{"finish_reason":"stop","mood":"good"}"#)?;
/// assert_eq!(metadata.finish_reason.as_deref(), Some("stop"));
/// assert_eq!(metadata.extra.get("mood"), Some(&"good".into()));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[doc(alias = "response_metadata")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ResponseMetadata {
    /// The usage object as the server wrote it; [`UsageMetadata`](crate::UsageMetadata) is the portable form.
    pub token_usage: Option<Box<Map<String, Value>>>,
    /// The provider of the answer, such as `openai`.
    pub model_provider: Option<Cow<'static, str>>,
    /// The model that answered, as the server names it.
    pub model_name: Option<String>,
    /// The server's configuration, with which an answer can be reproduced.
    pub system_fingerprint: Option<String>,
    /// The server's id of this answer.
    pub id: Option<String>,
    /// The processing tier that was used.
    pub service_tier: Option<String>,
    /// Why the answer ended, such as `stop`, `length` or `tool_calls`.
    pub finish_reason: Option<String>,
    /// The log probability of each token, if the call asked for them. Log probabilities of an unknown form are in
    /// [`extra`](Self::extra) under `logprobs`, as the server sent them.
    pub logprobs: Option<Logprobs>,
    /// All other keys, and known keys whose value has an unexpected type.
    pub extra: Extra,
}

impl ResponseMetadata {
    /// Returns whether nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_core::ResponseMetadata::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether the answer is from a [cache](crate::ChatCache): no model was called for it, and its usage was counted before.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cadena_core::AIMessage::new("hi").response_metadata.is_from_cache());
    /// ```
    #[must_use]
    pub fn is_from_cache(&self) -> bool {
        self.extra.get(FROM_CACHE) == Some(&Value::Bool(true))
    }

    /// Returns whether the answer ended at its token limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::AIMessageChunk;
    ///
    /// let cut = AIMessageChunk::new("Once upon a").with_finish_reason("length");
    /// assert!(cut.response_metadata.is_cut());
    /// ```
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.finish_reason.as_deref() == Some("length")
    }

    /// Returns whether the answer ended before it was finished, so that its last text or call may be cut.
    pub(crate) fn ends_early(&self) -> bool {
        // OpenAI's Responses API sends a status beside the reason, and may send reasons that are not known here.
        matches!(self.finish_reason.as_deref(), Some("length" | "content_filter"))
            || self.extra.get("status").is_some_and(|status| status == "incomplete")
    }

    /// Lays the tokens of a text over it, if there are log probabilities.
    pub(crate) fn alignment<'a>(&'a self, content: &'a Content) -> Option<Alignment<'a>> {
        let tokens = self.logprobs.as_ref()?.content.as_deref()?;
        Some(Alignment::new(content.text(), tokens))
    }

    fn text_field(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "model_name" => &mut self.model_name,
            "system_fingerprint" => &mut self.system_fingerprint,
            "id" => &mut self.id,
            "service_tier" => &mut self.service_tier,
            "finish_reason" => &mut self.finish_reason,
            _ => return None,
        })
    }

    fn set(&mut self, key: String, value: Value) {
        match (key.as_str(), value) {
            ("token_usage", Value::Object(usage)) => self.token_usage = Some(Box::new(usage)),
            ("model_provider", Value::String(provider)) => self.model_provider = Some(provider.into()),
            ("logprobs", value @ Value::Object(_)) => match Logprobs::deserialize(&value) {
                Ok(logprobs) => self.logprobs = Some(logprobs),
                Err(_) => drop(self.extra.insert(key, value)),
            },
            (_, Value::String(text)) => match self.text_field(&key) {
                Some(field) => *field = Some(text),
                None => drop(self.extra.insert(key, text)),
            },
            (_, value) => drop(self.extra.insert(key, value)),
        }
    }
}

impl Merge for ResponseMetadata {
    fn merge(&mut self, next: Self) -> Result<()> {
        let Self {
            token_usage,
            model_provider,
            model_name,
            system_fingerprint,
            id,
            service_tier,
            finish_reason,
            logprobs,
            mut extra,
        } = next;
        // Servers repeat these in every chunk, so the last known value wins.
        replace(&mut self.token_usage, token_usage);
        replace(&mut self.model_provider, model_provider);
        replace(&mut self.model_name, model_name);
        replace(&mut self.system_fingerprint, system_fingerprint);
        replace(&mut self.id, id);
        replace(&mut self.service_tier, service_tier);
        replace(&mut self.finish_reason, finish_reason);
        self.logprobs.merge(logprobs)?;
        self.merge_filters(&mut extra);
        self.merge_strange_logprobs(&mut extra);
        self.extra.merge(extra)
    }
}

impl ResponseMetadata {
    /// Merges the findings of content filters, category by category. A later finding replaces an earlier one, where the rules for unknown JSON would
    /// join two texts to `safesafe`.
    fn merge_filters(&mut self, next: &mut Extra) {
        if !self.extra.get(FILTERS).is_some_and(Value::is_object) || !next.get(FILTERS).is_some_and(Value::is_object) {
            return;
        }
        if let (Some(Value::Object(mut found)), Some(Value::Object(more))) =
            (self.extra.remove(FILTERS), next.remove(FILTERS))
        {
            found.extend(more);
            self.extra.insert(FILTERS, found);
        }
    }
}

impl ResponseMetadata {
    /// Merges log probabilities of an unknown form to a list of all, since each event of a stream may bring some. The rules for unknown JSON would add
    /// numbers up, and fail for two types.
    fn merge_strange_logprobs(&mut self, next: &mut Extra) {
        let is_strange = |extra: &Extra| extra.get(LOGPROBS).is_some_and(|value| !value.is_null());
        if !is_strange(&self.extra) || !is_strange(next) {
            return;
        }
        fn list(value: Value) -> Vec<Value> {
            match value {
                Value::Array(list) => list,
                other => vec![other],
            }
        }
        if let Some(more) = next.remove(LOGPROBS)
            && let Some(slot) = self.extra.get_mut(LOGPROBS)
        {
            let mut all = list(slot.take());
            all.extend(list(more));
            *slot = all.into();
        }
    }
}

/// The key of the log probabilities.
const LOGPROBS: &str = "logprobs";

/// The key under which servers report the findings of their content filters.
const FILTERS: &str = "content_filter_results";

fn replace<T>(left: &mut Option<T>, right: Option<T>) {
    if right.is_some() {
        *left = right;
    }
}

impl From<Map<String, Value>> for ResponseMetadata {
    fn from(map: Map<String, Value>) -> Self {
        let mut out = Self::default();
        map.into_iter().for_each(|(key, value)| out.set(key, value));
        out
    }
}

impl<'de> Deserialize<'de> for ResponseMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for ResponseMetadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = [
            ("model_provider", self.model_provider.as_deref()),
            ("model_name", self.model_name.as_deref()),
            ("system_fingerprint", self.system_fingerprint.as_deref()),
            ("id", self.id.as_deref()),
            ("service_tier", self.service_tier.as_deref()),
            ("finish_reason", self.finish_reason.as_deref()),
        ];
        let mut map = serializer.serialize_map(None)?;
        if let Some(usage) = &self.token_usage {
            map.serialize_entry("token_usage", usage)?;
        }
        for (key, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(key, text)?;
            }
        }
        if let Some(logprobs) = &self.logprobs {
            map.serialize_entry("logprobs", logprobs)?;
        }
        for (key, value) in self.extra.iter() {
            // After a merge a known key of an unexpected type may stand beside the field: the field is written.
            let typed = match key.as_str() {
                "token_usage" => self.token_usage.is_some(),
                "logprobs" => self.logprobs.is_some(),
                key => texts.iter().any(|(name, text)| *name == key && text.is_some()),
            };
            if !typed {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_null_stays_null_until_a_chunk_brings_the_value() {
        let mut sum: ResponseMetadata = serde_json::from_value(json!({"logprobs": null})).unwrap();
        assert_eq!(serde_json::to_value(&sum).unwrap(), json!({"logprobs": null}));
        sum.merge(serde_json::from_value(json!({"logprobs": {"content": [], "refusal": null}})).unwrap())
            .unwrap();
        assert_eq!(
            serde_json::to_value(&sum).unwrap(),
            json!({"logprobs": {"content": [], "refusal": null}})
        );
    }

    #[test]
    fn log_probabilities_of_no_known_form_become_one_list() {
        let read = |value| serde_json::from_value::<ResponseMetadata>(json!({ "logprobs": value })).unwrap();
        let all = [json!(-0.5), json!([-0.25, 1]), json!("a"), json!(-0.5), json!(true)];
        let expect = json!({"logprobs": [-0.5, -0.25, 1, "a", -0.5, true]});
        for split in 1..all.len() {
            let sum = |part: &[Value]| {
                let mut sum = ResponseMetadata::default();
                part.iter().for_each(|value| sum.merge(read(value.clone())).unwrap());
                sum
            };
            let mut left = sum(&all[..split]);
            left.merge(sum(&all[split..])).unwrap();
            assert_eq!(serde_json::to_value(&left).unwrap(), expect);
        }
        assert_eq!(
            serde_json::to_value(read(json!(-0.5))).unwrap(),
            json!({"logprobs": -0.5})
        );
    }

    #[test]
    fn repeated_scalars_do_not_double() {
        let read = |value| serde_json::from_value::<ResponseMetadata>(value).unwrap();
        let mut sum = read(json!({"model_name": "gpt-x", "finish_reason": "stop"}));
        sum.merge(read(json!({"model_name": "gpt-x"}))).unwrap();
        assert_eq!(
            serde_json::to_value(&sum).unwrap(),
            json!({"model_name": "gpt-x", "finish_reason": "stop"})
        );
    }
}
