//! A text that shows examples.

use std::sync::Arc;

use async_trait::async_trait;

use super::scope::{Partials, Scope, open_names, partials};
use super::selector::{ExampleSelector, Examples, at_once};
use super::template::Template;
use crate::{Dict, PromptValue, Result, RunContext, RunKind, Runnable, StepInfo, impl_pipe};

/// A text with examples: a prefix, the examples, a suffix. Empty parts are left out.
///
/// The examples are data: their braces are never read as variables.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, FewShotPromptTemplate, Template};
///
/// let prompt = FewShotPromptTemplate::new(Template::parse("Q: {q}\nA: {a}")?, Template::parse("Q: {input}\nA:")?)
///     .with_examples([dict! {"q": "2+2", "a": "4"}]);
/// assert_eq!(prompt.format(&dict! {"input": "1+1"})?, "Q: 2+2\nA: 4\n\nQ: 1+1\nA:");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct FewShotPromptTemplate {
    examples: Examples,
    example: Template,
    prefix: Option<Template>,
    suffix: Template,
    separator: String,
    partials: Partials,
}

impl FewShotPromptTemplate {
    /// Makes a prompt of a template for each example, and a suffix after the examples.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FewShotPromptTemplate, Template, dict};
    ///
    /// let prompt = FewShotPromptTemplate::new(Template::parse("{q}={a}")?, Template::parse("{input}=")?);
    /// assert_eq!(prompt.format(&dict! {"input": "1+1"})?, "1+1=");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new(example: Template, suffix: Template) -> Self {
        Self {
            examples: Examples::default(),
            example,
            prefix: None,
            suffix,
            separator: "\n\n".to_owned(),
            partials: Partials::default(),
        }
    }

    /// Sets the examples.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FewShotPromptTemplate, Template, dict};
    ///
    /// let prompt = FewShotPromptTemplate::new(Template::parse("{q}={a}")?, Template::parse("{input}=")?)
    ///     .with_examples([dict! {"q": "2+2", "a": "4"}]);
    /// assert_eq!(prompt.format(&dict! {"input": "1+1"})?, "2+2=4\n\n1+1=");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn with_examples(mut self, examples: impl IntoIterator<Item = Dict>) -> Self {
        self.examples = Examples::All(examples.into_iter().collect());
        self
    }

    /// Sets the selector that chooses the examples for each input.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FewShotPromptTemplate, LengthExampleSelector, Template, dict};
    ///
    /// let example = Template::parse("{q}={a}")?;
    /// let selector = LengthExampleSelector::new([dict! {"q": "2+2", "a": "4"}, dict! {"q": "3+3", "a": "6"}], &example, 2)?;
    /// let prompt = FewShotPromptTemplate::new(example, Template::parse("{input}=")?).with_selector(selector);
    /// assert_eq!(prompt.format(&dict! {"input": "1+1"})?, "2+2=4\n\n1+1=");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn with_selector(mut self, selector: impl ExampleSelector + 'static) -> Self {
        self.examples = Examples::Selected(Arc::new(selector));
        self
    }

    /// Sets the text before the examples.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FewShotPromptTemplate, Template, dict};
    ///
    /// let prompt = FewShotPromptTemplate::new(Template::parse("{q}={a}")?, Template::parse("{input}=")?)
    ///     .with_prefix(Template::parse("Add:")?);
    /// assert_eq!(prompt.format(&dict! {"input": "1+1"})?, "Add:\n\n1+1=");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn with_prefix(mut self, prefix: Template) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Sets the text between the parts; default: an empty line.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, FewShotPromptTemplate, Template};
    ///
    /// let prompt = FewShotPromptTemplate::new(Template::parse("{q}={a}")?, Template::parse("{input}=")?)
    ///     .with_prefix(Template::parse("Do {what}:")?)
    ///     .with_examples([dict! {"q": "2+2", "a": "4"}])
    ///     .with_separator(" | ");
    /// assert_eq!(prompt.format(&dict! {"what": "sums", "input": "1"})?, "Do sums: | 2+2=4 | 1=");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn with_separator(mut self, separator: impl Into<String>) -> Self {
        self.separator = separator.into();
        self
    }

    /// Returns the keys that the input must have, sorted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FewShotPromptTemplate, Template};
    ///
    /// let prompt = FewShotPromptTemplate::new(Template::parse("{q}={a}")?, Template::parse("{input}=")?);
    /// assert_eq!(prompt.input_variables(), ["input"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn input_variables(&self) -> Vec<&str> {
        let templates = self.prefix.iter().chain([&self.suffix]);
        open_names(templates.flat_map(Template::variables), &self.partials)
    }

    /// Fills the template.
    ///
    /// # Errors
    ///
    /// The errors of [`Template::format`], for the input and for every example; the error of the selector; and
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the selector has to wait: then invoke the prompt.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FewShotPromptTemplate, Template, dict};
    ///
    /// let prompt = FewShotPromptTemplate::new(Template::parse("{q}={a}")?, Template::parse("{input}=")?)
    ///     .with_examples([dict! {"q": "2+2", "a": "4"}]);
    /// assert_eq!(prompt.format(&dict! {"input": "1+1"})?, "2+2=4\n\n1+1=");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn format(&self, input: &Dict) -> Result<String> {
        at_once(self.render(input))
    }

    async fn render(&self, input: &Dict) -> Result<String> {
        let input = Scope::new(input);
        let own = self.partials.resolve(&input);
        let scope = input.with(&own);
        let mut parts = Vec::new();
        let around = |template: Option<&Template>| match template.filter(|template| !template.is_empty()) {
            Some(template) => template.render_checked(&scope).map(Some),
            None => Ok(None),
        };
        parts.extend(around(self.prefix.as_ref())?);
        for example in self.examples.choose(&scope).await?.iter() {
            let text = self.example.render_checked(&Scope::new(example))?;
            parts.extend(Some(text).filter(|text| !text.is_empty()));
        }
        parts.extend(around(Some(&self.suffix))?);
        Ok(parts.join(&self.separator))
    }
}

partials!(
    FewShotPromptTemplate,
    partials,
    "FewShotPromptTemplate::new(cadena_core::Template::parse(\"\")?, cadena_core::Template::parse(\"{a} {b}\")?)",
    ""
);

#[async_trait]
impl Runnable for FewShotPromptTemplate {
    type Input = Dict;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("FewShotPromptTemplate").kind(RunKind::Prompt)
    }

    async fn run(&self, input: Dict, _cx: RunContext) -> Result<PromptValue> {
        Ok(self.render(&input).await?.into())
    }
}

impl_pipe!(FewShotPromptTemplate);
