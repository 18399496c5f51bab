//! What chains look like: as text, as Mermaid, as JSON, and whether they stream.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::time::Duration;

use cadena_core::{
    AIMessage, Bind, Chain, ChatOptions, ChatPromptTemplate, ConfigKey, Dict, EchoModel, Edge, Graph, MermaidCurve,
    MermaidDirection, MermaidOptions, Node, NodeId, NodeRole, Parallel, PromptValue, RetryOptions, RunConfig, Runnable,
    RunnableExt, StepInfo, StrOutputParser, StreamMode, assign, async_trait, branch, generator, lambda, parallel,
    passthrough, pick, route_fn, router, stream_fn,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn upper(name: &'static str) -> cadena_core::Lambda<String, String> {
    lambda(|text: String| text.to_uppercase()).named(name)
}

#[track_caller]
fn snapshot(name: &str, text: String) {
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(name, text) });
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().map(|node| node.name.as_str()).collect()
}

fn ways(graph: &Graph) -> Vec<String> {
    let names = graph.unique_names();
    let name = |node: NodeId| names.get(node.index()).unwrap();
    let way = |edge: &Edge| format!("{} -> {}", name(edge.source), name(edge.target));
    graph.edges().iter().map(way).collect()
}

/// Answers from documents: a question finds some, in two ways; a model answers; a slip of the first model is another one's task.
fn rag() -> Chain<String, String> {
    let search = (upper("embed") | upper("search")).named("retriever");
    let found = parallel! {"context": search, "question": passthrough::<String>()};
    let prompt = ChatPromptTemplate::from_messages([
        ("system", "Use only this: {context}. The password is swordfish."),
        ("human", "{question}"),
    ]);
    let model = EchoModel::new().bind(ChatOptions::new().extra("api_key", "sk-secret"));
    let careful = model
        .with_retry(RetryOptions::new())
        .with_fallbacks([EchoModel::new().named("Spare")]);
    found | prompt.unwrap() | careful | StrOutputParser
}

#[test]
fn a_chain_over_documents_as_text() {
    snapshot("rag_list", rag().graph().to_string());
}

#[test]
fn a_chain_over_documents_as_mermaid() {
    snapshot("rag_mermaid", rag().graph().to_mermaid());
    let all = MermaidOptions::new()
        .streaming(true)
        .types(true)
        .curve(MermaidCurve::Basis);
    let all = all.direction(MermaidDirection::Right).labels(false);
    snapshot("rag_mermaid_options", rag().graph().to_mermaid_with(&all));
}

#[test]
fn a_chain_over_documents_as_json() {
    let graph = rag().graph();
    snapshot("rag_json", serde_json::to_string_pretty(&graph).unwrap());
    assert_eq!(serde_json::to_value(&graph).unwrap(), graph.to_json());
}

