//! A model that calls tools until it has an answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{
    AIMessageChunk, Agent, AgentChunk, AgentOutput, AgentPart, AnyTool, Bind, CancellationToken, ChatOptions, Error,
    ErrorKind, Merge, Message, OnToolError, Result, RunConfig, RunnableExt, SequentialIds, Streamable, ToolCallChunk,
    ToolContext, ToolOptions, agent, fold, tool_fn,
};
use cadena_testing::ScriptedModel;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

fn calls<const N: usize>(calls: [(&str, &str); N]) -> [AIMessageChunk; 2] {
    let mut begin = AIMessageChunk::new("Let me see. ");
    for (index, (name, args)) in calls.into_iter().enumerate() {
        let piece = ToolCallChunk::new(index as i64).with_name(name).with_args(args);
        begin = begin.with_tool_call_chunk(piece.with_id(format!("call_{index}")));
    }
    [begin, AIMessageChunk::new("").with_finish_reason("tool_calls")]
}

fn tool<F, Fut>(name: &'static str, function: F) -> AnyTool
where
    F: Fn(Value, ToolContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<String>> + Send + 'static,
{
    tool_fn(name, "Does it.", json!({"type": "object"}), function).into()
}

fn weather() -> AnyTool {
    tool("weather", |args, _| async move {
        let city = args.get("city").and_then(Value::as_str);
        Ok(format!("sunny in {}", city.unwrap_or("?")))
    })
}

fn broken() -> AnyTool {
    tool("broken", |_, _| async {
        Err(Error::new(ErrorKind::Tool, "no network"))
    })
}

/// A model that asks for the weather, then answers.
fn script() -> ScriptedModel {
    ScriptedModel::new()
        .chunks(calls([("weather", r#"{"city": "Madrid"}"#), ("broken", "{}")]))
        .say("It is sunny.")
}

fn texts(messages: &[Message]) -> Vec<String> {
    let line = |message: &Message| format!("{}: {}", message.kind(), message.text());
    messages.iter().map(line).collect()
}

fn counted() -> RunConfig {
    RunConfig::new().ids(Arc::new(SequentialIds::default()))
}

#[tokio::test]
async fn it_runs_the_calls_and_ends_with_the_answer() {
    let model = script();
    let agent = agent(model.clone(), (weather(), broken()))
        .unwrap()
        .with_system_prompt("Be brief.");
    let output = agent.invoke("How is Madrid?").await.unwrap();
    assert_eq!(
        texts(&output.messages),
        [
            "human: How is Madrid?",
            "ai: Let me see. ",
            "tool: sunny in Madrid",
            "tool: the tool failed: no network",
            "ai: It is sunny.",
        ]
    );
    assert_eq!(output.answer().unwrap().text(), "It is sunny.");

    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].options.tools.as_ref().unwrap().len(), 2);
    let asked = texts(&requests[1].messages);
    assert_eq!((asked.len(), asked[0].as_str()), (5, "system: Be brief."));
}

#[tokio::test]
async fn stream_merges_to_what_invoke_returns() {
    let agent = |model| agent(model, (weather(), broken())).unwrap();
    let whole = agent(script()).invoke_with("Madrid?", counted()).await.unwrap();
    let chunks = agent(script()).stream_with("Madrid?", counted());
    assert_eq!(fold::<AgentOutput>(chunks).await.unwrap(), Some(whole));
}

#[tokio::test]
async fn the_stream_gives_tokens_with_logprobs_calls_and_answers_of_tools_as_they_come() {
    let model = script().bind(ChatOptions::new().logprobs(true));
    let mut chunks = agent(model, (weather(), broken())).unwrap().stream("Madrid?");
    let mut seen = Vec::new();
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        for (place, part) in chunk.parts() {
            match part {
                AgentPart::Message(message) => seen.push(format!("{place} {}", message.kind())),
                AgentPart::Call(call) => seen.push(format!("{place} calls {}", call.name)),
                AgentPart::Token(token) if token.logprobs().is_some() => {
                    seen.push(format!("{place} token {}", token.text()));
                }
                _ => {}
            }
        }
    }
    let expect = [
        "0 human",
        "2 calls weather",
        "3 calls broken",
        "2 tool",
        "3 tool",
        "4 token It ",
        "4 token is ",
        "4 token sunny.",
    ];
    assert_eq!(seen, expect);
}

/// The calls that a stream announces, with their places, and the answers of tools.
async fn announced(agent: &Agent) -> Vec<String> {
    let mut seen = Vec::new();
    let mut chunks = agent.stream("Madrid?");
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        let lines = chunk.into_parts().filter_map(|(place, part)| match part {
            AgentPart::Call(call) => Some(format!("{place} calls {}{}", call.name, Value::from(call.args))),
            AgentPart::Message(Message::Tool(answer)) => Some(format!("{place} {}", answer.text())),
            _ => None,
        });
        seen.extend(lines);
    }
    seen
}

#[tokio::test]
async fn every_call_of_a_turn_is_announced_before_the_first_tool_runs() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let ran = Arc::clone(&log);
    let logged = tool("weather", move |args, _| {
        let ran = Arc::clone(&ran);
        async move {
            ran.lock().unwrap().push(format!("ran {args}"));
            Ok(String::new())
        }
    });
    let cities = ["Oslo", "Rome"].map(|city| ("weather", json!({"city": city})));
    let agent = agent(ScriptedModel::new().calls(cities).say("Rome."), (logged,)).unwrap();
    let mut chunks = agent.stream("Which is warmer?");
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        for (place, part) in chunk.parts() {
            if let AgentPart::Call(call) = part {
                log.lock().unwrap().push(format!("{place} calls {}", call.args["city"]));
            }
        }
    }
    let expect = [
        r#"2 calls "Oslo""#,
        r#"3 calls "Rome""#,
        r#"ran {"city":"Oslo"}"#,
        r#"ran {"city":"Rome"}"#,
    ];
    assert_eq!(*log.lock().unwrap(), expect);
}

