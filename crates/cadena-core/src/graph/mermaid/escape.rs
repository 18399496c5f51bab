//! Names inside Mermaid text: whatever they hold, they stay names.

use std::collections::HashSet;
use std::fmt::Write;

/// Words that begin or end something where an id could stand.
const KEYWORDS: [&str; 19] = [
    "call",
    "class",
    "classdef",
    "click",
    "default",
    "direction",
    "end",
    "flowchart",
    "graph",
    "href",
    "interpolate",
    "linkstyle",
    "style",
    "subgraph",
    "swimlane",
    "_blank",
    "_parent",
    "_self",
    "_top",
];

/// Whether it is a keyword, or begins with one that ends there.
fn begins_with_keyword(name: &str) -> bool {
    let letters = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let word = name.split(|character| !letters(character)).next().unwrap_or_default();
    KEYWORDS.contains(&word.to_ascii_lowercase().as_str())
}

/// Every edge repeats two ids: a step with thousands of keys in its name must not be in each of its thousands of edges.
const LONGEST_ID: usize = 120;

/// Longer texts are cut: a node stays a node.
pub(super) const LONGEST_TEXT: usize = 200;

/// Makes a unique id for each name, also where escaping makes two names equal.
pub(super) fn unique_ids(names: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let ids = names.iter().enumerate().map(|(index, name)| {
        let mut id = id(name);
        if id.len() > LONGEST_ID || taken.contains(&id) {
            id = format!("node_{index}");
        }
        while !taken.insert(id.clone()) {
            id.push('_');
        }
        id
    });
    ids.collect()
}

/// A name as an id, as LangChain escapes it: `a<b>` is `a\3cb\3e`.
fn id(name: &str) -> String {
    let keyword = begins_with_keyword(name);
    let mut id = String::with_capacity(name.len());
    let mut before = None;
    for (index, character) in name.chars().enumerate() {
        // Two hyphens are an arrow, and so is one at either end.
        let hyphen = character == '-' && before.is_some_and(|before: char| before.is_ascii_alphanumeric());
        let plain = character.is_ascii_alphanumeric() || character == '_' || hyphen;
        if plain && !(keyword && index == 0) {
            id.push(character);
        } else {
            // Writing to a `String` does not fail.
            let _ = write!(id, "\\{:x}", u32::from(character));
        }
        before = Some(character);
    }
    if id.ends_with('-') {
        id.pop();
        id.push_str("\\2d");
    }
    if id.is_empty() { "_".to_owned() } else { id }
}

/// A name as the text of a node: bare if it is a word, else quoted, with everything but letters and digits as an entity.
pub(super) fn text(name: &str) -> String {
    match is_word(name) {
        true => name.to_owned(),
        false => format!("\"{}\"", entities(name)),
    }
}

/// The text on an edge, with LangChain's space around it.
pub(super) fn edge_text(label: &str) -> String {
    match is_word(label) {
        true => format!("&nbsp;{label}&nbsp;"),
        false => format!("\"&nbsp;{}&nbsp;\"", entities(label)),
    }
}

fn is_word(name: &str) -> bool {
    let letters = |character: char| character.is_ascii_alphanumeric() || character == '_';
    name.starts_with(|character: char| character.is_ascii_alphabetic())
        && name.len() <= LONGEST_TEXT
        && !begins_with_keyword(name)
        && name.chars().all(letters)
}

fn entities(name: &str) -> String {
    if name.is_empty() {
        return " ".to_owned(); // Mermaid wants some text.
    }
    // A line with the words `direction TB` is one about the direction, wherever they are in it.
    let space = if name.contains("direction") { "#32;" } else { " " };
    let mut out = String::with_capacity(name.len() + 16);
    for (index, character) in name.chars().enumerate() {
        if index == LONGEST_TEXT {
            out.push_str("...");
            break;
        }
        match character {
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '"' => out.push_str("#quot;"),
            '&' => out.push_str("#amp;"),
            '_' | ',' | ':' => out.push(character),
            _ if character.is_alphanumeric() => out.push(character),
            _ if character.is_whitespace() || character.is_control() => out.push_str(space),
            // They turn the direction of the text around them, which is not part of the name.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push_str(space),
            _ => {
                let _ = write!(out, "#{};", u32::from(character)); // Writing to a `String` does not fail.
            }
        }
    }
    out
}
