//! [`Node`]: a step in a graph, or a place where a value goes in or comes out.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::group::GroupId;
use crate::{RunKind, StreamMode};

/// A step of a [`Graph`](super::Graph), or a place where a value goes in or comes out.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, RunKind, RunnableExt, StreamMode};
///
/// let graph = EchoModel::new().graph();
/// let node = &graph.nodes()[1];
/// assert_eq!((node.name.as_str(), node.kind), ("EchoModel", RunKind::ChatModel));
/// assert_eq!((&*node.input, &*node.output), ("PromptValue", "AIMessage"));
/// assert_eq!(node.streaming, StreamMode::StreamsOutput);
/// assert_eq!(node.metadata["model"], "echo-1");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// The name of the step, without a leading `Runnable`. Several nodes may have the same.
    pub name: String,
    /// Whether it is a step, or a place where a value goes in or comes out.
    pub role: NodeRole,
    /// The kind of the step.
    pub kind: RunKind,
    /// How the step treats chunks.
    pub streaming: StreamMode,
    /// The type of its input, in short: `Vec<String>`. Empty if it is not known.
    pub input: Cow<'static, str>,
    /// The type of its output, in short.
    pub output: Cow<'static, str>,
    /// Other facts: `provider` and `model` of a model, the wrappers of a step, such as `retry`, and the metadata that
    /// [`with_config`](crate::RunnableExt::with_config) fixes to it.
    pub metadata: Map<String, Value>,
    /// The part of the metadata that a program has fixed to the step, which is drawn.
    pub(super) facts: Map<String, Value>,
    /// The box that holds it.
    pub(super) group: Option<GroupId>,
    /// Whether it stays when the graph becomes a part of another, as a node where branches part or meet.
    pub(super) fixed: bool,
}

impl Node {
    /// Makes a step by name, of unknown types, that waits for its whole input.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Node, NodeRole, StreamMode};
    ///
    /// let node = Node::step("ask");
    /// assert_eq!((node.role, node.streaming), (NodeRole::Step, StreamMode::WaitsForAll));
    /// ```
    pub fn step(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            role: NodeRole::Step,
            kind: RunKind::Chain,
            streaming: StreamMode::WaitsForAll,
            input: Cow::Borrowed(""),
            output: Cow::Borrowed(""),
            metadata: Map::new(),
            facts: Map::new(),
            group: None,
            fixed: false,
        }
    }

    /// The node where a value of a type goes in.
    pub(super) fn input_of(name: String, value: Cow<'static, str>) -> Self {
        Self {
            role: NodeRole::Input,
            streaming: StreamMode::PassesThrough,
            input: value.clone(),
            output: value,
            ..Self::step(name)
        }
    }

    /// The node where a value of a type comes out.
    pub(super) fn output_of(name: String, value: Cow<'static, str>) -> Self {
        Self {
            role: NodeRole::Output,
            ..Self::input_of(name, value)
        }
    }

    pub(super) fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
}

/// The metadata by their keys: a program's values do not belong into logs.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("name", &self.name)
            .field("role", &self.role)
            .field("kind", &self.kind)
            .field("streaming", &self.streaming)
            .field("input", &self.input)
            .field("output", &self.output)
            .field("metadata", &self.metadata.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The role of a [`Node`].
///
/// # Examples
///
/// ```
/// use cadena_core::{NodeRole, RunnableExt, StrOutputParser};
///
/// let graph = StrOutputParser.graph();
/// let steps = graph.nodes().iter().filter(|node| node.role == NodeRole::Step);
/// assert_eq!(steps.count(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeRole {
    /// A value goes in here, or is passed to several steps.
    Input,
    /// A step of the runnable.
    Step,
    /// A value comes out here, or those of several steps meet.
    Output,
}

/// The id of a node of a [`Graph`](super::Graph), as [`add_node`](super::Graph::add_node) returns it.
///
/// # Examples
///
/// ```
/// use cadena_core::{Graph, Node};
///
/// let mut graph = Graph::new();
/// let ask = graph.add_node(Node::step("ask"));
/// assert_eq!(graph.node(ask).map(|node| node.name.as_str()), Some("ask"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) usize);

impl NodeId {
    /// Returns the node's index in [`Graph::nodes`](super::Graph::nodes), which is also its number in the JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// let act = graph.add_node(Node::step("act"));
    /// assert_eq!((ask.index(), act.index()), (0, 1));
    /// assert_eq!(graph.nodes()[act.index()].name, "act");
    /// ```
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}
