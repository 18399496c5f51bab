//! Numbers in the form of a specification.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::FormatSpec;
use crate::prompts::printed::push_value;

impl FormatSpec {
    pub(super) fn write_number(&self, number: &Number, out: &mut String) -> Result<(), String> {
        if self.kind == Some('s') {
            return Err("the value is a number, and `s` is for texts".to_owned());
        }
        let whole = number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from));
        let (negative, prefix, digits) = match (whole, self.kind) {
            (Some(whole), None | Some('b' | 'c' | 'd' | 'n' | 'o' | 'x' | 'X')) => self.whole(whole)?,
            (None, Some(kind @ ('b' | 'c' | 'd' | 'o' | 'x' | 'X'))) => {
                return Err(format!("the value is not a whole number, and `{kind}` is for those"));
            }
            _ => {
                let float = number.as_f64().unwrap_or_default();
                let digits = self.float(float.abs());
                let is_zero = self.positive_zero && !digits.contains(|c| matches!(c, '1'..='9'));
                (float.is_sign_negative() && !is_zero, "", digits)
            }
        };
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            _ => "",
        };
        let lead = format!("{sign}{prefix}");
        let digits = match self.grouping {
            Some(mark) => self.group(&digits, mark, lead.chars().count()),
            None => digits,
        };
        self.pad(&lead, &digits, '>', out);
        Ok(())
    }

    fn whole(&self, value: i128) -> Result<(bool, &'static str, String), String> {
        if self.precision.is_some() {
            return Err("a whole number has no precision; use `f` after it".to_owned());
        }
        if self.positive_zero {
            return Err("a whole number is never -0; use `f` after the `z`".to_owned());
        }
        let size = value.unsigned_abs();
        let (prefix, digits) = match self.kind {
            Some('b') => ("0b", format!("{size:b}")),
            Some('o') => ("0o", format!("{size:o}")),
            Some('x') => ("0x", format!("{size:x}")),
            Some('X') => ("0X", format!("{size:X}")),
            Some('c') => {
                let letter = u32::try_from(size).ok().and_then(char::from_u32).filter(|_| value >= 0);
                (
                    "",
                    letter.ok_or("the value is not the number of a character")?.to_string(),
                )
            }
            _ => ("", size.to_string()),
        };
        Ok((value < 0, if self.alternate { prefix } else { "" }, digits))
    }

    fn float(&self, value: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        match self.kind {
            Some('f' | 'F') => format!("{value:.precision$}"),
            Some('%') => format!("{:.precision$}%", value * 100.0),
            Some('e') => exponent(&format!("{value:.precision$e}")),
            Some('E') => exponent(&format!("{value:.precision$e}")).to_uppercase(),
            Some('G') => self.general(value, precision, false).to_uppercase(),
            Some(_) => self.general(value, precision, false),
            None => match self.precision {
                Some(precision) => self.general(value, precision, true),
                None => {
                    let mut out = String::new();
                    push_value(&mut out, &Value::from(value));
                    out
                }
            },
        }
    }

    /// Writes a number in the form `g`: with as many digits as the precision, and with an exponent if the number is long. Without a letter in the
    /// specification one digit always follows the point.
    fn general(&self, value: f64, precision: usize, plain: bool) -> String {
        let precision = precision.max(1);
        let scientific = format!("{value:.*e}", precision - 1);
        let power: i64 = scientific
            .split_once('e')
            .and_then(|(_, power)| power.parse().ok())
            .unwrap_or(0);
        let digits = i64::try_from(precision).unwrap_or(i64::MAX);
        let short = |text: &str| {
            if self.alternate || !text.contains('.') {
                return text.to_owned();
            }
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        if (-4..digits - i64::from(plain)).contains(&power) || value == 0.0 {
            let decimals = usize::try_from(digits - 1 - power).unwrap_or(0);
            let text = short(&format!("{value:.decimals$}"));
            return if plain && !text.contains('.') {
                text + ".0"
            } else {
                text
            };
        }
        match scientific.split_once('e') {
            Some((mantissa, power)) => exponent(&format!("{}e{power}", short(mantissa))),
            None => scientific,
        }
    }

    /// Puts a mark between the thousands, or between groups of four binary, octal or hexadecimal digits; zeros that fill are grouped too.
    fn group(&self, digits: &str, mark: char, lead: usize) -> String {
        let size = if matches!(self.kind, Some('b' | 'o' | 'x' | 'X')) {
            4
        } else {
            3
        };
        let end = digits
            .find(|c: char| !c.is_ascii_hexdigit() || c == 'e')
            .unwrap_or(digits.len());
        let (whole, rest) = digits.split_at(end);
        let mut whole = whole.to_owned();
        let grouped = |whole: &str| {
            let mut out = String::new();
            for (at, digit) in whole.chars().enumerate() {
                if at > 0 && (whole.len() - at).is_multiple_of(size) {
                    out.push(mark);
                }
                out.push(digit);
            }
            out
        };
        if self.zero && self.align.is_none() {
            while lead + grouped(&whole).len() + rest.len() < self.width {
                whole.insert(0, '0');
            }
        }
        grouped(&whole) + rest
    }
}

/// Writes an exponent as Python does: with its sign, and with at least two digits.
fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    let mut out = mantissa.to_owned();
    // Writing to a text cannot fail.
    let _ = write!(out, "e{sign}{power:0>2}");
    out
}
