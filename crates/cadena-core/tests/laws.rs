//! The laws of composition, over random compositions up to six deep of a model with log probabilities.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, BoxRunnable, Chain, ChatOptions, ConfigKey, Dict, EchoModel, Error, ErrorKind,
    EventFilter, Listener, Listeners, Outputs, PromptValue, RetryOptions, RunConfig, RunEvent, RunId, RunKind,
    Runnable, RunnableExt, SequentialIds, branch, fold, generator, lambda, parallel, passthrough, route_fn, router,
};
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

type Step = BoxRunnable<AIMessage, AIMessage>;

/// A composition that gives the message that it takes.
#[derive(Clone, Debug)]
enum Shape {
    Passthrough,
    Lambda,
    AsyncLambda,
    Generator,
    /// A model that is asked for the text that is there.
    Ask,
    Sequence(Vec<Self>),
    Tuple(Box<Self>, Box<Self>),
    List(Vec<Self>),
    Named(Box<Self>, Box<Self>),
    Assign(Box<Self>),
    Map(Box<Self>),
    Branch(Box<Self>, bool),
    Route(Box<Self>),
    Router(Box<Self>),
    /// Fails once before its first chunk.
    Retry(Box<Self>),
    /// What it falls back from fails before its first chunk.
    Fallbacks(Box<Self>),
    Wrapped(Box<Self>, u8),
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Passthrough),
        Just(Shape::Lambda),
        Just(Shape::AsyncLambda),
        Just(Shape::Generator),
        Just(Shape::Ask),
    ];
    leaf.prop_recursive(6, 24, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Shape::Sequence),
            (boxed(), boxed()).prop_map(|(a, b)| Shape::Tuple(a, b)),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Shape::List),
            (boxed(), boxed()).prop_map(|(a, b)| Shape::Named(a, b)),
            boxed().prop_map(Shape::Assign),
            boxed().prop_map(Shape::Map),
            (boxed(), any::<bool>()).prop_map(|(step, matches)| Shape::Branch(step, matches)),
            boxed().prop_map(Shape::Route),
            boxed().prop_map(Shape::Router),
            boxed().prop_map(Shape::Retry),
            boxed().prop_map(Shape::Fallbacks),
            (boxed(), any::<u8>()).prop_map(|(step, which)| Shape::Wrapped(step, which)),
        ]
    })
}

fn model() -> BoxRunnable<PromptValue, AIMessage> {
    EchoModel::new().bind(ChatOptions::new().logprobs(true)).boxed()
}

/// A message out of a value, with all that it had.
fn read() -> impl Runnable<Input = Value, Output = AIMessage> {
    lambda(|value: Value| serde_json::from_value::<AIMessage>(value))
}

fn failing(times: usize) -> Step {
    let left = Mutex::new(times);
    lambda(move |message: AIMessage| {
        let mut left = left.lock().unwrap();
        match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                Err(Error::from(ErrorKind::Server))
            }
            None => Ok(message),
        }
    })
    .boxed()
}

const UNSET: ConfigKey<u8> = ConfigKey::new("unset");

/// The step in one of the wrappers that change nothing.
fn wrapped(step: Step, which: u8) -> Step {
    match which % 10 {
        0 => step.named("named").boxed(),
        1 => step.with_config(RunConfig::new().tag("tag").run_name("run")).boxed(),
        2 => step.with_timeout(Duration::from_secs(3600)).boxed(),
        3 => step.with_listeners(Listeners::new()).boxed(),
        4 => step.configurable(UNSET, |step, _| step.clone()).boxed(),
        5 => step
            .configurable_alternatives(ConfigKey::new("which"), "default")
            .or("other", failing(usize::MAX))
            .boxed(),
        6 => step.with_retry(RetryOptions::new()).boxed(),
        7 => step.with_fallbacks([failing(usize::MAX)]).boxed(),
        8 => Chain::new(step).boxed(),
        _ => Arc::<dyn Runnable<Input = AIMessage, Output = AIMessage>>::from(step).boxed(),
    }
}

