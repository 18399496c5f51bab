//! Names as they are written in a list.

use super::super::{Node, NodeRole};
use crate::StreamMode;

/// The most characters of a name that are written: a line stays a line.
const LONGEST: usize = 60;

/// The line of a node: a mark and a name, or a name and a type.
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

/// A name without line breaks and without characters that have no width or turn the direction of text around.
pub(super) fn one_line(name: &str) -> String {
    let invisible = |c: &char| matches!(u32::from(*c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff);
    let mut shown = name.chars().filter(|c| !invisible(c));
    let plain = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    let mut out: String = shown.by_ref().take(LONGEST).map(plain).collect();
    if shown.next().is_some() {
        out.push_str("...");
    }
    out
}
