//! How sure the model was of each value of a JSON answer.

use std::fmt;
use std::ops::Range;

use serde::{Serialize, Serializer};

use super::{Alignment, TokenLogprob};
use crate::json::{Children, JsonSpans, SpanNode, escape};

/// How sure the model was of each value of a JSON answer, by JSON pointer.
///
/// The values are those of the JSON in the text, complete or still growing, which is found as [`JsonOutputParser`](crate::JsonOutputParser) finds it. Of a
/// repeated key the last value counts. Text that is not JSON ends the reading, and the values before it remain.
/// [`AIMessage::json_confidence`](crate::AIMessage::json_confidence) returns the confidences of a message. Reading costs time linear in the text, and each
/// look-up the length of the value.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonConfidence, TokenLogprob};
///
/// let pieces = [("{\"", -0.01), ("city", -0.02), ("\":\"", -0.03), ("Mad", -0.5), ("rid", -0.25), ("\",\"", -0.04), ("n", -0.05), ("\":", -0.06), ("7", -1.0), ("}", -0.07)];
/// let tokens = pieces.map(|(text, logprob)| TokenLogprob::new(text, logprob));
/// let answer = JsonConfidence::new("{\"city\":\"Madrid\",\"n\":7}", &tokens);
///
/// assert_eq!(answer.probability("/city"), Some((-0.75_f64).exp()));
/// assert_eq!(answer.probability("/n"), Some((-1.0_f64).exp()));
/// assert_eq!(answer.probability("/country"), None);
/// ```
///
/// # Which tokens count
///
/// A token counts if it has at least one byte of the value's own characters. The own characters of a text are those between its quotes (its quotes if it
/// is empty), of a number or a word all of it, of an object or an array everything from its first bracket to its last. A token that also holds a quote, a
/// comma or a bracket outside of the value counts whole, since a token has one probability; a token of two neighbours counts for both. Escapes are
/// the characters that the model wrote, so `\u00e9` is six. A token [without a value](TokenLogprob::known_logprob) does not count.
#[derive(Clone, Default, PartialEq)]
pub struct JsonConfidence {
    values: JsonSpans,
    /// The tokens that have a log probability.
    tokens: Vec<(Range<usize>, f64)>,
}

impl JsonConfidence {
    /// Finds the values in a text, and lays the tokens over them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("[", -0.5), TokenLogprob::new("1", -0.25), TokenLogprob::new("]", -0.125)];
    /// assert_eq!(JsonConfidence::new("[1]", &tokens).probability("/0"), Some((-0.25_f64).exp()));
    /// ```
    #[must_use]
    pub fn new(text: &str, tokens: &[TokenLogprob]) -> Self {
        Self::of(&Alignment::new(text, tokens))
    }

    pub(in crate::messages) fn of(alignment: &Alignment<'_>) -> Self {
        let tokens = alignment.tokens().iter();
        Self {
            values: JsonSpans::of_answer(alignment.text()),
            tokens: tokens
                .filter_map(|aligned| Some((aligned.range.clone(), aligned.token.known_logprob()?)))
                .collect(),
        }
    }

    /// Returns the confidences of the values within a member of the root, with pointers that begin there.
    pub(crate) fn within(self, key: &str) -> Self {
        Self {
            values: self.values.within(key),
            tokens: self.tokens,
        }
    }

    /// Measures the value at a JSON pointer (RFC 6901; `""` is the whole value). `None` if there is no such value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("[\"a", -0.5), TokenLogprob::new("b\",", -0.25), TokenLogprob::new(" 12]", -0.125)];
    /// let answer = JsonConfidence::new("[\"ab\", 12]", &tokens);
    ///
    /// let text = answer.confidence("/0").unwrap();
    /// assert_eq!((text.span.clone(), text.tokens, text.logprob()), (1..5, 2, Some(-0.75)));
    /// assert_eq!(text.weakest(), Some((-0.5_f64).exp()));
    /// assert!(answer.confidence("/2").is_none());
    /// ```
    #[must_use]
    pub fn confidence(&self, pointer: &str) -> Option<FieldConfidence> {
        self.values.at(pointer).map(|node| self.measure(node))
    }

    /// Returns the probability of the value at a JSON pointer, from 0 to 1. `None` if there is no such value or not all of it has tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("[", -0.5), TokenLogprob::new("1", -0.25)];
    /// let answer = JsonConfidence::new("[1", &tokens);
    /// assert_eq!(answer.probability("/0"), Some((-0.25_f64).exp()));
    /// assert_eq!(answer.probability("/1"), None);
    /// ```
    #[must_use]
    pub fn probability(&self, pointer: &str) -> Option<f64> {
        self.confidence(pointer)?.probability()
    }

