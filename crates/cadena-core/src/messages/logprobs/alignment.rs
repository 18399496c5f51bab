//! The place of each token in the text.

use std::borrow::Cow;
use std::ops::Range;

use super::TokenLogprob;
use super::measure::sum;

/// Tokens laid over the text that they made: the bytes of each token, and the probability of each part of the text.
///
/// Ranges are in bytes of the text, ascending, and never overlap. A character that is split over several tokens is
/// split between their ranges. [`AIMessage::alignment`](crate::AIMessage::alignment) makes an alignment for a message.
///
/// # Examples
///
/// ```
/// use cadena_core::{Alignment, TokenLogprob};
///
/// let tokens = [TokenLogprob::new("It is", -0.5), TokenLogprob::new(" Mad", -0.25), TokenLogprob::new("rid", -0.125)];
/// let alignment = Alignment::new("It is Madrid", &tokens);
/// assert!(alignment.is_complete());
/// assert_eq!(alignment.tokens()[1].range, 5..9);
///
/// let answer = alignment.find("Madrid").unwrap();
/// assert_eq!(alignment.logprob(answer), Some(-0.375));
/// ```
///
/// # Tokens that differ from the text
///
/// The bytes of a token are those that the server sent, or those of the token as text if the server sent none. Texts are edited on the way, so the
/// bytes of all tokens need not be the text. The tokens are placed from left to right:
///
/// - a token that continues the text takes its bytes;
/// - the first token in the text may have lost white space at its start, and the last one may go on after the end of the text, as when a stop
///   sequence was cut off: each takes the bytes of it that are left;
/// - a token that is not in the text, such as `<|im_end|>`, has no place;
/// - text that no token continues is passed over, if the tokens go on after it.
///
/// [`is_complete`](Self::is_complete) returns whether every byte of the text has a token, [`is_exact`](Self::is_exact) also
/// whether every token is in the text whole. The cost is linear in the text and the tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment<'a> {
    text: Cow<'a, str>,
    tokens: Vec<AlignedToken<'a>>,
    complete: bool,
    exact: bool,
}

/// A token with its place in the text.
///
/// # Examples
///
/// ```
/// use cadena_core::{AlignedToken, Alignment, TokenLogprob};
///
/// let tokens = [TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)];
/// let alignment = Alignment::new("Madrid", &tokens);
/// let AlignedToken { token, index, range, .. } = &alignment.tokens()[1];
/// assert_eq!((token.token.as_str(), *index, range.clone()), ("rid", 1, 3..6));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AlignedToken<'a> {
    /// The token.
    pub token: &'a TokenLogprob,
    /// The number of the token in the list of tokens, from 0.
    pub index: usize,
    /// The bytes of the token in the text, at least one. The range may begin or end within a character.
    pub range: Range<usize>,
}

impl<'a> Alignment<'a> {
    /// Lays tokens over a text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)];
    /// assert_eq!(Alignment::new("Madrid", &tokens).probability(0..6), Some((-0.75_f64).exp()));
    /// ```
    #[must_use]
    pub fn new(text: impl Into<Cow<'a, str>>, tokens: &'a [TokenLogprob]) -> Self {
        let text = text.into();
        let placed = Walk::new(text.as_bytes(), tokens).run();
        let covered: usize = placed.iter().map(|token| token.range.len()).sum();
        let spelt: usize = tokens.iter().map(|token| token.text_bytes().len()).sum();
        Self {
            complete: covered == text.len(),
            exact: covered == text.len() && spelt == covered,
            tokens: placed,
            text,
        }
    }

