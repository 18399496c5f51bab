//! A graph as text: boxes in layers, from the top to the bottom.

mod channel;
mod layers;
mod place;
mod words;

use std::fmt::Write;

use self::layers::{Item, Layers};
use super::Graph;

pub(super) fn draw(graph: &Graph) -> String {
    let drawn = Layers::of(graph).and_then(|layers| {
        let columns = place::columns(&layers);
        picture(graph, &layers, &columns)
    });
    let mut text = drawn.unwrap_or_else(|| list(graph));
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// What the marks mean, below a picture that has some.
const LEGEND: &str = "\n~ passes chunks through   > waits, then streams   # waits, then gives one piece\n";

/// The picture; `None` if it would be much larger than the graph is.
fn picture(graph: &Graph, layers: &Layers, columns: &[usize]) -> Option<String> {
    let right = layers
        .items
        .iter()
        .zip(columns)
        .map(|(item, column)| column + item.width());
    let width = right.max().unwrap_or_default();
    let size = graph.nodes.len() + graph.edges.len();
    if width.saturating_mul(layers.rows.len()) > 64 * size + 65_536 {
        return None;
    }
    let mut out = String::new();
    for (index, row) in layers.rows.iter().enumerate() {
        let height = row
            .iter()
            .filter_map(|item| layers.items.get(*item))
            .map(Item::height)
            .max();
        for line in 0..height.unwrap_or_default() {
            let mut text = Line::default();
            for item in row {
                if let (Some(item), Some(column)) = (layers.items.get(*item), columns.get(*item)) {
                    text.put(item, *column, line, height.unwrap_or_default());
                }
            }
            text.end(&mut out);
        }
        if index + 1 < layers.rows.len() {
            let links = layers.links.get(index).map(Vec::as_slice).unwrap_or_default();
            channel::draw(links, columns, layers, &mut out);
        }
    }
    if graph.nodes.iter().any(|node| node.role == super::NodeRole::Step) {
        out.push_str(LEGEND);
    }
    Some(out)
}

/// A line that is written from the left to the right.
#[derive(Default)]
struct Line {
    text: String,
    width: usize,
}

impl Line {
    fn put(&mut self, item: &Item, column: usize, line: usize, height: usize) {
        let left = (column + item.middle()).saturating_sub(item.middle());
        match item {
            Item::Box { text, width, .. } => {
                let edge = || format!("+{}+", "-".repeat(width.saturating_sub(2)));
                match line {
                    0 => self.write(left, &edge(), *width),
                    1 => self.write(left, &format!("| {text} |"), *width),
                    2 => self.write(left, &edge(), *width),
                    _ => {}
                }
            }
            Item::Label { text, width, .. } if line == height / 2 => self.write(left, text, *width),
            Item::Label { .. } | Item::Line { .. } => self.write(column + item.middle(), item.stroke(), 1),
        }
    }

    fn write(&mut self, column: usize, text: &str, width: usize) {
        self.text
            .extend(std::iter::repeat_n(' ', column.saturating_sub(self.width)));
        self.text.push_str(text);
        self.width = self.width.max(column) + width;
    }

    fn end(self, out: &mut String) {
        out.push_str(self.text.trim_end());
        out.push('\n');
    }
}

/// One line for each edge.
fn list(graph: &Graph) -> String {
    let names = graph.unique_names();
    let name = |index: usize| words::one_line(names.get(index).map(String::as_str).unwrap_or_default());
    let mut out = String::new();
    for edge in &graph.edges {
        let line = if edge.conditional { "..>" } else { "-->" };
        // Writing to a `String` does not fail.
        let _ = write!(out, "{} {line} {}", name(edge.source.0), name(edge.target.0));
        if let Some(label) = &edge.label {
            let _ = write!(out, " ({})", words::one_line(label));
        }
        out.push('\n');
    }
    out
}
