//! Graphs of several steps from the graphs of each.

use serde_json::{Map, Value};

use super::group::{Group, GroupId};
use super::name::without_prefix;
use super::{Edge, Graph, Node, NodeId, NodeRole};
use crate::{RunKind, StreamMode};

impl Graph {
    /// Adds the nodes of another graph, without the two for its input and its output.
    ///
    /// Returns the nodes that its input leads to and those that its output comes from. A graph with a name becomes a box with
    /// this name. Use it in the [`graph`](crate::Runnable::graph) of a step that holds other steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, Node, RunnableExt, StrOutputParser};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// let (entries, exits) = graph.append(StrOutputParser.graph());
    /// assert_eq!(entries, exits);
    /// graph.add_edge(Edge::new(ask, entries[0]))?;
    /// assert_eq!(graph.last_node().map(|node| node.name.as_str()), Some("StrOutputParser"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn append(&mut self, part: Self) -> (Vec<NodeId>, Vec<NodeId>) {
        self.absorb(part, (false, false), &[])
    }

    /// One node between its input and its output.
    pub(crate) fn around(node: Node) -> Self {
        let (input, output) = ends_of(&node);
        let mut graph = Self::new();
        let input = graph.add_node(input);
        let node = graph.add_node(node);
        let output = graph.add_node(output);
        graph.edges = vec![Edge::new(input, node), Edge::new(node, output)];
        graph
    }

    /// One step after the other.
    pub(crate) fn in_sequence(parts: impl ExactSizeIterator<Item = Self>) -> Self {
        let mut graph = Self::new();
        let last = parts.len().saturating_sub(1);
        let mut ways: Vec<Way> = Vec::new();
        for (index, part) in parts.enumerate() {
            let (_, exits) = graph.absorb(part, (index == 0, index == last), &ways);
            if !exits.is_empty() {
                ways = exits.into_iter().map(Way::from).collect();
            }
        }
        graph
    }

    /// Parallel steps, between the node where the branches part and the one where they meet.
    pub(crate) fn beside(step: &Node, branches: impl Iterator<Item = (String, Self)>) -> Self {
        let mut graph = Self::new();
        let split = Node::input_of(format!("{}Input", step.name), step.input.clone());
        let mut join = Node::output_of(format!("{}Output", step.name), step.output.clone());
        let split = graph.add_node(split.fixed());
        let branches = graph.spread(split, branches.map(|(key, part)| (Some(key), false, part)));
        if branches.is_empty() {
            join.streaming = StreamMode::WaitsForAll;
        }
        graph.meet(split, branches, join.fixed());
        graph
    }

    /// A node that chooses between steps, each with the label of its edge and whether it is taken only sometimes.
    pub(crate) fn one_of(mut chooser: Node, parts: impl Iterator<Item = (Option<String>, bool, Self)>) -> Self {
        let (input, output) = ends_of(&chooser);
        chooser.streaming = StreamMode::StreamsOutput;
        let mut graph = Self::new();
        let input = graph.add_node(input);
        let chooser = graph.add_node(chooser.fixed());
        graph.edges.push(Edge::new(input, chooser));
        let parts = graph.spread(chooser, parts);
        if parts.is_empty()
            && let Some(chooser) = graph.nodes.get_mut(chooser.0)
        {
            chooser.streaming = StreamMode::WaitsForAll;
        }
        graph.meet(chooser, parts, output.fixed());
        graph
    }

    /// Puts a way beside those that are there, on which the input of a step passes to its output.
    pub(crate) fn with_passthrough(mut self, step: &Node) -> Self {
        let passed = Node {
            streaming: StreamMode::PassesThrough,
            input: step.input.clone(),
            output: step.output.clone(),
            ..Node::step("Passthrough")
        };
        let (split, join) = (NodeId(0), NodeId(self.nodes.len().saturating_sub(1)));
        if let Some(join) = self.nodes.get_mut(join.0) {
            join.streaming = StreamMode::PassesThrough; // The mapper may have no branches.
        }
        let passed = self.add_node(passed);
        self.edges.extend([Edge::new(split, passed), Edge::new(passed, join)]);
        self
    }

    /// Adds parts after a node, and returns where each of them ends.
    fn spread(&mut self, from: NodeId, parts: impl Iterator<Item = (Option<String>, bool, Self)>) -> Vec<Vec<NodeId>> {
        let mut ends = Vec::new();
        for (label, conditional, part) in parts {
            let way = Way {
                source: from,
                label,
                conditional,
            };
            let (entries, exits) = self.absorb(part, (false, false), &[way]);
            ends.push(if entries.is_empty() { vec![from] } else { exits });
        }
        ends
    }

    fn meet(&mut self, from: NodeId, parts: Vec<Vec<NodeId>>, join: Node) {
        let join = self.add_node(join);
        if parts.is_empty() {
            self.edges.push(Edge::new(from, join));
        }
        let ends = parts.into_iter().flatten();
        self.edges.extend(ends.map(|end| Edge::new(end, join)));
    }

    /// Sets the name of its box in a larger graph. The name of a single step becomes the step's own.
    pub(crate) fn named(mut self, name: &str) -> Self {
        let mut steps = self.nodes.iter_mut().filter(|node| node.role == NodeRole::Step);
        match (steps.next(), steps.next()) {
            (Some(step), None) if !step.fixed => {
                without_prefix(name).clone_into(&mut step.name);
                let (input, output) = ends_of(step);
                self.rename_ends(&input.name, &output.name);
            }
            _ => self.title = Some(name.to_owned()),
        }
        self
    }

    /// Sets the names of the input and the output.
    pub(crate) fn rename_ends(&mut self, input: &str, output: &str) {
        for node in self.nodes.iter_mut().filter(|node| !node.fixed) {
            match node.role {
                NodeRole::Input => input.clone_into(&mut node.name),
                NodeRole::Output => output.clone_into(&mut node.name),
                NodeRole::Step => {}
            }
        }
    }

    /// Notes something about every step in it.
    pub(crate) fn noted(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        for step in self.nodes.iter_mut().filter(|node| node.role == NodeRole::Step) {
            step.metadata.insert(key.to_owned(), value.clone());
        }
        self
    }

    /// Writes the facts of a config about every step in it; those of an outer config win. A graph can be published, so a fact
    /// that holds a key is left out.
    pub(crate) fn with_facts(mut self, facts: &Map<String, Value>) -> Self {
        let facts = facts.iter().filter(|(_, value)| !holds_key(value));
        let facts: Map<_, _> = facts.map(|(key, value)| (key.clone(), value.clone())).collect();
        for step in self.nodes.iter_mut().filter(|node| node.role == NodeRole::Step) {
            step.metadata.extend(facts.clone());
            step.facts.extend(facts.clone());
        }
        self
    }

    /// The same steps after one that needs the whole input first.
    pub(crate) fn waiting(mut self) -> Self {
        let ends = Ends::of(&self);
        let first: Vec<_> = self.entries(&ends, |node| ends.is_input(&self, node)).collect();
        for NodeId(index) in first {
            if let Some(node) = self.nodes.get_mut(index) {
                node.streaming = node.streaming.waiting();
            }
        }
        self
    }

    /// The same steps for each element of a list, which pass the list through whatever they do with an element.
    pub(crate) fn for_each(self, step: &Node) -> Self {
        let mut graph = self.noted("each", true);
        let steps = graph.nodes.iter().filter(|node| node.role == NodeRole::Step);
        if steps.count() > 1 {
            graph.title = Some(step.name.clone());
        }
        for node in &mut graph.nodes {
            node.streaming = StreamMode::PassesThrough;
            let list = match node.role {
                NodeRole::Input if !node.fixed => step.input.clone(),
                NodeRole::Output if !node.fixed => step.output.clone(),
                _ => continue,
            };
            (node.input, node.output) = (list.clone(), list);
        }
        graph
    }

    /// Adds the nodes of another graph, with or without those where its input goes in and its output comes out, and the ways
    /// that lead to it. Returns the nodes that its input leads to and those that its output comes from, at a cost linear in the part.
    fn absorb(
        &mut self,
        part: Self,
        (keep_input, keep_output): (bool, bool),
        ways: &[Way],
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        let ends = Ends::of(&part);
        let dropped =
            |node: NodeId| (!keep_input && ends.is_input(&part, node)) || (!keep_output && ends.is_output(&part, node));
        let mut places: Vec<Option<NodeId>> = Vec::with_capacity(part.nodes.len());
        let mut next = self.nodes.len();
        for index in 0..part.nodes.len() {
            places.push((!dropped(NodeId(index))).then_some(NodeId(next)));
            next += usize::from(!dropped(NodeId(index)));
        }
        let place = |node: NodeId| places.get(node.0).copied().flatten();
        let mut entries: Vec<_> = part.entries(&ends, dropped).filter_map(place).collect();
        let mut exits: Vec<_> = part.exits(&ends, dropped).filter_map(place).collect();
        if entries.is_empty() || exits.is_empty() {
            // A circle has no end: the first node takes the input and the last one returns the output.
            entries = places.iter().copied().flatten().take(1).collect();
            exits = places.iter().rev().copied().flatten().take(1).collect();
        }
        let title = part.title.map(|name| self.add_group(name));
        let groups = self.groups.len();
        self.groups.extend(part.groups.into_iter().map(|group| Group {
            parent: group.parent.map(|parent| parent.after(groups)).or(title),
            ..group
        }));
        let kept = part.nodes.into_iter().zip(&places).filter(|(_, place)| place.is_some());
        self.nodes.extend(kept.map(|(node, _)| Node {
            // The nodes of input and output are outside of the box.
            group: match (node.group, node.role, node.fixed) {
                (Some(group), ..) => Some(group.after(groups)),
                (None, NodeRole::Input | NodeRole::Output, false) => None,
                (None, ..) => title,
            },
            ..node
        }));
        for way in ways {
            self.edges.extend(entries.iter().map(|entry| way.to(*entry)));
        }
        self.edges.extend(part.edges.into_iter().filter_map(|edge| {
            Some(Edge {
                source: place(edge.source)?,
                target: place(edge.target)?,
                ..edge
            })
        }));
        (entries, exits)
    }

    fn add_group(&mut self, name: String) -> GroupId {
        self.groups.push(Group { name, parent: None });
        GroupId(self.groups.len() - 1)
    }

    /// Where it begins without the nodes that are dropped from its beginning.
    fn entries<'a>(
        &'a self,
        ends: &'a Ends,
        dropped: impl Fn(NodeId) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = NodeId> + 'a {
        let after = self.edges.iter().filter(move |edge| dropped(edge.source));
        let first = (0..self.nodes.len()).map(NodeId);
        let first = first.filter(move |node| ends.entering.get(node.0) == Some(&0) && !dropped(*node));
        first.chain(after.map(|edge| edge.target))
    }

    /// Where it ends without the nodes that are dropped from its end.
    fn exits<'a>(
        &'a self,
        ends: &'a Ends,
        dropped: impl Fn(NodeId) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = NodeId> + 'a {
        let before = self.edges.iter().filter(move |edge| dropped(edge.target));
        let last = (0..self.nodes.len()).map(NodeId);
        let last = last.filter(move |node| ends.leaving.get(node.0) == Some(&0) && !dropped(*node));
        last.chain(before.map(|edge| edge.source))
    }
}

