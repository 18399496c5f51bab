//! [`Edge`]: a connection from one node to another.

use super::NodeId;

/// A connection from one node of a [`Graph`](super::Graph) to another.
///
/// # Examples
///
/// ```
/// use cadena_core::{RunnableExt, branch, lambda};
///
/// let size = branch().when(|n: &i32| *n > 9, lambda(|_: i32| "big".to_owned())).otherwise(lambda(|_: i32| "small".to_owned()));
/// let graph = size.graph();
/// let labels: Vec<_> = graph.edges().iter().filter(|edge| edge.conditional).map(|edge| edge.label.as_deref()).collect();
/// assert_eq!(labels, [Some("when 1"), Some("otherwise")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edge {
    /// The node where it begins.
    pub source: NodeId,
    /// The node where it ends.
    pub target: NodeId,
    /// The text on it: the key of a parallel step, the condition of a branch.
    pub label: Option<String>,
    /// Whether it is taken only under a condition.
    pub conditional: bool,
}

impl Edge {
    /// Makes an edge that is always taken, without a label.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// let act = graph.add_node(Node::step("act"));
    /// let edge = Edge::new(ask, act).label("yes").conditional();
    /// assert_eq!((edge.label.as_deref(), edge.conditional), (Some("yes"), true));
    /// ```
    #[must_use]
    pub fn new(source: NodeId, target: NodeId) -> Self {
        Self {
            source,
            target,
            label: None,
            conditional: false,
        }
    }

    /// Sets the label.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let (ask, act) = (graph.add_node(Node::step("ask")), graph.add_node(Node::step("act")));
    /// assert_eq!(Edge::new(ask, act).label("yes").label.as_deref(), Some("yes"));
    /// assert_eq!(Edge::new(ask, act).label, None);
    /// ```
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Marks it as taken only under a condition.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let (ask, act) = (graph.add_node(Node::step("ask")), graph.add_node(Node::step("act")));
    /// assert!(Edge::new(ask, act).conditional().conditional);
    /// assert!(!Edge::new(ask, act).conditional);
    /// ```
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }
}
