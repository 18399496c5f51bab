//! From events to chunks, and whether the answer is whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cadena_core::{AIMessageChunk, Error, ErrorKind, Result, UsageMetadata};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;
use serde_json::{Map, Value};

use super::frame::Frame;
use super::is_done;
use super::news::has_news;
use super::partial::Partial;
use super::said::Said;
use super::seams::Seams;
use crate::convert::{
    Form, Head, Kept, Thoughts, fill, index_of, is_first, note_prompt_filters, take_choice, usage_of,
};
use crate::error;
use crate::wire::{ChatCompletion, Choice};

/// Reads the events of one answer. Each is parsed once, into types; an event that fails is looked at a second time.
pub(super) struct ChatReader {
    model: String,
    frame: Frame,
    seams: Seams,
    head: Head,
    /// What nobody knows of the answer, and of each choice.
    kept: Kept,
    kept_of: BTreeMap<u32, Kept>,
    thoughts: Thoughts,
    partial: Partial,
    /// What the first choice has said. Boxed, as most answers are text alone.
    said: Box<Said>,
    /// What each of the others has said, where all are wanted.
    others_said: BTreeMap<u32, Said>,
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
    /// The last event, quoted, if it was not understood.
    unknown: Option<String>,
    expect: Expect,
}

/// What the end of a stream is measured by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect {
    /// How many choices were asked for.
    pub(crate) choices: u32,
    /// Whether an event with the usage follows the finish reasons, so that metadata waits for it.
    pub(crate) usage: bool,
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
            seams: Seams::default(),
            head: Head::default(),
            kept: Kept::default(),
            kept_of: BTreeMap::new(),
            thoughts: Thoughts::default(),
            partial: Partial::default(),
            said: Box::default(),
            others_said: BTreeMap::new(),
            counted: None,
            open_choices: expect.choices.max(1),
            finished: false,
            others: Vec::new(),
            other_news: false,
            unfinished: BTreeSet::new(),
            prompt_filtered: false,
            unknown: None,
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
        let mut data = Cow::Borrowed(data);
        if self.seams.is_open()
            && let Some(joined) = self.seams.join(&data)
        {
            data = Cow::Owned(joined);
        }
        let repaired;
        let (answer, data) = match self.frame.read(&data) {
            Ok(answer) => (answer, &*data),
            Err(cause) => {
                repaired = self.seams.join(&data);
                match repaired
                    .as_deref()
                    .map(|repaired| (self.frame.read(repaired), repaired))
                {
                    Some((Ok(answer), repaired)) => (answer, repaired),
                    _ => return Err(self.unreadable(&data, &cause, redactor)),
                }
            }
        };
        if let Some(report) = answer.error.as_deref().filter(|report| error::says_something(report)) {
            // What stands beside it, such as a status, belongs to the report.
            return Err(error::reported(data, redactor).unwrap_or_else(|| error::of_report(report, redactor)));
        }
        let choices = answer.choices.as_deref().unwrap_or_default();
        if choices.is_empty() {
            // A count, a ping, or a report that does not call itself one.
            if let Some(error) = error::reported(data, redactor) {
                return Err(error);
            }
            if answer.choices.is_none() && answer.usage.is_none() {
                self.unknown = Some(error::quote(data, redactor));
                if answer.id.known().is_none() && answer.model.known().is_none() {
                    return Ok(Read::Nothing);
                }
            }
        } else {
            self.unknown = None;
        }
        // MiniMax says in the last event whether all went well.
        let ends = choices.iter().any(|choice| choice.finish_reason.known().is_some());
        let mut failed = None;
        let read = self.chunk(answer, redactor, chunk, &mut failed)?;
        if read == Read::Chunk {
            self.partial.add(chunk, data);
        }
        if ends && let Some(error) = error::beside_choices(data, redactor) {
            return Err(error);
        }
        failed.map_or(Ok(read), Err)
    }

    /// The last event that was not understood, as an error may quote it.
    pub(super) fn take_unknown(&mut self) -> Option<String> {
        self.unknown.take()
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
        answer.place_probabilities();
        let usage = usage_of(&mut answer);
        self.kept.remember(&mut answer.other);
        if !self.prompt_filtered && answer.prompt_filter_results.is_some() {
            self.prompt_filtered = true;
            note_prompt_filters(chunk, answer.prompt_filter_results.take());
        }
        // Servers that keep the connection busy send events with an empty list, which are chunks without a word.
        let is_chunk = answer.choices.as_ref().is_some_and(Vec::is_empty);
        let mut choices = answer.choices.take().unwrap_or_default();
        let mut first = None;
        for (place, choice) in choices.iter_mut().enumerate() {
            if choice.other.is_some() {
                check_unknown(choice, redactor)?;
                let kept = self.kept_of.entry(index_of(choice, place)).or_default();
                kept.remember(&mut choice.other);
            }
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
            None if !is_chunk && usage.is_none() && chunk.response_metadata.extra.is_empty() => {
                return Ok(Read::Nothing);
            }
            None => {}
        }
        if let Some(Value::Object(usage)) = usage.map(|usage| *usage) {
            self.count(usage, chunk);
        }
        if self.has_finished() && (self.counted.is_some() || !self.expect.usage) {
            self.kept.write(&mut chunk.response_metadata);
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
        let finishes = choice.finish_reason.known().is_some();
        fill(&mut chunk, choice, Form::Piece);
        self.others_said.entry(index).or_default().keep_news(&mut chunk);
        self.thoughts.number(index, &mut chunk.content);
        if finishes {
            self.write_kept_of(index, &mut chunk);
        }
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
        self.said.keep_news(chunk);
        self.thoughts.number(0, &mut chunk.content);
        if finishes {
            self.head.describe(chunk, &self.model);
            self.write_kept_of(0, chunk);
            if !self.finished {
                self.finished = true;
                self.open_choices = self.open_choices.saturating_sub(1);
            }
        }
        Ok(())
    }

    fn write_kept_of(&mut self, index: u32, chunk: &mut AIMessageChunk) {
        if let Some(kept) = self.kept_of.get_mut(&index) {
            kept.write(&mut chunk.response_metadata);
        }
    }

    /// Writes what has come and not been given away where the stream ends: halves of characters, and members that nobody knows. Whether there is something of the
    /// first choice.
    pub(super) fn last(&mut self, chunk: &mut AIMessageChunk) -> bool {
        let event = self.seams.close().unwrap_or_default();
        let left: Option<ChatCompletion<'_>> = serde_json::from_slice(&event).ok();
        let mut says = false;
        for choice in left.and_then(|left| left.choices).iter_mut().flatten() {
            match index_of(choice, 0) {
                0 => {
                    fill(chunk, choice, Form::Piece);
                    self.thoughts.number(0, &mut chunk.content);
                    says = true;
                }
                index if self.expect.others => {
                    let mut piece = AIMessageChunk::default();
                    fill(&mut piece, choice, Form::Piece);
                    self.thoughts.number(index, &mut piece.content);
                    self.others.push((index, piece));
                }
                _ => {}
            }
        }
        for (index, kept) in &mut self.kept_of {
            if !kept.has_news() {
                continue;
            }
            let mut piece = AIMessageChunk::default();
            kept.write(&mut piece.response_metadata);
            match *index {
                0 => {
                    chunk.response_metadata.extra = piece.response_metadata.extra;
                    says = true;
                }
                index if self.expect.others => self.others.push((index, piece)),
                _ => {}
            }
        }
        if self.kept.has_news() {
            self.kept.write(&mut chunk.response_metadata);
            says = true;
        }
        says
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
        let mut said = Said::default();
        let mut partial = std::mem::take(&mut self.partial).into_chunk(|event| piece(event, &mut said))?;
        self.describe(&mut partial);
        self.kept.show(&mut partial.response_metadata);
        if let Some(kept) = self.kept_of.get(&0) {
            kept.show(&mut partial.response_metadata);
        }
        Some(partial)
    }

    fn unreadable(&self, data: &[u8], cause: &serde_json::Error, redactor: &Redactor) -> Error {
        let reported = error::reported(data, redactor);
        reported.unwrap_or_else(|| error::malformed("an event", "a chat completion", data, cause, redactor))
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
        other: _,
    } = choice;
    text.is_none()
        && content_filter_results.is_none()
        && delta.is_none()
        && message.is_none()
        && logprobs.is_none()
        && finish_reason.known().is_none()
        && error.is_none()
}

/// The error of a choice in which something was said, and nobody knows what: to go on without it would lose a token.
fn check_unknown(choice: &Choice<'_>, redactor: &Redactor) -> Result<()> {
    if choice.delta.is_some() || choice.message.is_some() {
        return Ok(());
    }
    let odd = ["delta", "message"]
        .into_iter()
        .find_map(|name| Some((name, choice.other.as_ref()?.get(name)?)));
    odd.map_or(Ok(()), |(name, odd)| {
        let odd = redactor.snippet(odd.to_string().as_bytes());
        let detail = format!("the `{name}` of an event is neither an object nor a text: {odd}");
        Err(Error::new(ErrorKind::Decode, detail))
    })
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
fn piece(event: &[u8], said: &mut Said) -> Option<AIMessageChunk> {
    let mut answer: ChatCompletion<'_> = serde_json::from_slice(event).ok()?;
    let mut chunk = AIMessageChunk::default();
    note_prompt_filters(&mut chunk, answer.prompt_filter_results.take());
    answer.place_probabilities();
    if let Some(mut first) = take_choice(answer.choices.unwrap_or_default()) {
        fill(&mut chunk, &mut first, Form::Piece);
        said.keep_news(&mut chunk);
    }
    Some(chunk)
}
