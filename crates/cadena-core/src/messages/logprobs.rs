//! Log probabilities of the tokens of an answer.

mod token;
pub use token::{TokenLogprob, TopLogprob};
mod measure;
pub use measure::TokenLogprobsExt;
mod alignment;
pub use alignment::{AlignedToken, Alignment};
mod confidence;
pub use confidence::{FieldConfidence, JsonConfidence};
mod bytes;
mod json;
mod members;

use std::iter::{Chain, Flatten};
use std::option;

use super::Extra;
use crate::{Merge, Result};

/// The log probabilities of an answer's tokens: those of its text and those of its refusal.
///
/// `None` is a list that the server did not send; it differs from an empty list. Lists append when chunks are added. The measures here
/// are over [`tokens`](Self::tokens); [`TokenLogprobsExt`] measures a part of the tokens, and [`Alignment`] a span of the text.
///
/// # Examples
///
/// ```
/// use cadena_core::{Logprobs, TokenLogprob};
///
/// let logprobs = Logprobs::content(vec![TokenLogprob::new("Hi", -0.25)]);
/// assert_eq!(logprobs.content.as_deref().map(<[_]>::len), Some(1));
/// assert_eq!(logprobs.refusal, None);
/// ```
///
/// How sure was the model?
///
/// ```
/// use cadena_core::{Logprobs, TokenLogprob};
///
/// let logprobs = Logprobs::content(vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)]);
/// assert_eq!(logprobs.sum(), -0.75);
/// assert_eq!(logprobs.mean(), Some(-0.375));
/// assert_eq!(logprobs.joint_probability(), (-0.75_f64).exp());
/// assert_eq!(logprobs.perplexity(), Some(0.375_f64.exp()));
/// for token in &logprobs {
///     assert!(token.probability() > 0.5, "{}", token.token);
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Logprobs {
    /// The tokens of the text.
    pub content: Option<Vec<TokenLogprob>>,
    /// The tokens of the refusal.
    pub refusal: Option<Vec<TokenLogprob>>,
    /// Other keys of the server's object. A list of an unknown form is here under its name.
    pub extra: Extra,
}

impl Logprobs {
    /// Makes the log probabilities of a text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob};
    ///
    /// assert_eq!(Logprobs::content(vec![TokenLogprob::new("Hi", -0.25)]).sum(), -0.25);
    /// ```
    #[must_use]
    pub fn content(tokens: Vec<TokenLogprob>) -> Self {
        Self {
            content: Some(tokens),
            ..Self::default()
        }
    }

    /// Iterates over all tokens, those of the text before those of the refusal; `for token in logprobs` does the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob};
    ///
    /// let logprobs = Logprobs::content(vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)]);
    /// assert_eq!(logprobs.tokens().map(|token| token.token.as_str()).collect::<String>(), "Madrid");
    /// ```
    pub fn tokens(&self) -> impl Iterator<Item = &TokenLogprob> {
        self.into_iter()
    }

    /// As [`TokenLogprobsExt::sum_logprob`]: `Σ logprob` in nats; 0 for no tokens, `-inf` if one of them has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob};
    ///
    /// let logprobs = Logprobs::content(vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)]);
    /// assert_eq!(logprobs.sum(), -0.75);
    /// ```
    #[must_use]
    pub fn sum(&self) -> f64 {
        measure::sum(self.tokens())
    }

    /// As [`TokenLogprobsExt::mean_logprob`]: `Σ logprob / n` in nats; `None` for no tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob};
    ///
    /// let logprobs = Logprobs::content(vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)]);
    /// assert_eq!(logprobs.mean(), Some(-0.375));
    /// assert_eq!(Logprobs::default().mean(), None);
    /// ```
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        measure::mean(self.tokens().filter_map(TokenLogprob::known_logprob))
    }

    /// As [`TokenLogprobsExt::joint_probability`]: `exp(Σ logprob)`, from 0 to 1; 1 for no tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob};
    ///
    /// let logprobs = Logprobs::content(vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)]);
    /// assert_eq!(logprobs.joint_probability(), (-0.75_f64).exp());
    /// ```
    #[must_use]
    pub fn joint_probability(&self) -> f64 {
        self.sum().exp()
    }

    /// As [`TokenLogprobsExt::perplexity`]: `exp(−Σ logprob / n)`, from 1 to infinity; `None` for no tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob};
    ///
    /// let logprobs = Logprobs::content(vec![TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)]);
    /// assert_eq!(logprobs.perplexity(), Some(0.375_f64.exp()));
    /// ```
    #[must_use]
    pub fn perplexity(&self) -> Option<f64> {
        self.mean().map(|mean| (-mean).exp())
    }

    /// As [`TokenLogprobsExt::margin`]: the smallest margin of a token, in nats; `None` if no token has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob, TopLogprob};
    ///
    /// let token = TokenLogprob::new("yes", -0.25).with_top(vec![TopLogprob::new("no", -1.5)]);
    /// assert_eq!(Logprobs::content(vec![token]).margin(), Some(1.25));
    /// ```
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        measure::margin(self.tokens())
    }

    /// As [`TokenLogprobsExt::mean_entropy`], in nats; `None` if no token has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Logprobs, TokenLogprob, TopLogprob};
    ///
    /// let sure = TokenLogprob::new("a", 0.0).with_top(vec![TopLogprob::new("a", 0.0)]);
    /// assert_eq!(Logprobs::content(vec![sure]).mean_entropy(), Some(0.0));
    /// ```
    #[must_use]
    pub fn mean_entropy(&self) -> Option<f64> {
        measure::mean(self.tokens().filter_map(TokenLogprob::entropy))
    }
}

impl<'a> IntoIterator for &'a Logprobs {
    type Item = &'a TokenLogprob;
    type IntoIter = Flatten<Chain<option::Iter<'a, Vec<TokenLogprob>>, option::Iter<'a, Vec<TokenLogprob>>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.content.iter().chain(&self.refusal).flatten()
    }
}

impl Merge for Logprobs {
    fn merge(&mut self, next: Self) -> Result<()> {
        let Self {
            content,
            refusal,
            extra,
        } = next;
        self.content.merge(content)?; // Each chunk brings the tokens that are new in it.
        self.refusal.merge(refusal)?;
        self.extra.merge(extra)
    }
}
