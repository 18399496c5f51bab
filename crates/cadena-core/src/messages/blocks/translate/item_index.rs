//! Names for the indexes of items in an answer.

use serde_json::Value;

use super::Block;

/// Writes the provider's `index` with a prefix, so that two items with the same number stay apart.
pub(super) fn name_index(out: &mut Block, prefix: &str, block: &Block) {
    if let Some(index) = block.get("index") {
        out.insert("index".to_owned(), format!("lc_{prefix}_{}", print(index)).into());
    }
}

pub(super) fn print(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(), // LangChain formats the index with Python's `f"{index}"`.
        other => other.to_string(),
    }
}
