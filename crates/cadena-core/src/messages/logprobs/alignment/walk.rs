//! Finds the place of each token, from left to right.

use std::ops::Range;

use super::AlignedToken;
use crate::messages::TokenLogprob;

/// The number of tokens in a row that may be missing in the text before the text is searched.
const SKIPPED_TOKENS: usize = 8;

/// The number of bytes that must agree before tokens count as found again after a gap.
const ANCHOR: usize = 8;

/// The number of times that the text may be searched, so that tokens of another text cost linear time too.
const SEARCHES: usize = 16;

pub(super) struct Walk<'a, 't> {
    text: &'t [u8],
    tokens: &'a [TokenLogprob],
    /// The end of the placed tokens, in bytes of the text.
    at: usize,
    /// The number of bytes that may still be searched.
    budget: usize,
    placed: Vec<AlignedToken<'a>>,
}

impl<'a, 't> Walk<'a, 't> {
    pub(super) fn new(text: &'t [u8], tokens: &'a [TokenLogprob]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            budget: text.len().saturating_mul(SEARCHES),
            placed: Vec::with_capacity(tokens.len()),
        }
    }

    pub(super) fn run(mut self) -> Vec<AlignedToken<'a>> {
        for (index, token) in self.tokens.iter().enumerate() {
            if let Some(range) = self.place(index, token.text_bytes()).filter(|range| !range.is_empty()) {
                self.at = range.end;
                self.placed.push(AlignedToken { token, index, range });
            }
        }
        self.placed
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn place(&mut self, index: usize, token: &[u8]) -> Option<Range<usize>> {
        let rest = self.rest();
        if token.is_empty() || rest.is_empty() {
            return None;
        }
        let trimmed = if self.at == 0 { token.trim_ascii_start() } else { token };
        for bytes in [token, trimmed] {
            let ends_the_text = !bytes.is_empty() && bytes.starts_with(rest);
            if rest.starts_with(bytes) || ends_the_text {
                return Some(self.at..self.at + bytes.len().min(rest.len()));
            }
        }
        let start = self.behind_gap(index)?;
        Some(start..start + token.len())
    }

    /// Returns the place where the tokens go on, if the text has other bytes in between.
    fn behind_gap(&mut self, index: usize) -> Option<usize> {
        // If later tokens continue the text, then this token is missing in it.
        if (1..=SKIPPED_TOKENS).any(|skipped| self.continues(index + skipped)) {
            return None;
        }
        let anchor = self.anchor(index);
        let rest = self.rest();
        if anchor.len() < ANCHOR {
            // So few bytes are found anywhere. The last bytes of all tokens belong at the end of the text.
            return rest.ends_with(&anchor).then(|| self.text.len() - anchor.len());
        }
        let window = rest.get(..self.budget).unwrap_or(rest);
        let found = window.windows(anchor.len()).position(|bytes| bytes == anchor);
        self.budget -= found.unwrap_or(window.len());
        found.map(|gap| self.at + gap)
    }

    /// Returns whether the tokens from this one on continue the text, as far as the anchor reaches.
    fn continues(&self, index: usize) -> bool {
        let anchor = self.anchor(index);
        let rest = self.rest();
        !anchor.is_empty() && (rest.starts_with(&anchor) || anchor.starts_with(rest))
    }

    /// Returns the bytes of the tokens from this one on, until they are enough to be found again.
    fn anchor(&self, index: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for token in self.tokens.iter().skip(index).take(ANCHOR) {
            if bytes.len() >= ANCHOR {
                break;
            }
            bytes.extend_from_slice(token.text_bytes());
        }
        bytes
    }
}
