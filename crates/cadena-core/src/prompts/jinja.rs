//! Jinja templates, rendered by minijinja.

mod slices;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind as Problem, Output, State, UndefinedBehavior, escape_formatter};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde_json::Value;

use self::slices::without_slices;
use super::printed::push_value;
use super::scope::Scope;
use crate::{Error, ErrorKind, Result};

/// The cost limit of one rendering: an instruction costs 1, and so do 64 bytes that it writes or makes. The limit bounds loops inside loops to
/// 64 MiB, as in mustache.
const FUEL: u64 = 1 << 20;
/// The number of macro calls that may be open inside each other.
const RECURSION_LIMIT: usize = 64;
/// The name of the only template in its environment: there is no other template to include.
const NAME: &str = "prompt";

/// A parsed template.
#[derive(Clone)]
pub(super) struct Jinja {
    environment: Arc<Environment<'static>>,
    variables: Vec<String>,
}

impl Jinja {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_debug(true); // Without it errors have no column. Their own `Debug` shows values, so it is never used.
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION_LIMIT);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(write_value);
        environment.remove_global("debug"); // It prints every value of the scope.
        environment.set_unknown_method_callback(method);
        environment
            .add_template_owned(NAME, text.to_owned())
            .map_err(|error| located(&error, text))?;
        let mut variables = match environment.get_template(NAME) {
            Ok(template) => template.undeclared_variables(false),
            Err(error) => return Err(located(&error, text)),
        };
        if let Some(text) = without_slices(text)
            && let Ok(template) = environment.template_from_str(&text)
        {
            variables.extend(template.undeclared_variables(false));
        }
        let mut variables: Vec<String> = variables.into_iter().collect();
        variables.retain(|name| environment.globals().all(|(global, _)| global != name));
        variables.sort_unstable();
        Ok(Self {
            environment: Arc::new(environment),
            variables,
        })
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }

    /// Renders the template. A name without a value is an error where it is printed if `checked`, otherwise it is empty.
    pub(super) fn render(&self, scope: &Scope<'_>, checked: bool) -> Result<String> {
        if checked {
            return self.render_in(&self.environment, scope);
        }
        let mut environment = Environment::clone(&self.environment);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        self.render_in(&environment, scope)
    }

    fn render_in(&self, environment: &Environment<'_>, scope: &Scope<'_>) -> Result<String> {
        let values = self.variables().filter_map(|name| Some((name, scope.get(name)?)));
        let values: IndexMap<&str, &Value> = values.collect();
        let template = environment.get_template(NAME).map_err(|error| located(&error, ""))?;
        template
            .render(Serde(values))
            .map_err(|error| located(&error, template.source()))
    }
}

