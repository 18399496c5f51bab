//! Which layer each node stands in, and what passes through the layers between.

use super::super::streaming::Ways;
use super::super::{Edge, Graph};
use super::words;

/// The nodes in layers, each below all that lead to it. An edge over several layers passes through those between, and a label
/// stands in a layer of its own.
pub(super) struct Layers {
    pub(super) items: Vec<Item>,
    /// The items of each layer, from the left to the right.
    pub(super) rows: Vec<Vec<usize>>,
    /// From each layer to the next, from which item to which.
    pub(super) links: Vec<Vec<Link>>,
}

/// What stands in a layer.
pub(super) enum Item {
    Box { text: String, width: usize },
    Label { text: String, width: usize, dotted: bool },
    Line { dotted: bool },
}

impl Item {
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Box { width, .. } | Self::Label { width, .. } => *width,
            Self::Line { .. } => 1,
        }
    }

    /// The column in it where its lines begin and end.
    pub(super) fn middle(&self) -> usize {
        self.width().saturating_sub(1) / 2
    }

    pub(super) fn height(&self) -> usize {
        match self {
            Self::Box { .. } => 3,
            Self::Label { .. } | Self::Line { .. } => 1,
        }
    }

    pub(super) fn stroke(&self) -> &'static str {
        match self {
            Self::Label { dotted: true, .. } | Self::Line { dotted: true } => ":",
            _ => "|",
        }
    }
}

/// A piece of an edge, from a layer to the next.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) source: usize,
    pub(super) target: usize,
    pub(super) dotted: bool,
}

impl Layers {
    /// `None` if there is a circle, or if edges pass through many more layers than there are nodes.
    pub(super) fn of(graph: &Graph) -> Option<Self> {
        let ranks = ranks(graph)?;
        let height = ranks.iter().max().map_or(0, |last| last + 1);
        let rank = |index: usize| ranks.get(index).copied().unwrap_or_default();
        let passed = graph.edges.iter().map(|edge| rank(edge.target.0) - rank(edge.source.0));
        if passed.sum::<usize>() > 16 * (graph.nodes.len() + graph.edges.len()) + 1024 {
            return None;
        }
        let mut layers = Self {
            items: Vec::new(),
            rows: vec![Vec::new(); height],
            links: (0..height).map(|_| Vec::new()).collect(),
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            let text = words::of(node);
            let width = words::width(&text) + 4;
            layers.add(rank(index), Item::Box { text, width });
        }
        for edge in &graph.edges {
            layers.route(edge, rank(edge.source.0), rank(edge.target.0));
        }
        layers.sort();
        Some(layers)
    }

    fn add(&mut self, rank: usize, item: Item) -> usize {
        let index = self.items.len();
        self.items.push(item);
        self.rows.get_mut(rank).into_iter().for_each(|row| row.push(index));
        index
    }

    fn route(&mut self, edge: &Edge, from: usize, to: usize) {
        let dotted = edge.conditional;
        let mut source = edge.source.0;
        for rank in from..to {
            let label = edge.label.as_deref().filter(|_| rank == from).map(words::one_line);
            let target = match label {
                _ if rank + 1 == to => edge.target.0,
                Some(text) => {
                    let width = words::width(&text).max(1);
                    self.add(rank + 1, Item::Label { text, width, dotted })
                }
                None => self.add(rank + 1, Item::Line { dotted }),
            };
            let link = Link { source, target, dotted };
            self.links.get_mut(rank).into_iter().for_each(|links| links.push(link));
            source = target;
        }
    }

    /// Puts each item of a layer below those that lead to it, so that few lines cross.
    fn sort(&mut self) {
        let mut places = vec![0_usize; self.items.len()];
        let mut above: Vec<(usize, usize)> = vec![(0, 0); self.items.len()];
        for (rank, row) in self.rows.iter_mut().enumerate() {
            if let Some(links) = rank.checked_sub(1).and_then(|rank| self.links.get(rank)) {
                for link in links {
                    let place = places.get(link.source).copied().unwrap_or_default();
                    if let Some((sum, count)) = above.get_mut(link.target) {
                        *sum += place;
                        *count += 1;
                    }
                }
                // A stable sort: those below the same item stay in the order of the edges.
                row.sort_by_cached_key(|item| {
                    let (sum, count) = above.get(*item).copied().unwrap_or_default();
                    (sum * 64).checked_div(count).unwrap_or_default()
                });
            }
            for (place, item) in row.iter().enumerate() {
                places.get_mut(*item).into_iter().for_each(|slot| *slot = place);
            }
        }
    }
}

/// The layer of each node, below all that lead to it; `None` if there is a circle.
fn ranks(graph: &Graph) -> Option<Vec<usize>> {
    let ways = Ways::of(graph);
    if ways.ordered < graph.nodes.len() {
        return None;
    }
    let mut edges: Vec<Vec<&Edge>> = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        edges
            .get_mut(edge.source.0)
            .into_iter()
            .for_each(|edges| edges.push(edge));
    }
    let mut ranks = vec![0_usize; graph.nodes.len()];
    for index in ways.order {
        let rank = ranks.get(index).copied().unwrap_or_default();
        let edges = edges.get(index).map(Vec::as_slice).unwrap_or_default();
        // Next to a way with a label the others are as long, so that what they lead to stands side by side.
        let labelled = edges.iter().any(|edge| edge.label.is_some());
        for edge in edges {
            let below = rank + 1 + usize::from(labelled);
            ranks
                .get_mut(edge.target.0)
                .into_iter()
                .for_each(|rank| *rank = (*rank).max(below));
        }
    }
    Some(ranks)
}
