//! Graphs: the structure of a chain, as text, Mermaid or JSON, and where it holds tokens back.
//!
//! [`RunnableExt::graph`](crate::RunnableExt::graph) computes the [`Graph`] of any step; nothing is called for it.

pub use cadena_core::{
    Edge, Graph, MermaidCurve, MermaidDirection, MermaidOptions, Node, NodeId, NodeRole, StreamMode,
};
