//! Texts with variables.

#[cfg(feature = "minijinja")]
use super::jinja::Jinja;
use super::scope::Scope;
use super::{fstring, mustache};
use crate::{Dict, Result};

/// A text with variables, parsed once.
///
/// Values are data: they are never expanded again, and a template cannot access attributes. A text is printed as it is. Any
/// other value is printed as LangChain prints it, such as `True` and `[1, 'x']`, so that a template of LangChain makes the same prompt;
/// `{value!j}` prints JSON.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, Template};
///
/// let template = Template::parse("Tell a joke about {topic}.")?;
/// assert_eq!(template.format(&dict! {"topic": "{bears}"})?, "Tell a joke about {bears}.");
///
/// let template = Template::parse("{price:.2f} {{EUR}} {tags!j}")?;
/// assert_eq!(template.format(&dict! {"price": 1.5, "tags": vec!["a"]})?, r#"1.50 {EUR} ["a"]"#);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "StringPromptTemplate")]
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    parsed: Parsed,
}

#[derive(Clone, Debug, PartialEq)]
enum Parsed {
    FString(Vec<fstring::Piece>),
    Mustache(Vec<mustache::Node>),
    #[cfg(feature = "minijinja")]
    Jinja(Jinja),
    /// Several templates one after the other: templates in different formats were added.
    Joined(Vec<Self>),
}

/// The form of variables in a text.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, Template, TemplateFormat};
///
/// let template = Template::parse_as("{{#jokes}}- {{{title}}}\n{{/jokes}}", TemplateFormat::Mustache)?;
/// let jokes = serde_json::json!([{"title": "Q & A"}, {"title": "bears"}]);
/// assert_eq!(template.format(&dict! {"jokes": jokes})?, "- Q & A\n- bears\n");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "template_format")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TemplateFormat {
    /// `{name}`, with Python's `{name!r}` and `{name:>5}`; `{{` and `}}` stand for braces. Attributes and indexes cannot be accessed.
    #[default]
    FString,
    /// Mustache: `{{name}}` escapes HTML as the specification requires, `{{{name}}}` does not; sections, dotted names, comments.
    Mustache,
    /// Jinja, by the crate `minijinja`: `{{ name }}`, filters, loops, macros. Nothing is escaped, nothing is included, values are data
    /// without methods, and a rendering has a limit of steps and bytes.
    ///
    /// A misspelt name is an error where a step prints it. `{{ name | default('') }}` and `{% if name %}` allow that it is missing.
    ///
    /// ```
    /// use cadena_core::{dict, PromptTemplate, TemplateFormat};
    ///
    /// let text = "{% for joke in jokes %}{{ loop.index }}. {{ joke.title | upper }} {% endfor %}";
    /// let prompt = PromptTemplate::from_template_as(text, TemplateFormat::Jinja2)?;
    /// let jokes = serde_json::json!([{"title": "Q & A"}, {"title": "bears"}]);
    /// assert_eq!(prompt.format(&dict! {"jokes": jokes})?, "1. Q & A 2. BEARS ");
    ///
    /// let error = PromptTemplate::from_template_as("Hi\n{% if %}", TemplateFormat::Jinja2).unwrap_err();
    /// assert!(error.to_string().starts_with("invalid template: line 2 column "));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[cfg(feature = "minijinja")]
    Jinja2,
}