fn build(shape: &Shape) -> Step {
    match shape {
        Shape::Passthrough => passthrough().boxed(),
        Shape::Lambda => lambda(|message: AIMessage| message).boxed(),
        Shape::AsyncLambda => lambda(|message: AIMessage| async move {
            tokio::task::yield_now().await;
            message
        })
        .boxed(),
        Shape::Generator => generator::<AIMessage, AIMessage, _>(|chunks| chunks).boxed(),
        Shape::Ask => {
            let text = lambda(|message: AIMessage| PromptValue::from(message.text().into_owned()));
            text.pipe(model()).boxed()
        }
        Shape::Sequence(shapes) => {
            let chain = Chain::new(passthrough());
            shapes
                .iter()
                .fold(chain, |chain, shape| chain.then(build(shape)))
                .boxed()
        }
        Shape::Tuple(a, b) => parallel((build(a), build(b)))
            .pipe(lambda(|both: (AIMessage, AIMessage)| both.0))
            .boxed(),
        Shape::List(shapes) => parallel(shapes.iter().map(build).collect::<Vec<_>>())
            .pipe(lambda(|places: Outputs<AIMessage>| {
                places.into_iter().next_back().ok_or("no place")
            }))
            .boxed(),
        Shape::Named(a, b) => (parallel! {"a": build(a), "b": build(b)})
            .pick("b")
            .pipe(read())
            .boxed(),
        Shape::Assign(inner) => {
            let inner = lambda(|input: Dict| input.read::<AIMessage>("message")).pipe(build(inner));
            let start = parallel! {"message": passthrough::<AIMessage>()};
            start
                .assign(parallel! {"copy": inner})
                .pick("copy")
                .pipe(read())
                .boxed()
        }
        Shape::Map(inner) => lambda(|message: AIMessage| vec![message.clone(), message])
            .pipe(build(inner).map())
            .pipe(lambda(|messages: Vec<AIMessage>| {
                messages.into_iter().next().ok_or("no message")
            }))
            .boxed(),
        Shape::Branch(inner, matches) => {
            let matches = *matches;
            branch()
                .when(move |_| matches, build(inner))
                .otherwise(passthrough())
                .boxed()
        }
        Shape::Route(inner) => {
            let inner = build(inner);
            route_fn(move |_: &AIMessage| inner.clone()).boxed()
        }
        Shape::Router(inner) => lambda(|message: AIMessage| cadena_core::RouterInput::new("there", message))
            .pipe(router().route("there", build(inner)))
            .boxed(),
        Shape::Retry(inner) => {
            let options = RetryOptions::new().base_pause(Duration::ZERO);
            failing(1).pipe(build(inner)).with_retry(options).boxed()
        }
        Shape::Fallbacks(inner) => failing(usize::MAX).with_fallbacks([build(inner)]).boxed(),
        Shape::Wrapped(inner, which) => wrapped(build(inner), *which),
    }
}

/// The whole composition: a model answers, and the shape hands the answer on.
fn composed(shape: &Shape) -> Chain<String, AIMessage> {
    let ask = lambda(|text: String| PromptValue::from(text)).pipe(model());
    ask.pipe(build(shape))
}

fn config() -> RunConfig {
    RunConfig::new().ids(Arc::new(SequentialIds::default()))
}

/// Which run made a message is the one thing in which two calls may differ: runs that somebody hears take ids too.
fn without_id(mut message: AIMessage) -> AIMessage {
    message.id = None;
    message
}

fn check(future: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true);
    runtime.build().unwrap().block_on(future)
}

/// How often each run started and ended.
#[derive(Default)]
struct Ledger(Mutex<HashMap<RunId, (usize, usize)>>);

impl Ledger {
    fn unbalanced(&self) -> Vec<(usize, usize)> {
        let ledger = self.0.lock().unwrap();
        ledger.values().copied().filter(|counts| *counts != (1, 1)).collect()
    }
}

