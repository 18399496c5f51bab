//! The choice of the examples that a prompt shows.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use serde_json::Value;

use super::scope::Scope;
use super::template::Template;
use crate::{Dict, Error, ErrorKind, Result};

/// Chooses the examples that a prompt shows for an input.
///
/// A selector may wait, as for embeddings. A prompt whose selector waits can be invoked, but not formatted: `format` does not wait, and fails.
///
/// # Examples
///
/// ```
/// use cadena_core::{async_trait, dict, Dict, ExampleSelector, FewShotPromptTemplate, Result, Template};
///
/// #[derive(Debug)]
/// struct OfTheInput;
///
/// #[async_trait]
/// impl ExampleSelector for OfTheInput {
///     async fn select(&self, input: &Dict) -> Result<Vec<Dict>> {
///         Ok(vec![dict! {"word": input["word"].clone()}])
///     }
/// }
///
/// let prompt = FewShotPromptTemplate::new(Template::parse("<{word}>")?, Template::parse("{word}?")?).with_selector(OfTheInput);
/// assert_eq!(prompt.format(&dict! {"word": "hi"})?, "<hi>\n\nhi?");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "BaseExampleSelector")]
#[async_trait]
pub trait ExampleSelector: fmt::Debug + Send + Sync {
    /// Returns the examples, in the order in which they are shown.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, ExampleSelector, LengthExampleSelector, Template};
    ///
    /// # futures::executor::block_on(async {
    /// let examples = [dict! {"q": "one two"}, dict! {"q": "three four"}];
    /// let selector = LengthExampleSelector::new(examples, &Template::parse("{q}")?, 3)?;
    /// assert_eq!(selector.select(&dict! {"input": "x"}).await?, [dict! {"q": "one two"}]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Any error of the choice; the prompt is not rendered then.
    async fn select(&self, input: &Dict) -> Result<Vec<Dict>>;
}

/// A selector that takes examples in their order, as long as they fit beside the input.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, ExampleSelector, LengthExampleSelector, Template};
///
/// # futures::executor::block_on(async {
/// let examples = [dict! {"q": "one two"}, dict! {"q": "three four"}];
/// let selector = LengthExampleSelector::new(examples, &Template::parse("{q}")?, 3)?;
/// assert_eq!(selector.select(&dict! {"input": "x"}).await?.len(), 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[doc(alias = "LengthBasedExampleSelector")]
#[derive(Clone, Debug)]
pub struct LengthExampleSelector {
    examples: Vec<(usize, Dict)>,
    max_length: usize,
    length: fn(&str) -> usize,
}

impl LengthExampleSelector {
    /// Makes a selector of as many examples as have, together with the input, at most `max_length` words.
    ///
    /// # Errors
    ///
    /// The errors of [`Template::format`], for an example that does not fit its template.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ExampleSelector, LengthExampleSelector, Template, dict};
    ///
    /// # futures::executor::block_on(async {
    /// let examples = [dict! {"q": "one two"}, dict! {"q": "three four"}];
    /// let selector = LengthExampleSelector::new(examples, &Template::parse("{q}")?, 5)?;
    /// assert_eq!(selector.select(&dict! {"input": "x"}).await?.len(), 2);
    /// assert_eq!(selector.select(&dict! {"input": "x y z"}).await?.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn new(examples: impl IntoIterator<Item = Dict>, template: &Template, max_length: usize) -> Result<Self> {
        Self::with_length(examples, template, max_length, words)
    }

    /// As [`new`](Self::new), with another measure of the length, such as a number of tokens.
    ///
    /// # Errors
    ///
    /// The errors of [`Template::format`], for an example that does not fit its template.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, ExampleSelector, LengthExampleSelector, Template};
    ///
    /// # futures::executor::block_on(async {
    /// let selector = LengthExampleSelector::with_length([dict! {"q": "long"}], &Template::parse("{q}")?, 3, str::len)?;
    /// assert!(selector.select(&dict! {}).await?.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_length(
        examples: impl IntoIterator<Item = Dict>,
        template: &Template,
        max_length: usize,
        length: fn(&str) -> usize,
    ) -> Result<Self> {
        let measure = |example: Dict| Ok((length(&template.format(&example)?), example));
        Ok(Self {
            examples: examples.into_iter().map(measure).collect::<Result<_>>()?,
            max_length,
            length,
        })
    }
}

#[async_trait]
impl ExampleSelector for LengthExampleSelector {
    async fn select(&self, input: &Dict) -> Result<Vec<Dict>> {
        let mut left = self.max_length.saturating_sub((self.length)(&joined(input.values())));
        let fits = |(length, _): &&(usize, Dict)| {
            let before = left;
            left = left.saturating_sub(*length);
            before > 0 && *length <= before
        };
        Ok(self
            .examples
            .iter()
            .take_while(fits)
            .map(|(_, example)| example.clone())
            .collect())
    }
}

/// Counts words as LangChain does: the parts between spaces and line ends.
fn words(text: &str) -> usize {
    text.split([' ', '\n']).count()
}

/// Returns the values as text, with spaces between them.
pub(super) fn joined<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push(' ');
        }
        super::printed::push_value(&mut text, value);
    }
    text
}

/// Returns the result of a rendering that does not wait; only a selector can make a rendering wait.
pub(super) fn at_once<T>(rendering: impl Future<Output = Result<T>>) -> Result<T> {
    rendering.now_or_never().unwrap_or_else(|| {
        let detail = "the examples are chosen by a selector that waits";
        Err(Error::new(ErrorKind::Unsupported, detail).with_hint("invoke the prompt instead of formatting it"))
    })
}

/// Examples that are always shown, or chosen for each input.
#[derive(Clone, Debug)]
pub(super) enum Examples {
    All(Vec<Dict>),
    Selected(Arc<dyn ExampleSelector>),
}

impl Examples {
    pub(super) async fn choose(&self, scope: &Scope<'_>) -> Result<Cow<'_, [Dict]>> {
        Ok(match self {
            Self::All(examples) => examples.into(),
            Self::Selected(selector) => selector.select(&scope.to_dict()).await?.into(),
        })
    }
}

impl Default for Examples {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl PartialEq for Examples {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(left), Self::All(right)) => left == right,
            (Self::Selected(left), Self::Selected(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}