/// An edge that does not know yet where it leads.
struct Way {
    source: NodeId,
    label: Option<String>,
    conditional: bool,
}

impl Way {
    fn to(&self, target: NodeId) -> Edge {
        Edge {
            label: self.label.clone(),
            conditional: self.conditional,
            ..Edge::new(self.source, target)
        }
    }
}

impl From<NodeId> for Way {
    fn from(source: NodeId) -> Self {
        Self {
            source,
            label: None,
            conditional: false,
        }
    }
}

/// How many edges lead to each node, and how many leave it.
struct Ends {
    entering: Vec<usize>,
    leaving: Vec<usize>,
}

impl Ends {
    fn of(graph: &Graph) -> Self {
        let (entering, leaving) = graph.degrees();
        Self { entering, leaving }
    }

    /// Whether a node only shows what goes in.
    fn is_input(&self, graph: &Graph, NodeId(index): NodeId) -> bool {
        let node = graph.nodes.get(index);
        node.is_some_and(|node| node.role == NodeRole::Input && !node.fixed)
            && (self.entering.get(index), self.leaving.get(index)) == (Some(&0), Some(&1))
    }

    /// Whether a node only shows what comes out.
    fn is_output(&self, graph: &Graph, NodeId(index): NodeId) -> bool {
        let node = graph.nodes.get(index);
        node.is_some_and(|node| node.role == NodeRole::Output && !node.fixed)
            && (self.entering.get(index), self.leaving.get(index)) == (Some(&1), Some(&0))
    }
}

/// The nodes where the input of a step goes in and its output comes out.
fn ends_of(step: &Node) -> (Node, Node) {
    let input = match step.kind {
        RunKind::Prompt => "PromptInput".to_owned(),
        _ => format!("{}Input", step.name),
    };
    (
        Node::input_of(input, step.input.clone()),
        Node::output_of(format!("{}Output", step.name), step.output.clone()),
    )
}

/// Whether a text in it begins as API keys do.
fn holds_key(value: &Value) -> bool {
    match value {
        Value::String(text) => ["sk-", "Bearer ", "ghp_", "AIza"]
            .iter()
            .any(|begin| text.starts_with(begin)),
        Value::Array(items) => items.iter().any(holds_key),
        Value::Object(members) => members.values().any(holds_key),
        _ => false,
    }
}