    /// Returns the text over which the tokens are laid.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::Alignment::new("Hi", &[]).text(), "Hi");
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the tokens that have a place in the text, in the order of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("<|start|>", -0.5), TokenLogprob::new("Hi", -0.25)];
    /// let alignment = Alignment::new("Hi", &tokens);
    /// assert_eq!((alignment.tokens()[0].index, alignment.tokens()[0].range.clone()), (1, 0..2));
    /// ```
    #[must_use]
    pub fn tokens(&self) -> &[AlignedToken<'a>] {
        &self.tokens
    }

    /// Returns whether every byte of the text has a token.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("Hi", -0.5), TokenLogprob::new("<|im_end|>", -0.25)];
    /// assert!(Alignment::new("Hi", &tokens).is_complete());
    /// assert!(!Alignment::new("Hi, you!", &tokens).is_complete());
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns whether the bytes of the tokens, one after the other, are the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("Hi", -0.5), TokenLogprob::new("\n\nHuman:", -0.25)];
    /// assert!(Alignment::new("Hi\n\nHuman:", &tokens).is_exact());
    /// assert!(!Alignment::new("Hi", &tokens).is_exact()); // complete, but a stop sequence was cut off
    /// ```
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Returns the tokens that have at least one byte in a span of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("ab", -0.5), TokenLogprob::new("cd", -0.25), TokenLogprob::new("ef", -0.125)];
    /// let alignment = Alignment::new("abcdef", &tokens);
    /// assert_eq!(alignment.tokens_in(1..3).len(), 2); // a part of "ab" and a part of "cd"
    /// assert_eq!(alignment.tokens_in(2..4).len(), 1);
    /// ```
    #[must_use]
    pub fn tokens_in(&self, span: Range<usize>) -> &[AlignedToken<'a>] {
        if span.is_empty() {
            return &[];
        }
        let start = self.tokens.partition_point(|token| token.range.end <= span.start);
        let end = self.tokens.partition_point(|token| token.range.start < span.end);
        self.tokens.get(start..end).unwrap_or_default()
    }

    /// Returns the log probability of a span of the text, given the text before it, in nats: the sum over the tokens in the span.
    ///
    /// A token that is only partly in the span counts whole, since a token has one probability. So the result is the log probability of the
    /// shortest run of tokens that holds the span. The model could have written the same text in other tokens, so the
    /// probability of the text itself is at least this. An empty span has 0.
    ///
    /// `None` if a byte of the span has no token, has a token [without a value](TokenLogprob::known_logprob), or is not in the text: then a part of the
    /// sum is not known.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("ab", -0.5), TokenLogprob::new("cd", -0.25)];
    /// let alignment = Alignment::new("abcd!", &tokens);
    /// assert_eq!(alignment.logprob(2..4), Some(-0.25));
    /// assert_eq!(alignment.logprob(1..3), Some(-0.75));
    /// assert_eq!(alignment.logprob(2..5), None); // the server sent nothing for "!"
    /// ```
    #[must_use]
    pub fn logprob(&self, span: Range<usize>) -> Option<f64> {
        let tokens = self.tokens_in(span.clone());
        let inside = |token: &AlignedToken<'_>| token.range.end.min(span.end) - token.range.start.max(span.start);
        let valued = tokens.iter().filter(|aligned| aligned.token.known_logprob().is_some());
        let covered: usize = valued.map(inside).sum();
        let known = span.start <= span.end && span.end <= self.text.len() && covered == span.len();
        known.then(|| sum(tokens.iter().map(|aligned| aligned.token)))
    }

    /// Returns the probability of a span of the text, given the text before it, from 0 to 1: `exp` of its [`logprob`](Self::logprob).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Alignment, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("yes", 0.9_f64.ln()), TokenLogprob::new("!", 0.5_f64.ln())];
    /// let sure = Alignment::new("yes!", &tokens).probability(0..3).unwrap_or_default();
    /// assert!((sure - 0.9).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn probability(&self, span: Range<usize>) -> Option<f64> {
        self.logprob(span).map(f64::exp)
    }

    /// Returns the first place of a part of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Alignment;
    ///
    /// let alignment = Alignment::new("{\"city\": \"Madrid\"}", &[]);
    /// assert_eq!(alignment.find("Madrid"), Some(10..16));
    /// assert_eq!(alignment.find("Paris"), None);
    /// ```
    #[must_use]
    pub fn find(&self, part: &str) -> Option<Range<usize>> {
        self.text.find(part).map(|start| start..start + part.len())
    }
}

/// The number of tokens in a row that may be missing in the text before the text is searched.
const SKIPPED_TOKENS: usize = 8;

/// The number of bytes that must agree before tokens count as found again after a gap.
const ANCHOR: usize = 8;

/// The number of times that the text may be searched, so that tokens of another text cost linear time too.
const SEARCHES: usize = 16;

struct Walk<'a, 't> {
    text: &'t [u8],
    tokens: &'a [TokenLogprob],
    /// The end of the placed tokens, in bytes of the text.
    at: usize,
    /// The number of bytes that may still be searched.
    budget: usize,
    placed: Vec<AlignedToken<'a>>,
}

