//! [`MermaidOptions`]: the look of a Mermaid flowchart.

/// The look of a flowchart that [`Graph::to_mermaid_with`](crate::Graph::to_mermaid_with) draws. The default is LangChain's.
///
/// # Examples
///
/// ```
/// use cadena_core::{MermaidOptions, RunnableExt, StrOutputParser};
///
/// let plain = StrOutputParser.graph().to_mermaid_with(&MermaidOptions::new().styles(false));
/// assert_eq!(plain, "graph TD;
/// \tStrOutputParserInput --> StrOutputParser;
/// \tStrOutputParser --> StrOutputParserOutput;
/// ");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until a graph is drawn with them"]
pub struct MermaidOptions {
    pub(super) curve: MermaidCurve,
    pub(super) direction: MermaidDirection,
    pub(super) labels: bool,
    pub(super) metadata: bool,
    pub(super) streaming: bool,
    pub(super) styles: bool,
    pub(super) types: bool,
}

impl Default for MermaidOptions {
    fn default() -> Self {
        Self {
            curve: MermaidCurve::default(),
            direction: MermaidDirection::default(),
            labels: true,
            metadata: true,
            streaming: false,
            styles: true,
            types: false,
        }
    }
}

impl MermaidOptions {
    /// Makes options with LangChain's look.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MermaidOptions, RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// assert_eq!(graph.to_mermaid_with(&MermaidOptions::new()), graph.to_mermaid());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the form of the lines; default: straight.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MermaidCurve, MermaidOptions, RunnableExt, StrOutputParser};
    ///
    /// let smooth = MermaidOptions::new().curve(MermaidCurve::Basis);
    /// assert!(StrOutputParser.graph().to_mermaid_with(&smooth).contains("curve: basis"));
    /// ```
    pub fn curve(mut self, curve: MermaidCurve) -> Self {
        self.curve = curve;
        self
    }

    /// Sets the direction; default: down.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MermaidDirection, MermaidOptions, RunnableExt, StrOutputParser};
    ///
    /// let right = MermaidOptions::new().direction(MermaidDirection::Right);
    /// assert!(StrOutputParser.graph().to_mermaid_with(&right).contains("graph LR;"));
    /// ```
    pub fn direction(mut self, direction: MermaidDirection) -> Self {
        self.direction = direction;
        self
    }

    /// Sets whether keys and conditions are written on the edges; default: yes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Edge, Graph, MermaidOptions, Node};
    ///
    /// let mut graph = Graph::new();
    /// let ask = graph.add_node(Node::step("ask"));
    /// let act = graph.add_node(Node::step("act"));
    /// graph.add_edge(Edge::new(ask, act).label("yes"))?;
    /// assert!(graph.to_mermaid().contains("yes"));
    /// assert!(!graph.to_mermaid_with(&MermaidOptions::new().labels(false)).contains("yes"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn labels(mut self, labels: bool) -> Self {
        self.labels = labels;
        self
    }

    /// Sets whether the metadata that [`with_config`](crate::RunnableExt::with_config) fixes to a step is drawn below its name; default: yes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MermaidOptions, RunConfig, RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.with_config(RunConfig::new().metadata("team", "search")).graph();
    /// let drawn = "StrOutputParser(StrOutputParser<hr/><small><em>team = search</em></small>)";
    /// assert!(graph.to_mermaid().contains(drawn));
    /// assert!(!graph.to_mermaid_with(&MermaidOptions::new().metadata(false)).contains("team"));
    /// ```
    pub fn metadata(mut self, metadata: bool) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets whether the colour of a step shows how it treats chunks; default: no. It needs [`styles`](Self::styles).
    ///
    /// Green passes them through, blue makes them, dashed red waits and returns one piece.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, MermaidOptions, RunnableExt};
    ///
    /// let graph = EchoModel::new().graph();
    /// assert!(graph.to_mermaid_with(&MermaidOptions::new().streaming(true)).contains("EchoModel(EchoModel):::streams"));
    /// assert!(!graph.to_mermaid().contains(":::streams"));
    /// ```
    pub fn streaming(mut self, streaming: bool) -> Self {
        self.streaming = streaming;
        self
    }

    /// Sets whether the nodes are drawn with their shapes, names and colours; default: yes. Without them only the edges are written.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, MermaidOptions, RunnableExt};
    ///
    /// let graph = EchoModel::new().graph();
    /// assert!(graph.to_mermaid().contains("classDef"));
    /// assert!(!graph.to_mermaid_with(&MermaidOptions::new().styles(false)).contains("classDef"));
    /// ```
    pub fn styles(mut self, styles: bool) -> Self {
        self.styles = styles;
        self
    }

    /// Sets whether the types of input and output are drawn after each name; default: no.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MermaidOptions, RunnableExt, StrOutputParser};
    ///
    /// let graph = StrOutputParser.graph();
    /// assert!(graph.to_mermaid_with(&MermaidOptions::new().types(true)).contains("StrOutputParser: AIMessage"));
    /// assert!(!graph.to_mermaid().contains("AIMessage"));
    /// ```
    pub fn types(mut self, types: bool) -> Self {
        self.types = types;
        self
    }
}

/// The form of the lines in a Mermaid flowchart.
///
/// # Examples
///
/// ```
/// use cadena_core::{MermaidCurve, MermaidOptions, RunnableExt, StrOutputParser};
///
/// let stairs = MermaidOptions::new().curve(MermaidCurve::StepAfter);
/// assert!(StrOutputParser.graph().to_mermaid_with(&stairs).contains("curve: stepAfter"));
/// assert_eq!(MermaidCurve::default(), MermaidCurve::Linear);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MermaidCurve {
    /// Straight lines.
    #[default]
    Linear,
    /// Smooth lines that do not touch their corners.
    Basis,
    /// Smooth lines through their corners.
    Cardinal,
    /// Smooth lines through their corners, with even speed.
    CatmullRom,
    /// Smooth lines that never turn back sideways.
    MonotoneX,
    /// Smooth lines that never turn back upwards.
    MonotoneY,
    /// Lines that bend as little as they can.
    Natural,
    /// Stairs with the step in the middle.
    Step,
    /// Stairs with the step at the end.
    StepAfter,
    /// Stairs with the step at the beginning.
    StepBefore,
}

impl MermaidCurve {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Basis => "basis",
            Self::Cardinal => "cardinal",
            Self::CatmullRom => "catmullRom",
            Self::MonotoneX => "monotoneX",
            Self::MonotoneY => "monotoneY",
            Self::Natural => "natural",
            Self::Step => "step",
            Self::StepAfter => "stepAfter",
            Self::StepBefore => "stepBefore",
        }
    }
}

/// The direction of a Mermaid flowchart.
///
/// # Examples
///
/// ```
/// use cadena_core::{MermaidDirection, MermaidOptions, RunnableExt, StrOutputParser};
///
/// let down = MermaidOptions::new().direction(MermaidDirection::Down);
/// assert!(StrOutputParser.graph().to_mermaid_with(&down).contains("graph TD;"));
/// assert_eq!(MermaidDirection::default(), MermaidDirection::Down);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MermaidDirection {
    /// From the top to the bottom.
    #[default]
    Down,
    /// From left to right.
    Right,
}

impl MermaidDirection {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Down => "TD",
            Self::Right => "LR",
        }
    }
}
