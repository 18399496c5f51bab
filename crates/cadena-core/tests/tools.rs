//! Tools alone, several at once, and bound to a model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cadena_core::{
    AIMessage, AnyTool, BindTools, ChatModel, EchoModel, Error, ErrorKind, InvalidToolCall, Listener, Message,
    OnToolError, RunConfig, RunEvent, RunKind, RunnableExt, ToolCall, ToolChoice, ToolContext, ToolMessage, ToolNode,
    ToolOptions, ToolOutput, ToolStatus, ToolStep, dict, tool_fn, tool_node,
};
use futures::TryStreamExt;
use serde_json::{Map, Value, json};

#[derive(serde::Deserialize)]
struct Sum {
    a: i64,
    #[serde(default)]
    b: i64,
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn call(name: &str, args: Value) -> ToolCall {
    ToolCall::new(name, object(args), format!("call_{name}"))
}

fn asking(calls: impl IntoIterator<Item = ToolCall>) -> AIMessage {
    let mut message = AIMessage::new("");
    message.tool_calls = calls.into_iter().collect();
    message
}

fn add() -> AnyTool {
    let integer = json!({"type": "integer"});
    let schema = json!({"type": "object", "properties": {"a": integer, "b": integer}, "required": ["a"]});
    tool_fn(
        "add",
        "Adds.",
        schema,
        |args: Sum, _| async move { Ok(args.a + args.b) },
    )
    .into()
}

/// A tool without arguments.
fn plain<F, Fut>(name: &'static str, function: F) -> AnyTool
where
    F: Fn(ToolContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<&'static str, Error>> + Send + 'static,
{
    let schema = json!({"type": "object", "properties": {}});
    tool_fn(name, "Does it.", schema, move |_: Value, cx| function(cx)).into()
}

async fn answer(tool: &AnyTool, args: Value) -> ToolMessage {
    tool.invoke(call(tool.name(), args)).await.unwrap()
}

#[track_caller]
fn assert_failed(answer: &ToolMessage, text: &str) {
    assert_eq!(answer.text(), text);
    assert_eq!(answer.status, ToolStatus::Error);
}

#[tokio::test]
async fn an_answer_names_the_tool_and_the_call() {
    let answer = answer(&add(), json!({"a": 1, "b": 2})).await;
    assert_eq!(answer.text(), "3");
    assert_eq!(answer.name.as_deref(), Some("add"));
    assert_eq!(answer.tool_call_id, "call_add");
    assert_eq!(answer.status, ToolStatus::Success);
}

#[tokio::test]
async fn arguments_that_do_not_fit_go_back_to_the_model_and_the_tool_stays_usable() {
    let add = add();
    let wrong = answer(&add, json!({"a": "one"})).await;
    assert_failed(
        &wrong,
        "the arguments do not fit the tool: `/a`: expected i64, got \"one\"",
    );
    assert_failed(
        &answer(&add, json!({})).await,
        "the arguments do not fit the tool: expected the key `a`, got {}",
    );
    assert_eq!(answer(&add, json!({"a": 1})).await.text(), "1");
}

#[tokio::test]
async fn null_for_what_may_be_left_out_is_as_if_it_were_left_out() {
    assert_eq!(answer(&add(), json!({"a": 1, "b": null})).await.text(), "1");
}

#[tokio::test]
async fn ten_megabytes_of_arguments_are_refused_and_a_wrong_long_text_is_not_quoted_whole() {
    let long = "x".repeat(10 << 20);
    let refused = answer(&add(), json!({"a": 1, "note": long})).await;
    assert_failed(
        &refused,
        "the arguments are longer than the 1048576 bytes that the tool takes",
    );
    let patient = add().with_max_argument_bytes(usize::MAX);
    assert_eq!(answer(&patient, json!({"a": 1, "note": long})).await.text(), "1");
    let quoted = answer(&patient, json!({"a": long})).await;
    assert!(quoted.text().len() < 2_100, "{} bytes go back", quoted.text().len());
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_call_alone() {
    let message = asking([call("bad", json!({})), call("add", json!({"a": 1}))]);
    let bad = plain("bad", |_| async { panic!("out of cheese") });
    let answers = tool_node((bad, add())).unwrap().invoke(message).await.unwrap();
    assert_failed(&answers[0], "the tool failed: the function panicked: out of cheese");
    assert_eq!(answers[1].text(), "1");
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_takes_too_long_is_stopped_and_the_model_reads_it() {
    let slow = plain("slow", |_| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok("late")
    });
    let slow = slow.with_time_limit(Duration::from_secs(1));
    assert_failed(
        &answer(&slow, json!({})).await,
        "the tool failed: it took longer than 1s",
    );
    let stops = slow.with_on_error(OnToolError::Stop);
    let error = stops.invoke(call("slow", json!({}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.step(), Some("slow"));
}

#[tokio::test]
async fn an_error_is_shown_hidden_or_ends_the_run() {
    let poor = plain("pay", |_| async {
        let cause = std::io::Error::other("balance 3.50");
        Err(Error::new(ErrorKind::Tool, "the account is empty").with_source(cause))
    });
    let shown = answer(&poor, json!({})).await;
    assert_failed(&shown, "the tool failed: the account is empty: balance 3.50");
    let hidden = answer(&poor.clone().with_on_error(OnToolError::Hide), json!({})).await;
    assert_failed(&hidden, "the tool failed");
    let stopped = poor
        .with_on_error(OnToolError::Stop)
        .invoke(call("pay", json!({})))
        .await;
    assert_eq!(
        stopped.unwrap_err().to_string(),
        "tool error: the account is empty (in step `pay`)"
    );
}

#[tokio::test]
async fn an_artifact_stands_beside_what_the_model_reads() {
    let query = tool_fn("query", "Asks.", json!({"type": "object"}), |_: Value, _| async {
        ToolOutput::new("2 rows").with_artifact(vec![1, 2])
    });
    let answer = answer(&query.into(), json!({})).await;
    assert_eq!((answer.text().as_ref(), &answer.artifact), ("2 rows", &json!([1, 2])));
}

#[tokio::test]
async fn what_is_injected_is_found_by_its_type_and_by_no_other() {
    let who = plain(
        "who",
        |cx| async move { cx.injected::<&'static str>().map(|name| *name) },
    );
    let config = RunConfig::new().inject(Arc::new("Ada"));
    let answer = who.invoke_with(call("who", json!({})), config).await.unwrap();
    assert_eq!(answer.text(), "Ada");
}

#[tokio::test]
async fn a_forgotten_value_ends_the_run_whatever_the_tool_makes_of_it() {
    let inject = |cx: ToolContext| async move { cx.injected::<&'static str>().map(|name| *name) };
    let wrapping = |cx: ToolContext| async move {
        let found = cx.injected::<&'static str>().map(|name| *name);
        found.map_err(|error| Error::new(ErrorKind::Tool, "nobody is there").with_source(error))
    };
    let expected = "no `&str` is injected into this run, which the tool `who` needs";
    for tool in [plain("who", inject), plain("who", wrapping)] {
        for on_error in [OnToolError::Show, OnToolError::Hide, OnToolError::Stop] {
            let tool = tool.clone().with_on_error(on_error);
            let error = tool.invoke(call("who", json!({}))).await.unwrap_err();
            assert_eq!((error.kind(), error.detail()), (ErrorKind::Config, expected));

            // Through a node, and through a tool around it, the error stays that of the inner tool.
            let inner = tool.clone();
            let outer = plain("outer", move |cx: ToolContext| {
                let inner = inner.clone();
                async move { inner.invoke_in(call("who", json!({})), &cx.run).await.map(|_| "done") }
            });
            let node = tool_node((outer,)).unwrap();
            let error = node.invoke(asking([call("outer", json!({}))])).await.unwrap_err();
            assert_eq!((error.kind(), error.detail()), (ErrorKind::Config, expected));
        }
    }
}

fn bad_message() -> AIMessage {
    let mut message = asking([call("add", json!({"a": 1})), call("subtract", json!({}))]);
    let mut cut = InvalidToolCall::default();
    cut.id = Some("call_cut".to_owned());
    cut.name = Some("add".to_owned());
    cut.args = Some("{\"a\": 1".to_owned());
    message.invalid_tool_calls = vec![cut];
    message
}

#[tokio::test]
async fn every_call_of_a_message_gets_an_answer() {
    let node = tool_node((add(), plain("now", |_| async { Ok("12:00") }))).unwrap();
    let answers = node.invoke(bad_message()).await.unwrap();
    assert_eq!(answers[0].text(), "1");
    assert_failed(&answers[1], "there is no tool `subtract`; the tools are `add`, `now`");
    assert_failed(
        &answers[2],
        "the arguments are not a complete JSON object: the text ends at line 1 column 8, where `,` or `}` is expected",
    );
    let ids: Vec<_> = answers.iter().map(|answer| answer.tool_call_id.as_str()).collect();
    assert_eq!(ids, ["call_add", "call_subtract", "call_cut"]);
}

#[tokio::test]
async fn a_node_streams_what_it_returns() {
    let node = tool_node((add(),)).unwrap();
    for message in [bad_message(), asking([])] {
        let chunks: Vec<_> = node.stream(message.clone()).try_collect().await.unwrap();
        assert_eq!(chunks.concat(), node.invoke(message).await.unwrap());
    }
}

/// A tool that says how many run at once at most.
fn counting(name: &'static str, wait: u64) -> (AnyTool, Arc<AtomicUsize>) {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let tool = plain(name, move |cx| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The first call is the slowest, so that answers would come in the wrong order by themselves.
            let first = cx.tool_call_id.as_deref() == Some("0");
            tokio::time::sleep(Duration::from_millis(if first { 10 * wait } else { wait })).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok("done")
        }
    });
    (tool, seen)
}

#[tokio::test(start_paused = true)]
async fn calls_run_at_once_up_to_the_limit_and_answer_in_their_order() {
    let message = || asking((0..6).map(|n| ToolCall::new("wait", Map::new(), n.to_string())));
    for (limit, expect) in [(None, 6), (Some(2), 2), (Some(1), 1)] {
        let (tool, most) = counting("wait", 5);
        let mut config = RunConfig::new();
        config.max_concurrency = limit;
        let answers = tool_node((tool,))
            .unwrap()
            .invoke_with(message(), config)
            .await
            .unwrap();
        let ids: Vec<_> = answers.iter().map(|answer| answer.tool_call_id.as_str()).collect();
        assert_eq!(ids, ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(most.load(Ordering::SeqCst), expect, "with the limit {limit:?}");
    }
}

#[tokio::test]
async fn a_node_over_messages_puts_the_answers_behind_the_calls() {
    let node: ToolNode = tool_node((add(),)).unwrap();
    let conversation: Vec<Message> = vec!["1 + 2?".into(), asking([call("add", json!({"a": 1, "b": 2}))]).into()];
    let messages = node.clone().on_messages().invoke(conversation).await.unwrap().messages;
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[2].text(), "3");
    let error = node.on_messages().invoke("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[derive(Default)]
struct Tools(std::sync::Mutex<Vec<String>>);

impl Listener for Tools {
    fn on_event(&self, event: &RunEvent) {
        if let RunEvent::Start { run, .. } = event
            && run.kind == RunKind::Tool
        {
            self.0.lock().unwrap().push(run.name.clone());
        }
    }
}

#[tokio::test]
async fn each_call_is_a_run_of_the_kind_tool() {
    let listener = Arc::new(Tools::default());
    let config = RunConfig::new().listener(Arc::<Tools>::clone(&listener));
    let message = asking([call("add", json!({"a": 1})), call("add", json!({"a": 2}))]);
    tool_node((add(),)).unwrap().invoke_with(message, config).await.unwrap();
    assert_eq!(*listener.0.lock().unwrap(), ["add", "add"]);
}

#[test]
fn names_are_unique() {
    let error = tool_node([add(), add()]).unwrap_err();
    assert_eq!(error.detail(), "two tools are called `add`");
    assert!(EchoModel::new().bind_tools([add(), add()]).is_err());
    assert!(tool_node([add(), add().with_name("plus")]).is_ok());
}

#[test]
fn every_tool_choice_reaches_the_options_of_the_model() {
    let choices = ["auto", "none", "any", "required", "add"];
    let expect = [
        ToolChoice::Auto,
        ToolChoice::None,
        ToolChoice::Required,
        ToolChoice::Required,
        ToolChoice::Name("add".to_owned()),
    ];
    for (word, choice) in choices.into_iter().zip(expect) {
        let options = ToolOptions::new().tool_choice(word).parallel_tool_calls(false);
        let bound = EchoModel::new()
            .bind_tools_with([add()], options)
            .unwrap()
            .bound_options();
        assert_eq!(bound.tool_choice, Some(choice));
        assert_eq!(bound.parallel_tool_calls, Some(false));
    }
}

#[test]
fn a_strict_tool_requires_everything_and_a_map_in_it_is_an_error_that_names_the_tool() {
    let strict = ToolOptions::new().strict(true);
    let bound = EchoModel::new()
        .bind_tools_with([add()], strict.clone())
        .unwrap()
        .bound_options();
    let function = &bound.tools.unwrap()[0]["function"];
    assert_eq!(function["strict"], true);
    assert_eq!(function["parameters"]["required"], json!(["a", "b"]));

    let schema =
        json!({"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "integer"}}}});
    let map = tool_fn("count", "Counts.", schema, |_: Value, _| async { Ok(0) });
    let error = EchoModel::new().bind_tools_with((map,), strict).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.step(), Some("count"));
}

#[tokio::test]
async fn a_tool_that_is_only_described_can_be_bound_and_not_called() {
    let plus = AnyTool::from_schema(add().to_openai(None).unwrap())
        .unwrap()
        .with_name("plus");
    assert_eq!(plus.to_openai(Some(true)).unwrap()["function"]["name"], "plus");
    let search = AnyTool::from_schema(json!({"type": "web_search"})).unwrap();
    let bound = EchoModel::new()
        .bind_tools((add(), search.clone()))
        .unwrap()
        .bound_options();
    assert_eq!(bound.tools.unwrap()[1], json!({"type": "web_search"}));
    assert_failed(
        &answer(&search, json!({})).await,
        "the tool failed: the tool is only described and cannot be called here",
    );
}

#[tokio::test]
async fn a_tool_over_its_arguments_gives_its_output_or_an_error() {
    let integer = json!({"type": "integer"});
    let schema = json!({"type": "object", "properties": {"a": integer, "b": integer}, "required": ["a"]});
    let divide = tool_fn("divide", "Divides.", schema, |args: Sum, _| async move {
        Ok(args.a / args.b)
    });
    let step = ToolStep::new(divide);
    assert_eq!(step.invoke(dict! {"a": 6, "b": 3}).await.unwrap(), 2);
    let kinds = [dict! {"a": "six"}, dict! {"a": 6}].map(|args| async { step.invoke(args).await.unwrap_err().kind() });
    assert_eq!(
        futures::future::join_all(kinds).await,
        [ErrorKind::Tool, ErrorKind::Step]
    );
}
