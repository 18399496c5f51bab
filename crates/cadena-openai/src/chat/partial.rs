//! The part of an answer that had arrived, for the error that ends it.

use cadena_core::{AIMessageChunk, Content};

use crate::convert::PROVIDER;

/// The sum of the chunks that were handed on, kept so that it costs little when no error comes, which is almost always.
///
/// Text is appended to one string. Of a chunk that has more, such as log probabilities or a piece of a call, which are a dozen
/// allocations to clone, the event is kept as the bytes that it came in, and read again only when an error needs it.
#[derive(Debug, Default)]
pub(super) struct Partial {
    /// The parts that are not read again: text, and the count of tokens, which depends on the events before.
    sum: AIMessageChunk,
    /// The events that have more than text, one after the other.
    events: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    any: bool,
}

impl Partial {
    /// Adds a chunk and the event that it was read from.
    pub(super) fn add(&mut self, chunk: &AIMessageChunk, event: &[u8]) {
        self.any = true;
        match (&mut self.sum.content, &chunk.content) {
            (Content::Text(sum), Content::Text(text)) => sum.push_str(text),
            (_, parts) => self.sum += AIMessageChunk::new(parts.clone()),
        }
        if says_more(chunk) {
            self.events.extend_from_slice(event);
            self.ends.push(self.events.len());
        }
        if let Some(usage) = &chunk.usage_metadata {
            let mut counted = AIMessageChunk::default();
            counted.usage_metadata = Some(usage.clone());
            counted
                .response_metadata
                .token_usage
                .clone_from(&chunk.response_metadata.token_usage);
            self.sum += counted;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.any
    }

    /// The sum. `read` reads an event again. `None` if there was no chunk.
    pub(super) fn into_chunk(self, mut read: impl FnMut(&[u8]) -> Option<AIMessageChunk>) -> Option<AIMessageChunk> {
        if !self.any {
            return None;
        }
        let mut sum = self.sum;
        let mut start = 0;
        for end in self.ends {
            let event = self.events.get(start..end).unwrap_or_default();
            start = end;
            // It has been read before, so that it can be read again.
            if let Some(mut chunk) = read(event) {
                chunk.content = Content::default();
                sum += chunk;
            }
        }
        sum.response_metadata.model_provider = Some(PROVIDER.into());
        Some(sum)
    }
}

/// Whether there is more in it than text and a count.
fn says_more(chunk: &AIMessageChunk) -> bool {
    let metadata = &chunk.response_metadata;
    metadata.logprobs.is_some()
        || !chunk.tool_call_chunks.is_empty()
        || !chunk.additional_kwargs.is_empty()
        || chunk.name.is_some()
        || metadata.finish_reason.is_some()
        || !metadata.extra.is_empty()
}
