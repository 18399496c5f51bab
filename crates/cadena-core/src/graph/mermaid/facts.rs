//! The metadata of a step below its name.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::escape::LONGEST_TEXT;

/// The label of a node with a line for each fact, as LangChain draws it. Facts that are neither scalars nor lists of them are left out.
pub(super) fn below(name: String, facts: &Map<String, Value>) -> String {
    let lines = facts
        .iter()
        .filter_map(|(key, value)| Some(escaped(&format!("{key} = {}", shown(value)?))));
    let lines = lines.collect::<Vec<_>>().join("\n");
    if lines.is_empty() {
        return name;
    }
    let below = format!("<hr/><small><em>{lines}</em></small>");
    match name.strip_suffix('"') {
        Some(quoted) => format!("{quoted}{below}\""),
        None => name + &below,
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(scalar).collect();
            Some(items?.join(", "))
        }
        value => scalar(value),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Characters that could be read as markup become entities.
fn escaped(line: &str) -> String {
    // A line with the words `direction TB` is one about the direction, wherever they are in it.
    let space = if line.contains("direction") { "#32;" } else { " " };
    let mut out = String::with_capacity(line.len());
    for (index, character) in line.chars().enumerate() {
        if index == LONGEST_TEXT {
            out.push_str("...");
            break;
        }
        match character {
            '"' => out.push_str("#quot;"),
            '_' | ',' | '.' | '-' | ':' | '/' | '=' | '+' | '\'' | '@' | '!' | '?' => out.push(character),
            _ if character.is_alphanumeric() => out.push(character),
            _ if character.is_whitespace() || character.is_control() => out.push_str(space),
            // They turn the direction of the text around them.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push_str(space),
            _ => {
                let _ = write!(out, "#{};", u32::from(character)); // Writing to a `String` does not fail.
            }
        }
    }
    out
}
