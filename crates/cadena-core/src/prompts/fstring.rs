//! Texts with `{variables}`.

use serde_json::Value;

use crate::{Dict, Error, ErrorKind, Result};

/// A text with `{variables}`, parsed once. `{{` and `}}` stand for braces.
///
/// Values are data: what they hold is never expanded again, and there is no access to attributes or indexes.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, Template};
///
/// let template = Template::parse("Tell a joke about {topic}.")?;
/// assert_eq!(template.format(&dict! {"topic": "{bears}"})?, "Tell a joke about {bears}.");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`], with the column, for a brace without its twin and for what is not a plain name
    /// (`{user.name}`, `{0}`, `{price:.2f}`).
    pub fn parse(text: &str) -> Result<Self> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            let column = text[..text.len() - from.len()].chars().count() + 1;
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else if from.starts_with('}') {
                return Err(invalid(column, "a `}` without its `{`; write `}}` for a brace"));
            } else {
                let (name, after) = from
                    .strip_prefix('{')
                    .and_then(|inside| inside.split_once('}'))
                    .ok_or_else(|| invalid(column, "a `{` without its `}`; write `{{` for a brace"))?;
                check_name(name, column)?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Variable(name.to_owned()));
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The names of the variables, in the order of their first use.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for piece in &self.pieces {
            if let Piece::Variable(name) = piece
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        }
        names
    }

    /// Puts values in the place of the variables: texts as they are, anything else as JSON. Other keys are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if a variable has no value.
    pub fn format(&self, input: &Dict) -> Result<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(name) => match input.get(name) {
                    Some(Value::String(text)) => out.push_str(text),
                    Some(other) => out.push_str(&other.to_string()),
                    None => return Err(missing(name, input)),
                },
            }
        }
        Ok(out)
    }
}

pub(super) fn missing(name: &str, input: &Dict) -> Error {
    let given: Vec<_> = input.keys().map(|key| format!("`{key}`")).collect();
    let given = if given.is_empty() {
        "nothing".to_owned()
    } else {
        given.join(", ")
    };
    Error::new(
        ErrorKind::InvalidInput,
        format!("the prompt needs `{name}`, and the input has {given}"),
    )
    .with_hint(format!("if `{{{name}}}` is meant as text, write `{{{{{name}}}}}`"))
}

fn check_name(name: &str, column: usize) -> Result<()> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts && chars.all(|c| c.is_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(invalid(
        column,
        &format!("`{{{name}}}` is not a variable; a variable is a plain name such as `{{topic}}`"),
    ))
}

fn invalid(column: usize, detail: &str) -> Error {
    Error::new(ErrorKind::Template, format!("column {column}: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dict;

    #[test]
    fn values_are_never_expanded_again() {
        let template = Template::parse("{a}{b}").unwrap();
        assert_eq!(template.format(&dict! {"a": "{b}", "b": "x"}).unwrap(), "{b}x");
    }

    #[test]
    fn a_template_that_cannot_be_parsed_says_where() {
        for (text, message) in [
            (
                "é {x",
                "invalid template: column 3: a `{` without its `}`; write `{{` for a brace",
            ),
            (
                "x }",
                "invalid template: column 3: a `}` without its `{`; write `}}` for a brace",
            ),
            (
                "{a.b}",
                "invalid template: column 1: `{a.b}` is not a variable; a variable is a plain name such as `{topic}`",
            ),
        ] {
            assert_eq!(Template::parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn doubled_braces_are_braces() {
        let template = Template::parse("{{\"a\": {n}}}").unwrap();
        assert_eq!(template.format(&dict! {"n": 1}).unwrap(), "{\"a\": 1}");
        assert_eq!(template.variables(), ["n"]);
    }
}
