//! The fields of a span about the answer of a model.

use tracing::Span;

use super::{content, list, record};
use crate::{AIMessage, AIMessageChunk, UsageMetadata};

/// The fields of an answer, collected chunk by chunk.
pub(super) struct AnswerFields {
    id: Option<String>,
    model: Option<String>,
    finish_reason: Option<String>,
    usage: Option<UsageMetadata>,
    /// The answer itself, if the span has content.
    message: Option<AIMessageChunk>,
}

impl AnswerFields {
    pub(super) fn new(content: bool) -> Self {
        Self {
            id: None,
            model: None,
            finish_reason: None,
            usage: None,
            message: content.then(AIMessageChunk::default),
        }
    }

    pub(super) fn add(&mut self, chunk: &AIMessageChunk) {
        let metadata = &chunk.response_metadata;
        let last = |known: &mut Option<String>, new: &Option<String>| {
            if new.as_ref().is_some_and(|new| known.as_ref() != Some(new)) {
                known.clone_from(new);
            }
        };
        last(&mut self.id, &metadata.id);
        last(&mut self.model, &metadata.model_name);
        last(&mut self.finish_reason, &metadata.finish_reason);
        if let Some(usage) = &chunk.usage_metadata {
            *self.usage.get_or_insert_default() += usage.clone();
        }
        if let Some(message) = &mut self.message {
            *message += chunk.clone();
        }
    }

    pub(super) fn record(self, span: &Span) {
        let Self {
            id,
            model,
            finish_reason,
            usage,
            message,
        } = self;
        record(span, "gen_ai.response.id", id.as_deref());
        record(span, "gen_ai.response.model", model.as_deref());
        let reasons = finish_reason.as_ref().map(|reason| list(std::slice::from_ref(reason)));
        record(span, "gen_ai.response.finish_reasons", reasons.as_deref());
        if let Some(usage) = usage {
            record(span, "gen_ai.usage.input_tokens", signed(usage.input_tokens));
            record(span, "gen_ai.usage.output_tokens", signed(usage.output_tokens));
            let some = |count: u64| (count > 0).then(|| signed(count));
            record(span, "gen_ai.usage.cache_read.input_tokens", some(usage.cache_read()));
            record(
                span,
                "gen_ai.usage.cache_creation.input_tokens",
                some(usage.cache_creation()),
            );
        }
        if let Some(message) = message {
            let message = AIMessage::from(message);
            record(span, "gen_ai.output.messages", content::output(&message).as_str());
        }
    }
}

/// A count as OpenTelemetry's integers are, signed: an unsigned one would become text.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
