//! Names for the places of items in an answer.

use serde_json::Value;

use super::Block;

/// The provider's `index` under a name of its own, so that two items with the same one stay apart.
pub(super) fn name_index(out: &mut Block, prefix: &str, block: &Block) {
    if let Some(index) = block.get("index") {
        out.insert("index".to_owned(), format!("lc_{prefix}_{}", print(index)).into());
    }
}

pub(super) fn print(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(), // as in a name that LangChain makes
        other => other.to_string(),
    }
}
