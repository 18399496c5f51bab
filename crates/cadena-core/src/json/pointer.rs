//! The parts of a JSON pointer, as RFC 6901 writes them.

/// Writes a key as a part of a pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Reads a key from a part of a pointer.
pub(crate) fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Reads an index, which has no leading zeros and no sign.
pub(super) fn index(part: &str) -> Option<usize> {
    let canonical = part == "0" || part.starts_with(|first: char| matches!(first, '1'..='9'));
    part.parse().ok().filter(|_| canonical)
}
