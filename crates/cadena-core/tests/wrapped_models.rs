//! A wrapper of a chat model is a chat model: it takes options, tools and forms, and stays around each call.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::Arc;
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, AnyTool, Bind, BindTools, Bound, CacheKey, ChatModel, ChatModelExt, ChatOptions,
    ChatRequest, ChunkStream, ConfigKey, EchoModel, Error, ErrorKind, InMemoryCache, Listeners, ModelProfile,
    RateLimiter, RetryOptions, RunConfig, RunContext, RunEvent, RunKind, Runnable, RunnableExt, SequentialIds,
    ToChatModel, ToolContext, UsageMetadata, UsageTracker, agent, fold, tool_fn,
};
use cadena_testing::ScriptedModel;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};

const SEED: ConfigKey<i64> = ConfigKey::new("seed");
const WHICH: ConfigKey<String> = ConfigKey::new("which");

type Base = Bound<ScriptedModel>;

/// Calls a generic function with each wrapper of a model.
macro_rules! every_wrapper {
    ($check:ident) => {{
        let other = || ScriptedModel::new().bind(ChatOptions::new());
        $check("with_retry", |model: Base| model.with_retry(RetryOptions::new())).await;
        $check("with_timeout", |model: Base| {
            model.with_timeout(Duration::from_secs(60))
        })
        .await;
        $check("with_fallbacks", |model: Base| model.with_fallbacks([other()])).await;
        $check("or", |model: Base| model.with_fallbacks([other()]).or(EchoModel::new())).await;
        $check("with_config", |model: Base| {
            model.with_config(RunConfig::new().tag("tag"))
        })
        .await;
        $check("named", |model: Base| model.named("named")).await;
        $check("with_listeners", |model: Base| model.with_listeners(Listeners::new())).await;
        $check("configurable", |model: Base| model.configurable(SEED, seeded)).await;
        $check("configurable_alternatives", |model: Base| {
            model
                .configurable_alternatives(WHICH, "first")
                .or("echo", EchoModel::new())
        })
        .await;
        $check("wrappers of wrappers", |model: Base| {
            let inner = model.named("inner").with_timeout(Duration::from_secs(60));
            let inner = inner.with_retry(RetryOptions::new()).with_fallbacks([EchoModel::new()]);
            inner.with_config(RunConfig::new().tag("outer"))
        })
        .await;
    }};
}

fn seeded(model: &Base, seed: &i64) -> Base {
    model.clone().with_options(ChatOptions::new().seed(*seed))
}

fn run(future: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime
        // A deadlock is a failure, and not a test that hangs.
        .block_on(async { tokio::time::timeout(Duration::from_secs(3600), future).await })
        .unwrap();
}

fn usage(text: &str) -> [AIMessageChunk; 2] {
    let end = AIMessageChunk::new("").with_finish_reason("stop");
    [AIMessageChunk::new(text), end.with_usage(UsageMetadata::new(3, 4))]
}

fn base(model: &ScriptedModel) -> Base {
    model.bind(ChatOptions::new().logprobs(true).seed(1))
}

fn clock() -> AnyTool {
    let parameters = json!({"type": "object"});
    AnyTool::from(tool_fn(
        "now",
        "Tells the time.",
        parameters,
        |_: Value, _: ToolContext| async { Ok("12:00") },
    ))
}

#[test]
fn what_is_bound_to_a_wrapper_reaches_the_model_and_what_was_bound_stays() {
    async fn check<W: ToChatModel>(name: &str, wrap: impl Fn(Base) -> W) {
        let model = (0..5).fold(ScriptedModel::new(), |model, _| model.say("one two"));
        let wrapped = wrap(base(&model)).bind(ChatOptions::new().temperature(0.5));
        let whole = wrapped.invoke("?").await.unwrap();
        let streamed = fold::<AIMessage>(wrapped.stream("?")).await.unwrap().unwrap();
        let choices = wrapped.generate("?").await.unwrap();
        let later = wrapped.bind(json!({"temperature": 0.25})).unwrap();
        later.all_choices().stream("?").try_collect::<Vec<_>>().await.unwrap();
        for answer in [&whole, &streamed, choices.first().unwrap()] {
            assert_eq!(answer.text(), "one two", "{name}");
            let tokens = answer.logprobs().map(|logprobs| logprobs.tokens().count());
            assert_eq!(tokens, Some(2), "{name}");
        }
        let expect = |temperature| ChatOptions::new().logprobs(true).seed(1).temperature(temperature);
        let asked: Vec<_> = model.requests().into_iter().map(|request| request.options).collect();
        assert_eq!(asked, [expect(0.5), expect(0.5), expect(0.5), expect(0.25)], "{name}");
        let over = RunConfig::new().options(ChatOptions::new().seed(2));
        wrapped.invoke_with("?", over).await.unwrap();
        assert_eq!(model.requests().last().unwrap().options, expect(0.5).seed(2), "{name}");
    }
    run(async { every_wrapper!(check) });
}