impl fmt::Debug for Jinja {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jinja")
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

/// The template around this value compares the source, so two parsed sources need no comparison.
impl PartialEq for Jinja {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Calls a method of Python's, such as `.items()` or `.upper()`.
///
/// The engine charges fuel for the output of a call only. A call that reads much and makes little is charged here for its input.
fn method(
    state: &mut State<'_, '_>,
    value: &minijinja::Value,
    name: &str,
    args: &[minijinja::Value],
) -> Result<minijinja::Value, minijinja::Error> {
    let read = args.iter().chain([value]).map(|value| match value.as_str() {
        Some(text) => text.len() / 64,
        None => value.len().unwrap_or_default(),
    });
    state.consume_fuel(read.sum::<usize>() as u64)?;
    unknown_method_callback(state, value, name, args)
}

/// Writes a text as it is, and any other value as LangChain does.
fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    if matches!(value.kind(), ValueKind::Undefined | ValueKind::String) {
        return escape_formatter(out, state, value);
    }
    let Ok(json) = serde_json::to_value(value) else {
        return escape_formatter(out, state, value);
    };
    let mut text = String::new();
    push_value(&mut text, &json);
    out.write_str(&text).map_err(minijinja::Error::from)
}

/// Makes the error of a failure, with its place. The details of a failed rendering may show values, so only those of the syntax are kept.
fn located(error: &minijinja::Error, source: &str) -> Error {
    let range = error.range().unwrap_or_default();
    let before = source.get(..range.start).unwrap_or_default();
    let line = error.line().unwrap_or(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let place = format!("line {line} column {column}");
    let part = || source.get(range.clone()).filter(|part| !part.is_empty());
    match error.kind() {
        Problem::UndefinedError => {
            let name = part().map_or_else(|| "a value".to_owned(), |part| format!("`{part}`"));
            let detail = format!("the prompt needs {name} at {place}, and the input does not have it");
            Error::new(ErrorKind::InvalidInput, detail).with_hint("`| default('')` lets a name be missing")
        }
        Problem::OutOfFuel => {
            let detail = format!("{place}: the template takes more than {FUEL} steps");
            Error::new(ErrorKind::LimitExceeded, detail)
        }
        Problem::SyntaxError => {
            let detail = error.detail().unwrap_or("the syntax is wrong");
            Error::new(ErrorKind::Template, format!("{place}: {detail}"))
        }
        problem => {
            let part = part().map_or_else(String::new, |part| format!(" in `{part}`"));
            Error::new(ErrorKind::Template, format!("{place}: {problem}{part}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::json;

    use crate::{ErrorKind, PromptTemplate, Result, RunnableExt, TemplateFormat, dict};

    fn prompt(text: &str) -> Result<PromptTemplate> {
        PromptTemplate::from_template_as(text, TemplateFormat::Jinja2)
    }

    #[test]
    fn an_error_does_not_show_a_value() {
        let prompt = prompt("{{ secret + n }}").unwrap();
        let error = block_on(prompt.invoke(dict! {"secret": "s3cret", "n": 2000})).unwrap_err();
        assert!(!format!("{error:?} {error:#?}").contains("s3cret"));
    }

    #[test]
    fn methods_run_on_the_same_fuel() {
        for text in [
            "{% set a = namespace(x=secret) %}{% for i in range(n) %}{% set a.x = a.x.replace('3', a.x) %}{% endfor %}",
            "{% set a = namespace(x=secret) %}{% for i in range(n) %}{% set a.x = a.x.join(list) %}{% endfor %}",
            "{% for i in range(n) %}{% for j in range(n) %}{{ big.count('y') }}{% endfor %}{% endfor %}",
            "{% for i in range(n) %}{% for j in range(n) %}{% if big.startswith('y') or big.find('y') > 0 %}x{% endif %}{% endfor %}{% endfor %}",
            "{% for i in range(n) %}{% for j in range(n) %}{% if big.replace('y', '') %}{% endif %}{% endfor %}{% endfor %}",
            "{% for i in range(n) %}{% for j in range(n) %}{% if many.count('y') %}{% endif %}{% endfor %}{% endfor %}",
            "{{ ('x' * 1000000000).upper() }}",
            "{{ big.split('').join(big) }}{{ big.join(big.split('')) }}",
            "{{ '{:>1000000000}'.format(1) }}",
        ] {
            let start = std::time::Instant::now();
            let many = vec![json!("x"); 100_000];
            let input = dict! {"secret": "s3cret", "n": 2000, "list": json!(["a", "b", "c"]), "big": "x".repeat(1 << 20), "many": json!(many)};
            let error = block_on(prompt(text).unwrap().invoke(input)).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::LimitExceeded | ErrorKind::Template),
                "{text}: {error}"
            );
            assert!(start.elapsed().as_secs() < 10, "{text}");
        }
    }

    #[test]
    fn loops_and_growth_have_a_limit() {
        let loops = "{% for a in range(n) %}{% for b in range(n) %}{{ secret }}{% endfor %}{% endfor %}";
        let growth = format!(
            "{{% set a = secret %}}{}{{{{ a | length }}}}",
            "{% set a = a ~ a %}".repeat(64)
        );
        let calls = "{% macro m(x) %}{{ m(x ~ x) }}{% endmacro %}{{ m(secret) }}";
        for text in [loops, &growth, calls] {
            let start = std::time::Instant::now();
            let error = block_on(prompt(text).unwrap().invoke(dict! {"secret": "s3cret", "n": 2000})).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::LimitExceeded | ErrorKind::Template),
                "{error}"
            );
            assert!(start.elapsed().as_secs() < 10, "{text}");
        }
    }
}
