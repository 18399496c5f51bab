//! A usage object in LangChain's words.

use cadena_core::{TokenDetails, UsageMetadata};
use serde_json::{Map, Value};

/// What an endpoint calls the counts.
pub(crate) struct UsageNames {
    input: &'static str,
    output: &'static str,
    input_details: &'static str,
    output_details: &'static str,
}

impl UsageNames {
    pub(crate) const CHAT_COMPLETIONS: Self = Self {
        input: "prompt_tokens",
        output: "completion_tokens",
        input_details: "prompt_tokens_details",
        output_details: "completion_tokens_details",
    };
    pub(crate) const RESPONSES: Self = Self {
        input: "input_tokens",
        output: "output_tokens",
        input_details: "input_tokens_details",
        output_details: "output_tokens_details",
    };
}

/// Counts of a usage object. What the server left out stays out; a missing total is the sum.
///
/// Tokens of the tiers `flex` and `priority` are priced apart, so they are counted under the tier's name.
pub(crate) fn count(usage: &Map<String, Value>, names: &UsageNames, tier: Option<&str>) -> UsageMetadata {
    let tier = tier.filter(|tier| matches!(*tier, "flex" | "priority"));
    let number = |key: &str| usage.get(key).and_then(whole_number).unwrap_or(0);
    let (input, output) = (number(names.input), number(names.output));
    let mut counted = UsageMetadata::new(input, output);
    match number("total_tokens") {
        0 => {}
        total => counted.total_tokens = total,
    }
    let details = |key: &str, part: (&str, &str), tokens: u64| {
        let said = |name: &str| usage.get(key)?.get(name).and_then(whole_number);
        let mut details = TokenDetails::new();
        let (wire, ours) = part;
        let special = said(wire);
        details.extend(said("audio_tokens").map(|audio| ("audio".to_owned(), audio)));
        let name = tier.map_or_else(|| ours.to_owned(), |tier| format!("{tier}_{ours}"));
        details.extend(special.map(|count| (name, count)));
        if let Some(tier) = tier {
            details.insert(tier.to_owned(), tokens.saturating_sub(special.unwrap_or(0)));
        }
        Some(Box::new(details))
    };
    counted.input_token_details = details(names.input_details, ("cached_tokens", "cache_read"), input);
    counted.output_token_details = details(names.output_details, ("reasoning_tokens", "reasoning"), output);
    counted
}

/// Some servers write their counts as `3.0`.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value
            .as_f64()
            .filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
        format!("{number}").parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(usage: Value, tier: Option<&str>, expect: Value) {
        let counted = count(usage.as_object().unwrap(), &UsageNames::CHAT_COMPLETIONS, tier);
        assert_eq!(serde_json::to_value(counted).unwrap(), expect);
    }

    #[test]
    fn what_the_server_left_out_stays_out() {
        check(
            json!({"prompt_tokens": 4, "completion_tokens": 2.0, "prompt_tokens_details": null}),
            None,
            json!({"input_tokens": 4, "output_tokens": 2, "total_tokens": 6, "input_token_details": {}, "output_token_details": {}}),
        );
    }

    #[test]
    fn a_tier_counts_its_own_tokens() {
        let usage = json!({
            "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 20},
        });
        let expect = json!({
            "input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
            "input_token_details": {"flex_cache_read": 64, "flex": 36},
            "output_token_details": {"flex_reasoning": 20, "flex": 30},
        });
        check(usage, Some("flex"), expect);
    }
}