#[test]
fn a_wrapper_takes_tools_a_form_and_an_agent() {
    async fn check<W: ToChatModel>(name: &str, wrap: impl Fn(Base) -> W) {
        let model = ScriptedModel::new().say("no tool").say(r#"{"n": 1}"#).say("done");
        let wrapped = wrap(base(&model));
        wrapped.bind_tools((clock(),)).unwrap().invoke("?").await.unwrap();
        let form = wrapped.with_structured_output_schema("number", json!({"type": "object"}));
        assert_eq!(form.invoke("?").await.unwrap()["n"], 1, "{name}");
        let output = agent(wrapped, (clock(),)).unwrap().invoke("?").await.unwrap();
        assert_eq!(output.text(), "done", "{name}");

        let asked = model.requests();
        assert_eq!(
            asked[0].options.tools.as_ref().unwrap()[0]["function"]["name"],
            "now",
            "{name}"
        );
        assert!(asked[1].options.response_format.is_some(), "{name}");
        assert!(asked[2].options.tools.is_some(), "{name}");
        assert!(asked.iter().all(|request| request.options.seed == Some(1)), "{name}");
    }
    run(async { every_wrapper!(check) });
}

#[test]
fn a_wrapper_is_cached_and_rate_limited_as_a_model_is() {
    async fn check<W: ToChatModel>(name: &str, wrap: impl Fn(Base) -> W) {
        let model = ScriptedModel::new().say("one").say("two");
        let cached = wrap(base(&model)).with_cache(InMemoryCache::new());
        assert_eq!(cached.invoke("?").await.unwrap().text(), "one", "{name}");
        let again = cached.invoke("?").await.unwrap();
        assert_eq!(again.text(), "one", "{name}");
        assert!(again.response_metadata.is_from_cache() && again.id.is_some(), "{name}");
        let other = cached.bind(ChatOptions::new().temperature(0.0));
        assert_eq!(other.invoke("?").await.unwrap().text(), "two", "{name}");

        let limited = wrap(base(&ScriptedModel::new().say("one").say("two")));
        let limited = limited.with_rate_limiter(RateLimiter::per_minute(1));
        let start = tokio::time::Instant::now();
        limited.invoke("?").await.unwrap();
        limited.invoke("?").await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(60), "{name}");
    }
    run(async { every_wrapper!(check) });
}

#[test]
fn usage_is_counted_once_and_one_permit_is_enough() {
    async fn check<W: ToChatModel>(name: &str, wrap: impl Fn(Base) -> W) {
        let script = || {
            let model = ScriptedModel::new().chunks(usage("a")).chunks(usage("b"));
            base(&model.chunks(usage("c")).chunks(usage("d")))
        };
        let tracker = UsageTracker::new();
        let config = || RunConfig::new().max_concurrency(1).listener(&tracker);
        let wrapped = wrap(script()).bind(ChatOptions::new().temperature(0.5));
        wrapped.invoke_with("?", config()).await.unwrap();
        wrapped
            .stream_with("?", config())
            .try_collect::<Vec<_>>()
            .await
            .unwrap();
        wrapped.all_choices().invoke_with("?", config()).await.unwrap();
        let choices = wrapped.all_choices();
        choices
            .stream_with("?", config())
            .try_collect::<Vec<_>>()
            .await
            .unwrap();
        assert_eq!((tracker.calls(), tracker.total().total_tokens), (4, 28), "{name}");
    }
    run(async { every_wrapper!(check) });
}

