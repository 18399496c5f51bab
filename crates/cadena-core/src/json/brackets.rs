//! [`Brackets`]: the brackets and quotes of text that is not, or no longer, JSON.

/// A kind of bracket, by the container that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    /// An array.
    Square,
    /// An object.
    Curly,
}

impl Bracket {
    pub(super) fn opened_by(byte: u8) -> Option<Self> {
        match byte {
            b'[' => Some(Self::Square),
            b'{' => Some(Self::Curly),
            _ => None,
        }
    }

    pub(super) fn closed_by(byte: u8) -> Option<Self> {
        match byte {
            b']' => Some(Self::Square),
            b'}' => Some(Self::Curly),
            _ => None,
        }
    }
}

/// The brackets that are open outside of quotes.
#[derive(Clone, Debug, Default)]
pub(super) struct Brackets {
    pub(super) open: Vec<Bracket>,
    /// Whether the text is between quotes.
    pub(super) quoted: bool,
    /// Whether the last byte was a backslash, so that the next one stands for itself.
    pub(super) escaped: bool,
    /// Whether a bracket closed one that was not open.
    pub(super) mismatched: bool,
}

impl Brackets {
    /// Reads a byte and returns whether it was a bracket.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        if self.quoted {
            self.quoted = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            return false;
        }
        if let Some(bracket) = Bracket::opened_by(byte) {
            self.open.push(bracket);
            return true;
        }
        if let Some(bracket) = Bracket::closed_by(byte) {
            self.mismatched |= self.open.pop() != Some(bracket);
            return true;
        }
        self.quoted = byte == b'"';
        false
    }
}

/// Returns the longest beginning of `json` in which exactly the brackets `open` are open, up to the bracket that ends it.
pub(super) fn rewind<'a>(json: &'a str, open: &[Bracket]) -> Option<&'a str> {
    let mut scan = Brackets::default();
    // How many of the brackets that are open agree with the wanted ones.
    let mut agree = 0;
    let mut end = None;
    for (at, byte) in json.bytes().enumerate() {
        let here = agree == open.len() && scan.open.len() == agree;
        if !scan.push(byte) {
            continue;
        }
        if here {
            end = Some(at);
        }
        let depth = scan.open.len();
        if agree + 1 == depth && open.get(agree) == scan.open.last() {
            agree = depth;
        }
        agree = agree.min(depth);
    }
    json.get(..end?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, open: &str, expect: Option<&str>) {
        let open: Vec<_> = open.bytes().filter_map(Bracket::opened_by).collect();
        assert_eq!(rewind(json, &open), expect);
    }

    #[test]
    fn rewinding_finds_the_last_place_with_these_brackets() {
        check(r#"{"a": [1, 2], "b": "#, "{[", Some(r#"{"a": [1, 2"#));
        check(
            r#"{"a": [1], "b": [{"c": 2}], "#,
            "{[",
            Some(r#"{"a": [1], "b": [{"c": 2}"#),
        );
        check(r#"[{"a": ["[{", 1]}, "#, "[{", Some(r#"[{"a": ["[{", 1]"#));
        check("[[1], [2, [3, ", "[", Some("[[1], "));
        check("[1, 2", "{", None);
        check("[1, 2", "[[", None);
    }
}
