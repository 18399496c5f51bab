//! The way from one node to another.

use super::NodeId;

/// The way from one node of a [`Graph`](super::Graph) to another.
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
    /// Where it begins.
    pub source: NodeId,
    /// Where it ends.
    pub target: NodeId,
    /// The label: the key of a parallel step, the condition of a branch.
    pub label: Option<String>,
    /// Whether it is taken only sometimes.
    pub conditional: bool,
}

impl Edge {
    /// A way that is always taken, with nothing written on it.
    #[must_use]
    pub fn new(source: NodeId, target: NodeId) -> Self {
        Self {
            source,
            target,
            label: None,
            conditional: false,
        }
    }

    /// Writes something on it.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Makes it one that is taken only sometimes.
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }
}
