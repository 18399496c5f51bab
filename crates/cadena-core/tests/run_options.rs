//! Options of a call reach every model of it.

use cadena_core::{
    AIMessage, AnyTool, Bind, ChatModelExt, ChatOptions, ChatPromptTemplate, Dict, InMemoryCache, RetryOptions,
    RunConfig, RunContext, RunnableExt, StrOutputParser, Streamable, ToolCall, ToolContext, agent, dict, lambda_in,
    parallel, tool_fn,
};
use cadena_testing::ScriptedModel;
use futures::TryStreamExt;
use futures::executor::block_on;
use serde_json::{Value, json};

fn cold() -> RunConfig {
    RunConfig::new().options(ChatOptions::new().temperature(0.0))
}

fn bound() -> ChatOptions {
    ChatOptions::new().temperature(0.7).seed(7)
}

#[track_caller]
fn check(model: &ScriptedModel, calls: usize) {
    let asked = model.requests();
    assert_eq!(asked.len(), calls);
    for request in asked {
        assert_eq!(
            (request.options.temperature, request.options.seed),
            (Some(0.0), Some(7))
        );
    }
}

#[test]
fn options_of_a_call_win_over_bound_ones_and_the_others_stay() {
    block_on(async {
        let model = ScriptedModel::new().say("a").say("b").say("c").say("d").say("e");
        let llm = model.bind(bound());
        llm.invoke_with("hi", cold()).await.unwrap();
        llm.stream_with("hi", cold()).try_collect::<Vec<_>>().await.unwrap();
        llm.all_choices().invoke_with("hi", cold()).await.unwrap();
        llm.batch_with(["hi"], cold()).await.pop().unwrap().unwrap();
        llm.stream_events_with("hi", cold())
            .try_collect::<Vec<_>>()
            .await
            .unwrap();
        check(&model, 5);
    });
}

#[test]
fn they_reach_chains_branches_wrappers_and_functions() {
    block_on(async {
        let model = ScriptedModel::new().say("a").say("b").say("c").say("d");
        let llm = model.bind(bound());
        let prompt = ChatPromptTemplate::from_messages([("human", "{topic}")]).unwrap();
        let inner = llm.clone();
        let nested = lambda_in(move |text: String, cx: RunContext| {
            let inner = inner.clone();
            async move {
                inner
                    .invoke_in(text, &cx)
                    .await
                    .map(|answer| answer.text().into_owned())
            }
        });
        let both = parallel((
            prompt.clone() | llm.clone() | StrOutputParser | nested,
            prompt
                | llm
                    .bind(ChatOptions::new().temperature(0.9))
                    .with_retry(RetryOptions::new())
                | StrOutputParser,
        ));
        let _: (String, String) = both.invoke_with(dict! {"topic": "bears"}, cold()).await.unwrap();
        let _: Dict = dict! {};
        check(&model, 3);
    });
}

#[test]
fn they_reach_agents_and_structured_output_which_keep_what_they_bind() {
    block_on(async {
        let clock: AnyTool = tool_fn(
            "now",
            "Tells the time.",
            json!({"type": "object"}),
            |_: Value, _: ToolContext| async { Ok("12:00") },
        )
        .into();
        let mut calling = AIMessage::new("");
        calling.tool_calls = vec![ToolCall::new("now", Default::default(), "call_1")];
        let calling = calling.into_chunk();
        let model = ScriptedModel::new().chunks([calling]).say("noon").say(r#"{"a": 1}"#);
        let llm = model.bind(bound());
        agent(llm.clone(), (clock,))
            .unwrap()
            .invoke_with("hi", cold())
            .await
            .unwrap();
        let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
        llm.with_structured_output_schema("thing", schema)
            .invoke_with("hi", cold())
            .await
            .unwrap();
        check(&model, 3);
        let asked = model.requests();
        assert!(asked[0].options.tools.is_some() && asked[1].options.tools.is_some());
    });
}

#[test]
fn options_of_an_inner_config_win_also_over_a_cache_and_with_every_choice() {
    block_on(async {
        let model = ScriptedModel::new().say("a").say("b").say("c");
        let llm = model.bind(bound());
        let hot = || RunConfig::new().options(ChatOptions::new().temperature(1.0));
        llm.clone().with_config(cold()).invoke_with("hi", hot()).await.unwrap();
        let cached = llm.clone().with_cache(InMemoryCache::new()).with_config(cold());
        cached.invoke_with("hi", hot()).await.unwrap();
        let choices = llm.all_choices().with_config(cold());
        choices.invoke_with("hi", hot()).await.unwrap();
        check(&model, 3);
    });
}

#[test]
fn an_answer_is_kept_for_the_options_it_was_made_with() {
    block_on(async {
        let model = ScriptedModel::new().say("warm").say("cold");
        let llm = model.with_cache(InMemoryCache::new());
        let mut texts = Vec::new();
        for config in [RunConfig::new(), cold(), RunConfig::new(), cold()] {
            texts.push(llm.invoke_with("hi", config).await.unwrap().text().into_owned());
        }
        assert_eq!(texts, ["warm", "cold", "warm", "cold"]);
    });
}

#[test]
fn options_that_are_set_twice_add_up() {
    let twice = cold()
        .merge(RunConfig::new().options(ChatOptions::new().seed(1)))
        .options(bound());
    assert_eq!(twice.options, bound());
    let both = cold().options(ChatOptions::new().seed(1));
    assert_eq!(both.options, ChatOptions::new().temperature(0.0).seed(1));
}
