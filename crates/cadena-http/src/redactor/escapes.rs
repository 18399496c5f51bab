//! Texts with escapes of JSON, decoded.

use std::ops::Range;

/// A byte of the decoded text, and the place where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) place: Range<usize>,
}

/// Undoes escapes of single characters, however often they were escaped: JSON in a text of JSON has two backslashes for one.
pub(super) fn unescaped(text: &[u8]) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let slashes = rest.iter().take_while(|&&byte| byte == b'\\').count();
        let (byte, length) = match rest.get(slashes..).unwrap_or_default() {
            [byte, ..] if slashes == 0 => (*byte, 1),
            [byte @ (b'/' | b'"'), ..] => (*byte, slashes + 1),
            [b'u', digits @ ..] => match ascii(digits) {
                Some(byte) => (byte, slashes + 5),
                None => (b'\\', slashes),
            },
            // An escape of another kind, which no key holds.
            _ => (b'\\', slashes),
        };
        units.push(Unit {
            byte,
            place: at..at + length,
        });
        at += length;
    }
    units
}

/// The character that four hexadecimal digits write. Keys are ASCII.
fn ascii(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    // A sign would pass as a part of a number.
    let digits = digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then_some(digits)?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, says: &str) {
        let units = unescaped(text.as_bytes());
        let said: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
        assert_eq!(String::from_utf8_lossy(&said), says);
        // The places are the whole text, one after the other.
        let mut end = 0;
        for unit in &units {
            assert_eq!(unit.place.start, end);
            end = unit.place.end;
        }
        assert_eq!(end, text.len());
    }

    #[test]
    fn escapes_are_undone_and_their_places_kept() {
        check("plain", "plain");
        check(r"\u0073k\u002Dx", "sk-x");
        check(r"a\/b\\\/c", "a/b/c");
        check(r#"\\u0073 \""#, "s \"");
        check(r"\u00e9 \u00 \u+041 \n \", r"\u00e9 \u00 \u+041 \n \");
        check("", "");
    }
}
