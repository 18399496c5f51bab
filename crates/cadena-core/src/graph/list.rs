//! A graph as text: an indented list of its steps, or of its edges where it has no such form.

mod outline;
mod words;

use std::fmt::Write;

use self::outline::Line;
use super::{Graph, NodeRole};

/// The width of one level of indentation.
const INDENT: usize = 4;

/// The meaning of the marks, below a list that has some.
const LEGEND: &str = "\n~ passes chunks through   > waits, then streams   # waits, then gives one piece\n";

pub(super) fn write(graph: &Graph) -> String {
    let mut text = match outline::of(graph) {
        Some(lines) => steps(graph, &lines),
        None => edges(graph),
    };
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// One line for each node and for each labelled branch.
fn steps(graph: &Graph, lines: &[Line]) -> String {
    let mut out = String::new();
    // A branch without a label puts its bullet before its first step.
    let mut bullet = None;
    for line in lines {
        match line {
            Line::Branch { edge, depth } => {
                let Some(edge) = graph.edges.get(*edge) else { continue };
                let mark = if edge.conditional { '?' } else { '-' };
                match edge.label.as_deref().filter(|label| !label.is_empty()) {
                    Some(label) => push(&mut out, *depth, Some(mark), &format!("{}:", words::one_line(label))),
                    None => bullet = Some(mark),
                }
            }
            Line::Node { node, depth } => {
                let text = graph.nodes.get(*node).map(words::of).unwrap_or_default();
                push(&mut out, *depth, bullet.take(), &text);
            }
            Line::Straight { depth } => {
                if let Some(mark) = bullet.take() {
                    push(&mut out, *depth, Some(mark), "");
                }
            }
        }
    }
    if graph.nodes.iter().any(|node| node.role == NodeRole::Step) {
        out.push_str(LEGEND);
    }
    out
}

fn push(out: &mut String, depth: usize, bullet: Option<char>, text: &str) {
    let columns = depth * INDENT;
    // Writing to a `String` does not fail.
    let _ = match bullet {
        Some(mark) => write!(out, "{:>width$} {text}", mark, width = columns.saturating_sub(1)),
        None => write!(out, "{:columns$}{text}", ""),
    };
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

/// One line for each edge, and for each node without one.
fn edges(graph: &Graph) -> String {
    let names = graph.unique_names();
    let name = |index: usize| words::one_line(names.get(index).map(String::as_str).unwrap_or_default());
    let (entering, leaving) = graph.degrees();
    let alone = entering.iter().zip(&leaving).enumerate();
    let alone = alone.filter(|(_, ends)| *ends == (&0, &0)).map(|(index, _)| index);
    let mut out = String::new();
    for edge in &graph.edges {
        let arrow = if edge.conditional { "..>" } else { "-->" };
        // Writing to a `String` does not fail.
        let _ = write!(out, "{} {arrow} {}", name(edge.source.0), name(edge.target.0));
        if let Some(label) = &edge.label {
            let _ = write!(out, " ({})", words::one_line(label));
        }
        out.push('\n');
    }
    for node in alone {
        out.push_str(&name(node));
        out.push('\n');
    }
    out
}
