//! The node of a step, and the graph of one that has no parts.

use super::Runnable;
use crate::graph::name::{short_type, without_prefix};
use crate::{Graph, Node};

impl Node {
    /// The node of a step: its name, its kind, its types.
    pub fn of<R: Runnable + ?Sized>(step: &R) -> Self {
        let mut node = Self::outline(step);
        (node.kind, node.streaming) = (step.kind(), step.streaming());
        node
    }

    /// The name of a step and its types. Asking a composition how it streams walks through all its parts; this does not.
    pub(crate) fn outline<R: Runnable + ?Sized>(step: &R) -> Self {
        let mut node = Self::step(without_prefix(&step.name()));
        node.input = short_type::<R::Input>().into();
        node.output = short_type::<R::Output>().into();
        node
    }
}

impl Graph {
    /// One step between its input and its output: what [`Runnable::graph`] gives by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Graph, StrOutputParser};
    ///
    /// let graph = Graph::of(&StrOutputParser);
    /// assert_eq!(graph.first_node().map(|node| &*node.output), Some("AIMessage"));
    /// assert_eq!(graph.last_node().map(|node| &*node.input), Some("String"));
    /// ```
    pub fn of<R: Runnable + ?Sized>(step: &R) -> Self {
        Self::around(Node::of(step))
    }

    /// The ends of a function are called as its argument and its result.
    pub(crate) fn of_function<R: Runnable>(step: &R) -> Self {
        let mut graph = Self::of(step);
        let name = step.name();
        graph.rename_ends(&format!("{name}_input"), &format!("{name}_output"));
        graph
    }
}