#[test]
fn no_prompt_and_no_option_is_in_a_graph() {
    let tagged = rag().with_config(RunConfig::new().metadata("key", "sk-secret").tag("swordfish"));
    let graph = tagged.graph();
    let all = [
        graph.to_ascii(),
        graph.to_mermaid(),
        graph.to_json().to_string(),
        format!("{graph:?}"),
    ]
    .concat();
    for secret in ["swordfish", "sk-secret", "Use only", "api_key"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn a_nested_choice_as_text() {
    let short = |text: &String| text.len() < 9;
    let route = branch()
        .when_step(
            lambda(move |text: String| short(&text)).named("is_short"),
            upper("shout"),
        )
        .when(|text: &String| text.is_empty(), upper("a") | upper("b") | upper("c"))
        .otherwise(
            parallel((upper("x"), upper("y"), upper("z")))
                .pipe(lambda(|all: (String, String, String)| all.0).named("first")),
        );
    snapshot(
        "choice_list",
        (upper("trim") | route | upper("end")).graph().to_string(),
    );
}

#[test]
fn every_combinator_shows_its_steps() {
    const VOICE: ConfigKey<String> = ConfigKey::new("voice");
    let only = |graph: Graph| {
        graph
            .nodes()
            .iter()
            .filter(|node| node.role == NodeRole::Step)
            .cloned()
            .collect::<Vec<_>>()
    };
    let step = || upper("step");

    for graph in [
        step().graph(),
        step().boxed().graph(),
        step().with_config(RunConfig::new().run_name("other")).graph(),
        step().with_listeners(cadena_core::Listeners::new()).graph(),
        std::sync::Arc::<dyn Runnable<Input = String, Output = String>>::from(step().boxed()).graph(),
        Chain::new(step()).graph(),
    ] {
        assert_eq!(graph, step().graph());
    }
    assert_eq!(only(step().map().graph())[0].metadata["each"], true);
    assert_eq!(
        only(step().with_timeout(Duration::from_secs(1)).graph())[0].metadata["timeout_ms"],
        1000
    );
    assert_eq!(
        only(step().with_retry(RetryOptions::new()).graph())[0].metadata["retry"],
        3
    );
    let alternatives = step()
        .configurable_alternatives(VOICE, "plain")
        .or("loud", upper("loud"))
        .graph();
    assert_eq!(only(alternatives)[0].metadata["alternatives"], json!(["plain", "loud"]));
    let configurable = step().configurable(VOICE, |step, _| step.clone()).graph();
    assert_eq!(only(configurable)[0].metadata["configurable"], "voice");
    let routes = router().route("a", step()).route("b", upper("other")).graph();
    assert_eq!(
        names(&routes),
        [
            "RouterRunnableInput",
            "RouterRunnable",
            "step",
            "other",
            "RouterRunnableOutput"
        ]
    );
    assert_eq!(
        names(&route_fn(move |_: &String| upper("x")).graph()),
        ["LambdaInput", "Lambda", "LambdaOutput"]
    );
    let named = passthrough::<String>().named("question").graph();
    assert_eq!(names(&named), ["questionInput", "question", "questionOutput"]);
    assert_eq!(
        names(&pick::<Dict, _>("a").graph()),
        ["Pick<a>Input", "Pick<a>", "Pick<a>Output"]
    );
    let added = assign(parallel! {"n": lambda(|input: Dict| input.len()).named("count")}).graph();
    assert_eq!(
        names(&added),
        ["Parallel<n>Input", "count", "Parallel<n>Output", "Passthrough"]
    );
    let list = parallel([upper("a"), upper("b")]).graph();
    assert_eq!(names(&list), ["Parallel<0,1>Input", "a", "b", "Parallel<0,1>Output"]);
    assert_eq!(list.last_node().unwrap().output, "Outputs<String>");
}

#[test]
fn a_step_that_stands_in_several_places_is_several_nodes() {
    let step = upper("step");
    let graph =
        (step.clone() | parallel((step.clone(), step.clone())) | lambda(|both: (String, String)| both.0)).graph();
    assert_eq!(
        ways(&graph),
        [
            "step_input -> step_1",
            "step_1 -> Parallel<0,1>Input",
            "Parallel<0,1>Input -> step_2",
            "Parallel<0,1>Input -> step_3",
            "step_2 -> Parallel<0,1>Output",
            "step_3 -> Parallel<0,1>Output",
            "Parallel<0,1>Output -> Lambda",
            "Lambda -> LambdaOutput",
        ]
    );
}

#[test]
fn a_parallel_step_without_branches_is_its_two_ends() {
    let graph = Parallel::<String, Dict>::empty().graph();
    assert_eq!(ways(&graph), ["Parallel<>Input -> Parallel<>Output"]);
    assert!(!graph.streams());
    assert!(assign(Parallel::<Dict, Dict>::empty()).graph().streams());
}

#[test]
fn a_named_chain_in_a_chain_is_a_box() {
    let inner = (upper("b") | (upper("c") | upper("d")).named("deep")).named("inner <i>");
    let outside = upper("a") | inner | upper("e");
    let text = outside.graph().to_mermaid();
    let nodes: Vec<_> = text
        .lines()
        .skip(6)
        .take_while(|line| !line.contains("-->"))
        .map(str::trim)
        .collect();
    let expect = [
        "a_input([a_input]):::first",
        "a(a)",
        "e(e)",
        "e_output([e_output]):::last",
        "subgraph group_0[\"inner #60;i#62;\"]",
        "b(b)",
        "subgraph group_1[deep]",
        "c(c)",
        "d(d)",
        "end",
        "end",
    ];
    assert_eq!(
        nodes,
        expect.map(|line| line.replace("#60;", "#lt;").replace("#62;", "#gt;"))
    );
}

#[test]
fn the_steps_that_hold_chunks_back_are_found() {
    let prompt = || lambda(PromptValue::from as fn(String) -> PromptValue);
    let text = || lambda(|message: AIMessage| message.text().into_owned()).named("text");
    let streams = (prompt() | EchoModel::new() | StrOutputParser).graph();
    assert_eq!(
        (streams.streaming(), streams.waits_at()),
        (StreamMode::StreamsOutput, vec![])
    );

    let held = (prompt() | EchoModel::new() | text() | passthrough()).graph();
    assert!(!held.streams());
    assert_eq!(
        held.waits_at()
            .into_iter()
            .map(|node| node.name.as_str())
            .collect::<Vec<_>>(),
        ["text"]
    );

    // A part of the output streams, and what holds the other part back is known.
    let half = (prompt() | EchoModel::new() | parallel((text(), StrOutputParser))).graph();
    assert!(half.streams());
    assert_eq!(half.waits_at().len(), 1);
}

#[test]
fn a_chain_of_ten_thousand_steps_is_written() {
    let chain = (1..10_000).fold(Chain::new(upper("step")), |chain, _| chain.then(upper("step")));
    let graph = chain.graph();
    assert_eq!((graph.nodes().len(), graph.edges().len()), (10_002, 10_001));
    assert_eq!(graph.to_ascii().lines().count(), 10_002 + 2);
    assert_eq!(graph.to_mermaid().matches("-->").count(), 10_001);
    assert_eq!(graph.streaming(), StreamMode::WaitsForAll);
    assert_eq!(graph.waits_at().len(), 10_000);
}

#[test]
fn ten_thousand_steps_beside_each_other_are_written() {
    let graph = parallel((0..10_000).map(|_| passthrough::<String>()).collect::<Vec<_>>()).graph();
    assert_eq!((graph.nodes().len(), graph.edges().len()), (10_002, 20_000));
    assert_eq!(graph.to_ascii().matches("~ Passthrough").count(), 10_000);
    assert_eq!(graph.to_mermaid().matches("-->").count(), 20_000);
    // The name with all the keys is not in each of the edges.
    assert!(graph.to_mermaid().len() < 2_000_000);
}

#[test]
fn a_graph_with_a_circle_is_a_list_of_its_edges() {
    let mut circle = Graph::new();
    let (ask, act) = (
        circle.add_node(Node::step("ask\nme")),
        circle.add_node(Node::step("act")),
    );
    circle.add_edge(Edge::new(ask, act)).unwrap();
    circle
        .add_edge(Edge::new(act, ask).label("again").conditional())
        .unwrap();
    assert_eq!(circle.to_ascii(), "ask me --> act\nact ..> ask me (again)");
    assert_eq!(circle.first_node(), None);
    assert_eq!(circle.streaming(), StreamMode::PassesThrough);
}

#[test]
fn ways_that_cross_are_a_list_of_edges() {
    let mut graph = Graph::new();
    let nodes = ["a", "b", "c", "d", "e", "f"].map(|name| graph.add_node(Node::step(name)));
    for (from, to) in [(0, 1), (0, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 5), (4, 5)] {
        graph.add_edge(Edge::new(nodes[from], nodes[to])).unwrap();
    }
    assert!(graph.to_ascii().starts_with("a --> b\na --> c\nb --> d"));

    let mut two = Graph::new();
    let nodes = ["a", "b", "alone"].map(|name| two.add_node(Node::step(name)));
    two.add_edge(Edge::new(nodes[0], nodes[1])).unwrap();
    assert_eq!(two.to_ascii(), "a --> b\nalone");
}

#[test]
fn branches_without_steps_and_branches_that_end_are_written() {
    let mut graph = Graph::new();
    let nodes = ["ask", "search", "answer", "stop", "log"].map(|name| graph.add_node(Node::step(name)));
    graph.add_edge(Edge::new(nodes[0], nodes[2]).label("known")).unwrap();
    graph
        .add_edge(Edge::new(nodes[0], nodes[1]).label("new").conditional())
        .unwrap();
    graph.add_edge(Edge::new(nodes[1], nodes[2])).unwrap();
    graph.add_edge(Edge::new(nodes[2], nodes[3])).unwrap();
    graph.add_edge(Edge::new(nodes[2], nodes[4])).unwrap();
    let text = graph.to_ascii();
    let lines: Vec<_> = text.lines().take_while(|line| !line.is_empty()).collect();
    let expect = [
        "# ask",
        "  - known:",
        "  ? new:",
        "    # search",
        "# answer",
        "  - # stop",
        "  - # log",
    ];
    assert_eq!(lines, expect);
}

#[test]
fn branches_in_branches_that_are_very_deep_do_not_grow_by_their_square() {
    let mut graph = Graph::new();
    let mut last = graph.add_node(Node::step("0"));
    for depth in 1..5_000 {
        let next = graph.add_node(Node::step(depth.to_string()));
        let side = graph.add_node(Node::step("side"));
        graph.add_edge(Edge::new(last, side)).unwrap();
        graph.add_edge(Edge::new(last, next)).unwrap();
        last = next;
    }
    assert_eq!(graph.to_ascii().lines().count(), graph.edges().len());
}

#[test]
fn an_edge_between_other_graphs_nodes_is_an_error() {
    let mut large = Graph::new();
    let nodes = [large.add_node(Node::step("a")), large.add_node(Node::step("b"))];
    let mut small = Graph::new();
    small.add_node(Node::step("a"));
    assert!(small.add_edge(Edge::new(nodes[0], nodes[1])).is_err());
    assert!(small.to_ascii().starts_with("# a\n\n~ passes"));
    assert_eq!(Graph::new().to_ascii(), "");
}

/// A step of one's own that shows a circle, or nothing at all.
#[derive(Clone)]
struct Own(Graph);

#[async_trait]
impl Runnable for Own {
    type Input = String;
    type Output = String;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self).graph(|| self.0.clone())
    }

    async fn run(&self, input: String, _cx: cadena_core::RunContext) -> cadena_core::Result<String> {
        Ok(input)
    }
}

