//! One event without a report of an error: its choices, its count, and the members around them.

use cadena_core::{AIMessageChunk, Result};
use cadena_http::Redactor;
use serde_json::{Map, Value};

use super::ChatReader;
use crate::chat::choice::{check, check_unknown, is_empty};
use crate::convert::{Delivery, fill, index_of, is_first, note_prompt_filters, usage_of};
use crate::events::{EventReader, Step};
use crate::wire::{ChatCompletion, Choice};

impl ChatReader {
    /// Reads an answer of an event that reports no error.
    pub(super) fn read_answer(
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

    /// Writes a count. A chunk holds what it adds, while a server that counts in every event sends the sum so far.
    fn count(&mut self, usage: Map<String, Value>, chunk: &mut AIMessageChunk) {
        let sum = self.head.count(&usage);
        chunk.usage_metadata = match self.counted.take() {
            None => Some(sum.clone()),
            Some(before) => sum.clone().subtract(before).ok(),
        };
        chunk.response_metadata.token_usage = Some(Box::new(usage));
        self.counted = Some(sum);
    }
}
