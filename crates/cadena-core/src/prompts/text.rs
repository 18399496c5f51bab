//! Templates of one text.

use std::ops::Add;

use async_trait::async_trait;

use super::scope::{Partials, Scope, open_names, partials};
use super::template::{Template, TemplateFormat};
use crate::{Dict, PromptValue, Result, RunContext, RunKind, Runnable, StepInfo, impl_pipe};

/// A template of one text: a step from a [`Dict`] to a prompt of one human message.
///
/// [`format`](Self::format) returns the text.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, EchoModel, PromptTemplate, RunnableExt, StrOutputParser};
///
/// # futures::executor::block_on(async {
/// let prompt = PromptTemplate::from_template("Tell a {mood} joke about {topic}.")?.partial("mood", "good");
/// assert_eq!(prompt.input_variables(), ["topic"]);
/// assert_eq!(prompt.format(&dict! {"topic": "bears"})?, "Tell a good joke about bears.");
///
/// let chain = prompt | EchoModel::new() | StrOutputParser;
/// assert_eq!(chain.invoke(dict! {"topic": "cats", "mood": "bad"}).await?, "Tell a bad joke about cats.");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct PromptTemplate {
    template: Template,
    partials: Partials,
}

impl PromptTemplate {
    /// Makes a template with `{variables}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::ErrorKind::Template), with the column, for a text that cannot be parsed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{PromptTemplate, dict};
    ///
    /// let prompt = PromptTemplate::from_template("Tell a joke about {topic}.")?;
    /// assert_eq!(prompt.format(&dict! {"topic": "bears"})?, "Tell a joke about bears.");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn from_template(text: impl Into<String>) -> Result<Self> {
        Template::parse(text).map(Self::from)
    }

    /// Makes a template in a format.
    ///
    /// # Errors
    ///
    /// As [`from_template`](Self::from_template).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, PromptTemplate, TemplateFormat};
    ///
    /// let prompt = PromptTemplate::from_template_as("Hi {{name}}!", TemplateFormat::Mustache)?;
    /// assert_eq!(prompt.format(&dict! {"name": "Ann"})?, "Hi Ann!");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn from_template_as(text: impl Into<String>, format: TemplateFormat) -> Result<Self> {
        Template::parse_as(text, format).map(Self::from)
    }

    /// Returns the template, without its partials.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::PromptTemplate;
    ///
    /// let prompt = PromptTemplate::from_template("Hi {name}!")?.partial("name", "Ann");
    /// assert_eq!(prompt.template().variables(), ["name"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Returns the keys that the input must have, sorted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::PromptTemplate;
    ///
    /// assert_eq!(PromptTemplate::from_template("{b} {a}")?.input_variables(), ["a", "b"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn input_variables(&self) -> Vec<&str> {
        open_names(self.template.variables(), &self.partials)
    }

    /// Fills the template. In mustache a name without a value is empty here, and an error when the step is invoked.
    ///
    /// # Errors
    ///
    /// The errors of [`Template::format`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{PromptTemplate, dict};
    ///
    /// let prompt = PromptTemplate::from_template("Hi {name}!")?;
    /// assert_eq!(prompt.format(&dict! {"name": "Ann"})?, "Hi Ann!");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn format(&self, input: &Dict) -> Result<String> {
        let input = Scope::new(input);
        self.template.render(&input.with(&self.partials.resolve(&input)))
    }
}

partials!(
    PromptTemplate,
    partials,
    "PromptTemplate::from_template(\"{a} {b}\")?",
    ""
);

impl From<Template> for PromptTemplate {
    fn from(template: Template) -> Self {
        Self {
            template,
            partials: Partials::default(),
        }
    }
}

/// The text of the left template, then the text of the right one; a partial of the right one wins.
impl Add for PromptTemplate {
    type Output = Self;

    fn add(mut self, next: Self) -> Self {
        self.partials.extend(next.partials);
        Self {
            template: self.template.then(&next.template),
            partials: self.partials,
        }
    }
}

#[async_trait]
impl Runnable for PromptTemplate {
    type Input = Dict;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("PromptTemplate").kind(RunKind::Prompt)
    }

    async fn run(&self, input: Dict, _cx: RunContext) -> Result<PromptValue> {
        let input = Scope::new(&input);
        let text = self
            .template
            .render_checked(&input.with(&self.partials.resolve(&input)))?;
        Ok(text.into())
    }
}

impl_pipe!(PromptTemplate);
