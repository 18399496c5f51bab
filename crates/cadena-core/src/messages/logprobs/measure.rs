//! Measures of several log probabilities.

use super::TokenLogprob;

/// Measures of a list of tokens: sums, means and values that follow from them.
///
/// Logarithms are natural, so differences and sums are in nats. A server writes `null` for "impossible": such a token counts as `-inf`,
/// probability 0, and makes the whole list impossible too. A token [without a value](TokenLogprob::known_logprob) is left out, as if it were
/// not in the list.
///
/// # Examples
///
/// ```
/// use cadena_core::{TokenLogprob, TokenLogprobsExt};
///
/// let tokens = [TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)];
/// assert_eq!(tokens.sum_logprob(), -0.75);
/// assert_eq!(tokens.mean_logprob(), Some(-0.375));
/// assert_eq!(tokens[..1].mean_logprob(), Some(-0.5));
/// ```
pub trait TokenLogprobsExt {
    /// Returns the logarithm of the probability of all tokens together: `Σ logprob`. 0 for no tokens, `-inf` if one of them has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TokenLogprobsExt};
    ///
    /// assert_eq!([TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)].sum_logprob(), -0.75);
    /// ```
    fn sum_logprob(&self) -> f64;

    /// Returns the mean per token: `Σ logprob / n`. `None` for no tokens, `-inf` if one of them has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TokenLogprobsExt};
    ///
    /// assert_eq!([TokenLogprob::new("Mad", -0.5), TokenLogprob::new("rid", -0.25)].mean_logprob(), Some(-0.375));
    /// ```
    fn mean_logprob(&self) -> Option<f64>;

    /// Returns the probability of all tokens together, from 0 to 1: `exp(Σ logprob)`. 1 for no tokens.
    ///
    /// The probability shrinks with the length of the text, and below about −745 nats it is 0 in `f64`. To compare texts of different lengths use
    /// [`perplexity`](Self::perplexity).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TokenLogprobsExt};
    ///
    /// let tokens = [TokenLogprob::new("a", 0.5_f64.ln()), TokenLogprob::new("b", 0.5_f64.ln())];
    /// assert!((tokens.joint_probability() - 0.25).abs() < 1e-12);
    /// assert_eq!(tokens[..0].joint_probability(), 1.0);
    /// ```
    fn joint_probability(&self) -> f64;

    /// Returns the number of equally probable tokens from which the model chose, on average: `exp(−Σ logprob / n)`, from 1 to infinity.
    ///
    /// This is the definition of Jelinek et al. (1977). `None` for no tokens, infinity if one of them is impossible.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TokenLogprobsExt};
    ///
    /// let tokens = [TokenLogprob::new("a", 0.25_f64.ln()), TokenLogprob::new("b", 0.25_f64.ln())];
    /// assert!((tokens.perplexity().unwrap_or_default() - 4.0).abs() < 1e-12);
    /// assert_eq!(tokens[..0].perplexity(), None);
    /// ```
    fn perplexity(&self) -> Option<f64>;

    /// Returns the margin of the closest decision: the smallest [`TokenLogprob::margin`], in nats. `None` if no token has a margin.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TokenLogprobsExt, TopLogprob};
    ///
    /// let sure = TokenLogprob::new("2", -0.25).with_top(vec![TopLogprob::new("3", -5.25)]);
    /// let unsure = TokenLogprob::new("7", -0.75).with_top(vec![TopLogprob::new("1", -1.0)]);
    /// assert_eq!([sure, unsure].margin(), Some(0.25));
    /// ```
    fn margin(&self) -> Option<f64>;

    /// Returns the mean of [`TokenLogprob::entropy`] over the tokens that have one, in nats. `None` if no token has an entropy.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TokenLogprobsExt, TopLogprob};
    ///
    /// let sure = TokenLogprob::new("a", 0.0).with_top(vec![TopLogprob::new("a", 0.0)]);
    /// assert_eq!([sure].mean_entropy(), Some(0.0));
    /// ```
    fn mean_entropy(&self) -> Option<f64>;
}

impl TokenLogprobsExt for [TokenLogprob] {
    fn sum_logprob(&self) -> f64 {
        sum(self)
    }

    fn mean_logprob(&self) -> Option<f64> {
        mean(self.iter().filter_map(TokenLogprob::known_logprob))
    }

    fn joint_probability(&self) -> f64 {
        sum(self).exp()
    }

    fn perplexity(&self) -> Option<f64> {
        self.mean_logprob().map(|mean| (-mean).exp())
    }

    fn margin(&self) -> Option<f64> {
        margin(self)
    }

    fn mean_entropy(&self) -> Option<f64> {
        mean(self.iter().filter_map(TokenLogprob::entropy))
    }
}

/// Sums from 0.0, since the standard `sum()` of no numbers is -0.0.
pub(super) fn sum<'a>(tokens: impl IntoIterator<Item = &'a TokenLogprob>) -> f64 {
    let known = tokens.into_iter().filter_map(TokenLogprob::known_logprob);
    known.fold(0.0, |sum, logprob| sum + logprob)
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

pub(super) fn margin<'a>(tokens: impl IntoIterator<Item = &'a TokenLogprob>) -> Option<f64> {
    tokens.into_iter().filter_map(TokenLogprob::margin).reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tokens_are_certain_and_have_no_mean() {
        let none: [TokenLogprob; 0] = [];
        assert!(none.sum_logprob().is_sign_positive());
        assert_eq!((none.sum_logprob(), none.joint_probability()), (0.0, 1.0));
        assert_eq!((none.mean_logprob(), none.perplexity()), (None, None));
        assert_eq!((none.margin(), none.mean_entropy()), (None, None));
    }

    #[test]
    fn tokens_without_a_value_are_left_out() {
        let tokens = [TokenLogprob::new("a", -0.5), TokenLogprob::new("b", f64::NAN)];
        assert_eq!((tokens.sum_logprob(), tokens.mean_logprob()), (-0.5, Some(-0.5)));
        assert_eq!(tokens.perplexity(), tokens[..1].perplexity());
        assert_eq!(
            (
                tokens[1..].mean_logprob(),
                tokens[1..].perplexity(),
                tokens[1..].margin()
            ),
            (None, None, None)
        );
        assert_eq!((tokens[1..].sum_logprob(), tokens[1..].mean_entropy()), (0.0, None));
    }

    #[test]
    fn one_impossible_token_makes_all_impossible() {
        let tokens = [TokenLogprob::new("a", -0.5), TokenLogprob::new("b", f64::NEG_INFINITY)];
        assert_eq!(tokens.sum_logprob(), f64::NEG_INFINITY);
        assert_eq!(tokens.joint_probability(), 0.0);
        assert_eq!(tokens.mean_logprob(), Some(f64::NEG_INFINITY));
        assert_eq!(tokens.perplexity(), Some(f64::INFINITY));
    }
}
