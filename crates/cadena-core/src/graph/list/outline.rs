//! The steps of a graph as an outline: successive steps below each other, branches indented.

use super::super::{Graph, NodeId};

/// A deeper outline is not made: its indentation would be larger than the graph.
const DEEPEST: usize = 64;

/// The lines of an outline, from the top to the bottom.
pub(super) enum Line {
    Node {
        node: usize,
        depth: usize,
    },
    /// The lines below, at this depth, are on the way that this edge begins.
    Branch {
        edge: usize,
        depth: usize,
    },
    /// The branch above has no steps.
    Straight {
        depth: usize,
    },
}

/// Returns the outline of a graph, which costs what the graph holds.
///
/// `None` if branches neither meet in one node nor all end: the graph has a circle, several beginnings, or ways that cross.
pub(super) fn of(graph: &Graph) -> Option<Vec<Line>> {
    let mut walk = Walk::of(graph)?;
    while let Some((node, depth)) = walk.next.take() {
        walk.write(node, depth)?;
        while walk.next.is_none() && !walk.forks.is_empty() {
            walk.turn()?;
        }
    }
    (walk.written == graph.nodes.len()).then_some(walk.lines)
}

struct Walk<'g> {
    graph: &'g Graph,
    entering: Vec<usize>,
    /// The edges that leave each node.
    leaving: Vec<Vec<usize>>,
    /// The node to write next, with its depth.
    next: Option<(usize, usize)>,
    forks: Vec<Fork>,
    lines: Vec<Line>,
    written: usize,
}

/// A node with several ways, some of which are still to be written.
struct Fork {
    depth: usize,
    todo: std::vec::IntoIter<usize>,
    end: End,
}

/// Where the ways of a fork lead.
#[derive(Clone, Copy)]
enum End {
    Unknown,
    /// Nowhere: each ends in a node without an edge.
    Open,
    /// To a node, by so many edges.
    Meet(usize, usize),
}

impl<'g> Walk<'g> {
    fn of(graph: &'g Graph) -> Option<Self> {
        let (entering, _) = graph.degrees();
        let mut leaving = vec![Vec::new(); graph.nodes.len()];
        for (index, edge) in graph.edges.iter().enumerate() {
            leaving.get_mut(edge.source.0)?.push(index);
        }
        let mut first = (0..entering.len()).filter(|node| entering.get(*node) == Some(&0));
        let next = first.next().map(|node| (node, 0));
        if first.next().is_some() {
            return None;
        }
        Some(Self {
            graph,
            entering,
            leaving,
            next,
            forks: Vec::new(),
            lines: Vec::new(),
            written: 0,
        })
    }

    fn write(&mut self, node: usize, depth: usize) -> Option<()> {
        self.lines.push(Line::Node { node, depth });
        self.written += 1;
        let edges = std::mem::take(self.leaving.get_mut(node)?);
        match edges.as_slice() {
            [] => self.arrive(End::Open),
            [edge] => self.follow(*edge, depth).and(Some(())),
            _ if depth == DEEPEST => None,
            _ => {
                let (todo, end) = (edges.into_iter(), End::Unknown);
                self.forks.push(Fork { depth, todo, end });
                Some(())
            }
        }
    }

    /// Goes along an edge, and returns whether its target comes next, as no other edge leads there.
    fn follow(&mut self, edge: usize, depth: usize) -> Option<bool> {
        let NodeId(target) = self.graph.edges.get(edge)?.target;
        if self.entering.get(target) == Some(&1) {
            self.next = Some((target, depth));
            return Some(true);
        }
        self.arrive(End::Meet(target, 1))?;
        Some(false)
    }

    /// Ends a way of the innermost fork.
    fn arrive(&mut self, end: End) -> Option<()> {
        let Some(fork) = self.forks.last_mut() else {
            return matches!(end, End::Open).then_some(());
        };
        fork.end = match (fork.end, end) {
            (End::Unknown, end) => end,
            (End::Open, End::Open) => End::Open,
            (End::Meet(node, ways), End::Meet(other, more)) if node == other => End::Meet(node, ways + more),
            _ => return None,
        };
        Some(())
    }

    /// Begins the next way of the innermost fork, or closes it.
    fn turn(&mut self) -> Option<()> {
        let fork = self.forks.last_mut()?;
        let depth = fork.depth + 1;
        if let Some(edge) = fork.todo.next() {
            self.lines.push(Line::Branch { edge, depth });
            if !self.follow(edge, depth)? {
                self.lines.push(Line::Straight { depth });
            }
            return Some(());
        }
        let fork = self.forks.pop()?;
        match fork.end {
            End::Meet(node, ways) if self.entering.get(node) == Some(&ways) => {
                self.next = Some((node, fork.depth));
                Some(())
            }
            // Ways of an outer fork lead to the same node.
            end => self.arrive(end),
        }
    }
}
