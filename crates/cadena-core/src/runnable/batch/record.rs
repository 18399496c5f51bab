//! The record of the inputs that are finished, in four bytes each.

use std::collections::HashMap;

use super::fingerprint::Fingerprint;

const PAGE: usize = 64;
const FAILED: u32 = 1 << 30;
const FINISHED: u32 = 2 << 30;
const STATE: u32 = 3 << 30;

/// The progress of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Failed,
    Finished,
}

/// The error for an input with another fingerprint than before.
#[derive(Debug)]
pub(super) struct Changed;

/// The record of the inputs that are finished: for each, a state of two bits and thirty bits of the fingerprint.
///
/// It is split into pages, so that a wild index in a file costs a page and not the memory up to it. One changed input in 2^30 is not noticed.
#[derive(Default)]
pub(super) struct Record {
    pages: HashMap<u64, Box<[u32; PAGE]>>,
    /// The number of inputs: one more than the highest index.
    pub(super) inputs: u64,
    pub(super) finished: usize,
    pub(super) failed: usize,
}

impl Record {
    /// Returns the state of an input that has this fingerprint.
    pub(super) fn state(&self, index: u64, input: Fingerprint) -> Result<State, Changed> {
        let (page, place) = position(index);
        let mark = self.pages.get(&page).and_then(|page| page.get(place));
        state(mark.copied().unwrap_or_default(), input)
    }

    /// Records a line of the file. A finished input stays finished.
    pub(super) fn note(&mut self, index: u64, input: Fingerprint, finished: bool) -> Result<(), Changed> {
        let (page, place) = position(index);
        let page = self.pages.entry(page).or_insert_with(|| Box::new([0; PAGE]));
        let Some(mark) = page.get_mut(place) else {
            return Ok(());
        };
        let before = state(*mark, input)?;
        self.inputs = self.inputs.max(index.saturating_add(1));
        if finished && before != State::Finished {
            *mark = FINISHED | bits(input);
            self.finished += 1;
            self.failed -= usize::from(before == State::Failed);
        } else if before == State::Open {
            *mark = FAILED | bits(input);
            self.failed += 1;
        }
        Ok(())
    }
}

fn position(index: u64) -> (u64, usize) {
    (index / PAGE as u64, (index % PAGE as u64) as usize)
}

fn bits(input: Fingerprint) -> u32 {
    // The low bits are as good as any: the last step of the hash spreads them.
    (input.0 as u32) & !STATE
}

fn state(mark: u32, input: Fingerprint) -> Result<State, Changed> {
    match mark & STATE {
        0 => Ok(State::Open),
        _ if mark & !STATE != bits(input) => Err(Changed),
        FINISHED => Ok(State::Finished),
        _ => Ok(State::Failed),
    }
}
