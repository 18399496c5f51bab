//! Usage, finish reason and metadata of a response.

use cadena_core::AIMessageChunk;
use serde_json::Value;

use super::answer::Response;
use crate::convert::{Kept, UsageNames, count};

/// Writes usage, finish reason and metadata into the chunk that ends a response. `calls` is set if a tool of the caller's is called.
pub(super) fn describe(response: Response<'_>, calls: bool, asked_model: &str, chunk: &mut AIMessageChunk) {
    let Response {
        id,
        model,
        status,
        service_tier,
        error: _,
        incomplete_details,
        created_at,
        metadata,
        object,
        user,
        usage,
        output: _,
        mut other,
    } = response;
    if let Some(Value::Object(usage)) = usage {
        chunk.usage_metadata = Some(count(&usage, &UsageNames::RESPONSES, service_tier.known()));
        chunk.response_metadata.token_usage = Some(Box::new(usage));
    }
    let said = &mut chunk.response_metadata;
    let reason = incomplete_details
        .as_ref()
        .and_then(|details| details.get("reason")?.as_str());
    said.finish_reason = match (status.known(), reason) {
        (Some("incomplete"), Some("max_output_tokens")) => Some("length".to_owned()),
        (Some("incomplete"), reason) => Some(reason.unwrap_or("incomplete").to_owned()),
        (Some("completed") | None, _) if calls => Some("tool_calls".to_owned()),
        (Some("completed") | None, _) => Some("stop".to_owned()),
        // An answer that is worked on in the background has not finished.
        _ => None,
    };
    said.id = id.known().map(str::to_owned);
    said.model_name = Some(model.known().unwrap_or(asked_model).to_owned());
    said.service_tier = service_tier.known().map(str::to_owned);
    let texts = [("model", model), ("status", status)];
    let texts = texts.map(|(key, text)| (key, text.into_string().map(Value::String)));
    let others = [
        ("created_at", created_at),
        ("incomplete_details", incomplete_details),
        ("metadata", metadata),
        ("object", object),
        ("user", user),
    ];
    for (key, value) in others.into_iter().chain(texts) {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            said.extra.insert(key.to_owned(), value);
        }
    }
    let mut kept = Kept::default();
    kept.remember(&mut other);
    kept.write(said);
}
