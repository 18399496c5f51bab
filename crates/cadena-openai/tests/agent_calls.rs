//! However a server cuts a call of a tool, the tool runs with exactly the arguments that the model gave, or not at all.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use cadena_core::{AgentOutput, AnyTool, Result, RunnableExt, ToolContext, agent, async_trait, fold, tool_fn};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::ChatOpenAI;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::block_on;

const TOOLS: [&str; 4] = ["find", "remove", "now", "find_all"];

/// Streams the calls, then an answer.
#[derive(Clone)]
struct Script(Arc<Mutex<VecDeque<String>>>);

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _: HttpRequest) -> Result<StreamingResponse> {
        let body = self.0.lock().unwrap().pop_front().unwrap();
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        let body = futures::stream::iter([Ok(body.into())]);
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(headers)
            .with_body(Box::pin(body)))
    }
}

/// The body of a stream with these deltas.
fn body(deltas: impl IntoIterator<Item = Value>, finish_reason: &str) -> String {
    let event = |delta: Value, reason: Value| {
        let event = json!({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {event}\n\n")
    };
    let mut body: String = deltas.into_iter().map(|delta| event(delta, Value::Null)).collect();
    body += &event(json!({}), finish_reason.into());
    body + "data: [DONE]\n\n"
}

/// The tools that an agent runs, and their arguments, when its model streams these deltas.
fn runs(deltas: Vec<Value>, finish_reason: &str) -> Vec<(String, Value)> {
    let runs = Arc::new(Mutex::new(Vec::new()));
    let tools: Vec<AnyTool> = TOOLS
        .iter()
        .map(|name| {
            let runs = Arc::clone(&runs);
            let schema = json!({"type": "object", "properties": {}});
            tool_fn(*name, "Records.", schema, move |args: Value, _: ToolContext| {
                runs.lock().unwrap().push(((*name).to_owned(), args));
                async { Ok("done".to_owned()) }
            })
            .into()
        })
        .collect();
    let answers = [body(deltas, finish_reason), body([json!({"content": "ok"})], "stop")];
    let llm = ChatOpenAI::new("small")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(Script(Arc::new(Mutex::new(answers.into()))));
    let agent = agent(llm, tools).unwrap();
    let output = block_on(async { fold::<AgentOutput>(agent.stream("go")).await });
    assert!(output.unwrap().is_some());
    let mut runs = std::mem::take(&mut *runs.lock().unwrap());
    runs.sort_by_key(|(name, args)| (name.clone(), args.to_string()));
    runs
}

/// Where the index of a piece comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Index {
    Right,
    Missing,
    Same,
    /// Missing in some pieces.
    Sometimes,
    /// Another one for each piece.
    Counting,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Id {
    Missing,
    Empty,
    First,
    Every,
    Second,
    /// Another one for each piece.
    Fresh,
    /// One for all calls.
    Constant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    First,
    Every,
    InPieces,
}

/// How a server writes that a call has no arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
enum NoArguments {
    Object,
    Blank,
    Null,
    NullText,
}

#[derive(Clone, Debug)]
struct Server {
    index: Index,
    id: Id,
    name: Name,
    none: NoArguments,
    /// Whether a call begins with empty arguments.
    opens_empty: bool,
    /// Whether pieces of different calls come in turns, where something tells them apart.
    interleaved: bool,
    /// How many pieces an event has, in turn.
    per_event: Vec<usize>,
}

impl Server {
    /// Whether every call can be told from the others, so that all must run.
    fn is_clear(&self, calls: &[Call]) -> bool {
        let is_blank = calls.iter().any(|call| call.args.is_empty()) && self.none != NoArguments::Object;
        let by_index = self.index == Index::Right;
        let by_id = matches!(self.id, Id::First | Id::Every);
        let by_order = self.index != Index::Sometimes && !is_blank && self.name != Name::InPieces;
        let one_by_one = self.name != Name::InPieces || self.per_event.iter().all(|count| *count == 1);
        let is_misled =
            matches!(self.index, Index::Counting | Index::Sometimes) || matches!(self.id, Id::Fresh | Id::Constant);
        !is_misled && one_by_one && (by_index || by_id || by_order)
    }

    /// The pieces of one call.
    fn cut(&self, number: usize, call: &Call) -> Vec<Value> {
        let text = match (call.args.is_empty(), self.none) {
            (false, _) | (true, NoArguments::Object) => Some(Value::Object(call.args.clone()).to_string()),
            (true, NoArguments::Blank) => Some(String::new()),
            (true, NoArguments::Null) => None,
            (true, NoArguments::NullText) => Some("null".to_owned()),
        };
        let mut args: Vec<Option<String>> = match text {
            None => vec![None],
            Some(text) => cut(&text, &call.cuts).into_iter().map(Some).collect(),
        };
        if self.opens_empty {
            args.insert(0, Some(String::new()));
        }
        let mut names = match self.name {
            Name::InPieces => cut(TOOLS[call.tool], &[call.name_cut]),
            _ => vec![TOOLS[call.tool].to_owned()],
        };
        // The name comes before the arguments.
        let lead = names.len() - 1;
        args.splice(0..0, vec![None; lead]);
        names.resize(args.len(), String::new());
        let pieces = args.into_iter().zip(names).enumerate().map(|(place, (args, name))| {
            let mut function = Map::new();
            match self.name {
                Name::Every => drop(function.insert("name".to_owned(), TOOLS[call.tool].into())),
                _ if !name.is_empty() => drop(function.insert("name".to_owned(), name.into())),
                _ => {}
            }
            function.insert("arguments".to_owned(), args.into());
            let mut piece = json!({"type": "function", "function": function});
            match self.index {
                Index::Right => piece["index"] = number.into(),
                Index::Same => piece["index"] = 0.into(),
                Index::Sometimes if (place + call.tool).is_multiple_of(2) => piece["index"] = number.into(),
                Index::Counting => piece["index"] = (number * 100 + place).into(),
                Index::Missing | Index::Sometimes => {}
            }
            match self.id {
                Id::Empty => piece["id"] = "".into(),
                Id::First if place == 0 => piece["id"] = format!("call_{number}").into(),
                Id::Every => piece["id"] = format!("call_{number}").into(),
                Id::Second if place == 1 => piece["id"] = format!("call_{number}").into(),
                Id::Fresh => piece["id"] = format!("call_{number}_{place}").into(),
                Id::Constant => piece["id"] = "call".into(),
                _ => {}
            }
            piece
        });
        pieces.collect()
    }

    /// The deltas of all calls.
    fn deltas(&self, calls: &[Call]) -> Vec<Value> {
        let mut cut: Vec<VecDeque<Value>> = calls
            .iter()
            .enumerate()
            .map(|(number, call)| self.cut(number, call).into())
            .collect();
        let told_apart = self.index == Index::Right && self.id != Id::Constant || self.id == Id::Every;
        let mut pieces = Vec::new();
        while cut.iter().any(|pieces| !pieces.is_empty()) {
            for of_call in &mut cut {
                let count = if self.interleaved && told_apart {
                    1
                } else {
                    of_call.len()
                };
                pieces.extend(of_call.drain(..count.min(of_call.len())));
            }
        }
        let mut pieces = pieces.into_iter().peekable();
        let mut counts = self.per_event.iter().cycle();
        let mut deltas = Vec::new();
        while pieces.peek().is_some() {
            let event: Vec<Value> = pieces.by_ref().take(*counts.next().unwrap()).collect();
            deltas.push(json!({"tool_calls": event}));
        }
        deltas
    }
}

#[derive(Clone, Debug)]
struct Call {
    tool: usize,
    args: Map<String, Value>,
    /// Where the arguments are cut, in thousandths.
    cuts: Vec<usize>,
    name_cut: usize,
}

/// Cuts a text at places in thousandths of it. Two places may be one, and make an empty piece.
fn cut(text: &str, places: &[usize]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut ends: Vec<usize> = places.iter().map(|place| place * chars.len() / 1000).collect();
    ends.push(chars.len());
    ends.sort_unstable();
    let mut start = 0;
    let piece = |end: usize| chars[std::mem::replace(&mut start, end)..end].iter().collect();
    ends.into_iter().map(piece).collect()
}

fn arguments() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!("}{\"")),
        Just(json!("é\\\n")),
        Just(json!({"b": [{}, []]})),
        Just(json!([1, {"c": "]"}])),
        (0..100).prop_map(|n| json!(n)),
    ];
    let map = prop::collection::btree_map("[a-c]", value, 0..3);
    map.prop_map(|map| map.into_iter().collect())
}