/// Kind, name, tags and depth of each run.
async fn runs(step: impl Runnable<Input = cadena_core::PromptValue>) -> Vec<String> {
    let config = RunConfig::new().ids(Arc::new(SequentialIds::default()));
    let events = step.stream_events_with("?", config).map_ok(|event| {
        let run = event.run();
        let what = match event {
            RunEvent::Start { .. } => "start",
            RunEvent::Chunk { .. } => "chunk",
            RunEvent::End { .. } => "end",
            _ => "other",
        };
        format!(
            "{what} {:?} {} {:?} {}",
            run.kind,
            run.name,
            run.tags,
            run.parents.len()
        )
    });
    events.try_collect().await.unwrap()
}

#[test]
fn events_and_graph_are_those_of_the_wrapper_around_the_bound_model() {
    async fn check<W: ToChatModel>(name: &str, wrap: impl Fn(Base) -> W) {
        let options = ChatOptions::new().temperature(0.5);
        let script = || base(&ScriptedModel::new().say("one two"));
        let outside = wrap(script()).bind(options.clone());
        let inside = wrap(script().model().bind(options));
        assert_eq!(outside.graph().to_string(), inside.graph().to_string(), "{name}");
        assert_eq!(outside.streaming(), inside.streaming(), "{name}");
        assert_eq!(RunnableExt::kind(&outside), inside.kind(), "{name}");
        assert_eq!(runs(outside).await, runs(inside).await, "{name}");
    }
    run(async { every_wrapper!(check) });
}

#[test]
fn a_wrapper_of_a_bound_wrapper_stays_around_each_call() {
    run(async {
        let failing = || Error::from(ErrorKind::Server);
        let model = ScriptedModel::new()
            .fail(failing)
            .say("a")
            .fail(failing)
            .say("b")
            .fail(failing)
            .say("c");
        let llm = model.with_retry(RetryOptions::new()).bind(ChatOptions::new().seed(1));
        assert_eq!(llm.invoke("?").await.unwrap().text(), "a");
        assert_eq!(fold::<AIMessage>(llm.stream("?")).await.unwrap().unwrap().text(), "b");
        assert_eq!(llm.generate("?").await.unwrap().first().unwrap().text(), "c");

        let slow = ScriptedModel::new().say("late").with_pause(Duration::from_secs(9));
        let hurried = slow
            .with_timeout(Duration::from_secs(1))
            .bind(ChatOptions::new().seed(1));
        assert_eq!(hurried.invoke("?").await.unwrap_err().kind(), ErrorKind::Timeout);

        let first = ScriptedModel::new().fail(failing);
        let llm = first.with_fallbacks([ScriptedModel::new().say("{\"n\": 2}")]);
        let form = llm.with_structured_output_schema("n", json!({"type": "object"}));
        assert_eq!(form.invoke("?").await.unwrap()["n"], 2);

        let chosen = EchoModel::new().configurable_alternatives(WHICH, "echo");
        let chosen = chosen.or("script", ScriptedModel::new().say("scripted"));
        let chosen = chosen.bind(ChatOptions::new().logprobs(true));
        let script = RunConfig::new().set(WHICH, "script".to_owned());
        assert_eq!(chosen.invoke("?").await.unwrap().text(), "?");
        assert_eq!(chosen.invoke_with("?", script).await.unwrap().text(), "scripted");
        let unknown = RunConfig::new().set(WHICH, "none".to_owned());
        for error in [
            chosen.invoke_with("?", unknown.clone()).await.unwrap_err(),
            fold::<AIMessage>(chosen.stream_with("?", unknown)).await.unwrap_err(),
        ] {
            assert_eq!(
                error.detail(),
                "`which` has no alternative `none`; there are `echo`, `script`"
            );
        }

        let seeded = ScriptedModel::new().say("a");
        let built = seeded.bind(ChatOptions::new()).configurable(SEED, self::seeded);
        let built = built.bind(ChatOptions::new().temperature(0.5));
        built.invoke_with("?", RunConfig::new().set(SEED, 7)).await.unwrap();
        assert_eq!(
            seeded.requests()[0].options,
            ChatOptions::new().seed(7).temperature(0.5)
        );
    });
}

