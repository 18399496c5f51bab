//! Images and documents in Anthropic's form, converted for OpenAI.

use serde_json::{Map, Value, json};

use super::{into_object, invalid, is_data_content_block, kind};
use crate::Result;

/// Returns whether a block is an image or a document in Anthropic's form: with a `source`.
///
/// [`convert_to_openai_data_block`](super::convert_to_openai_data_block) converts this form too.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::is_anthropic_data_block;
/// use serde_json::json;
///
/// let block = json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}});
/// assert!(block.as_object().is_some_and(is_anthropic_data_block));
/// ```
#[must_use]
pub fn is_anthropic_data_block(block: &Map<String, Value>) -> bool {
    matches!(kind(block), Some("image" | "document"))
        && block.get("source").is_some_and(Value::is_object)
        && !is_data_content_block(block)
}

/// Returns the block in LangChain's form; a document that is a text becomes a text block.
pub(super) fn standard(block: &Map<String, Value>) -> Result<Map<String, Value>> {
    let of = kind(block).unwrap_or_default();
    let source = |key: &str| block.get("source").and_then(|source| source.get(key));
    let need = |key: &str| {
        let value = source(key).filter(|value| value.is_string());
        value.ok_or_else(|| {
            invalid(format!(
                "`source.{key}` is missing or not a text in a block of type `{of}`"
            ))
        })
    };
    let form = if of == "image" { "image" } else { "file" };
    let given = need("type")?.as_str().unwrap_or_default();
    Ok(into_object(match given {
        "base64" => {
            // Anthropic's documents have a title where OpenAI requires a file name.
            let name = block.get("title").cloned().unwrap_or_default();
            json!({"type": form, "base64": need("data")?, "mime_type": need("media_type")?, "filename": name})
        }
        "url" => json!({"type": form, "url": need("url")?}),
        "text" if form == "file" => json!({"type": "text", "text": need("data")?}),
        _ => {
            return Err(invalid(format!(
                "OpenAI takes no block of type `{of}` whose `source` is `{given}`: send the data"
            )));
        }
    }))
}
