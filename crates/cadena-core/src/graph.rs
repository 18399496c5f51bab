//! [`Graph`]: the steps of a chain and their connections, to print and to examine.

mod kind;
pub use kind::RunKind;
mod mode;
pub use mode::StreamMode;
mod node;
pub use node::{Node, NodeId, NodeRole};
mod edge;
pub use edge::Edge;
mod mermaid;
pub use mermaid::{MermaidCurve, MermaidDirection, MermaidOptions};
mod compose;
mod group;
mod json;
mod list;
pub(crate) mod name;
mod streaming;

use std::fmt;

use serde_json::Value;

use self::group::Group;
use crate::{Error, ErrorKind, Result};

/// The steps of a runnable and their connections, as [`RunnableExt::graph`](crate::RunnableExt::graph) returns them.
///
/// It prints as text (`{graph}`, [`to_ascii`](Self::to_ascii)), as a [Mermaid](https://mermaid.js.org) flowchart ([`to_mermaid`](Self::to_mermaid)) and as JSON
/// ([`to_json`](Self::to_json)), and knows whether chunks reach the end ([`streams`](Self::streams), [`waits_at`](Self::waits_at)). It holds names and
/// types, never the content of a prompt, an option or a config. Nodes and edges are in the order of the steps, the same every time.
///
/// A chain in a chain is flat; one with a name is a box in the Mermaid text. Parallel steps are between two
/// nodes, where the branches part and where they meet; so do the steps that a branch, a router or fallbacks choose from.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatPromptTemplate, EchoModel, RunnableExt, StrOutputParser};
///
/// let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")])?;
/// let graph = (prompt | EchoModel::new() | StrOutputParser).graph();
///
/// let names: Vec<_> = graph.nodes().iter().map(|node| node.name.as_str()).collect();
/// assert_eq!(names, ["PromptInput", "ChatPromptTemplate", "EchoModel", "StrOutputParser", "StrOutputParserOutput"]);
/// assert!(graph.streams());
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a graph is there to be printed or asked"]
pub struct Graph {
    title: Option<String>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    groups: Vec<Group>,
}