#[test]
fn a_chain_stays_whole_around_whatever_graph_a_step_shows() {
    let nothing = upper("a") | Own(Graph::new()) | upper("b");
    assert_eq!(ways(&nothing.graph()), ["a_input -> a", "a -> b", "b -> b_output"]);
    assert_eq!(parallel! {"x": Own(Graph::new())}.graph().edges().len(), 1);

    let mut circle = Graph::new();
    let (ask, act) = (circle.add_node(Node::step("ask")), circle.add_node(Node::step("act")));
    circle.add_edge(Edge::new(ask, act)).unwrap();
    circle.add_edge(Edge::new(act, ask).conditional()).unwrap();
    let agent = upper("a") | Own(circle) | upper("b");
    let expect = [
        "a_input -> a",
        "ask -> act",
        "act -> ask",
        "a -> ask",
        "act -> b",
        "b -> b_output",
    ];
    let mut found = ways(&agent.graph());
    found.sort();
    let mut expect = expect.map(str::to_owned);
    expect.sort();
    assert_eq!(found, expect);
}

/// Names that are something else in Mermaid, HTML or Markdown, or have no width, or two.
const NAMES: [&str; 24] = [
    "end",
    "graph",
    "subgraph",
    "A --> B",
    "a--b",
    "-",
    "--",
    "x-",
    "1",
    "1. one",
    "",
    " ",
    "\"quoted\"",
    "a\"]; click a",
    "a;b",
    "a%%b",
    "<script>alert(1)</script>",
    "`**bold**`",
    "a\nb",
    "\u{202e}abc",
    "größe",
    "检索",
    "🐻 bear",
    "#quot; &lt;",
];

