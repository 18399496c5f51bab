//! The part of a response that had arrived, for the error that ends it.

use cadena_core::{AIMessageChunk, JsonBlock};

use super::block::{self, Block, provided, push};
use super::call::piece;
use super::event::{Delta, Words};
use crate::wire::Tokens;

/// The sum of the chunks that were handed on, kept so that it costs little when no error comes, which is almost always.
///
/// The pieces of one text are appended to one string. Log probabilities, which are most of an event and a dozen allocations to clone,
/// are kept as the bytes that they came in, and read again only when an error needs them. An event that comes once for an item is added at once.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    sum: AIMessageChunk,
    /// The text that grows; not yet in the sum.
    open: Option<Open>,
    /// The events that have log probabilities, one after the other.
    events: Vec<u8>,
    /// Log probabilities in the order in which they came.
    tokens: Vec<Kept>,
    any: bool,
}

/// A text whose pieces come one after the other.
#[derive(Debug)]
struct Open {
    words: Words,
    /// The number of its block, and its place there.
    at: (i64, u32),
    /// Its block, empty: the block of each piece is a copy, which costs half of what making it anew does. `None` for a plain text.
    block: Option<Block>,
    text: String,
}

#[derive(Debug)]
enum Kept {
    /// Where their event ends.
    Event(usize),
    Read(Tokens),
}

impl Arrived {
    /// Adds a piece of a text. Gives its block.
    pub(super) fn add_words(&mut self, words: Words, at: (i64, u32), text: String) -> JsonBlock {
        self.any = true;
        if self
            .open
            .as_ref()
            .is_none_or(|open| (open.words, open.at) != (words, at))
        {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Open {
            words,
            at,
            block: block::empty(words, at.0, at.1),
            text: String::new(),
        });
        open.text.push_str(&text);
        block_of(open.block.clone(), at.0, text)
    }

    /// Keeps the log probabilities of an event.
    pub(super) fn add_tokens(&mut self, event: &[u8]) {
        self.events.extend_from_slice(event);
        self.tokens.push(Kept::Event(self.events.len()));
    }

    /// Adds a chunk as it is.
    pub(super) fn add(&mut self, chunk: &AIMessageChunk) {
        self.any = true;
        self.close();
        let mut chunk = chunk.clone();
        let logprobs = chunk.response_metadata.logprobs.take();
        self.tokens.extend(
            logprobs
                .and_then(|logprobs| logprobs.content)
                .map(|tokens| Kept::Read(tokens.into())),
        );
        self.sum += chunk;
    }

    /// Adds the text that grew to the sum.
    fn close(&mut self) {
        let Some(Open { words, at, block, text }) = self.open.take() else {
            return;
        };
        let mut chunk = AIMessageChunk::default();
        if words == Words::Refusal {
            block::refuse(&mut chunk, &text);
        }
        if words.is_call() {
            chunk.tool_call_chunks = vec![piece(at.0, words == Words::Input, &text)];
        }
        push(&mut chunk, block_of(block, at.0, text));
        self.sum += chunk;
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.any
    }

    /// The sum, with its log probabilities. `None` if there was no chunk.
    pub(super) fn into_chunk(mut self) -> Option<AIMessageChunk> {
        if !self.any {
            return None;
        }
        self.close();
        let mut start = 0;
        for tokens in self.tokens {
            let tokens = match tokens {
                Kept::Read(tokens) => tokens,
                Kept::Event(end) => {
                    let event = self.events.get(start..end).unwrap_or_default();
                    start = end;
                    // It has been read before, so that it can be read again.
                    serde_json::from_slice::<Delta<'_>>(event)
                        .map(|event| event.logprobs)
                        .unwrap_or_default()
                }
            };
            tokens.add_to(&mut self.sum);
        }
        provided(&mut self.sum);
        Some(self.sum)
    }
}

/// The block of a text: one that is still empty, or that of a plain text.
fn block_of(empty: Option<Block>, index: i64, text: String) -> JsonBlock {
    match empty {
        Some(mut block) => {
            block::fill(&mut block, text);
            block.into()
        }
        None => JsonBlock::text(text).with_index(index),
    }
}