impl Listener for Ledger {
    fn on_event(&self, event: &RunEvent) {
        let mut ledger = self.0.lock().unwrap();
        let counts = ledger.entry(event.run().id).or_default();
        match event {
            RunEvent::Start { .. } => counts.0 += 1,
            RunEvent::End { .. } | RunEvent::Error { .. } | RunEvent::Cancelled { .. } => counts.1 += 1,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    /// Laws 1 and 8, with and without a listener.
    #[test]
    fn invoke_equals_the_fold_of_the_stream_and_logprobs_survive(shape in shape(), text in "[a-zé]{1,4}( [a-z]{1,4}){0,4}") {
        check(async {
            let words = text.split_inclusive(' ').count();
            for heard in [false, true] {
                let config = || match heard {
                    false => config(),
                    true => config().listener(Arc::new(Ledger::default())),
                };
                let whole = composed(&shape).invoke_with(text.as_str(), config()).await.unwrap();
                let streamed = composed(&shape).stream_with(text.as_str(), config());
                let streamed = fold::<AIMessage>(streamed).await.unwrap().unwrap();
                let logprobs = whole.logprobs().map_or(0, |logprobs| logprobs.tokens().count());
                prop_assert_eq!(logprobs, words);
                prop_assert_eq!(&*whole.text(), text.as_str());
                prop_assert_eq!(without_id(streamed), without_id(whole));
            }
            Ok(())
        })?;
    }

    /// Laws 5 and 6.
    #[test]
    fn dropping_at_any_point_leaves_no_run_open(shape in shape(), taken in 0usize..12, polls in 0usize..12) {
        check(async {
            let ledger = Arc::new(Ledger::default());
            // One source of ids for both calls, so that no two runs share one.
            let config = config().listener(Arc::<Ledger>::clone(&ledger));
            let heard = || config.clone();
            let stream = composed(&shape).stream_with("a b c d", heard());
            drop(stream.take(taken).try_collect::<Vec<_>>().await.unwrap());
            prop_assert_eq!(ledger.unbalanced(), vec![]);

            let chain = composed(&shape);
            let mut call = Box::pin(chain.invoke_with("a b c d", heard()));
            for _ in 0..polls {
                if futures::poll!(&mut call).is_ready() {
                    break;
                }
            }
            drop(call);
            prop_assert_eq!(ledger.unbalanced(), vec![]);
            Ok(())
        })?;
    }

    /// Law 6, as a reader of events sees it: runs are well nested, and a filter takes away and changes nothing.
    #[test]
    fn events_are_well_nested_and_a_filter_gives_a_part_of_them(
        shape in shape(),
        capacity in 1usize..8,
        taken in 0usize..40,
        tag in "(seq:step:[12]|map:key:a|none)",
    ) {
        check(async {
            let events = composed(&shape).stream_events_with("a b c", config()).capacity(capacity);
            let events: Vec<_> = events.try_collect().await.unwrap();
            let mut open: Vec<RunId> = Vec::new();
            let mut begun = HashSet::new();
            for event in &events {
                let run = event.run();
                prop_assert!(run.parents.iter().all(|parent| open.contains(parent)));
                match event {
                    RunEvent::Start { .. } => {
                        prop_assert!(begun.insert(run.id));
                        open.push(run.id);
                    }
                    RunEvent::Chunk { .. } => prop_assert!(open.contains(&run.id)),
                    _ => {
                        prop_assert!(open.contains(&run.id));
                        open.retain(|id| *id != run.id);
                    }
                }
            }
            prop_assert!(open.is_empty());

            // Each call has a composition of its own, as retries count their calls, and room for all: which of two
            // branches goes on first depends on when the reader makes them wait.
            let filter = EventFilter::new().include_kind(RunKind::ChatModel).include_tag(tag).exclude_name("named");
            let read = |filter| async {
                let events = composed(&shape).stream_events_with("a b c", config());
                events.only(filter).capacity(100_000).try_collect::<Vec<_>>().await.unwrap()
            };
            let all = read(EventFilter::new()).await;
            let part = read(filter.clone()).await;
            let show = |event: &RunEvent| event.to_langchain_json();
            let expect: Vec<_> = all.iter().filter(|event| filter.accepts(event)).map(show).collect();
            prop_assert!(part.iter().map(show).eq(expect));

            // Another listener hears one end for each start, wherever the reader stops.
            let ledger = Arc::new(Ledger::default());
            let heard = config().listener(Arc::<Ledger>::clone(&ledger));
            let events = composed(&shape).stream_events_with("a b c", heard).capacity(capacity);
            drop(events.take(taken).try_collect::<Vec<_>>().await.unwrap());
            prop_assert_eq!(ledger.unbalanced(), vec![]);
            Ok(())
        })?;
    }

    /// Law 7: whole, streamed, fed with a stream, and what it says of itself.
    #[test]
    fn a_wrapper_behaves_as_what_it_wraps(shape in shape(), which in 0u8..10) {
        check(async {
            // Shapes that fail at first count their calls: each call gets steps of its own.
            let plain = || build(&shape);
            let outside = || wrapped(build(&shape), which);
            let message = model().invoke("a b c").await.unwrap();
            let show = |mut chunks: Vec<AIMessageChunk>| {
                chunks.iter_mut().for_each(|chunk| chunk.id = None);
                serde_json::to_value(chunks).unwrap().to_string()
            };

            let whole = plain().invoke_with(message.clone(), config()).await.unwrap();
            let same = outside().invoke_with(message.clone(), config()).await.unwrap();
            prop_assert_eq!(without_id(same), without_id(whole));
            let chunks = plain().stream_with(message.clone(), config()).try_collect().await.unwrap();
            let same = outside().stream_with(message, config()).try_collect().await.unwrap();
            prop_assert_eq!(show(same), show(chunks));

            let fed = |step: Step| {
                let input = model().stream_with("a b c", config());
                async move { fold::<AIMessage>(step.transform_with(input, config())).await.unwrap().unwrap() }
            };
            prop_assert_eq!(without_id(fed(outside()).await), without_id(fed(plain()).await));
            // Those that try again need the whole input; the others are as they were.
            let mode = plain().streaming();
            prop_assert!(outside().streaming() == mode || matches!(which, 6 | 7) && outside().streaming() > mode);
            Ok(())
        })?;
    }

    /// The graph says what the composition does with chunks, and every node of it is on a way from its beginning to its end.
    #[test]
    fn the_graph_is_whole_and_streams_as_the_composition_does(shape in shape(), which in 0u8..10) {
        let step = wrapped(build(&shape), which);
        let graph = step.graph();
        prop_assert_eq!(graph.streaming(), step.streaming());
        prop_assert!(graph.streams() || !graph.waits_at().is_empty());

        let count = graph.nodes().len();
        let (mut from_start, mut to_end) = (vec![false; count], vec![false; count]);
        let first = graph.nodes().iter().position(|node| graph.first_node().is_some_and(|first| std::ptr::eq(first, node))).unwrap();
        let last = graph.nodes().iter().rposition(|node| graph.last_node().is_some_and(|last| std::ptr::eq(last, node))).unwrap();
        (from_start[first], to_end[last]) = (true, true);
        for _ in 0..count {
            for edge in graph.edges() {
                prop_assert!(graph.node(edge.source).is_some() && graph.node(edge.target).is_some());
                from_start[edge.target.index()] |= from_start[edge.source.index()];
                to_end[edge.source.index()] |= to_end[edge.target.index()];
            }
        }
        prop_assert!(from_start.into_iter().chain(to_end).all(|reached| reached), "{}", graph);

        let names: HashSet<_> = graph.unique_names().into_iter().collect();
        prop_assert_eq!(names.len(), count);
        // Every edge of the flowchart is there, and the text is an outline, not a list of edges.
        prop_assert_eq!(graph.to_mermaid().matches("> ").count(), graph.edges().len());
        prop_assert!(!graph.to_ascii().contains("-->"), "{}", graph);
        prop_assert_eq!(graph.to_json()["nodes"].as_array().map(Vec::len), Some(count));
    }
}
