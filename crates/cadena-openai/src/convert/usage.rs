//! A usage object in LangChain's words.

use cadena_core::{TokenDetails, UsageMetadata};
use serde_json::{Map, Value};

/// The names of the counts at an endpoint. Servers that have both endpoints count in one of them by the names of the other.
pub(crate) struct UsageNames {
    input: [&'static str; 2],
    output: [&'static str; 2],
    input_details: [&'static str; 2],
    output_details: [&'static str; 2],
}

impl UsageNames {
    pub(crate) const CHAT_COMPLETIONS: Self = Self {
        input: ["prompt_tokens", "input_tokens"],
        output: ["completion_tokens", "output_tokens"],
        input_details: ["prompt_tokens_details", "input_tokens_details"],
        output_details: ["completion_tokens_details", "output_tokens_details"],
    };
    pub(crate) const RESPONSES: Self = Self {
        input: ["input_tokens", "prompt_tokens"],
        output: ["output_tokens", "completion_tokens"],
        input_details: ["input_tokens_details", "prompt_tokens_details"],
        output_details: ["output_tokens_details", "completion_tokens_details"],
    };
}

/// The place of a count of some tokens: a member of the details, or one beside the counts, for servers without details.
struct Place {
    /// LangChain's word for it.
    ours: &'static str,
    inside: &'static [&'static str],
    beside: &'static [&'static str],
}

/// Those beside the counts are of `DeepSeek`, Moonshot, and Anthropic's words in `LiteLLM`.
const CACHE_READ: Place = Place {
    ours: "cache_read",
    inside: &["cached_tokens"],
    beside: &["prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"],
};
const CACHE_CREATION: Place = Place {
    ours: "cache_creation",
    inside: &["cache_write_tokens", "cache_creation_tokens"],
    beside: &["cache_write_tokens", "cache_creation_input_tokens"],
};
const REASONING: Place = Place {
    ours: "reasoning",
    inside: &["reasoning_tokens"],
    beside: &["reasoning_tokens"],
};
const AUDIO: Place = Place {
    ours: "audio",
    inside: &["audio_tokens"],
    beside: &[],
};

/// Counts of a usage object. A count that the server left out stays out; a missing total is the sum.
///
/// Tokens of the tiers `flex` and `priority` are priced apart, so they are counted under the tier's name.
pub(crate) fn count(usage: &Map<String, Value>, names: &UsageNames, tier: Option<&str>) -> UsageMetadata {
    let tier = tier.filter(|tier| matches!(*tier, "flex" | "priority"));
    let first = |map: &Map<String, Value>, names: &[&str]| {
        let mut found = names.iter().filter_map(|name| map.get(*name).and_then(whole_number));
        found.next()
    };
    let (input, output) = (first(usage, &names.input), first(usage, &names.output));
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    let mut counted = UsageMetadata::new(input, output);
    match first(usage, &["total_tokens"]) {
        None | Some(0) => {}
        Some(total) => counted.total_tokens = total,
    }
    // The tokens that are counted under the first of `special` are none of the tier's.
    let details = |within: &[&str], special: &[Place], tokens: u64| {
        let inner = within.iter().find_map(|name| usage.get(*name)?.as_object());
        let said = |place: &Place| {
            let inside = inner.and_then(|inner| first(inner, place.inside));
            inside.or_else(|| first(usage, place.beside))
        };
        let mut details = TokenDetails::new();
        details.extend(said(&AUDIO).map(|audio| (AUDIO.ours.to_owned(), audio)));
        let mut apart = None;
        for place in special {
            let count = said(place);
            let name = tier.map_or_else(|| place.ours.to_owned(), |tier| format!("{tier}_{}", place.ours));
            details.extend(count.map(|count| (name, count)));
            apart.get_or_insert(count.unwrap_or(0));
        }
        if let Some(tier) = tier {
            details.insert(tier.to_owned(), tokens.saturating_sub(apart.unwrap_or(0)));
        }
        Some(Box::new(details))
    };
    counted.input_token_details = details(&names.input_details, &[CACHE_READ, CACHE_CREATION], input);
    counted.output_token_details = details(&names.output_details, &[REASONING], output);
    counted
}

/// A count, also as the `3.0` or the text that some servers make of it. Another value counts as missing.
fn whole_number(value: &Value) -> Option<u64> {
    fn whole(number: f64) -> Option<u64> {
        // Written out, so that a number too large for a count is none; below 0 there is a sign.
        (number.fract() == 0.0)
            .then(|| format!("{number}").parse().ok())
            .flatten()
    }
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
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

    /// The counts of a usage object by either endpoint's names: input, output, total, read from the cache, written to it, reasoning.
    #[track_caller]
    fn counts(usage: Value) -> [u64; 6] {
        let usage = usage.as_object().unwrap();
        let [chat, responses] =
            [UsageNames::CHAT_COMPLETIONS, UsageNames::RESPONSES].map(|names| count(usage, &names, None));
        assert_eq!(chat, responses);
        [
            chat.input_tokens,
            chat.output_tokens,
            chat.total_tokens,
            chat.cache_read(),
            chat.cache_creation(),
            chat.reasoning(),
        ]
    }

    #[test]
    fn texts_and_floats_are_counts_and_what_is_no_count_says_nothing() {
        for (three, expect) in [
            (json!(3), 3),
            (json!(3.0), 3),
            (json!("3"), 3),
            (json!(" 3.0 "), 3),
            (json!("3e0"), 3),
            (json!(null), 0),
            (json!(-3), 0),
            (json!(-3.0), 0),
            (json!("-3"), 0),
            (json!(2.5), 0),
            (json!("2.5"), 0),
            (json!(1e300), 0),
            (json!("many"), 0),
            (json!("NaN"), 0),
            (json!("inf"), 0),
            (json!(""), 0),
            (json!(true), 0),
            (json!([3]), 0),
            (json!({"tokens": 3}), 0),
        ] {
            let usage = json!({"prompt_tokens": three, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": three}});
            assert_eq!(counts(usage), [expect, 1, expect + 1, expect, 0, 0], "{three}");
        }
    }

    #[test]
    fn each_endpoint_reads_the_names_of_the_other() {
        for details in [
            json!({"input_tokens_details": {"cached_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}}),
            json!({"prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 1}}),
        ] {
            for mut usage in [
                json!({"input_tokens": "5", "output_tokens": "5.0"}),
                json!({"prompt_tokens": 5, "completion_tokens": 5}),
            ] {
                usage
                    .as_object_mut()
                    .unwrap()
                    .extend(details.as_object().unwrap().clone());
                assert_eq!(counts(usage), [5, 5, 10, 2, 0, 1]);
            }
        }
        // The endpoint's own names come first, if they count anything.
        let both = json!({"prompt_tokens": 4, "input_tokens": 7, "completion_tokens": null, "output_tokens": 2});
        let chat = count(both.as_object().unwrap(), &UsageNames::CHAT_COMPLETIONS, None);
        assert_eq!((chat.input_tokens, chat.output_tokens), (4, 2));
        let responses = count(both.as_object().unwrap(), &UsageNames::RESPONSES, None);
        assert_eq!((responses.input_tokens, responses.output_tokens), (7, 2));
    }

    #[test]
    fn a_cache_is_counted_by_the_words_of_each_server() {
        for (said, read, written) in [
            (
                json!({"prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 4}}),
                3,
                4,
            ),
            (
                json!({"input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": "4.0"}}),
                3,
                4,
            ),
            (
                json!({"prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 6}),
                3,
                0,
            ),
            (
                json!({"prompt_tokens_details": {"cached_tokens": 3}, "prompt_cache_hit_tokens": 5}),
                3,
                0,
            ),
            (
                json!({"prompt_tokens_details": null, "prompt_cache_hit_tokens": "3"}),
                3,
                0,
            ),
            (json!({"cached_tokens": 3}), 3, 0),
            (
                json!({"cache_read_input_tokens": 3, "cache_creation_input_tokens": 4}),
                3,
                4,
            ),
        ] {
            let mut usage = json!({"prompt_tokens": 9, "completion_tokens": 1});
            usage.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            assert_eq!(counts(usage), [9, 1, 10, read, written, 0], "{said}");
        }
    }

    #[test]
    fn a_tier_counts_its_own_tokens() {
        let usage = json!({
            "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 20},
        });
        let expect = json!({
            "input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
            "input_token_details": {"flex_cache_read": 64, "flex_cache_creation": 8, "flex": 36},
            "output_token_details": {"flex_reasoning": 20, "flex": 30},
        });
        check(usage, Some("flex"), expect);
    }
}
