//! Anthropic's citations.

use serde_json::Value;

use super::super::{Block, add_extras, object, without};
use crate::messages::tool_call::is_falsy;

/// Returns a citation as an annotation of a text.
pub(super) fn annotation(citation: &Value) -> Value {
    let known = citation.as_object().and_then(known);
    let unknown = || object([("type", "non_standard_annotation".into()), ("value", citation.clone())]);
    known.unwrap_or_else(unknown).into()
}

fn known(citation: &Block) -> Option<Block> {
    let kind = citation.get("type")?.as_str()?;
    let mut out = object([
        ("type", "citation".into()),
        ("cited_text", citation.get("cited_text")?.clone()),
    ]);
    let title = citation.get("title").filter(|title| !is_falsy(title));
    let (title, known): (_, &[&str]) = match kind {
        "web_search_result_location" => {
            out.insert("url".to_owned(), citation.get("url")?.clone());
            (title, &["url", "title"])
        }
        "char_location" | "content_block_location" | "page_location" | "search_result_location" => {
            (citation.get("document_title").or(title), &["document_title", "title"])
        }
        _ => return None,
    };
    if let Some(title) = title {
        out.insert("title".to_owned(), title.clone());
    }
    let common = ["type", "cited_text", "index", "extras"];
    add_extras(&mut out, without(citation, &[&common[..], known].concat()));
    Some(out)
}
