//! Whether chunks reach the end of a graph, and where they are held back.

use super::{Graph, Node, NodeId};
use crate::StreamMode;

impl Graph {
    /// Returns how all the steps together treat chunks, as [`RunnableExt::streaming`](crate::RunnableExt::streaming) reports it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt, StreamMode};
    ///
    /// assert_eq!(EchoModel::new().graph().streaming(), StreamMode::StreamsOutput);
    /// ```
    #[must_use]
    pub fn streaming(&self) -> StreamMode {
        let ways = Ways::of(self);
        let mut before: Vec<Option<StreamMode>> = vec![None; self.nodes.len()];
        let mut end: Option<StreamMode> = None;
        for index in ways.order {
            let Some(node) = self.nodes.get(index) else { continue };
            let mode = before.get(index).copied().flatten();
            let mode = mode.unwrap_or(StreamMode::PassesThrough).then(node.streaming);
            let targets = ways.targets.get(index).map(Vec::as_slice).unwrap_or_default();
            let places = targets.iter().map(|target| target.0).collect::<Vec<_>>();
            if places.is_empty() {
                end = Some(end.map_or(mode, |end| end.beside(mode)));
            }
            for place in places {
                if let Some(before) = before.get_mut(place) {
                    *before = Some(before.map_or(mode, |before| before.beside(mode)));
                }
            }
        }
        end.unwrap_or(StreamMode::PassesThrough)
    }

    /// Whether chunks reach the end, so that at least a part of the output arrives piece by piece.
    ///
    /// A test of your chain can assert it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, EchoModel, RunnableExt, StrOutputParser, lambda};
    ///
    /// assert!((EchoModel::new() | StrOutputParser).graph().streams());
    ///
    /// let held_back = EchoModel::new() | lambda(|answer: AIMessage| answer.text().into_owned()).named("text");
    /// assert!(!held_back.graph().streams());
    /// assert_eq!(held_back.graph().waits_at()[0].name, "text");
    /// ```
    #[must_use]
    pub fn streams(&self) -> bool {
        self.streaming() != StreamMode::WaitsForAll
    }

    /// Returns the steps that hold chunks back.
    ///
    /// They wait for their whole input and return their output in one piece, after the last step on their branch that makes
    /// chunks. The list is empty if everything streams.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, EchoModel, RunnableExt, StrOutputParser, lambda, parallel};
    ///
    /// // A part of the output streams, and the other part is held back.
    /// let length = lambda(|answer: AIMessage| answer.text().len()).named("length");
    /// let graph = (EchoModel::new() | parallel((StrOutputParser, length))).graph();
    /// assert!(graph.streams());
    /// assert_eq!(graph.waits_at().iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["length"]);
    /// ```
    #[must_use]
    pub fn waits_at(&self) -> Vec<&Node> {
        let mut sources: Vec<Vec<NodeId>> = vec![Vec::new(); self.nodes.len()];
        let mut is_end = vec![true; self.nodes.len()];
        for edge in &self.edges {
            sources
                .get_mut(edge.target.0)
                .into_iter()
                .for_each(|sources| sources.push(edge.source));
            is_end.get_mut(edge.source.0).into_iter().for_each(|end| *end = false);
        }
        // Back from the end, up to the steps that make chunks.
        let mut reached = is_end;
        let mut todo: Vec<usize> = (0..reached.len())
            .filter(|index| reached.get(*index) == Some(&true))
            .collect();
        while let Some(index) = todo.pop() {
            if self
                .nodes
                .get(index)
                .is_some_and(|node| node.streaming == StreamMode::StreamsOutput)
            {
                continue;
            }
            for NodeId(source) in sources.get(index).into_iter().flatten() {
                if let Some(reached) = reached.get_mut(*source)
                    && !*reached
                {
                    *reached = true;
                    todo.push(*source);
                }
            }
        }
        let reached = self.nodes.iter().zip(reached).filter(|(_, reached)| *reached);
        let waiting = reached.filter(|(node, _)| node.streaming == StreamMode::WaitsForAll);
        waiting.map(|(node, _)| node).collect()
    }
}

/// The nodes, each after all those that lead to it.
struct Ways {
    /// Where the edges of each node lead to.
    targets: Vec<Vec<NodeId>>,
    /// The indexes of the nodes; those in a circle, and those after one, come last.
    order: Vec<usize>,
}

impl Ways {
    fn of(graph: &Graph) -> Self {
        let mut targets: Vec<Vec<NodeId>> = vec![Vec::new(); graph.nodes.len()];
        for edge in &graph.edges {
            targets
                .get_mut(edge.source.0)
                .into_iter()
                .for_each(|targets| targets.push(edge.target));
        }
        let (mut entering, _) = graph.degrees();
        let mut order: Vec<usize> = (0..entering.len())
            .filter(|index| entering.get(*index) == Some(&0))
            .collect();
        let mut next = 0;
        while let Some(index) = order.get(next).copied() {
            next += 1;
            for NodeId(target) in targets.get(index).into_iter().flatten() {
                if let Some(count) = entering.get_mut(*target) {
                    *count -= 1;
                    if *count == 0 {
                        order.push(*target);
                    }
                }
            }
        }
        let circles = entering.iter().enumerate().filter(|(_, count)| **count > 0);
        order.extend(circles.map(|(index, _)| index));
        Self { targets, order }
    }
}
