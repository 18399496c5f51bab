//! From events to chunks, and whether the answer is whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cadena_core::{AIMessageChunk, Error, Result, UsageMetadata};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;
use serde_json::{Map, Value};

use super::choice::{check, check_unknown, is_empty};
use super::envelope::Envelope;
use super::others::Others;
use super::partial::Partial;
use super::said::Said;
use crate::convert::{
    Delivery, Head, Kept, Thoughts, fill, index_of, is_first, note_prompt_filters, take_choice, usage_of,
};
use crate::error;
use crate::events::{End, EventReader, Expect, Step, is_done};
use crate::wire::{ChatCompletion, Choice, Seams};

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
    /// What the first choice has said. Boxed, as most answers are text alone.
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

    /// Reads an answer of an event that reports no error.
    fn read_answer(
        &mut self,
        mut answer: ChatCompletion<'_>,
        data: &[u8],
        redactor: &Redactor,
        chunk: &mut AIMessageChunk,
    ) -> Result<Step> {
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
        for (place, choice) in choices.iter_mut().enumerate() {
            if choice.other.is_some() {
                check_unknown(choice, redactor)?;
                let kept = self.kept_of.entry(index_of(choice, place)).or_default();
                kept.remember(&mut choice.other);
            }
        }
        // An error of another choice waits, so that the first one's piece of the same event is in the partial answer.
        let others = self.read_others(&mut choices, redactor);
        let mut choices = choices.iter_mut().enumerate();
        let first = choices.find_map(|(place, choice)| is_first(choice, place).then_some(choice));
        let step = match first {
            Some(choice) if is_empty(choice) && usage.is_none() && chunk.response_metadata.extra.is_empty() => {
                Step::Nothing
            }
            Some(choice) => {
                self.read_first(choice, redactor, chunk)?;
                Step::Chunk
            }
            None if !is_chunk && usage.is_none() && chunk.response_metadata.extra.is_empty() => Step::Nothing,
            None => Step::Chunk,
        };
        if step == Step::Chunk {
            if let Some(Value::Object(usage)) = usage.map(|usage| *usage) {
                self.count(usage, chunk);
            }
            if self.has_finished() && (self.counted.is_some() || !self.expect.usage) {
                self.kept.write(&mut chunk.response_metadata);
            }
            self.partial.add(chunk, data);
        }
        others.map(|()| step)
    }

    /// Reads the pieces of the other choices. The error is the first one that a choice reports.
    fn read_others(&mut self, choices: &mut [Choice<'_>], redactor: &Redactor) -> Result<()> {
        let mut outcome = Ok(());
        for (place, choice) in choices.iter_mut().enumerate() {
            if is_first(choice, place) {
                continue;
            }
            let finishes = choice.finish_reason.known().is_some();
            if finishes {
                self.open_choices = self.open_choices.saturating_sub(1);
            }
            let index = index_of(choice, place);
            let describe = (&self.head, self.model.as_str());
            match self.others.read(index, choice, &mut self.thoughts, describe, redactor) {
                Ok(Some(mut piece)) => {
                    if finishes {
                        self.write_kept_of(index, &mut piece);
                    }
                    self.others.put(index, piece);
                }
                Ok(None) => {}
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    fn read_first(&mut self, choice: &mut Choice<'_>, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<()> {
        check(choice, redactor)?;
        let finishes = choice.finish_reason.known().is_some();
        fill(chunk, choice, Delivery::InPieces);
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
                    return Ok(Step::Nothing);
                }
            }
        } else {
            self.unknown = None;
        }
        // MiniMax says in the last event whether all went well.
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
            End::Done if self.expect.finish_reason => Err("the server said `[DONE]` without a finish reason"),
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
