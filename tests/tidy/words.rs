//! The words of the documentation: two habits that tired readers stumble over stay out.

use std::fs;
use std::path::Path;

use super::{all, assert_none, root};

/// The lines of prose in a file, with their numbers: doc comments of a Rust file, text of a Markdown file. Code blocks are left out.
fn prose(path: &Path) -> Vec<(usize, String)> {
    let markdown = path.extension().is_some_and(|ending| ending == "md");
    let text = fs::read_to_string(path).unwrap();
    let mut in_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let line = match line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) {
            Some(doc) => doc,
            None if markdown => line,
            None => {
                in_code = false;
                continue;
            }
        };
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((index + 1, line.trim().to_owned()));
        }
    }
    lines
}

/// Where the prose of the project breaks a rule.
fn breaking(rule: impl Fn(&str) -> bool) -> Vec<String> {
    let mut paths = all(".rs");
    paths.extend(all(".md"));
    let mut found = Vec::new();
    for path in paths {
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        let lines = prose(&path).into_iter().filter(|(_, line)| rule(line));
        found.extend(lines.map(|(number, line)| format!("{place}:{number}: {line}")));
    }
    found
}

/// Whether a sentence of the line begins with "What" and asks nothing.
fn begins_with_what(line: &str) -> bool {
    let start = line.trim_start_matches(['-', '*', '|', '#', ' ']);
    let sentences = start.split_inclusive(['.', '!', '?', '|']).map(str::trim);
    sentences
        .filter(|sentence| sentence.starts_with("What ") || sentence.starts_with("What's "))
        .any(|sentence| !sentence.ends_with('?') && !line.trim_end().ends_with('?'))
}

#[test]
fn no_sentence_begins_with_what_unless_it_asks() {
    assert!(begins_with_what("What it takes."));
    assert!(begins_with_what("It is stored. What was stored stays."));
    assert!(!begins_with_what("What does it cost?"));
    assert_none("lines that name no subject", breaking(begins_with_what));
}

#[test]
fn nothing_stands_behind_another_thing() {
    assert_none(
        "lines that mean `after` or `wraps`",
        breaking(|line| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "behind")),
    );
}
