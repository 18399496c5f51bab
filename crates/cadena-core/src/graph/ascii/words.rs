//! Names as they stand in a picture of text.

use super::super::{Node, NodeRole};
use crate::StreamMode;

/// Longer names are cut: a box stays a box.
const LONGEST: usize = 60;

/// What stands in the box of a node.
pub(super) fn of(node: &Node) -> String {
    let name = one_line(&node.name);
    match node.role {
        NodeRole::Step => {
            let mark = match node.streaming {
                StreamMode::PassesThrough => '~',
                StreamMode::StreamsOutput => '>',
                StreamMode::WaitsForAll => '#',
            };
            format!("{mark} {name}")
        }
        NodeRole::Input | NodeRole::Output if node.input.is_empty() => name,
        NodeRole::Input | NodeRole::Output => format!("{name}: {}", one_line(&node.input)),
    }
}

/// A name without what would break the picture: line breaks, what has no width, what turns the direction of text around.
pub(super) fn one_line(name: &str) -> String {
    let mut out = String::new();
    let mut left = LONGEST;
    for character in name.chars() {
        let character = if character.is_control() || character.is_whitespace() {
            ' '
        } else {
            character
        };
        let columns = columns(character);
        if columns == 0 {
            continue;
        }
        if columns > left {
            out.push_str("...");
            break;
        }
        left -= columns;
        out.push(character);
    }
    out
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// How many columns a character takes in a terminal: none, one, or two as Chinese and emoji do. Near enough for names.
fn columns(character: char) -> usize {
    match u32::from(character) {
        0x300..=0x36f | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1f9ff => 2,
        0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
