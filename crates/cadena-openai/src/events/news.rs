//! Whether a chunk brings something of the answer, or only keeps the connection alive.

use cadena_core::{AIMessageChunk, Content, ContentPart, Logprobs, ToolCallChunk, UsageMetadata};
use serde_json::Value;

/// Whether there is text in it, reasoning, a piece of a call, a refusal, a log probability, a count or a finish reason.
///
/// Members that a server repeats in every event (role, id, model, timings) do not count: a stream of them alone would never end.
pub(crate) fn has_news(chunk: &AIMessageChunk) -> bool {
    let metadata = &chunk.response_metadata;
    has_text(&chunk.content)
        || metadata.finish_reason.is_some()
        || metadata.logprobs.as_ref().is_some_and(has_tokens)
        || chunk.tool_call_chunks.iter().any(is_piece)
        || chunk.additional_kwargs.iter().any(|(_, value)| says_something(value))
        || chunk.usage_metadata.as_ref().is_some_and(counts)
}

fn has_text(content: &Content) -> bool {
    match content {
        Content::Text(text) => !text.is_empty(),
        Content::Parts(parts) => parts.iter().any(|part| match (part.as_text(), part) {
            // Nearly every part is a text; one that is empty may still cite something.
            (Some(text), _) if !text.is_empty() => true,
            (_, ContentPart::Text(_)) => false,
            (_, ContentPart::Block(block)) => block.iter().any(|(key, value)| is_news(key, value)),
        }),
    }
}

fn has_tokens(logprobs: &Logprobs) -> bool {
    [&logprobs.content, &logprobs.refusal]
        .into_iter()
        .flatten()
        .any(|tokens| !tokens.is_empty())
}

fn is_piece(piece: &ToolCallChunk) -> bool {
    [&piece.id, &piece.name, &piece.args]
        .into_iter()
        .flatten()
        .any(|text| !text.is_empty())
}

/// A server that counts in every event sends the sum so far, and a chunk holds the difference.
fn counts(usage: &UsageMetadata) -> bool {
    usage.total_tokens > 0 || usage.input_tokens > 0 || usage.output_tokens > 0
}

/// The members that name a part do not count.
fn is_news(key: &str, value: &Value) -> bool {
    !["type", "index", "id"].contains(&key) && says_something(value)
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(says_something),
        Value::Object(members) => members.iter().any(|(key, value)| is_news(key, value)),
    }
}

#[cfg(test)]
mod tests {
    use cadena_core::TokenLogprob;
    use serde_json::json;

    use super::*;

    fn chunk(change: impl FnOnce(&mut AIMessageChunk)) -> AIMessageChunk {
        let mut chunk = AIMessageChunk::default();
        // Members that every event of a server has.
        chunk.response_metadata.model_provider = Some("openai".into());
        chunk.response_metadata.id = Some("c1".into());
        chunk.response_metadata.extra.insert("timings", json!({"ms": 3}));
        change(&mut chunk);
        chunk
    }

    fn part(value: Value) -> AIMessageChunk {
        chunk(|chunk| chunk.content = serde_json::from_value(json!([value])).unwrap())
    }

    #[test]
    fn every_part_of_an_answer_is_news() {
        let count = UsageMetadata::new(0, 1);
        for (what, chunk) in [
            ("text", chunk(|chunk| chunk.content = "a".into())),
            ("a blank", chunk(|chunk| chunk.content = " ".into())),
            ("a block", part(json!({"type": "text", "text": "a", "index": 0}))),
            (
                "a thought",
                part(json!({"type": "reasoning", "summary": [{"index": 0, "type": "summary_text", "text": "a"}]})),
            ),
            (
                "progress",
                part(json!({"type": "web_search_call", "index": 1, "status": "searching"})),
            ),
            (
                "a refusal",
                chunk(|chunk| drop(chunk.additional_kwargs.insert("refusal", "no"))),
            ),
            (
                "a finish reason",
                chunk(|chunk| chunk.response_metadata.finish_reason = Some("stop".into())),
            ),
            ("a count", chunk(|chunk| chunk.usage_metadata = Some(count))),
            (
                "a token",
                chunk(|chunk| {
                    chunk.response_metadata.logprobs = Some(Logprobs::content(vec![TokenLogprob::new("", -0.5)]))
                }),
            ),
            (
                "arguments",
                chunk(|chunk| {
                    let mut piece = ToolCallChunk::new(0);
                    piece.args = Some("{".into());
                    chunk.tool_call_chunks = vec![piece];
                }),
            ),
        ] {
            assert!(has_news(&chunk), "{what}");
        }
    }

    #[test]
    fn what_only_keeps_a_connection_alive_is_none() {
        for (what, chunk) in [
            ("a head", chunk(|_| {})),
            ("an empty text", chunk(|chunk| chunk.content = "".into())),
            ("no parts", chunk(|chunk| chunk.content = Content::Parts(Vec::new()))),
            ("an empty block", part(json!({"type": "text", "text": "", "index": 0}))),
            (
                "an empty thought",
                part(
                    json!({"type": "reasoning", "id": "r", "summary": [{"index": 0, "type": "summary_text", "text": ""}]}),
                ),
            ),
            (
                "an empty kwarg",
                chunk(|chunk| {
                    drop(
                        chunk
                            .additional_kwargs
                            .insert("function_call", json!({"arguments": "", "name": ""})),
                    )
                }),
            ),
            (
                "an empty list of tokens",
                chunk(|chunk| chunk.response_metadata.logprobs = Some(Logprobs::content(vec![]))),
            ),
            (
                "a count of nothing",
                chunk(|chunk| chunk.usage_metadata = Some(UsageMetadata::default())),
            ),
            (
                "an empty piece",
                chunk(|chunk| chunk.tool_call_chunks = vec![ToolCallChunk::new(0)]),
            ),
        ] {
            assert!(!has_news(&chunk), "{what}");
        }
    }
}
