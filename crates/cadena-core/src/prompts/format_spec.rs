//! The part after the colon in `{name:>5}`: Python's format specification.

mod number;

use serde_json::{Number, Value};

use super::printed::push_value;

/// A width allocates as many characters, so it has a limit.
const LIMIT: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FormatSpec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    /// Whether a number that is rounded to -0 is written as 0.
    positive_zero: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl FormatSpec {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut spec = Self::default();
        let mut chars = text.chars().peekable();
        let mut ahead = text.chars();
        let (first, second) = (ahead.next(), ahead.next());
        let is_align = |c: Option<char>| c.is_some_and(|c| matches!(c, '<' | '>' | '^' | '='));
        if is_align(second) {
            spec.fill = chars.next();
            spec.align = chars.next();
        } else if is_align(first) {
            spec.align = chars.next();
        }
        spec.sign = chars.next_if(|c| matches!(c, '+' | '-' | ' '));
        spec.positive_zero = chars.next_if_eq(&'z').is_some();
        spec.alternate = chars.next_if_eq(&'#').is_some();
        spec.zero = chars.next_if_eq(&'0').is_some();
        let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut value = None;
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                chars.next();
                let next = value.unwrap_or(0) * 10 + digit as usize;
                if next > LIMIT {
                    return Err(format!("a width or a precision is at most {LIMIT}"));
                }
                value = Some(next);
            }
            Ok(value)
        };
        spec.width = number(&mut chars)?.unwrap_or(0);
        spec.grouping = chars.next_if(|c| matches!(c, ',' | '_'));
        if chars.next_if_eq(&'.').is_some() {
            spec.precision = Some(number(&mut chars)?.ok_or("a `.` needs a precision, as in `{x:.2f}`")?);
        }
        spec.kind = chars.next_if(|c| "bcdeEfFgGnosxX%".contains(*c));
        match chars.next() {
            None => Ok(spec),
            Some(_) => Err(format!(
                "`:{text}` is not a format; use one such as `:>10`, `:05d` or `:.2f`"
            )),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Writes a value as Python's `format` does.
    pub(super) fn write(&self, value: &Value, out: &mut String) -> Result<(), String> {
        match value {
            Value::String(text) => self.write_text(text, out),
            // In Python `format(True, "d")` is `1`: a boolean with a format is a number.
            Value::Bool(flag) => self.write_number(&Number::from(u8::from(*flag)), out),
            Value::Number(number) => self.write_number(number, out),
            Value::Null | Value::Array(_) | Value::Object(_) if self.is_empty() => {
                push_value(out, value);
                Ok(())
            }
            _ => Err("only texts and numbers have a format; use `!s` before the colon".to_owned()),
        }
    }

    pub(super) fn write_text(&self, text: &str, out: &mut String) -> Result<(), String> {
        if !matches!(self.kind, None | Some('s')) {
            return Err(format!(
                "the value is a text, and `{}` is for numbers",
                self.kind.unwrap_or_default()
            ));
        }
        if self.sign.is_some()
            || self.positive_zero
            || self.alternate
            || self.grouping.is_some()
            || self.align == Some('=')
        {
            return Err("the value is a text, and the format is for numbers".to_owned());
        }
        let cut = self
            .precision
            .and_then(|precision| text.char_indices().nth(precision))
            .and_then(|(end, _)| text.get(..end));
        self.pad("", cut.unwrap_or(text), '<', out);
        Ok(())
    }

    fn pad(&self, lead: &str, body: &str, default_align: char, out: &mut String) {
        let missing = self.width.saturating_sub(lead.chars().count() + body.chars().count());
        let fill = self.fill.unwrap_or(if self.zero { '0' } else { ' ' });
        let numeric = default_align == '>';
        let align = self
            .align
            .unwrap_or(if self.zero && numeric { '=' } else { default_align });
        let (left, inner, right) = match align {
            '<' => (0, 0, missing),
            '^' => (missing / 2, 0, missing - missing / 2),
            '=' => (0, missing, 0),
            _ => (missing, 0, 0),
        };
        out.extend(std::iter::repeat_n(fill, left));
        out.push_str(lead);
        out.extend(std::iter::repeat_n(fill, inner));
        out.push_str(body);
        out.extend(std::iter::repeat_n(fill, right));
    }
}
