//! [`quote`]: the beginning of a model's text, for an error.

/// The most characters that an error shows of an answer.
pub(crate) const SHOWN: usize = 60;

/// Quotes the beginning of a text on one line, with its control characters escaped.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?} …", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
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
    }
}
