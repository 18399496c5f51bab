//! Tags that some models and servers leave around thoughts.

use std::ops::Range;

const TAGS: [(&str, &str); 2] = [("<think>", "</think>"), ("<thinking>", "</thinking>")];

/// What stands at a `<`.
#[derive(Debug, PartialEq)]
pub(super) enum Tag {
    /// A thought begins, and ends with the second tag.
    Open(&'static str, &'static str),
    Close(&'static str),
    /// It may become a tag.
    Unfinished,
    None,
}

impl Tag {
    pub(super) fn at(text: &str) -> Self {
        for (open, close) in TAGS {
            if text.starts_with(open) {
                return Self::Open(open, close);
            }
            if text.starts_with(close) {
                return Self::Close(close);
            }
        }
        let begun = |tag: &str| tag.starts_with(text);
        if TAGS.iter().any(|(open, close)| begun(open) || begun(close)) {
            return Self::Unfinished;
        }
        Self::None
    }
}

/// The end of the last closing tag in a part of a text.
pub(super) fn last_close(text: &str, part: Range<usize>) -> Option<usize> {
    let start = part.start;
    let part = text.get(part)?;
    let ends = TAGS
        .iter()
        .filter_map(|(_, close)| Some(part.rfind(close)? + close.len()));
    ends.max().map(|end| start + end)
}
