//! What had arrived of an answer, for the error that ends it.

use cadena_core::{AIMessageChunk, Content, Logprobs, ToolCallChunk};

/// The sum of the chunks that were given away, kept so that it costs little when no error comes, which is almost always.
///
/// Text is appended to one string. Log probabilities, which are most of an event and a dozen allocations to clone, are kept as
/// the bytes that they came in, and read again only when an error needs them. A stream without them holds its text and nothing else.
#[derive(Debug)]
pub(crate) struct Partial {
    sum: AIMessageChunk,
    /// The events that have log probabilities, one behind the other.
    events: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Pieces of calls in the order in which they came; added up when an error needs them.
    calls: Vec<ToolCallChunk>,
    chunks: usize,
    /// Reads the log probabilities of an event again.
    logprobs: fn(&[u8]) -> Option<Logprobs>,
}

impl Partial {
    pub(crate) fn new(logprobs: fn(&[u8]) -> Option<Logprobs>) -> Self {
        Self {
            sum: AIMessageChunk::default(),
            events: Vec::new(),
            ends: Vec::new(),
            calls: Vec::new(),
            chunks: 0,
            logprobs,
        }
    }

    /// Adds a chunk and the event that it was read from.
    pub(crate) fn add(&mut self, chunk: &AIMessageChunk, event: &[u8]) {
        self.chunks += 1;
        match (&mut self.sum.content, &chunk.content) {
            (Content::Text(sum), Content::Text(text)) => sum.push_str(text),
            (_, parts) => self.sum += AIMessageChunk::new(parts.clone()),
        }
        if chunk.response_metadata.logprobs.is_some() {
            self.events.extend_from_slice(event);
            self.ends.push(self.events.len());
        }
        let metadata = &chunk.response_metadata;
        self.calls.extend_from_slice(&chunk.tool_call_chunks);
        let rare = !chunk.additional_kwargs.is_empty()
            || chunk.usage_metadata.is_some()
            || chunk.name.is_some()
            || chunk.id.is_some()
            || metadata.finish_reason.is_some();
        if rare {
            let mut rest = AIMessageChunk::default();
            rest.additional_kwargs.clone_from(&chunk.additional_kwargs);
            rest.usage_metadata.clone_from(&chunk.usage_metadata);
            rest.name.clone_from(&chunk.name);
            rest.id.clone_from(&chunk.id);
            rest.response_metadata.id.clone_from(&metadata.id);
            rest.response_metadata.finish_reason.clone_from(&metadata.finish_reason);
            rest.response_metadata.token_usage.clone_from(&metadata.token_usage);
            self.sum += rest;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks == 0
    }

    /// The sum, with its log probabilities. `None` if there was no chunk.
    pub(crate) fn into_chunk(self) -> Option<AIMessageChunk> {
        if self.chunks == 0 {
            return None;
        }
        let mut sum = self.sum;
        for call in self.calls {
            sum += AIMessageChunk::default().with_tool_call_chunk(call);
        }
        let mut start = 0;
        for end in self.ends {
            let event = self.events.get(start..end).unwrap_or_default();
            start = end;
            // It has been read before, so that it can be read again.
            if let Some(logprobs) = (self.logprobs)(event) {
                sum += AIMessageChunk::default().with_logprobs(logprobs);
            }
        }
        sum.response_metadata.model_provider = Some(crate::convert::PROVIDER.into());
        Some(sum)
    }
}