fn strange() -> Graph {
    let chain = Chain::new(passthrough::<String>());
    let chain = NAMES.iter().fold(chain, |chain, name| {
        chain.then(
            parallel([upper(name), upper(name)])
                .pipe(lambda(|_: cadena_core::Outputs<String>| String::new()))
                .named(*name),
        )
    });
    chain.graph()
}

#[test]
fn strange_names_stay_names() {
    let mut graph = Graph::new();
    let mut before = None;
    for name in NAMES {
        let node = graph.add_node(Node::step(name));
        if let Some(before) = before {
            graph.add_edge(Edge::new(before, node).label(name)).unwrap();
        }
        before = Some(node);
    }
    snapshot("strange_mermaid", graph.to_mermaid());
    snapshot("strange_list", graph.to_ascii());
    let text = strange().to_mermaid();
    assert!(!text.contains("<script") && !text.contains('`'), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.contains("subgraph ")).count(),
        NAMES.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_name_stays_in_its_place(name in any::<String>(), other in "[ -~]{0,12}") {
        let mut graph = Graph::new();
        let (a, b) = (graph.add_node(Node::step(&*name)), graph.add_node(Node::step(&*other)));
        graph.add_edge(Edge::new(a, b).label(&*name)).unwrap();

        let text = graph.to_mermaid();
        prop_assert_eq!(text.lines().count(), 6 + 2 + 1 + 3, "{}", text);
        for line in text.lines().skip(6).take(3) {
            prop_assert!(matches!(line.matches('"').count(), 0 | 2), "{}", line);
            prop_assert!(!line.contains(['<', '`', '{', '|', '%']), "{}", line);
            prop_assert!(line.matches(['(', ')', '[', ']']).count() % 4 == 0, "{}", line);
        }
        let list = graph.to_ascii();
        prop_assert_eq!(list.lines().count(), 2 + 2, "{}", list);
    }
}

