//! The place of each token in the text.

mod walk;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use self::walk::Walk;
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
