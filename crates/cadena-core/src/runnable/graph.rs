//! The node of a step, and the graph of one that has no parts.

use super::{Runnable, RunnableExt};
use crate::graph::name::{short_type, without_prefix};
use crate::{Graph, Node};

impl Node {
    /// The node of a step: its name, its kind, its types.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Node, RunKind, StrOutputParser};
    ///
    /// let node = Node::of(&StrOutputParser);
    /// assert_eq!((&*node.name, node.kind), ("StrOutputParser", RunKind::Parser));
    /// assert_eq!((&*node.input, &*node.output), ("AIMessage", "String"));
    /// ```
    pub fn of<R: Runnable + ?Sized>(step: &R) -> Self {
        step.describe().into_node::<R>()
    }

    /// A step of a name and its types. Asking a composition how it streams walks through all its parts; this does not.
    pub(super) fn outline<R: Runnable + ?Sized>(name: &str) -> Self {
        let mut node = Self::step(without_prefix(name));
        node.input = short_type::<R::Input>().into();
        node.output = short_type::<R::Output>().into();
        node
    }

    /// The name of a step and its types.
    pub(super) fn outline_of<R: Runnable + ?Sized>(step: &R) -> Self {
        Self::outline::<R>(&step.name())
    }
}

impl Graph {
    /// One step between its input and its output: the graph of a step whose [description](crate::StepInfo) sets none.
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