#[test]
fn the_ends_of_a_named_generator_are_called_as_those_of_a_function() {
    let upper = || generator::<String, String, _>(|chunks| chunks).named("upper");
    let ends = ["upper_input", "upper", "upper_output"];
    assert_eq!(names(&upper().graph()), ends);
    assert_eq!(names(&upper().boxed().graph()), ends);
    let words = stream_fn::<String, String, _>(|text| futures::stream::iter([Ok(text)]));
    assert_eq!(
        names(&words.clone().named("words").graph()),
        ["words_input", "words", "words_output"]
    );
    assert_eq!(
        names(&words.graph()),
        ["GeneratorInput", "Generator", "GeneratorOutput"]
    );
    let chain = upper() | lambda(|text: String| text.len()).named("length");
    assert_eq!(
        names(&chain.graph()),
        ["upper_input", "upper", "length", "length_output"]
    );
}

#[test]
fn the_metadata_of_a_step_are_drawn_as_langchain_draws_them() {
    let with = |facts: &[(&str, Value)]| {
        let config = facts.iter().fold(RunConfig::new(), |config, (key, value)| {
            config.metadata(*key, value.clone())
        });
        upper("upper").with_config(config)
    };
    let facts = [
        ("k", json!(1)),
        ("list", json!([1, "b", true])),
        ("object", json!({"x": 1})),
        ("none", json!(null)),
        ("on", json!(true)),
        ("mark", json!("a<b\"c")),
    ];
    let graph = with(&facts).graph();
    let lines = "k = 1\nlist = 1, b, True\non = True\nmark = a#60;b#quot;c";
    let drawn = format!("\tupper(upper<hr/><small><em>{lines}</em></small>)\n");
    assert!(graph.to_mermaid().contains(&drawn), "{}", graph.to_mermaid());
    assert_eq!(graph.nodes()[1].metadata["object"], json!({"x": 1}));

    // A config around a chain is about every step in it, and wins.
    let chain = with(&[("k", json!(1)), ("m", json!(2))]) | upper("end");
    let drawn = chain
        .with_config(RunConfig::new().metadata("k", 3))
        .graph()
        .to_mermaid();
    assert!(
        drawn.contains("upper<hr/><small><em>k = 3\nm = 2</em></small>"),
        "{drawn}"
    );
    assert!(drawn.contains("end<hr/><small><em>k = 3</em></small>"), "{drawn}");

    // What the framework notes about a step is no fact of the program's.
    let retried = upper("upper").with_retry(RetryOptions::new()).graph().to_mermaid();
    assert!(!retried.contains("<hr/>"), "{retried}");
}
