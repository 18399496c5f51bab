//! Messages, their chunks and their usage.

use cadena_core::{AIMessage, AIMessageChunk, Merge, UsageMetadata, merge_all};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::errors::CaseError;
use crate::merge::arg;

fn dump(message: impl Serialize) -> Result<Value, CaseError> {
    Ok(serde_json::to_value(message)?)
}

/// LangChain's function takes any object: an empty one is none, a missing count is 0. A message's usage has all three.
fn usage(args: &Value, key: &str) -> Result<Option<UsageMetadata>, CaseError> {
    let mut usage = arg(args, key).clone();
    if let Value::Object(map) = &mut usage {
        if map.is_empty() {
            return Ok(None);
        }
        for count in ["input_tokens", "output_tokens", "total_tokens"] {
            map.entry(count).or_insert(json!(0));
        }
    }
    Ok(serde_json::from_value(usage)?)
}

pub(crate) fn add_usage(args: &Value) -> Result<Value, CaseError> {
    let mut sum = usage(args, "left")?;
    sum.merge(usage(args, "right")?)?;
    dump(sum.unwrap_or_default())
}

pub(crate) fn subtract_usage(args: &Value) -> Result<Value, CaseError> {
    dump(match (usage(args, "left")?, usage(args, "right")?) {
        (Some(left), Some(right)) => left.subtract(right)?,
        (left, right) => left.or(right).unwrap_or_default(),
    })
}

/// LangChain has three ways to add (`pairwise`, `nary`, `list`); here they are one.
pub(crate) fn add_ai_message_chunks(args: &Value) -> Result<Value, CaseError> {
    let chunks: Vec<AIMessageChunk> = serde_json::from_value(arg(args, "chunks").clone())?;
    dump(merge_all(chunks)?)
}

fn build<T: DeserializeOwned + Serialize>(kwargs: &Value) -> Result<Value, CaseError> {
    dump(serde_json::from_value::<T>(kwargs.clone())?)
}

pub(crate) fn ai_chunk_init(args: &Value) -> Result<Value, CaseError> {
    build::<AIMessageChunk>(arg(args, "kwargs"))
}

pub(crate) fn ai_message_init(args: &Value) -> Result<Value, CaseError> {
    build::<AIMessage>(arg(args, "kwargs"))
}
