//! The choices of a stream other than the first.

use std::collections::{BTreeMap, BTreeSet};

use cadena_core::{AIMessageChunk, Result};
use cadena_http::Redactor;

use super::choice::{check, is_empty};
use super::said::Said;
use crate::convert::{Delivery, Head, Thoughts, fill};
use crate::events::has_news;
use crate::wire::Choice;

/// The other choices: their pieces if they are wanted, else only whether the server works on them.
#[derive(Debug)]
pub(super) struct Others {
    wanted: bool,
    /// The state of each of them.
    said: BTreeMap<u32, Said>,
    /// Pieces that have not been taken.
    pieces: Vec<(u32, AIMessageChunk)>,
    /// Which of them have begun and not finished.
    unfinished: BTreeSet<u32>,
    /// Whether the last event brought a part of one of them, wanted or not.
    news: bool,
}

impl Others {
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            said: BTreeMap::new(),
            pieces: Vec::new(),
            unfinished: BTreeSet::new(),
            news: false,
        }
    }

    /// Whether they are handed on.
    pub(super) fn are_wanted(&self) -> bool {
        self.wanted
    }

    /// Forgets the news of the last event.
    pub(super) fn begin_event(&mut self) {
        self.news = false;
    }

    pub(super) fn have_news(&self) -> bool {
        self.news
    }

    pub(super) fn are_all_finished(&self) -> bool {
        self.unfinished.is_empty()
    }

    pub(super) fn are_waiting(&self) -> bool {
        !self.pieces.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<(u32, AIMessageChunk)> {
        std::mem::take(&mut self.pieces)
    }

    /// Adds a piece, if the others are wanted.
    pub(super) fn put(&mut self, index: u32, piece: AIMessageChunk) {
        if self.wanted {
            self.pieces.push((index, piece));
        }
    }

    /// Reads a piece. Returns it, still to be described and put, if it is wanted.
    pub(super) fn read(
        &mut self,
        index: u32,
        choice: &mut Choice<'_>,
        thoughts: &mut Thoughts,
        describe: (&Head, &str),
        redactor: &Redactor,
    ) -> Result<Option<AIMessageChunk>> {
        if is_empty(choice) {
            return Ok(None);
        }
        let mut chunk = AIMessageChunk::default();
        if !self.wanted {
            // Only whether there is news counts, and one choice with some is enough.
            if !self.news {
                fill(&mut chunk, choice, Delivery::InPieces);
                self.news = has_news(&chunk);
            }
            return Ok(None);
        }
        check(choice, redactor)?;
        if choice.finish_reason.known().is_some() {
            self.unfinished.remove(&index);
            describe.0.describe(&mut chunk, describe.1);
        } else {
            self.unfinished.insert(index);
        }
        fill(&mut chunk, choice, Delivery::InPieces);
        self.said.entry(index).or_default().keep_news(&mut chunk);
        thoughts.number(index, &mut chunk.content);
        self.news |= has_news(&chunk);
        Ok(Some(chunk))
    }
}