fn call() -> impl Strategy<Value = Call> {
    let cuts = prop::collection::vec(0..1000_usize, 0..4);
    (0..TOOLS.len(), arguments(), cuts, 0..1000_usize).prop_map(|(tool, args, cuts, name_cut)| Call {
        tool,
        args,
        cuts,
        name_cut,
    })
}

fn server() -> impl Strategy<Value = Server> {
    let index = prop::sample::select(vec![
        Index::Right,
        Index::Missing,
        Index::Same,
        Index::Sometimes,
        Index::Counting,
    ]);
    let id = prop::sample::select(vec![
        Id::Missing,
        Id::Empty,
        Id::First,
        Id::Every,
        Id::Second,
        Id::Fresh,
        Id::Constant,
    ]);
    let name = prop::sample::select(vec![Name::First, Name::Every, Name::InPieces]);
    let none = prop::sample::select(vec![
        NoArguments::Object,
        NoArguments::Blank,
        NoArguments::Null,
        NoArguments::NullText,
    ]);
    let per_event = prop_oneof![Just(vec![1]), prop::collection::vec(1..4_usize, 1..4)];
    (index, id, name, none, any::<bool>(), any::<bool>(), per_event).prop_map(
        |(index, id, name, none, opens_empty, interleaved, per_event)| {
            // A name with a new id, or with a new index and no id, is a new call for everybody. And so is a piece of a name, if it may be the
            // name of a tool and nothing says whose piece it is.
            let is_new = id == Id::Fresh || index == Index::Counting && !matches!(id, Id::Every | Id::Constant);
            let is_alone = name == Name::InPieces && index == Index::Sometimes;
            Server {
                index,
                id,
                name: if is_new || is_alone { Name::First } else { name },
                none,
                opens_empty,
                interleaved,
                per_event,
            }
        },
    )
}

