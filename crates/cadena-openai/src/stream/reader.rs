//! From events to chunks, and whether the answer is whole.

use std::collections::BTreeSet;

use cadena_core::{AIMessageChunk, Error, ErrorKind, Result, UsageMetadata};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;
use serde_json::{Map, Value};

use super::frame::Frame;
use super::is_done;
use super::news::has_news;
use super::partial::Partial;
use crate::convert::{Form, Head, fill, index_of, is_first, note_prompt_filters, take_choice};
use crate::error;
use crate::wire::{ChatCompletion, Choice};

/// Reads the events of one answer. Each is parsed once, into types; an event that fails is looked at a second time.
pub(super) struct ChatReader {
    model: String,
    frame: Frame,
    head: Head,
    partial: Partial,
    /// The tokens that the chunks so far count.
    counted: Option<UsageMetadata>,
    /// How many of the choices that were asked for have not finished.
    open_choices: u32,
    /// Whether the first choice has its finish reason.
    finished: bool,
    /// Pieces of the other choices that the last event brought, where all are wanted.
    others: Vec<(u32, AIMessageChunk)>,
    /// Whether the last event brought a part of another choice, wanted or not.
    other_news: bool,
    /// Which of the others have begun and not finished.
    unfinished: BTreeSet<u32>,
    /// Whether a chunk has said what filters found in the prompt; a server may repeat it.
    prompt_filtered: bool,
    expect: Expect,
}

/// What the end of a stream is measured by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect {
    /// How many choices were asked for.
    pub(crate) choices: u32,
    /// Whether `[DONE]` without a finish reason is an error.
    pub(crate) finish_reason: bool,
    /// Whether the other choices are given as well.
    pub(crate) others: bool,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server said `[DONE]`.
    Done,
    /// The body ended behind an event.
    Closed,
    /// The body ended inside an event.
    Cut,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A chunk: it has been written where the caller said.
    Chunk,
    /// Another choice, or nothing at all.
    Nothing,
    /// A chunk behind which nothing comes.
    Last,
    /// `[DONE]`.
    Done,
}

impl ChatReader {
    pub(super) fn new(model: String, expect: Expect) -> Self {
        Self {
            model,
            frame: Frame::default(),
            head: Head::default(),
            partial: Partial::default(),
            counted: None,
            open_choices: expect.choices.max(1),
            finished: false,
            others: Vec::new(),
            other_news: false,
            unfinished: BTreeSet::new(),
            prompt_filtered: false,
            expect,
        }
    }

