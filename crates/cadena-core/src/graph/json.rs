//! A graph as JSON.

use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Edge, Graph, Node, NodeRole};

/// The same as [`to_json`](Graph::to_json).
impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        value(self).serialize(serializer)
    }
}

pub(super) fn value(graph: &Graph) -> Value {
    let nodes: Vec<_> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(id, part)| node(id, part))
        .collect();
    let edges: Vec<_> = graph.edges.iter().map(edge).collect();
    json!({"nodes": nodes, "edges": edges})
}

fn node(id: usize, node: &Node) -> Value {
    if node.role != NodeRole::Step {
        return json!({"id": id, "type": "schema", "data": node.name});
    }
    let data = json!({
        "name": node.name,
        "kind": node.kind.as_str(),
        "streaming": node.streaming,
        "input": node.input,
        "output": node.output,
    });
    let mut value = json!({"id": id, "type": "runnable", "data": data});
    if let (Some(members), false) = (value.as_object_mut(), node.metadata.is_empty()) {
        members.insert("metadata".to_owned(), node.metadata.clone().into());
    }
    value
}

fn edge(edge: &Edge) -> Value {
    let mut value = json!({"source": edge.source.0, "target": edge.target.0});
    if let Some(members) = value.as_object_mut() {
        members.extend(edge.label.clone().map(|label| ("data".to_owned(), label.into())));
        members.extend(edge.conditional.then(|| ("conditional".to_owned(), true.into())));
    }
    value
}
