//! From events to chunks, and whether the answer is whole.

mod answer;

use std::borrow::Cow;
use std::collections::BTreeMap;

use cadena_core::{AIMessageChunk, Error, Result, UsageMetadata};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;

use super::envelope::Envelope;
use super::others::Others;
use super::partial::Partial;
use super::said::Said;
use crate::convert::{Delivery, Head, Kept, Thoughts, fill, index_of, note_prompt_filters, take_choice};
use crate::error;
use crate::events::{End, EventReader, Expect, Step, is_done};
use crate::wire::{ChatCompletion, Seams};

/// Reads the events of one answer. Each is parsed once, into types; an event that fails is looked at a second time.
pub(crate) struct ChatReader {
    model: String,
    envelope: Envelope,
    seams: Seams,
    head: Head,
    /// Members of the answer, and of each choice, that nobody knows.
    kept: Kept,
    kept_of: BTreeMap<u32, Kept>,
    thoughts: Thoughts,
    partial: Partial,
    /// The state of the first choice. Boxed, as most answers are text alone.
    said: Box<Said>,
    others: Others,
    /// The tokens that the chunks so far count.
    counted: Option<UsageMetadata>,
    /// How many of the choices that were asked for have not finished.
    open_choices: u32,
    /// Whether the first choice has its finish reason.
    finished: bool,
    /// Whether a chunk has brought the filters' findings about the prompt; a server may repeat them.
    prompt_filtered: bool,
    /// The last event, quoted, if it was not understood.
    unknown: Option<String>,
    expect: Expect,
}

impl ChatReader {
    pub(crate) fn new(model: String, expect: Expect) -> Self {
        Self {
            model,
            envelope: Envelope::default(),
            seams: Seams::default(),
            head: Head::default(),
            kept: Kept::default(),
            kept_of: BTreeMap::new(),
            thoughts: Thoughts::default(),
            partial: Partial::default(),
            said: Box::default(),
            others: Others::new(expect.others),
            counted: None,
            open_choices: expect.choices.max(1),
            finished: false,
            prompt_filtered: false,
            unknown: None,
            expect,
        }
    }

    fn unreadable(&self, data: &[u8], cause: &serde_json::Error, redactor: &Redactor) -> Error {
        let reported = error::reported(data, redactor);
        reported.unwrap_or_else(|| error::malformed("an event", "a chat completion", data, cause, redactor))
    }
}

impl EventReader for ChatReader {
    fn read(&mut self, event: &SseEvent, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Step> {
        let data = event.data().trim_ascii();
        self.others.begin_event();
        if is_done(data) {
            return Ok(Step::End);
        }
        if event.name() == "error" {
            return Err(error::of_event(data, redactor));
        }
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        let mut data = Cow::Borrowed(data);
        if self.seams.is_open()
            && let Some(joined) = self.seams.join(&data)
        {
            data = Cow::Owned(joined);
        }
        let repaired;
        let (answer, data) = match self.envelope.read(&data) {
            Ok(answer) => (answer, &*data),
            Err(cause) => {
                repaired = self.seams.join(&data);
                match repaired
                    .as_deref()
                    .map(|repaired| (self.envelope.read(repaired), repaired))
                {
                    Some((Ok(answer), repaired)) => (answer, repaired),
                    _ => return Err(self.unreadable(&data, &cause, redactor)),
                }
            }
        };
        if let Some(report) = answer.error.as_deref().filter(|report| error::says_something(report)) {
            // The members beside it, such as a status, belong to the report.
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
                    return Ok(Step::Nothing);
                }
            }
        } else {
            self.unknown = None;
        }
        // MiniMax reports in the last event whether all went well.
        let ends = choices.iter().any(|choice| choice.finish_reason.known().is_some());
        let step = self.read_answer(answer, data, redactor, chunk)?;
        if ends && let Some(error) = error::beside_choices(data, redactor) {
            return Err(error);
        }
        Ok(step)
    }

    fn has_finished(&self) -> bool {
        self.finished && self.open_choices == 0
    }

    fn is_whole(&self) -> bool {
        self.finished && (self.open_choices == 0 || !self.others.are_wanted())
    }

    fn others_have_news(&self) -> bool {
        self.others.have_news()
    }

    // The finish reasons are what makes an answer whole, whatever is cut after them: a server
    // may not know how to count usage, or forget `[DONE]`, and another try would pay for the same answer again.
    fn check_end(&self, end: End) -> Result<(), &'static str> {
        match end {
            End::Cut if !self.is_whole() => Err("the stream ended inside an event"),
            _ if self.finished && !self.others.are_all_finished() && self.expect.finish_reason => {
                Err("the stream ended before every choice had its finish reason")
            }
            _ if self.finished => Ok(()),
            _ if self.partial.is_empty() => Err("the stream ended without a chunk"),
            End::Done if self.expect.finish_reason => Err("the server sent `[DONE]` without a finish reason"),
            End::Done => Ok(()),
            End::Closed | End::Cut => Err("the stream ended without a finish reason"),
        }
    }

    fn last(&mut self, chunk: &mut AIMessageChunk) -> bool {
        let event = self.seams.close().unwrap_or_default();
        let left: Option<ChatCompletion<'_>> = serde_json::from_slice(&event).ok();
        let mut says = false;
        for choice in left.and_then(|left| left.choices).iter_mut().flatten() {
            match index_of(choice, 0) {
                0 => {
                    fill(chunk, choice, Delivery::InPieces);
                    self.thoughts.number(0, &mut chunk.content);
                    says = true;
                }
                index if self.others.are_wanted() => {
                    let mut piece = AIMessageChunk::default();
                    fill(&mut piece, choice, Delivery::InPieces);
                    self.thoughts.number(index, &mut piece.content);
                    self.others.put(index, piece);
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
                index => self.others.put(index, piece),
            }
        }
        if self.kept.has_news() {
            self.kept.write(&mut chunk.response_metadata);
            says = true;
        }
        says
    }

    fn describe(&self, partial: &mut AIMessageChunk) {
        self.head.describe(partial, &self.model);
    }

    fn take_partial(&mut self) -> Option<AIMessageChunk> {
        let mut said = Said::default();
        let mut partial = std::mem::take(&mut self.partial).into_chunk(|event| piece(event, &mut said))?;
        self.describe(&mut partial);
        self.kept.show(&mut partial.response_metadata);
        if let Some(kept) = self.kept_of.get(&0) {
            kept.show(&mut partial.response_metadata);
        }
        Some(partial)
    }

    fn take_unknown(&mut self) -> Option<String> {
        self.unknown.take()
    }

    fn has_others(&self) -> bool {
        self.others.are_waiting()
    }

    fn take_others(&mut self) -> Vec<(u32, AIMessageChunk)> {
        self.others.take()
    }

    fn put_other(&mut self, index: u32, choice: AIMessageChunk) {
        self.others.put(index, choice);
    }
}

/// The chunk of an event that has been read before, without the head and the count.
fn piece(event: &[u8], said: &mut Said) -> Option<AIMessageChunk> {
    let mut answer: ChatCompletion<'_> = serde_json::from_slice(event).ok()?;
    let mut chunk = AIMessageChunk::default();
    note_prompt_filters(&mut chunk, answer.prompt_filter_results.take());
    answer.place_probabilities();
    if let Some(mut first) = take_choice(answer.choices.unwrap_or_default()) {
        fill(&mut chunk, &mut first, Delivery::InPieces);
        said.keep_news(&mut chunk);
    }
    Some(chunk)
}
