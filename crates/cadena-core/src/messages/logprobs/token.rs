//! One token, and the tokens that could have stood in its place.

use crate::messages::Extra;

/// One token with its log probability.
///
/// # Examples
///
/// ```
/// use cadena_core::TokenLogprob;
///
/// let token: TokenLogprob = serde_json::from_str(r#"{"token":"Hi","logprob":-0.25,"id":17}"#)?;
/// assert_eq!(token.bytes, None); // the server sent none: never derived from the token
/// assert_eq!(token.extra.get("id"), Some(&17.into()));
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// # JSON
///
/// JSON has neither infinity nor `NaN`. Minus infinity is written as `null`, and a logarithm without a value is not written; both read back as they
/// were. The texts of servers are read too: `"-inf"`, `"-0.5"`, `"NaN"`. A token that came as a number is read as its text, and alternatives may be
/// an object by their texts. A member of an unexpected type is kept in [`extra`](Self::extra) under its name and written as it came.
///
/// ```
/// use cadena_core::TokenLogprob;
/// use serde_json::json;
///
/// let token: TokenLogprob = serde_json::from_value(json!({"token": 12, "logprob": "-inf", "top_logprobs": {"a": -0.5}}))?;
/// assert_eq!((token.token.as_str(), token.logprob), ("12", f64::NEG_INFINITY));
/// assert_eq!(serde_json::to_value(&token)?["logprob"], json!(null));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The token as text. If a character is split over several tokens, this text may be empty or contain `�`.
    pub token: String,
    /// The token's own bytes, if the server sent them.
    pub bytes: Option<Vec<u8>>,
    /// The natural logarithm of its probability; `-inf` where the server wrote `null`, `NaN` where the server sent no value:
    /// [`known_logprob`](Self::known_logprob) tells the two apart. OpenAI writes `-9999.0` for a token that is not among the most
    /// probable ones.
    pub logprob: f64,
    /// The most probable tokens at this place. Servers differ on whether the chosen token is among them.
    pub top_logprobs: Option<Vec<TopLogprob>>,
    /// Other keys of the server's object.
    pub extra: Extra,
}

impl TokenLogprob {
    /// Makes a token with its natural log probability; the bytes are those of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cadena_core::TokenLogprob::new("Hi", -0.25);
    /// assert_eq!((token.logprob, token.bytes.as_deref()), (-0.25, Some(&b"Hi"[..])));
    /// ```
    #[must_use]
    pub fn new(token: impl Into<String>, logprob: f64) -> Self {
        let token = token.into();
        Self {
            bytes: Some(token.clone().into_bytes()),
            token,
            logprob,
            ..Self::default()
        }
    }

    /// Sets the alternatives at this place.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TopLogprob};
    ///
    /// let token = TokenLogprob::new("yes", -0.25).with_top(vec![TopLogprob::new("no", -1.5)]);
    /// assert_eq!(token.margin(), Some(1.25));
    /// ```
    #[must_use]
    pub fn with_top(mut self, top: Vec<TopLogprob>) -> Self {
        self.top_logprobs = Some(top);
        self
    }

    /// Returns the natural logarithm of the probability; `None` if the server sent no value, as for a `NaN` that it computed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TokenLogprob;
    ///
    /// assert_eq!(TokenLogprob::new("a", -0.5).known_logprob(), Some(-0.5));
    /// let token: TokenLogprob = serde_json::from_str(r#"{"token":"a","logprob":"NaN"}"#)?;
    /// assert_eq!(token.known_logprob(), None);
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn known_logprob(&self) -> Option<f64> {
        known(self.logprob)
    }