    /// Iterates over all values with their pointers, in the order of the text, each container before its values.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("{\"a/b\": [", -0.5), TokenLogprob::new("true", -0.25), TokenLogprob::new("]}", -0.125)];
    /// let answer = JsonConfidence::new("{\"a/b\": [true]}", &tokens);
    /// let pointers: Vec<String> = answer.values().map(|(pointer, _)| pointer).collect();
    /// assert_eq!(pointers, ["", "/a~1b", "/a~1b/0"]);
    /// ```
    pub fn values(&self) -> impl Iterator<Item = (String, FieldConfidence)> + '_ {
        let root = self.values.root().map(|root| (String::new(), root));
        let mut open: Vec<_> = root.into_iter().collect();
        std::iter::from_fn(move || {
            let (pointer, node) = open.pop()?;
            let begin = open.len();
            let mut add = |part: &str, child: &usize| {
                let child = self.values.get(*child);
                open.extend(child.map(|child| (format!("{pointer}/{part}"), child)));
            };
            match &node.children {
                Children::Items(items) => (0..)
                    .zip(items)
                    .for_each(|(at, child): (usize, _)| add(&at.to_string(), child)),
                Children::Members(members) => members.iter().for_each(|(key, child)| add(&escape(key), child)),
                Children::Text | Children::Plain => {}
            }
            if let Some(children) = open.get_mut(begin..) {
                children.reverse();
            }
            Some((pointer, self.measure(node)))
        })
    }

    /// Returns whether the text has no JSON value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonConfidence;
    ///
    /// assert!(JsonConfidence::new("no JSON here", &[]).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.root().is_none()
    }

    fn measure(&self, node: &SpanNode) -> FieldConfidence {
        let own = node.own();
        let start = self.tokens.partition_point(|(range, _)| range.end <= own.start);
        let end = self.tokens.partition_point(|(range, _)| range.start < own.end);
        let mut found = FieldConfidence {
            span: node.span.clone(),
            is_complete: node.closed,
            tokens: 0,
            is_covered: false,
            sum: 0.0,
            min: f64::INFINITY,
        };
        let mut covered = 0;
        for (range, logprob) in self.tokens.get(start..end).unwrap_or_default() {
            covered += range.end.min(own.end) - range.start.max(own.start);
            found.tokens += 1;
            found.sum += logprob;
            found.min = found.min.min(*logprob);
        }
        found.is_covered = covered == own.len();
        found
    }
}

impl fmt::Debug for JsonConfidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are content of the answer, so they stay out of logs.
        let (values, tokens) = (self.values().count(), self.tokens.len());
        write!(f, "JsonConfidence({values} values, {tokens} tokens)")
    }
}

/// Serialises as an object from each pointer to its probability, `null` where it is not known.
impl Serialize for JsonConfidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|(pointer, value)| (pointer, value.probability())))
    }
}

/// How sure the model was of one value. Logarithms are natural.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonConfidence, TokenLogprob};
///
/// let tokens = [TokenLogprob::new("[1", -0.5), TokenLogprob::new("2", -1.0)];
/// let value = JsonConfidence::new("[12", &tokens).confidence("/0").unwrap();
/// assert_eq!((value.logprob(), value.mean_logprob()), (Some(-1.5), Some(-0.75)));
/// assert!(!value.is_complete); // more digits may follow
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FieldConfidence {
    /// The place of the value, in bytes of the text, with its quotes and brackets.
    pub span: Range<usize>,
    /// Whether the end of the value was seen: its last quote or bracket, or a character after a number. Otherwise the value may still grow.
    pub is_complete: bool,
    /// The number of tokens that count.
    pub tokens: usize,
    /// Whether every byte of the value's own characters has a token. If not, the sums are over the known tokens.
    pub is_covered: bool,
    sum: f64,
    min: f64,
}

impl FieldConfidence {
    /// Returns the probability of the value, given the text before it, from 0 to 1. `None` if not all of it is [covered](Self::is_covered).
    ///
    /// It shrinks with the length of the value; to compare values of different lengths use [`perplexity`](Self::perplexity).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let value = JsonConfidence::new("12", &[TokenLogprob::new("12", -0.5)]).confidence("").expect("there is a value");
    /// assert_eq!(value.probability(), Some((-0.5_f64).exp()));
    /// ```
    #[must_use]
    pub fn probability(&self) -> Option<f64> {
        self.logprob().map(f64::exp)
    }

    /// Returns the logarithm of the [`probability`](Self::probability): `Σ logprob` in nats. `None` if not all of the value is covered.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let value = JsonConfidence::new("12", &[TokenLogprob::new("12", -0.5)]).confidence("").expect("there is a value");
    /// assert_eq!(value.logprob(), Some(-0.5));
    /// ```
    #[must_use]
    pub fn logprob(&self) -> Option<f64> {
        self.is_covered.then_some(self.sum)
    }

    /// Returns `Σ logprob / n` over the known tokens, in nats; `None` without tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("1", -0.5), TokenLogprob::new("2", -1.0)];
    /// let value = JsonConfidence::new("12", &tokens).confidence("").expect("there is a value");
    /// assert_eq!(value.mean_logprob(), Some(-0.75));
    /// ```
    #[must_use]
    pub fn mean_logprob(&self) -> Option<f64> {
        // Exact up to 2^53 tokens.
        (self.tokens > 0).then(|| self.sum / self.tokens as f64)
    }

    /// Returns the probability of the least probable of the known tokens, from 0 to 1; `None` without tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("1", -0.5), TokenLogprob::new("2", -1.0)];
    /// let value = JsonConfidence::new("12", &tokens).confidence("").expect("there is a value");
    /// assert_eq!(value.weakest(), Some((-1.0_f64).exp()));
    /// ```
    #[must_use]
    pub fn weakest(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.min.exp())
    }

    /// Returns the number of equally probable tokens from which the model chose, on average: `exp(−Σ logprob / n)`; `None` without tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{JsonConfidence, TokenLogprob};
    ///
    /// let tokens = [TokenLogprob::new("1", -0.5), TokenLogprob::new("2", -1.0)];
    /// let value = JsonConfidence::new("12", &tokens).confidence("").expect("there is a value");
    /// assert_eq!(value.perplexity(), Some(0.75_f64.exp()));
    /// ```
    #[must_use]
    pub fn perplexity(&self) -> Option<f64> {
        self.mean_logprob().map(|mean| (-mean).exp())
    }
}
