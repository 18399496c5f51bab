//! The interface between a stream and the code that reads the events of an endpoint.

mod news;
pub(crate) use news::has_news;

use cadena_core::{AIMessageChunk, Result};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;

/// Reads the events of one answer. Each endpoint has one.
///
/// The chunk is an argument because it is too large (about 600 bytes) to be moved from function to function for each token.
pub(crate) trait EventReader: Send + 'static {
    /// Reads an event into an empty chunk.
    fn read(&mut self, event: &SseEvent, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Step>;

    /// Whether the last part of the answer has arrived, so that only usage and `[DONE]` may follow.
    fn has_finished(&self) -> bool;

    /// Whether nothing of the choices that are handed on can be lost any more.
    fn is_whole(&self) -> bool {
        self.has_finished()
    }

    /// Names what is missing if the stream ends here.
    fn check_end(&self, end: End) -> Result<(), &'static str>;

    /// Writes what is still held back when the stream ends. Returns whether the first choice has something.
    fn last(&mut self, _chunk: &mut AIMessageChunk) -> bool {
        false
    }

    /// Takes the last event that was not understood, as an error may quote it.
    fn take_unknown(&mut self) -> Option<String>;

    /// Takes what had arrived of the first choice, for an error. `None` if nothing had.
    fn take_partial(&mut self) -> Option<AIMessageChunk>;

    /// Writes what is known of the whole answer into what had arrived of another choice.
    fn describe(&self, _partial: &mut AIMessageChunk) {}

    /// Whether the last event brought a part of another choice than the first, wanted or not.
    fn others_have_news(&self) -> bool {
        false
    }

    /// Whether pieces of other choices wait to be taken.
    fn has_others(&self) -> bool {
        false
    }

    /// Takes the pieces of other choices that have arrived since the last call.
    fn take_others(&mut self) -> Vec<(u32, AIMessageChunk)> {
        Vec::new()
    }

    /// Keeps a choice of an answer that came whole, if other choices than the first are wanted.
    fn put_other(&mut self, _index: u32, _choice: AIMessageChunk) {}
}

/// The result of one event, or of one poll of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A chunk was written.
    Chunk,
    /// The last chunk was written: nothing follows it.
    Last,
    /// Nothing for the first choice.
    Nothing,
    /// The answer is over, and no chunk was written.
    End,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server sent `[DONE]`.
    Done,
    /// The body ended after an event.
    Closed,
    /// The body ended inside an event.
    Cut,
}

/// The parts that a complete stream must have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect {
    /// How many choices were asked for.
    pub(crate) choices: u32,
    /// Whether an event with the usage follows the finish reasons, so that metadata waits for it.
    pub(crate) usage: bool,
    /// Whether `[DONE]` without a finish reason is an error.
    pub(crate) finish_reason: bool,
    /// Whether the other choices are handed on as well.
    pub(crate) others: bool,
}

/// Whether an event is the end of the stream.
pub(crate) fn is_done(data: &[u8]) -> bool {
    data.trim_ascii_start().starts_with(b"[DONE]")
}