impl Template {
    /// Parses a template with `{variables}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::ErrorKind::Template), with the column, for a brace without its twin and for a variable that is not a plain
    /// name (`{user.name}`, `{0}`).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Template, dict};
    ///
    /// let template = Template::parse("Tell a joke about {topic}.")?;
    /// assert_eq!(template.format(&dict! {"topic": "bears"})?, "Tell a joke about bears.");
    /// assert!(Template::parse("{user.name}").is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        Self::parse_as(text, TemplateFormat::FString)
    }

    /// Parses a template in a format.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::ErrorKind::Template), with the column, for a text that is not in that format.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Template, TemplateFormat, dict};
    ///
    /// let template = Template::parse_as("Hi {{name}}!", TemplateFormat::Mustache)?;
    /// assert_eq!(template.format(&dict! {"name": "Ann"})?, "Hi Ann!");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn parse_as(text: impl Into<String>, format: TemplateFormat) -> Result<Self> {
        let source = text.into();
        let parsed = match format {
            TemplateFormat::FString => Parsed::FString(fstring::parse(&source)?),
            TemplateFormat::Mustache => Parsed::Mustache(mustache::parse(&source)?),
            #[cfg(feature = "minijinja")]
            TemplateFormat::Jinja2 => Parsed::Jinja(Jinja::parse(&source)?),
        };
        Ok(Self { source, parsed })
    }

    /// Doubles the braces of a text, so that [`parse`](Self::parse) reads them as braces.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, Template};
    ///
    /// let template = Template::parse(Template::escape(r#"{"a": 1}"#))?;
    /// assert_eq!(template.format(&dict! {})?, r#"{"a": 1}"#);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn escape(text: &str) -> String {
        text.replace('{', "{{").replace('}', "}}")
    }

    /// Returns the text that was parsed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::Template::parse("Hi {name}!")?.source(), "Hi {name}!");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the names of the variables, in the order of their first use.
    ///
    /// Of a dotted name the first part is returned; names inside of a mustache section are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::Template::parse("{b} {a} {b}")?.variables(), ["b", "a"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.parsed.push_variables(&mut names);
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    /// Replaces the variables with values. Other keys are ignored, and so is a name that mustache does not find.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if a variable has no value,
    /// [`ErrorKind::Template`](crate::ErrorKind::Template) if a value does not fit the specification after the name, as a text does not fit
    /// `{x:.2f}`, [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded) if sections inside sections make too much output.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Template, dict};
    ///
    /// let template = Template::parse("{price:.2f} EUR")?;
    /// assert_eq!(template.format(&dict! {"price": 1.5})?, "1.50 EUR");
    /// assert!(template.format(&dict! {"price": "much"}).is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn format(&self, input: &Dict) -> Result<String> {
        self.render(&Scope::new(input))
    }

    pub(super) fn render(&self, scope: &Scope<'_>) -> Result<String> {
        self.parsed.render(scope, self.source.len(), false)
    }

    /// Renders the template as a step does: every name must have a value, since a misspelt one would leave a hole in the prompt.
    pub(super) fn render_checked(&self, scope: &Scope<'_>) -> Result<String> {
        self.parsed.render(scope, self.source.len(), true)
    }

    /// Returns whether the output is always empty.
    pub(super) fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// Returns this template followed by another one.
    pub(super) fn then(mut self, next: &Self) -> Self {
        self.source.push_str(&next.source);
        self.parsed = match (self.parsed, next.parsed.clone()) {
            (Parsed::FString(mut left), Parsed::FString(right)) => {
                left.extend(right);
                Parsed::FString(left)
            }
            (Parsed::Mustache(mut left), Parsed::Mustache(right)) => {
                left.extend(right);
                Parsed::Mustache(left)
            }
            (Parsed::Joined(mut left), right) => {
                left.push(right);
                Parsed::Joined(left)
            }
            (left, right) => Parsed::Joined(vec![left, right]),
        };
        self
    }
}

impl Parsed {
    fn push_variables<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::FString(pieces) => fstring::variables(pieces, names),
            Self::Mustache(nodes) => mustache::variables(nodes, names),
            #[cfg(feature = "minijinja")]
            Self::Jinja(jinja) => names.extend(jinja.variables()),
            Self::Joined(parts) => parts.iter().for_each(|part| part.push_variables(names)),
        }
    }

    fn render(&self, scope: &Scope<'_>, length: usize, checked: bool) -> Result<String> {
        match self {
            Self::FString(pieces) => fstring::render(pieces, scope, length),
            Self::Mustache(nodes) => {
                if checked {
                    let mut names = Vec::new();
                    mustache::variables(nodes, &mut names);
                    scope.check(names)?;
                }
                mustache::render(nodes, scope)
            }
            #[cfg(feature = "minijinja")]
            Self::Jinja(jinja) => jinja.render(scope, checked),
            Self::Joined(parts) => parts.iter().map(|part| part.render(scope, 0, checked)).collect(),
        }
    }
}