    /// Returns the probability, from 0 to 1: `exp(logprob)`; `NaN` if the server sent no value.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::TokenLogprob::new("Hi", 0.0).probability(), 1.0);
    /// ```
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.logprob.exp()
    }

    /// Returns the bytes that the token adds to the text: those that the server sent, or else those of the token as text.
    ///
    /// A server that sends no bytes writes `�` for a part of a character; then the returned bytes are not those of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TokenLogprob;
    ///
    /// // The first half of "é".
    /// let token: TokenLogprob = serde_json::from_str(r#"{"token":"","bytes":[195],"logprob":-0.5}"#)?;
    /// assert_eq!(token.text_bytes(), [0xc3]);
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn text_bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.token.as_bytes())
    }

    /// Returns by how much the chosen token beats the best other one, in nats: `logprob − max(logprob of another token)`.
    ///
    /// The margin is the logarithm of the odds between the two, the natural-log form of the margin by which active learning selects
    /// (Scheffer, Decomain, Wrobel 2001: best versus second best). At 0 the two are equally probable. Below 0 the model preferred another
    /// token, as happens in sampling. Tokens of the same bytes are the same token here.
    ///
    /// `None` if there is no other token in [`top_logprobs`](Self::top_logprobs), or if this token has no value. Two probabilities of 0 are equal.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TopLogprob};
    ///
    /// let top = vec![TopLogprob::new("yes", -0.25), TopLogprob::new("no", -1.5)];
    /// assert_eq!(TokenLogprob::new("yes", -0.25).with_top(top.clone()).margin(), Some(1.25));
    /// assert_eq!(TokenLogprob::new("no", -1.5).with_top(top).margin(), Some(-1.25));
    /// assert_eq!(TokenLogprob::new("yes", -0.25).margin(), None);
    /// ```
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        let chosen = self.known_logprob()?;
        let best = self.others().filter_map(TopLogprob::known_logprob).reduce(f64::max)?;
        // Both may be minus infinity, whose difference is not a number.
        Some(if best == chosen { 0.0 } else { chosen - best })
    }

    /// Returns how undecided the model was at this place, in nats: `−Σ p·ln p` over the known tokens, with all other tokens counted as one.
    ///
    /// To count the others as one never adds entropy (Shannon's grouping property), so this is a lower bound of the entropy
    /// of the whole vocabulary, and exact if the known tokens have all the probability. A token without a value is not known. `None` without
    /// alternatives.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TokenLogprob, TopLogprob};
    ///
    /// let half = 0.5_f64.ln();
    /// let token = TokenLogprob::new("a", half).with_top(vec![TopLogprob::new("a", half), TopLogprob::new("b", half)]);
    /// assert!((token.entropy().unwrap_or_default() - 2.0_f64.ln()).abs() < 1e-12);
    /// assert_eq!(TokenLogprob::new("a", half).entropy(), None);
    /// ```
    #[must_use]
    pub fn entropy(&self) -> Option<f64> {
        fn term(p: f64) -> f64 {
            // p·ln p goes to 0 with p, but the product of 0 and minus infinity is `NaN`.
            if p > 0.0 { -p * p.ln() } else { 0.0 }
        }
        self.top_logprobs.as_ref().filter(|top| !top.is_empty())?;
        let others = self.others().filter_map(TopLogprob::known_logprob);
        let known = self.known_logprob().into_iter().chain(others);
        let (mut entropy, mut rest) = (0.0, 1.0);
        for p in known.map(f64::exp) {
            entropy += term(p);
            rest -= p;
        }
        Some(entropy + term(rest))
    }

    /// Returns the alternatives that were not chosen.
    fn others(&self) -> impl Iterator<Item = &TopLogprob> {
        let top = self.top_logprobs.as_deref().unwrap_or_default();
        top.iter().filter(|other| match (&self.bytes, &other.bytes) {
            (Some(chosen), Some(other)) => chosen != other,
            _ => self.token != other.token,
        })
    }
}

/// A `NaN` is equal to a `NaN` here, so a token without a value is equal to itself.
impl PartialEq for TokenLogprob {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            token,
            bytes,
            logprob,
            top_logprobs,
            extra,
        } = self;
        known(*logprob) == other.known_logprob()
            && *token == other.token
            && *bytes == other.bytes
            && *top_logprobs == other.top_logprobs
            && *extra == other.extra
    }
}

