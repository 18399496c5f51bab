//! One token, and those that could have stood in its place.

use crate::messages::Extra;

/// One token and how probable it was.
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
/// JSON has neither infinity nor `NaN`. Minus infinity is written as `null`; a logarithm without a value is not written. Both read back as they were. Texts are read
/// too, as servers write them: `"-inf"`, `"-0.5"`, `"NaN"`. A token that came as a number is its text, and alternatives may stand in an object by their text.
/// A member of a type that is not known is kept in [`extra`](Self::extra) under its name and written as it came.
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
    /// The token as text. Where a character is split over several tokens this text may be empty or hold `�`.
    pub token: String,
    /// The token's own bytes, if the server sent them.
    pub bytes: Option<Vec<u8>>,
    /// The natural logarithm of its probability; `-inf` where the server wrote `null`, `NaN` where it has no value:
    /// [`known_logprob`](Self::known_logprob) tells the two apart. OpenAI writes `-9999.0` for a token that is not among the most
    /// probable ones.
    pub logprob: f64,
    /// The most probable tokens at this place. Servers differ on whether the chosen token is among them.
    pub top_logprobs: Option<Vec<TopLogprob>>,
    /// Other keys of the server's object.
    pub extra: Extra,
}

impl TokenLogprob {
    /// A token with its natural log probability.
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
    #[must_use]
    pub fn with_top(mut self, top: Vec<TopLogprob>) -> Self {
        self.top_logprobs = Some(top);
        self
    }

    /// The natural logarithm of its probability; `None` where the server has no value, as for a `NaN` that it computed.
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

    /// The probability, from 0 to 1: `exp(logprob)`; `NaN` where the server has no value.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.logprob.exp()
    }

    /// The bytes that the token adds to the text: those that the server sent, or else those of the token as text.
    ///
    /// A server that sends no bytes writes `�` for a part of a character; then these are not the bytes of the text.
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

    /// By how much the chosen token beats the best other one, in nats: `logprob − max(logprob of another token)`.
    ///
    /// It is the logarithm of the odds between the two, the natural-log form of the margin that active learning selects by
    /// (Scheffer, Decomain, Wrobel 2001: best versus second best). At 0 the two are equally probable; below 0 the model's first choice was another
    /// token, as happens when it samples. Tokens of the same bytes are the same token here.
    ///
    /// `None` if there is no other token in [`top_logprobs`](Self::top_logprobs), or if this one has no value. Two probabilities of 0 are equal.
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
        // Both may be minus infinity, whose difference is no number.
        Some(if best == chosen { 0.0 } else { chosen - best })
    }

    /// How undecided the model was at this place, in nats: `−Σ p·ln p` over the tokens that are known here, and over all others
    /// as if they were one.
    ///
    /// Taking the others for one never adds entropy (Shannon's grouping property), so this is a lower bound of the entropy
    /// of the whole vocabulary, and exact when the known tokens have all the probability. A token without a value is not known. `None` without
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
            // p·ln p goes to 0 with p.
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

    /// The tokens that were not chosen.
    fn others(&self) -> impl Iterator<Item = &TopLogprob> {
        let top = self.top_logprobs.as_deref().unwrap_or_default();
        top.iter().filter(|other| match (&self.bytes, &other.bytes) {
            (Some(chosen), Some(other)) => chosen != other,
            _ => self.token != other.token,
        })
    }
}

/// A `NaN` is equal to a `NaN` here: a token without a value is equal to itself.
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
    /// An alternative with its natural log probability.
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

    /// The natural logarithm of its probability; `None` where the server has no value.
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

    /// The probability, from 0 to 1: `exp(logprob)`; `NaN` where the server has no value.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.logprob.exp()
    }
}

/// As of [`TokenLogprob`]: a `NaN` is equal to a `NaN`.
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

/// `NaN` stands for a logarithm without a value, so that a token keeps its place in the list.
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
