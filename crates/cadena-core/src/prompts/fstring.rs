//! Texts with `{variables}`.

use serde_json::Value;

use super::format_spec::FormatSpec;
use super::printed::push_value;
use super::scope::Scope;
use crate::messages::python;
use crate::{Error, ErrorKind, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Field(Field),
}

/// `{name!conversion:spec}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    conversion: Option<Conversion>,
    spec: FormatSpec,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conversion {
    Text,
    Repr,
    Ascii,
    Json,
}

pub(super) fn parse(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let located = |detail: &str| invalid(column(text, from), detail);
        if let Some(after) = from.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else if from.starts_with('}') {
            return Err(located("a `}` without its `{`; write `}}` for a brace"));
        } else {
            let (inside, after) = from
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'))
                .ok_or_else(|| located("a `{` without its `}`; write `{{` for a brace"))?;
            let field = Field::parse(inside).map_err(|detail| located(&detail))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Field(field));
            rest = after;
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

pub(super) fn variables<'a>(pieces: &'a [Piece], names: &mut Vec<&'a str>) {
    names.extend(pieces.iter().filter_map(|piece| match piece {
        Piece::Field(field) => Some(field.name.as_str()),
        Piece::Text(_) => None,
    }));
}

pub(super) fn render(pieces: &[Piece], scope: &Scope<'_>, size: usize) -> Result<String> {
    let mut out = String::with_capacity(size);
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Field(field) => field.write(scope, &mut out)?,
        }
    }
    Ok(out)
}

impl Field {
    fn parse(inside: &str) -> Result<Self, String> {
        if inside.contains('{') {
            return Err("a `{` inside of a variable; write `{{` for a brace".to_owned());
        }
        let (name, tail) = inside.split_at(inside.find([':', '!']).unwrap_or(inside.len()));
        check_name(name)?;
        let (conversion, spec) = match tail.strip_prefix('!') {
            None => (None, tail.strip_prefix(':').unwrap_or_default()),
            Some(tail) => {
                let (word, spec) = tail.split_once(':').unwrap_or((tail, ""));
                let conversion = match word {
                    "s" => Conversion::Text,
                    "r" => Conversion::Repr,
                    "a" => Conversion::Ascii,
                    "j" => Conversion::Json,
                    _ => {
                        return Err(format!(
                            "`!{word}` is not a conversion; there are `!s`, `!r`, `!a` and `!j`"
                        ));
                    }
                };
                (Some(conversion), spec)
            }
        };
        Ok(Self {
            name: name.to_owned(),
            conversion,
            spec: FormatSpec::parse(spec)?,
        })
    }

    fn write(&self, scope: &Scope<'_>, out: &mut String) -> Result<()> {
        let value = scope.get(&self.name).ok_or_else(|| scope.missing(&self.name))?;
        let written = match (self.conversion, value) {
            (None, value) if self.spec.is_empty() => {
                push_value(out, value);
                return Ok(());
            }
            (None, value) => self.spec.write(value, out),
            (Some(Conversion::Text), Value::String(text)) => self.spec.write_text(text, out),
            (Some(Conversion::Text | Conversion::Repr), value) => self.spec.write_text(&python::repr(value), out),
            (Some(Conversion::Ascii), value) => self.spec.write_text(&ascii(&python::repr(value)), out),
            (Some(Conversion::Json), value) => self.spec.write_text(&value.to_string(), out),
        };
        written.map_err(|detail| Error::new(ErrorKind::Template, format!("`{}`: {detail}", self.name)))
    }
}

/// Escapes every character that is not ASCII as Python's `ascii` does.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            0..=0x7f => out.push(c),
            code @ 0x80..=0xff => out.push_str(&format!("\\x{code:02x}")),
            code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
            code => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out
}

fn check_name(name: &str) -> Result<(), String> {
    let shown = name.trim();
    let refuse = |why: &str| Err(format!("`{{{shown}}}` is not a variable: {why}"));
    if shown.is_empty() {
        return refuse("a variable is a plain name such as `{topic}`; the text `{}` is written `{{}}`");
    }
    if name.contains(['.', '[', ']']) {
        return refuse("there is no access to attributes or indexes; give the value its own name");
    }
    if name.chars().all(char::is_numeric) {
        return refuse("variables have names, not numbers");
    }
    if name.contains(['"', '\'']) || name.chars().any(char::is_control) {
        return refuse(
            "a variable is a plain name such as `{topic}`; for text in braces, such as JSON, write `{{` and `}}`",
        );
    }
    Ok(())
}

/// Returns the column of the rest of a text, in characters, from 1.
pub(super) fn column(text: &str, rest: &str) -> usize {
    let before = text.len() - rest.len();
    text.get(..before).unwrap_or_default().chars().count() + 1
}

pub(super) fn invalid(column: usize, detail: &str) -> Error {
    Error::new(ErrorKind::Template, format!("column {column}: {detail}"))
}
