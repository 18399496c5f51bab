//! A graph as a Mermaid flowchart.

mod escape;
mod facts;
mod options;
pub use options::{MermaidCurve, MermaidDirection, MermaidOptions};

use std::fmt::Write;

use self::escape::text;
use super::{Edge, Graph, Node, NodeRole};
use crate::StreamMode;

const CLASSES: &str = "\tclassDef default fill:#f2f0ff,line-height:1.2
\tclassDef first fill-opacity:0
\tclassDef last fill:#bfb6fc
";

const STREAM_CLASSES: &str = "\tclassDef passes stroke:#2e7d32,stroke-width:2px
\tclassDef streams stroke:#1565c0,stroke-width:2px
\tclassDef waits stroke:#c62828,stroke-width:2px,stroke-dasharray:4
";

pub(super) fn draw(graph: &Graph, options: &MermaidOptions) -> String {
    let names = graph.unique_names();
    let ids = escape::unique_ids(&names);
    let mut out = String::new();
    let drawing = Drawing {
        graph,
        options,
        ids,
        first: graph.first_node(),
        last: graph.last_node(),
    };
    // Writing to a `String` does not fail.
    let _ = drawing.write(&mut out);
    out
}

struct Drawing<'a> {
    graph: &'a Graph,
    options: &'a MermaidOptions,
    ids: Vec<String>,
    first: Option<&'a Node>,
    last: Option<&'a Node>,
}

impl Drawing<'_> {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let direction = self.options.direction.as_str();
        if !self.options.styles {
            writeln!(out, "graph {direction};")?;
            return self.edges(out);
        }
        let curve = self.options.curve.as_str();
        writeln!(
            out,
            "---\nconfig:\n  flowchart:\n    curve: {curve}\n---\ngraph {direction};"
        )?;
        self.nodes(out)?;
        self.edges(out)?;
        out.push_str(CLASSES);
        if self.options.streaming {
            out.push_str(STREAM_CLASSES);
        }
        Ok(())
    }

    fn nodes(&self, out: &mut String) -> std::fmt::Result {
        let members = Members::of(self.graph);
        for index in &members.outside {
            self.node(*index, out)?;
        }
        // Without recursion, as boxes may be nested deeper than the stack is.
        let mut todo: Vec<Part> = members.top.iter().rev().map(|group| Part::Open(*group)).collect();
        while let Some(part) = todo.pop() {
            let Part::Open(group) = part else {
                out.push_str("\tend\n");
                continue;
            };
            let name = self
                .graph
                .groups
                .get(group)
                .map(|group| group.name.as_str())
                .unwrap_or_default();
            writeln!(out, "\tsubgraph group_{group}[{}]", text(name))?;
            for index in members.nodes.get(group).into_iter().flatten() {
                self.node(*index, out)?;
            }
            todo.push(Part::Close);
            let inner = members.groups.get(group).into_iter().flatten().rev();
            todo.extend(inner.map(|group| Part::Open(*group)));
        }
        Ok(())
    }

    fn node(&self, index: usize, out: &mut String) -> std::fmt::Result {
        let (Some(node), Some(id)) = (self.graph.nodes.get(index), self.ids.get(index)) else {
            return Ok(());
        };
        let label = self.label(node);
        let is = |end: Option<&Node>| end.is_some_and(|end| std::ptr::eq(end, node));
        let (open, close, class) = if is(self.first) {
            ("([", "])", Some("first"))
        } else if is(self.last) {
            ("([", "])", Some("last"))
        } else {
            ("(", ")", self.class(node))
        };
        write!(out, "\t{id}{open}{label}{close}")?;
        match class {
            Some(class) => writeln!(out, ":::{class}"),
            None => writeln!(out),
        }
    }

    fn label(&self, node: &Node) -> String {
        let name = match (self.options.types, node.role) {
            (true, NodeRole::Step) => text(&format!("{}: {} -> {}", node.name, node.input, node.output)),
            (true, _) => text(&format!("{}: {}", node.name, node.input)),
            (false, _) => text(&node.name),
        };
        match self.options.metadata {
            true => facts::below(name, &node.facts),
            false => name,
        }
    }

    fn class(&self, node: &Node) -> Option<&'static str> {
        (self.options.streaming && node.role == NodeRole::Step).then_some(match node.streaming {
            StreamMode::PassesThrough => "passes",
            StreamMode::StreamsOutput => "streams",
            StreamMode::WaitsForAll => "waits",
        })
    }

    fn edges(&self, out: &mut String) -> std::fmt::Result {
        for edge in &self.graph.edges {
            if let (Some(source), Some(target)) = (self.ids.get(edge.source.0), self.ids.get(edge.target.0)) {
                writeln!(out, "\t{source}{}{target};", self.arrow(edge))?;
            }
        }
        Ok(())
    }

    fn arrow(&self, edge: &Edge) -> String {
        let (line, head) = if edge.conditional { ("-.", ".->") } else { ("--", "-->") };
        match edge
            .label
            .as_deref()
            .filter(|label| self.options.labels && !label.is_empty())
        {
            Some(label) => format!(" {line} {} {head} ", escape::edge_text(label)),
            None if edge.conditional => " -.-> ".to_owned(),
            None => " --> ".to_owned(),
        }
    }
}

enum Part {
    Open(usize),
    Close,
}

/// The nodes and boxes in each box.
struct Members {
    outside: Vec<usize>,
    top: Vec<usize>,
    nodes: Vec<Vec<usize>>,
    groups: Vec<Vec<usize>>,
}

impl Members {
    fn of(graph: &Graph) -> Self {
        let mut members = Self {
            outside: Vec::new(),
            top: Vec::new(),
            nodes: vec![Vec::new(); graph.groups.len()],
            groups: vec![Vec::new(); graph.groups.len()],
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            match node.group.and_then(|group| members.nodes.get_mut(group.0)) {
                Some(nodes) => nodes.push(index),
                None => members.outside.push(index),
            }
        }
        for (index, group) in graph.groups.iter().enumerate() {
            match group.parent.and_then(|parent| members.groups.get_mut(parent.0)) {
                Some(groups) => groups.push(index),
                None => members.top.push(index),
            }
        }
        members
    }
}
