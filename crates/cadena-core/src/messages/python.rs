//! JSON as Python writes it, for LangChain's texts and counts that depend on it.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Number, Serializer, Value};

use super::ToolCall;

/// Writes a value as Python's `repr`: `{'a': [True, None, 'x']}`.
pub(crate) fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_repr(&mut out, value);
    out
}

/// Writes tool calls as Python's `repr` of the list of their dictionaries.
pub(crate) fn repr_calls(calls: &[ToolCall]) -> String {
    let mut out = "[".to_owned();
    for (at, call) in calls.iter().enumerate() {
        separate(&mut out, at);
        out.push_str("{'name': ");
        write_text(&mut out, &call.name);
        out.push_str(", 'args': ");
        write_map(&mut out, &call.args);
        out.push_str(", 'id': ");
        match &call.id {
            Some(id) => write_text(&mut out, id),
            None => out.push_str("None"),
        }
        out.push_str(", 'type': 'tool_call'}");
    }
    out.push(']');
    out
}

/// Writes an object as Python's `repr` of a dictionary.
pub(crate) fn repr_map(map: &Map<String, Value>) -> String {
    let mut out = String::new();
    write_map(&mut out, map);
    out
}

fn write_repr(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(out, at);
                write_repr(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => write_map(out, map),
    }
}

fn write_map(out: &mut String, map: &Map<String, Value>) {
    out.push('{');
    for (at, (key, item)) in map.iter().enumerate() {
        separate(out, at);
        write_text(out, key);
        out.push_str(": ");
        write_repr(out, item);
    }
    out.push('}');
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push_str(", ");
    }
}

fn write_number(out: &mut String, number: &Number) {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        // Writing to a text cannot fail.
        let _ = write!(out, "{number}");
        return;
    };
    // Python writes an exponent below 1e-4 and from 1e16 on, with a sign and at least two digits.
    let scientific = format!("{float:e}");
    let exponent: i32 = scientific
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0);
    if float == 0.0 || (-4..16).contains(&exponent) {
        let _ = write!(out, "{float:?}");
    } else if let Some((digits, _)) = scientific.split_once('e') {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{digits}e{sign}{:02}", exponent.abs());
    }
}

fn write_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Python's `isprintable`, except for code points that are not assigned yet.
fn is_printable(c: char) -> bool {
    let separator = c.is_whitespace() && c != ' ';
    let format = matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..);
    !c.is_control() && !separator && !format
}

/// Writes a value as `json.dumps(…, ensure_ascii=False)`: `{"a": [1, 2]}`.
pub(crate) fn dumps(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    // JSON is written to memory: neither step can fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut out, Spaced));
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a value as `json.dumps(…)`: a character that is not ASCII as `\u` and four digits.
pub(crate) fn dumps_ascii(value: &Value) -> String {
    let mut out = String::new();
    for c in dumps(value).chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Returns the length of `json.dumps(…)`, which writes a character that is not ASCII as `\u` and four digits, and as two of these above
/// `\uffff`.
pub(crate) fn dumps_ascii_len(value: &Value) -> usize {
    dumps(value)
        .chars()
        .map(|c| match u32::from(c) {
            0..=0x7e => 1,
            0x7f..=0xffff => 6,
            _ => 12,
        })
        .sum()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_print_as_in_python() {
        let value = json!({"a": [true, null, 1, 0.5, 1e16, 1e-7, 1.0], "it's": "é\u{a0}\n", "b": "'\""});
        assert_eq!(
            repr(&value),
            r#"{'a': [True, None, 1, 0.5, 1e+16, 1e-07, 1.0], "it's": 'é\xa0\n', 'b': '\'"'}"#
        );
    }

    #[test]
    fn json_has_spaces_and_keeps_its_letters() {
        assert_eq!(dumps(&json!({"a": [1, "é"], "b": {}})), r#"{"a": [1, "é"], "b": {}}"#);
        assert_eq!(dumps_ascii_len(&json!("é😀")), 20);
    }
}