#[tokio::test]
async fn a_call_that_no_tool_can_run_is_not_announced() {
    let described = AnyTool::from_schema(json!({"type": "function", "function": {"name": "elsewhere"}})).unwrap();
    let script = calls([
        ("climate", "{}"),
        ("weather", r#"{"city": "Rome"}"#),
        ("elsewhere", "{}"),
        ("weather", "{\"city\": \"Mad"),
    ]);
    let agent = agent(
        ScriptedModel::new().chunks(script).say("Sorry."),
        (weather(), described),
    )
    .unwrap();
    let expect = [
        r#"3 calls weather{"city":"Rome"}"#,
        "2 there is no tool `climate`; the tools are `weather`, `elsewhere`",
        "3 sunny in Rome",
        "4 the tool failed: the tool is only described and cannot be called here",
        "5 the arguments are not a complete JSON object: the text ends at line 1 column 14, where `\"` is expected",
    ];
    assert_eq!(announced(&agent).await, expect);
}

#[tokio::test]
async fn an_announced_call_without_an_answer_is_no_message() {
    let agent = agent(script(), (weather(), broken())).unwrap();
    let mut sum = AgentChunk::default();
    let mut chunks = agent.stream("Madrid?");
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        let announces = chunk.parts().any(|(_, part)| matches!(part, AgentPart::Call(_)));
        sum.merge(chunk).unwrap();
        if announces {
            break;
        }
    }
    let output = AgentOutput::from_chunk(sum).unwrap();
    assert_eq!(texts(&output.messages), ["human: Madrid?", "ai: Let me see. "]);
}

#[tokio::test]
async fn the_same_script_gives_the_same_conversation_every_time() {
    async fn conversation() -> String {
        let model = ScriptedModel::new()
            .call("weather", json!({"city": "Oslo"}))
            .say("It rains.");
        let output = agent(model, (weather(),)).unwrap().invoke("Oslo?").await.unwrap();
        serde_json::to_string(&output).unwrap()
    }
    assert_eq!(conversation().await, conversation().await);
}

#[tokio::test]
async fn a_conversation_goes_on_from_the_output() {
    let model = script().say("You are welcome.");
    let agent = agent(model, (weather(), broken())).unwrap();
    let mut messages = agent.invoke("Madrid?").await.unwrap().messages;
    messages.push("Thanks".into());
    let output = agent.invoke(messages).await.unwrap();
    assert_eq!((output.messages.len(), output.text().as_ref()), (7, "You are welcome."));
}

#[tokio::test]
async fn an_unknown_tool_and_a_cut_call_go_back_to_the_model() {
    let model = ScriptedModel::new()
        .chunks(calls([("climate", "{}"), ("weather", "{\"city\": \"Mad")]))
        .say("Sorry.");
    let output = agent(model, (weather(),)).unwrap().invoke("Madrid?").await.unwrap();
    let texts = texts(&output.messages);
    assert_eq!(texts[2], "tool: there is no tool `climate`; the tools are `weather`");
    let cut =
        "tool: the arguments are not a complete JSON object: the text ends at line 1 column 14, where `\"` is expected";
    assert_eq!(texts[3], cut);
    assert_eq!(texts[4], "ai: Sorry.");
}