/// The calls as the tools should see them.
fn expected(calls: &[Call]) -> Vec<(String, Value)> {
    let call = |call: &Call| (TOOLS[call.tool].to_owned(), Value::Object(call.args.clone()));
    let mut expected: Vec<_> = calls.iter().map(call).collect();
    expected.sort_by_key(|(name, args)| (name.clone(), args.to_string()));
    expected
}

/// Whether each run is one of the calls, and none ran twice.
fn is_part_of(runs: &[(String, Value)], calls: &[(String, Value)]) -> bool {
    let mut left = calls.to_vec();
    runs.iter().all(|run| {
        let at = left.iter().position(|call| call == run);
        at.map(|at| left.remove(at)).is_some()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(512), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tool_runs_with_exactly_the_arguments_or_not_at_all(
        server in server(),
        calls in prop::collection::vec(call(), 1..4),
        cut_off in prop::option::weighted(0.2, 0..12_usize),
    ) {
        let mut deltas = server.deltas(&calls);
        let finish_reason = match cut_off {
            Some(events) if events < deltas.len() => {
                deltas.truncate(events);
                "length"
            }
            _ => "tool_calls",
        };
        let (runs, expected) = (runs(deltas.clone(), finish_reason), expected(&calls));
        prop_assert!(is_part_of(&runs, &expected), "{:?} of {:?}\n{:#?}", runs, expected, deltas);
        if finish_reason == "tool_calls" && server.is_clear(&calls) {
            prop_assert_eq!(&runs, &expected, "{:#?}", deltas);
        }
    }
}
