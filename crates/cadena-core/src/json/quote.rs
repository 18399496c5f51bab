//! [`quote`]: the beginning of a model's text, for an error.

use serde_json::Value;

/// The most characters that an error shows of an answer.
pub(super) const SHOWN: usize = 60;

/// Quotes the beginning of a text on one line, with its control characters escaped.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?} …", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// Shows the beginning of a JSON value on one line.
pub(crate) fn quote_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => cut(&other.to_string(), SHOWN),
    }
}

/// Cuts a text after so many characters, on one line, with its control characters escaped.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(longest) {
        match c {
            '"' | '\'' | '\\' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    if chars.next().is_some() {
        out.push_str(" …");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_one_line_that_ends_at_a_character() {
        assert_eq!(quote("a\nb \"c\""), r#""a\nb \"c\"""#);
        assert_eq!(quote(&"é".repeat(60)), format!("\"{}\"", "é".repeat(60)));
        assert_eq!(quote(&"é".repeat(61)), format!("\"{}\" …", "é".repeat(60)));
        assert!(quote(&"\u{202e}".repeat(1_000)).len() < 600);
        assert_eq!(cut("a\n\"b\"", 4), "a\\n\"b …");
    }
}
