//! The id of an answer that arrives in chunks.

use crate::{AIMessageChunk, ChunkPosition};

/// The id that every chunk of an answer has, the last one included.
pub(super) struct AnswerId {
    /// The id of the run, for a chunk without an id.
    run: String,
    /// The id of the first chunk, as long as the model has set an id on every chunk.
    given: Option<String>,
    has_begun: bool,
}

impl AnswerId {
    pub(super) fn new(run: String) -> Self {
        Self {
            run,
            given: None,
            has_begun: false,
        }
    }

    /// Whether a chunk has arrived.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Sets the run's id on a chunk without an id.
    pub(super) fn put(&mut self, chunk: &mut AIMessageChunk) {
        match &chunk.id {
            Some(id) if !self.has_begun => self.given = Some(id.clone()),
            Some(_) => {}
            None => self.given = None,
        }
        self.has_begun = true;
        chunk.id.get_or_insert_with(|| self.run.clone());
    }

    /// Makes the chunk that ends the answer.
    ///
    /// All chunks have one id, if the model set one on each: the ids of a test's model are the same in every run.
    pub(super) fn into_end(self) -> AIMessageChunk {
        let mut end = AIMessageChunk::new("");
        end.id = Some(self.given.unwrap_or(self.run));
        end.chunk_position = Some(ChunkPosition::Last);
        end
    }
}