/// A token that the model could have chosen.
///
/// # Examples
///
/// ```
/// use cadena_core::TopLogprob;
///
/// assert_eq!(TopLogprob::new("Hi", 0.0).probability(), 1.0);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TopLogprob {
    /// The token as text.
    pub token: String,
    /// The token's own bytes, if the server sent them.
    pub bytes: Option<Vec<u8>>,
    /// The natural logarithm of its probability, as in [`TokenLogprob::logprob`].
    pub logprob: f64,
    /// Other keys of the server's object.
    pub extra: Extra,
}

impl TopLogprob {
    /// Makes an alternative with its natural log probability; the bytes are those of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::TopLogprob::new("Hi", -0.25).logprob, -0.25);
    /// ```
    #[must_use]
    pub fn new(token: impl Into<String>, logprob: f64) -> Self {
        let token = token.into();
        Self {
            bytes: Some(token.clone().into_bytes()),
            token,
            logprob,
            ..Self::default()
        }
    }

    /// Returns the natural logarithm of the probability; `None` if the server sent no value.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::TopLogprob::new("a", f64::NAN).known_logprob(), None);
    /// ```
    #[must_use]
    pub fn known_logprob(&self) -> Option<f64> {
        known(self.logprob)
    }

    /// Returns the probability, from 0 to 1: `exp(logprob)`; `NaN` if the server sent no value.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::TopLogprob::new("Hi", 0.0).probability(), 1.0);
    /// ```
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.logprob.exp()
    }
}

/// As for [`TokenLogprob`], a `NaN` is equal to a `NaN`.
impl PartialEq for TopLogprob {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            token,
            bytes,
            logprob,
            extra,
        } = self;
        known(*logprob) == other.known_logprob()
            && *token == other.token
            && *bytes == other.bytes
            && *extra == other.extra
    }
}

/// Returns the logarithm if it has a value; `NaN` marks one without a value, so that the token keeps its place in the list.
fn known(logprob: f64) -> Option<f64> {
    (!logprob.is_nan()).then_some(logprob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_tokens_have_a_margin_and_no_entropy() {
        let none = f64::NEG_INFINITY;
        let token = TokenLogprob::new("a", none).with_top(vec![TopLogprob::new("b", none)]);
        assert_eq!(token.margin(), Some(0.0));
        assert_eq!(token.entropy(), Some(0.0)); // all the probability is elsewhere, as one token
        let token = TokenLogprob::new("a", 0.0).with_top(vec![TopLogprob::new("b", none)]);
        assert_eq!(token.margin(), Some(f64::INFINITY));
        assert_eq!(token.entropy(), Some(0.0));
    }

    #[test]
    fn a_token_without_a_value_is_equal_to_itself_and_measures_leave_it_out() {
        let none = f64::NAN;
        let token = TokenLogprob::new("a", none).with_top(vec![TopLogprob::new("b", none), TopLogprob::new("c", -0.5)]);
        assert_eq!(token, token.clone());
        assert_ne!(
            token,
            TokenLogprob::new("a", f64::NEG_INFINITY).with_top(token.top_logprobs.clone().unwrap())
        );
        assert_eq!(token.margin(), None);
        assert!(token.entropy().unwrap() > 0.0);
        let token =
            TokenLogprob::new("a", -0.25).with_top(vec![TopLogprob::new("b", none), TopLogprob::new("c", -0.5)]);
        assert_eq!(token.margin(), Some(0.25));
        let token = TokenLogprob::new("a", -0.25).with_top(vec![TopLogprob::new("b", none)]);
        assert_eq!(token.margin(), None);
    }

    #[test]
    fn parts_of_characters_are_told_apart_by_their_bytes() {
        let token = |byte| TopLogprob {
            bytes: Some(vec![byte]),
            ..TopLogprob::new("", -1.0)
        };
        let mut chosen = TokenLogprob::new("", -1.0).with_top(vec![token(0xc3), token(0xc4)]);
        chosen.bytes = Some(vec![0xc3]);
        assert_eq!(chosen.others().count(), 1);
        chosen.bytes = None; // then only the texts are known, and they are equal
        assert_eq!(chosen.others().count(), 0);
    }
}