    /// Reads an event into an empty chunk. In place, as a chunk is too large to be moved for nothing.
    pub(super) fn read(&mut self, event: &SseEvent, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Read> {
        let data = event.data().trim_ascii();
        self.other_news = false;
        if is_done(data) {
            return Ok(Read::Done);
        }
        if event.name() == "error" {
            return Err(error::of_event(data, redactor));
        }
        if data.is_empty() {
            return Ok(Read::Nothing);
        }
        let answer = match self.frame.read(data) {
            Ok(answer) => answer,
            Err(cause) => return Err(self.unreadable(data, &cause, redactor)),
        };
        if let Some(report) = answer.error.as_deref().filter(|report| error::says_something(report)) {
            return Err(error::of_report(report, redactor));
        }
        if answer.choices.is_none() && answer.usage.is_none() {
            // Neither a chunk nor a usage: a ping, or a report that does not call itself one.
            if let Some(report) = serde_json::from_slice(data).ok().filter(error::is_report) {
                return Err(error::of_report(&report, redactor));
            }
        }
        let mut failed = None;
        let read = self.chunk(answer, redactor, chunk, &mut failed)?;
        if read == Read::Chunk {
            self.partial.add(chunk, data);
        }
        failed.map_or(Ok(read), Err)
    }

    /// `failed` is what another choice reports, so that the first one's piece of the same event is not lost.
    fn chunk(
        &mut self,
        mut answer: ChatCompletion<'_>,
        redactor: &Redactor,
        chunk: &mut AIMessageChunk,
        failed: &mut Option<Error>,
    ) -> Result<Read> {
        self.head.remember(&answer);
        let usage = answer.usage.take();
        if !self.prompt_filtered && answer.prompt_filter_results.is_some() {
            self.prompt_filtered = true;
            note_prompt_filters(chunk, answer.prompt_filter_results.take());
        }
        let mut choices = answer.choices.take().unwrap_or_default();
        let of_others = !choices.is_empty();
        let mut first = None;
        for (place, choice) in choices.iter_mut().enumerate() {
            if is_first(choice, place) {
                first = first.or(Some(choice));
                continue;
            }
            if choice.finish_reason.known().is_some() {
                self.open_choices = self.open_choices.saturating_sub(1);
            }
            if says_nothing(choice) {
                continue;
            }
            if self.expect.others {
                let piece = self.other(index_of(choice, place), choice, redactor);
                *failed = failed.take().or(piece.err());
                self.other_news |= self.others.last().is_some_and(|(_, piece)| has_news(piece));
            } else if !self.other_news {
                let mut piece = AIMessageChunk::default();
                fill(&mut piece, choice, Form::Piece);
                self.other_news = has_news(&piece);
            }
        }
        match first {
            Some(choice) if says_nothing(choice) && usage.is_none() && chunk.response_metadata.extra.is_empty() => {
                return Ok(Read::Nothing);
            }
            Some(choice) => self.choice(choice, redactor, chunk)?,
            None if of_others && usage.is_none() && chunk.response_metadata.extra.is_empty() => {
                return Ok(Read::Nothing);
            }
            None => {}
        }
        if let Some(Value::Object(usage)) = usage.map(|usage| *usage) {
            self.count(usage, chunk);
        }
        Ok(Read::Chunk)
    }

    /// A piece of another choice than the first.
    fn other(&mut self, index: u32, choice: &mut Choice<'_>, redactor: &Redactor) -> Result<()> {
        check(choice, redactor)?;
        let mut chunk = AIMessageChunk::default();
        if choice.finish_reason.known().is_some() {
            self.unfinished.remove(&index);
            self.head.describe(&mut chunk, &self.model);
        } else {
            self.unfinished.insert(index);
        }
        fill(&mut chunk, choice, Form::Piece);
        self.others.push((index, chunk));
        Ok(())
    }

    /// The pieces of the other choices that have not been taken.
    pub(super) fn take_others(&mut self) -> Vec<(u32, AIMessageChunk)> {
        std::mem::take(&mut self.others)
    }

    /// Takes over the other choices of an answer that came whole.
    pub(super) fn put_others(&mut self, choices: impl IntoIterator<Item = (u32, AIMessageChunk)>) {
        if self.expect.others {
            self.others.extend(choices);
        }
    }

    fn choice(&mut self, choice: &mut Choice<'_>, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<()> {
        check(choice, redactor)?;
        let finishes = choice.finish_reason.known().is_some();
        fill(chunk, choice, Form::Piece);
        if finishes {
            self.head.describe(chunk, &self.model);
            if !self.finished {
                self.finished = true;
                self.open_choices = self.open_choices.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// A chunk says what it adds to the count, while a server that counts in every event says the sum so far.
    fn count(&mut self, usage: Map<String, Value>, chunk: &mut AIMessageChunk) {
        let sum = self.head.count(&usage);
        chunk.usage_metadata = match self.counted.take() {
            None => Some(sum.clone()),
            Some(before) => sum.clone().subtract(before).ok(),
        };
        chunk.response_metadata.token_usage = Some(Box::new(usage));
        self.counted = Some(sum);
    }

    /// Whether every choice that was asked for has its finish reason.
    pub(super) fn has_finished(&self) -> bool {
        self.finished && self.open_choices == 0
    }

    /// Whether every choice that is given has its finish reason, so that nothing of them can be lost any more.
    pub(super) fn is_whole(&self) -> bool {
        self.finished && (self.open_choices == 0 || !self.expect.others)
    }

    /// Whether the last event brought a part of another choice than the first.
    pub(super) fn others_have_news(&self) -> bool {
        self.other_news
    }

    /// What is missing where the stream ends. The finish reasons are what makes an answer whole, whatever is cut after them: a server
    /// may not know how to count usage, or forget `[DONE]`, and another try would pay for the same answer again.
    pub(super) fn check_end(&self, end: End) -> Result<(), &'static str> {
        match end {
            End::Cut if !self.is_whole() => Err("the stream ended inside an event"),
            _ if self.finished && !self.unfinished.is_empty() && self.expect.finish_reason => {
                Err("the stream ended before every choice had its finish reason")
            }
            _ if self.finished => Ok(()),
            _ if self.partial.is_empty() => Err("the stream ended without a chunk"),
            End::Done if self.expect.finish_reason => Err("the server said `[DONE]` without a finish reason"),
            End::Done => Ok(()),
            End::Closed | End::Cut => Err("the stream ended without a finish reason"),
        }
    }

    /// Writes what is known of the whole answer into what had arrived of another choice.
    pub(super) fn describe(&self, partial: &mut AIMessageChunk) {
        self.head.describe(partial, &self.model);
    }

    /// What had arrived, for an error. `None` if there was nothing.
    pub(super) fn take_partial(&mut self) -> Option<AIMessageChunk> {
        let mut partial = std::mem::take(&mut self.partial).into_chunk(piece)?;
        self.describe(&mut partial);
        Some(partial)
    }

    fn unreadable(&self, data: &[u8], cause: &serde_json::Error, redactor: &Redactor) -> Error {
        match serde_json::from_slice::<Value>(data) {
            Ok(value) if error::is_report(&value) || value.get("error").is_some_and(error::says_something) => {
                error::of_report(&value, redactor)
            }
            _ => error::malformed("an event", "a chat completion", data, cause, redactor),
        }
    }
}

/// A choice with `"delta": null` and nothing else, which some servers send to keep the connection busy.
fn says_nothing(choice: &Choice<'_>) -> bool {
    let Choice {
        index: _,
        delta,
        message,
        logprobs,
        finish_reason,
        error,
        content_filter_results,
        text,
    } = choice;
    text.is_none()
        && content_filter_results.is_none()
        && delta.is_none()
        && message.is_none()
        && logprobs.is_none()
        && finish_reason.known().is_none()
        && error.is_none()
}

/// The error that a choice reports about itself.
fn check(choice: &Choice<'_>, redactor: &Redactor) -> Result<()> {
    let failed = choice.error.as_deref().filter(|report| error::says_something(report));
    if let Some(report) = failed {
        return Err(error::of_report(report, redactor));
    }
    if choice.finish_reason.known() == Some("error") {
        return Err(Error::new(
            ErrorKind::Server,
            "the server ended the answer with the finish reason `error`",
        ));
    }
    Ok(())
}

/// The chunk of an event that has been read before, without the head and the count.
fn piece(event: &[u8]) -> Option<AIMessageChunk> {
    let mut answer: ChatCompletion<'_> = serde_json::from_slice(event).ok()?;
    let mut chunk = AIMessageChunk::default();
    note_prompt_filters(&mut chunk, answer.prompt_filter_results.take());
    if let Some(mut first) = take_choice(answer.choices.unwrap_or_default()) {
        fill(&mut chunk, &mut first, Form::Piece);
    }
    Some(chunk)
}