impl Graph {
    /// Makes a graph without nodes, to write one by hand.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// let answer = graph.add_node(Node::step("answer"));
    /// graph.add_edge(Edge::new(ask, answer).label("yes").conditional())?;
    /// assert_eq!(graph.edges().len(), 1);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node without an edge, and returns its id.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// assert_eq!((ask.index(), graph.nodes().len()), (0, 1));
    /// assert!(graph.edges().is_empty());
    /// ```
    pub fn add_node(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    /// Adds an edge.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, Node};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// let act = graph.add_node(Node::step("act"));
    /// graph.add_edge(Edge::new(ask, act))?;
    ///
    /// let mut other = Graph::new();
    /// other.add_node(Node::step("alone"));
    /// assert!(other.add_edge(Edge::new(ask, act)).is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the graph has no such nodes: they come from [`add_node`](Self::add_node) of this graph.
    pub fn add_edge(&mut self, edge: Edge) -> Result<()> {
        if edge.source.0.max(edge.target.0) >= self.nodes.len() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "an edge between nodes of another graph",
            ));
        }
        self.edges.push(edge);
        Ok(())
    }

    /// Returns the nodes, in the order of the steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{NodeRole, RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// let roles: Vec<_> = graph.nodes().iter().map(|node| node.role).collect();
    /// assert_eq!(roles, [NodeRole::Input, NodeRole::Step, NodeRole::Output]);
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the edges, in the order of the steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// let ways: Vec<_> = graph.edges().iter().map(|edge| (edge.source.index(), edge.target.index())).collect();
    /// assert_eq!(ways, [(0, 1), (1, 2)]);
    /// ```
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Returns a node by its id; `None` if the id is of another, larger graph.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// let end = graph.node(graph.edges()[1].target).map(|node| node.name.as_str());
    /// assert_eq!(end, Some("StrOutputParserOutput"));
    /// ```
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// Returns a unique name for each node: where several have the same name, `name_1`, `name_2`, ….
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, lambda};
    ///
    /// let trim = lambda(|text: String| text.trim().to_owned()).named("trim");
    /// let graph = (trim.clone() | trim).graph();
    /// assert_eq!(graph.unique_names(), ["trim_input", "trim_1", "trim_2", "trim_output"]);
    /// ```
    #[must_use]
    pub fn unique_names(&self) -> Vec<String> {
        name::unique(self.nodes.iter().map(|node| node.name.as_str()))
    }

    /// Returns the only node that no edge leads to. `None` if there are several, or a circle without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{NodeRole, RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// assert_eq!(graph.first_node().map(|node| node.role), Some(NodeRole::Input));
    /// assert_eq!(graph.last_node().map(|node| node.role), Some(NodeRole::Output));
    /// ```
    #[must_use]
    pub fn first_node(&self) -> Option<&Node> {
        self.only(&self.degrees().0)
    }

    /// Returns the only node that no edge leaves. `None` if there are several, or a circle without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Graph, Node, RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// assert_eq!(graph.last_node().map(|node| node.name.as_str()), Some("StrOutputParserOutput"));
    ///
    /// let mut two = Graph::new();
    /// two.add_node(Node::step("ask"));
    /// two.add_node(Node::step("act"));
    /// assert_eq!(two.last_node(), None); // both of them are ends
    /// ```
    #[must_use]
    pub fn last_node(&self) -> Option<&Node> {
        self.only(&self.degrees().1)
    }

    /// Returns the graph as an indented list of its steps, for a terminal or a log.
    ///
    /// A mark before a name shows how the step treats chunks: `~` passes them through, `>` waits for its whole input and
    /// streams its output, `#` waits and returns one piece. Branches are indented, each after `-`, or after `?` if it is
    /// taken under a condition; the node where they meet is back at the left. A graph with a circle, or whose branches
    /// cross, is a list of its edges instead.
    ///
    /// LangChain's `draw_ascii` draws boxes; for a picture use [`to_mermaid`](Self::to_mermaid).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt, StrOutputParser, lambda, parallel};
    ///
    /// let count = lambda(|answer: cadena_core::AIMessage| answer.text().len()).named("count");
    /// let text = (EchoModel::new() | parallel((StrOutputParser, count))).graph().to_ascii();
    /// assert_eq!(text.lines().take(8).collect::<Vec<_>>(), [
    ///     "EchoModelInput: PromptValue",
    ///     "> EchoModel",
    ///     "Parallel<0,1>Input: AIMessage",
    ///     "  - 0:",
    ///     "    ~ StrOutputParser",
    ///     "  - 1:",
    ///     "    # count",
    ///     "Parallel<0,1>Output: (String, usize)",
    /// ]);
    /// ```
    #[must_use]
    pub fn to_ascii(&self) -> String {
        list::write(self)
    }

    /// Returns the graph as a Mermaid flowchart, as LangChain writes it.
    ///
    /// Names are escaped, so the text is valid and shows them as they are, whatever they hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, StrOutputParser};
    ///
    /// let text = StrOutputParser.graph().to_mermaid();
    /// assert!(text.contains("\tStrOutputParser --> StrOutputParserOutput;\n"), "{text}");
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.to_mermaid_with(&MermaidOptions::default())
    }

    /// Returns the same as [`to_mermaid`](Self::to_mermaid), drawn by options.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, MermaidCurve, MermaidDirection, MermaidOptions, RunnableExt};
    ///
    /// let options = MermaidOptions::new().direction(MermaidDirection::Right).curve(MermaidCurve::Basis).streaming(true);
    /// let text = EchoModel::new().graph().to_mermaid_with(&options);
    /// assert!(text.contains("curve: basis\n---\ngraph LR;"), "{text}");
    /// assert!(text.contains("EchoModel(EchoModel):::streams"), "{text}");
    /// ```
    #[must_use]
    pub fn to_mermaid_with(&self, options: &MermaidOptions) -> String {
        mermaid::draw(self, options)
    }

    /// Returns the graph as JSON, in the form of LangChain's `to_json`: numbered nodes of type `schema` or `runnable`, and edges.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, StrOutputParser};
    /// use serde_json::json;
    ///
    /// let graph = StrOutputParser.graph().to_json();
    /// assert_eq!(graph["nodes"][0], json!({"id": 0, "type": "schema", "data": "StrOutputParserInput"}));
    /// assert_eq!(graph["nodes"][1]["data"]["name"], "StrOutputParser");
    /// assert_eq!(graph["edges"][0], json!({"source": 0, "target": 1}));
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        json::value(self)
    }

    /// Counts the edges that lead to each node, and those that leave it.
    fn degrees(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut entering, mut leaving) = (vec![0; self.nodes.len()], vec![0; self.nodes.len()]);
        for edge in &self.edges {
            entering
                .get_mut(edge.target.0)
                .into_iter()
                .for_each(|count| *count += 1);
            leaving.get_mut(edge.source.0).into_iter().for_each(|count| *count += 1);
        }
        (entering, leaving)
    }

    fn only(&self, degrees: &[usize]) -> Option<&Node> {
        let mut ends = self.nodes.iter().zip(degrees).filter(|(_, degree)| **degree == 0);
        match (ends.next(), ends.next()) {
            (Some((node, _)), None) => Some(node),
            _ => None,
        }
    }
}

/// The same as [`to_ascii`](Graph::to_ascii).
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_ascii())
    }
}