/// A model that can do nothing but answer.
#[derive(Clone)]
struct Plain;

impl ChatModel for Plain {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("test", "plain")
    }

    fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        stream::iter([Ok(AIMessageChunk::new("plain"))]).boxed()
    }
}

#[test]
fn a_profile_has_the_capabilities_that_all_models_have() {
    let capable = ScriptedModel::new();
    let both = capable.profile();
    let of = |wrapped: &dyn ChatModel| {
        let profile = wrapped.profile();
        (profile.model, profile.logprobs, profile.tools)
    };
    let scripted = |logprobs, tools| (both.model.clone(), logprobs, tools);

    let same = capable.clone().with_fallbacks([ScriptedModel::new()]);
    assert_eq!(of(&same.to_chat_model()), scripted(true, true));
    assert_eq!(of(&same.or(EchoModel::new()).to_chat_model()), scripted(true, false));
    let weak = capable.clone().with_fallbacks([Plain]).with_retry(RetryOptions::new());
    assert_eq!(of(&weak.to_chat_model()), scripted(false, false));
    let chosen = capable.configurable_alternatives(WHICH, "a").or("b", EchoModel::new());
    assert_eq!(of(&chosen.to_chat_model()), scripted(true, false));
}

#[test]
fn answers_of_different_compositions_are_kept_apart() {
    let model = |seed: i64| EchoModel::new().bind(ChatOptions::new().seed(seed));
    let two = |first, second| model(first).with_fallbacks([model(second)]);
    let compositions: Vec<Box<dyn ChatModel>> = vec![
        Box::new(model(1)),
        Box::new(two(1, 2).to_chat_model()),
        Box::new(two(1, 3).to_chat_model()),
        Box::new(two(2, 1).to_chat_model()),
        Box::new(two(1, 2).or(model(3)).to_chat_model()),
        Box::new(two(1, 2).edit_input(|_, _| Ok(())).to_chat_model()),
        Box::new(model(1).with_fallbacks([Plain]).to_chat_model()),
    ];
    let keys = compositions
        .iter()
        .map(|model| CacheKey::new(&**model, &ChatRequest::new("?")).unwrap());
    let keys: std::collections::BTreeSet<_> = keys.collect();
    assert_eq!(keys.len(), compositions.len());
}

#[test]
fn a_cached_wrapper_keeps_apart_what_a_config_chooses() {
    run(async {
        let script = ScriptedModel::new()
            .say("one")
            .say("two")
            .say("three")
            .say("four")
            .say("five");
        let model = script.bind(ChatOptions::new());
        let cached = model.configurable(SEED, self::seeded);
        let cached = cached.with_cache(InMemoryCache::new());
        let seeded = |seed| RunConfig::new().set(SEED, seed);
        assert_eq!(cached.invoke("?").await.unwrap().text(), "one");
        assert_eq!(cached.invoke_with("?", seeded(7)).await.unwrap().text(), "two");
        assert_eq!(cached.invoke_with("?", seeded(8)).await.unwrap().text(), "three");
        assert_eq!(cached.invoke_with("?", seeded(7)).await.unwrap().text(), "two");

        let cache = Arc::new(InMemoryCache::new());
        let fixed = |seed: i64| {
            let fixed = RunConfig::new().options(ChatOptions::new().seed(seed));
            script.clone().with_config(fixed).with_cache(Arc::clone(&cache))
        };
        assert_eq!(fixed(1).invoke("?").await.unwrap().text(), "four");
        assert_eq!(fixed(2).invoke("?").await.unwrap().text(), "five");
        assert_eq!(fixed(1).invoke("?").await.unwrap().text(), "four");
    });
}

#[test]
fn an_answer_of_a_cache_around_a_step_without_a_run_is_a_run() {
    run(async {
        let cached = EchoModel::new()
            .with_timeout(Duration::from_secs(1))
            .with_cache(InMemoryCache::new());
        assert_eq!(RunnableExt::kind(&cached), RunKind::Chain);
        cached.invoke("?").await.unwrap();
        assert_eq!(
            runs(cached).await,
            [
                "start Chain EchoModel [] 0",
                "chunk Chain EchoModel [] 0",
                "end Chain EchoModel [] 0"
            ]
        );
    });
}