#[tokio::test]
async fn an_answer_of_a_direct_tool_ends_the_run_and_its_failure_does_not() {
    let direct = |tool: AnyTool| tool.with_return_direct(true);
    let call = |name| {
        ScriptedModel::new()
            .chunks(calls([(name, r#"{"city": "Oslo"}"#)]))
            .say("done")
    };
    let agent = |name| agent(call(name), (direct(weather()), direct(broken()))).unwrap();
    let output = agent("weather").invoke("Oslo?").await.unwrap();
    assert_eq!(output.text(), "sunny in Oslo");
    assert_eq!(output.answer(), None);
    assert_eq!(agent("broken").invoke("Oslo?").await.unwrap().text(), "done");
    let streamed = fold::<AgentOutput>(agent("weather").stream("Oslo?"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(streamed.text(), "sunny in Oslo");
}

fn endless(limit: u32) -> Agent {
    let model = (0..9).fold(ScriptedModel::new(), |model, _| {
        model.chunks(calls([("weather", "{}")]))
    });
    agent(model, (weather(),)).unwrap().with_max_model_calls(limit)
}

#[tokio::test]
async fn a_model_that_never_answers_ends_at_the_limit_with_the_conversation_kept() {
    let whole = endless(3).invoke("?").await.unwrap_err();
    let streamed = fold::<AgentOutput>(endless(3).stream("?")).await.unwrap_err();
    for error in [whole, streamed] {
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert_eq!(error.detail(), "the agent has asked its model 3 times");
        let conversation = error.partial_conversation().unwrap();
        assert_eq!(conversation.messages().len(), 7);
        assert_eq!(conversation.complete(), conversation.messages());
        assert_eq!(
            format!("{conversation:?}"),
            "PartialConversation { messages: 7, source: None }"
        );
    }
}

#[tokio::test]
async fn a_tool_that_stops_the_run_leaves_a_conversation_that_can_go_on() {
    let stops = broken().with_on_error(OnToolError::Stop);
    let agent = agent(script(), (weather(), stops)).unwrap();
    let error = agent.invoke("Madrid?").await.unwrap_err();
    assert_eq!(error.to_string(), "tool error: no network (in step `broken`)");
    let conversation = error.partial_conversation().unwrap();
    assert_eq!(conversation.messages().len(), 3);
    assert_eq!(texts(conversation.complete()), ["human: Madrid?"]);
    let again = agent.invoke(conversation.complete()).await.unwrap();
    assert_eq!(again.text(), "It is sunny.");
}

#[tokio::test]
async fn a_failing_model_keeps_its_error_with_its_cause_and_the_conversation() {
    let refuse = || Error::new(ErrorKind::RateLimited, "slow down").with_source(std::io::Error::other("429"));
    let model = ScriptedModel::new().chunks(calls([("weather", "{}")])).fail(refuse);
    let error = agent(model, (weather(),)).unwrap().invoke("?").await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.partial_conversation().unwrap().messages().len(), 3);
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "the agent ended after 3 messages");
    assert_eq!(source.source().unwrap().to_string(), "429");
}

/// Whether a future was dropped before its end.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_a_tool_at_work() {
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let slow = tool("weather", move |_, _| {
        let dropped = Dropped(Arc::clone(&flag));
        async move {
            let _dropped = dropped;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(String::new())
        }
    });
    let model = ScriptedModel::new().chunks(calls([("weather", "{}")]));
    let token = CancellationToken::new();
    let config = RunConfig::new().cancellation(token.clone());
    let mut chunks = agent(model, (slow,)).unwrap().stream_with("?", config);
    // The input, two tokens, the end of the answer, and the announced call.
    for _ in 0..5 {
        chunks.next().await.unwrap().unwrap();
    }
    assert!(futures::poll!(chunks.next()).is_pending());
    token.cancel();
    let error = chunks.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(chunks.next().await.is_none());
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn tool_options_reach_the_model_and_what_was_bound_stays() {
    let model = script();
    let bound = model.bind(ChatOptions::new().seed(7));
    let options = ToolOptions::new().strict(true).parallel_tool_calls(false);
    // Strict mode knows no tool that takes anything.
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let strict = |name: &'static str| {
        let answer = |args: Value, _: ToolContext| async move { Ok::<_, Error>(args.to_string()) };
        AnyTool::from(tool_fn(name, "Does it.", schema.clone(), answer))
    };
    let agent = agent(bound, (strict("weather"), strict("broken")))
        .unwrap()
        .with_tool_options(options)
        .unwrap();
    agent.invoke("?").await.unwrap();
    let options = &model.requests()[0].options;
    assert_eq!((options.seed, options.parallel_tool_calls), (Some(7), Some(false)));
    assert_eq!(options.tools.as_ref().unwrap()[0]["function"]["strict"], true);
}

#[tokio::test]
async fn agents_that_call_each_other_without_end_stop_at_the_recursion_limit() {
    let slot = Arc::new(std::sync::OnceLock::<Agent>::new());
    let inner = Arc::clone(&slot);
    let delegate = tool("delegate", move |_, cx| {
        let agent = inner.get().cloned().unwrap();
        async move { Ok(agent.invoke_in("?", &cx.run).await?.text().into_owned()) }
    });
    let model = (0..9).fold(ScriptedModel::new(), |model, _| {
        model.chunks(calls([("delegate", "{}")]))
    });
    let agent = agent(model, (delegate.with_on_error(OnToolError::Stop),)).unwrap();
    let agent = slot.get_or_init(|| agent);
    let error = agent
        .invoke_with("?", RunConfig::new().recursion_limit(3))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}
