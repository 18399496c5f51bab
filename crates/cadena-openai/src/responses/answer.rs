//! A response as it is read: missing members and nulls are the same, and what is not known is kept.

use std::fmt;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::{Found, Lenient, Text, otherwise_odd, wire_struct};

wire_struct! {
    /// A whole response, as the body of an answer and in the events that speak of the whole.
    pub(crate) struct Response<'a> {
        pub(crate) id: Text<'a>,
        pub(crate) model: Text<'a>,
        pub(crate) status: Text<'a>,
        pub(crate) service_tier: Text<'a>,
        pub(crate) error: Option<Value>,
        pub(crate) incomplete_details: Option<Value>,
        pub(crate) created_at: Option<Value>,
        pub(crate) metadata: Option<Value>,
        pub(crate) object: Option<Value>,
        pub(crate) user: Option<Value>,
        pub(crate) usage: Option<Value>,
        /// The items. At the end of a stream they repeat everything, so they stay text until it is known that one of them is new.
        pub(crate) output: Option<Vec<&'a RawValue>>,
    }
    // Members that a response repeats of its request, and OpenAI's own notes about it.
    ignored: "background" | "billing" | "completed_at" | "conversation" | "frequency_penalty" | "instructions" | "max_output_tokens" | "max_tool_calls" | "moderation" | "output_text" | "parallel_tool_calls" | "presence_penalty" | "previous_response_id" | "prompt" | "prompt_cache_key" | "prompt_cache_options" | "prompt_cache_retention" | "reasoning" | "safety_identifier" | "store" | "temperature" | "text" | "tool_choice" | "tools" | "top_logprobs" | "top_p" | "truncation";
}

impl<'de: 'a, 'a> Lenient<'de> for Option<Vec<&'a RawValue>> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(ItemsVisitor(self))
    }
}

struct ItemsVisitor<'s, 'a>(&'s mut Option<Vec<&'a RawValue>>);

impl<'de: 'a, 'a> Visitor<'de> for ItemsVisitor<'_, 'a> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        *self.0 = Some(items);
        Ok(Found::Known)
    }

    otherwise_odd!('de; unit, bool, number, str, map);
}
