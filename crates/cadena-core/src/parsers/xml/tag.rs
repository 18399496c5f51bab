//! The grammar of a tag.

pub(super) fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | ':')
}

/// Returns where a tag ends: the value of an attribute may hold a `>`.
pub(super) fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// Returns the name of a tag with its attributes, if it is a tag.
pub(super) fn tag_name(inside: &str) -> Option<&str> {
    let inside = inside.strip_suffix('/').unwrap_or(inside);
    let name = inside.split(char::is_whitespace).next().unwrap_or_default();
    let is_name = name.chars().next().is_some_and(is_name_start)
        && name
            .chars()
            .all(|c| is_name_start(c) || c.is_numeric() || matches!(c, '-' | '.'));
    (is_name && are_attributes(inside.get(name.len()..).unwrap_or_default())).then_some(name)
}

fn are_attributes(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            return false;
        };
        let name = name.trim();
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return false;
        };
        let Some((_, after)) = value.get(1..).and_then(|value| value.split_once(quote)) else {
            return false;
        };
        if name.is_empty() || name.contains(char::is_whitespace) || !name.starts_with(is_name_start) {
            return false;
        }
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return false;
        }
        rest = after.trim_start();
    }
    true
}