impl<'a, 't> Walk<'a, 't> {
    fn new(text: &'t [u8], tokens: &'a [TokenLogprob]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            budget: text.len().saturating_mul(SEARCHES),
            placed: Vec::with_capacity(tokens.len()),
        }
    }

    fn run(mut self) -> Vec<AlignedToken<'a>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> TokenLogprob {
        TokenLogprob::new(text, -1.0)
    }

    fn raw(bytes: &[u8]) -> TokenLogprob {
        let mut token = token("�");
        token.bytes = Some(bytes.to_vec());
        token
    }

    /// The texts that the tokens get, `-` for a token without a place.
    #[track_caller]
    fn check(text: &str, tokens: &[TokenLogprob], expect: &[&str], complete: bool) {
        let alignment = Alignment::new(text, tokens);
        let mut got = vec!["-"; tokens.len()];
        for aligned in alignment.tokens() {
            got[aligned.index] = text.get(aligned.range.clone()).unwrap_or("(part of a character)");
        }
        assert_eq!(got, expect);
        assert_eq!(alignment.is_complete(), complete);
    }

    #[test]
    fn a_character_split_over_tokens_is_split_between_their_ranges() {
        let tokens = [token("a"), raw(&[0xf0, 0x9f]), raw(&[0xa6]), raw(&[0x80, b'!'])];
        let alignment = Alignment::new("a🦀!", &tokens);
        let ranges: Vec<_> = alignment.tokens().iter().map(|token| token.range.clone()).collect();
        assert_eq!(ranges, [0..1, 1..3, 3..4, 4..6]);
        assert!(alignment.is_exact());
        assert_eq!(alignment.logprob(1..5), Some(-3.0)); // the crab
    }

    #[test]
    fn missing_bytes_are_those_of_the_token() {
        let mut tokens = [token("é"), token("t"), token("é")];
        tokens.iter_mut().for_each(|token| token.bytes = None);
        check("été", &tokens, &["é", "t", "é"], true);
    }

    #[test]
    fn parts_of_characters_without_bytes_leave_a_gap() {
        let mut part = token("�");
        part.bytes = None;
        let tokens = [token("a "), part.clone(), part, token(" and"), token(" more")];
        check("a 🦀 and more", &tokens, &["a ", "-", "-", " and", " more"], false);
    }

    #[test]
    fn special_tokens_have_no_place() {
        let tokens = [
            token("<|start|>"),
            token("Hi"),
            token("<|sep|>"),
            token(" you"),
            token("<|end|>"),
            raw(&[]),
        ];
        check("Hi you", &tokens, &["-", "Hi", "-", " you", "-", "-"], true);
    }

    #[test]
    fn white_space_in_front_and_a_stop_sequence_behind_may_be_cut_off() {
        check(
            "Hi you",
            &[token("\n"), token(" Hi"), token(" you\n\n"), token("Human")],
            &["-", "Hi", " you", "-"],
            true,
        );
        check("Hi", &[token(" Hi\n")], &["Hi"], true);
        let tokens = [token("Hi"), token("\n")];
        assert!(!Alignment::new("Hi", &tokens).is_exact());
    }

    #[test]
    fn text_without_tokens_is_passed_over() {
        let tokens = [token("One"), token(" two"), token(" five"), token(" six"), token(".")];
        check(
            "One two three four five six.",
            &tokens,
            &["One", " two", " five", " six", "."],
            false,
        );
        check("One (removed).", &[token("One"), token(".")], &["One", "."], false);
    }

    #[test]
    fn tokens_of_another_text_have_no_place() {
        check("Hello", &[token("completely"), token(" different")], &["-", "-"], false);
        check("", &[token("a")], &["-"], true);
        check("a", &[], &[], false);
    }

    #[test]
    fn a_span_with_a_token_without_a_value_has_no_probability() {
        let tokens = [token("ab"), TokenLogprob::new("cd", f64::NAN)];
        let alignment = Alignment::new("abcd", &tokens);
        assert!(alignment.is_exact());
        assert_eq!(
            (
                alignment.logprob(0..2),
                alignment.logprob(0..3),
                alignment.logprob(2..4)
            ),
            (Some(-1.0), None, None)
        );
    }

    #[test]
    fn spans_outside_the_text_have_no_probability() {
        let tokens = [token("ab")];
        let alignment = Alignment::new("ab", &tokens);
        assert_eq!(alignment.logprob(0..3), None);
        #[expect(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
        let backwards = 2..1;
        assert_eq!(alignment.logprob(backwards), None);
        assert_eq!(alignment.logprob(1..1), Some(0.0));
    }
}
