//! Where secrets are in a text.

use std::collections::HashSet;
use std::ops::Range;

use super::escapes::{Unit, unescaped};
use crate::Secret;

/// As many characters of a secret are as secret as the whole.
const RUN: usize = 12;

/// The places of all secrets and of long parts of them, in order, none inside of another.
pub(super) fn secrets(secrets: &[Secret], text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for secret in secrets {
        found.extend(runs(secret.expose().as_bytes(), text));
    }
    // Without a backslash there are no escapes, and nearly no text has one.
    if !secrets.is_empty() && memchr::memchr(b'\\', text).is_some() {
        let units = unescaped(text);
        let plain: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
        let written = secrets
            .iter()
            .flat_map(|secret| runs(secret.expose().as_bytes(), &plain));
        found.extend(written.filter_map(|run| written_as(&units, run)));
    }
    joined(found)
}

/// The places of a secret; of a long one, also those of its parts.
fn runs(secret: &[u8], text: &[u8]) -> Vec<Range<usize>> {
    if secret.len() < RUN {
        let starts = memchr::memmem::find_iter(text, secret);
        return starts.map(|start| start..start + secret.len()).collect();
    }
    if text.len() < RUN {
        return Vec::new();
    }
    let parts: HashSet<&[u8]> = secret.windows(RUN).collect();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (start, part) in text.windows(RUN).enumerate() {
        if !parts.contains(part) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if start < run.end => run.end = start + RUN,
            _ => runs.push(start..start + RUN),
        }
    }
    runs
}

/// The place in the written text of a place in the decoded one.
fn written_as(units: &[Unit], run: Range<usize>) -> Option<Range<usize>> {
    let units = units.get(run)?;
    Some(units.first()?.place.start..units.last()?.place.end)
}

fn joined(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in found {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}
