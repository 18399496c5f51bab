//! An option that a model does not take is refused or left out, whichever model it is.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::{Arc, Mutex};

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, BindTools, ChatModel, ChatModelExt, ChatOptions, ChatRequest, ChunkStream,
    ErrorKind, ModelProfile, OnUnsupported, OptionName, RunConfig, RunContext, RunnableExt, ToolChoice, fold,
};
use cadena_testing::ScriptedModel;
use futures::executor::block_on;
use futures::stream::{self, StreamExt};
use serde_json::{Map, json};

/// A model of a user: it takes a temperature and `min_p`.
#[derive(Clone, Default)]
struct Own {
    asked: Arc<Mutex<Vec<ChatOptions>>>,
}

impl ChatModel for Own {
    fn profile(&self) -> ModelProfile {
        let profile = ModelProfile::new("own", "own-1").with_options([OptionName::Temperature]);
        profile.with_options(["min_p"])
    }

    fn stream_chat(&self, request: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        self.asked.lock().unwrap().push(request.options);
        stream::iter(["one", " two"].map(|word| Ok(AIMessageChunk::new(word)))).boxed()
    }
}

/// An option, with its name in JSON.
fn options() -> Vec<(&'static str, ChatOptions)> {
    let o = ChatOptions::new;
    vec![
        ("model", o().model("other")),
        ("top_p", o().top_p(0.5)),
        ("max_tokens", o().max_tokens(1)),
        ("stop", o().stop(["x"])),
        ("seed", o().seed(1)),
        ("logprobs", o().logprobs(true)),
        ("top_logprobs", o().top_logprobs(1)),
        ("n", o().n(2)),
        ("presence_penalty", o().presence_penalty(0.5)),
        ("frequency_penalty", o().frequency_penalty(0.5)),
        ("logit_bias", o().logit_bias(Map::new())),
        ("tools", o().tools(vec![json!({})])),
        ("tool_choice", o().tool_choice(ToolChoice::Required)),
        ("parallel_tool_calls", o().parallel_tool_calls(true)),
        ("response_format", o().response_format(json!({}))),
        ("reasoning_effort", o().reasoning_effort("low")),
        ("extra_headers", o().header("x-a", "b")),
        ("extra_query", o().query("a", "b")),
        ("timeout", o().timeout(std::time::Duration::from_secs(1))),
        ("guided_json", o().extra("guided_json", "{}")),
    ]
}

#[test]
fn an_option_that_the_profile_does_not_list_is_refused_before_the_model_is_asked() {
    for (name, options) in options() {
        let own = Own::default();
        let llm = own.bind(options.clone());
        let with = || RunConfig::new().options(options.clone());
        let refused = block_on(async {
            let whole = llm.invoke("?").await.unwrap_err();
            let streamed = fold::<AIMessage>(llm.stream("?")).await.unwrap_err();
            let choices = llm.all_choices().invoke("?").await.unwrap_err();
            let by_call = own.invoke_with("?", with()).await.unwrap_err();
            [whole, streamed, choices, by_call]
        });
        for error in refused {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{name}");
            assert_eq!(
                error.detail(),
                format!("`{name}` cannot be sent: the model `own-1` does not take it")
            );
            assert!(error.hint().unwrap().contains("ModelProfile::with_options"));
        }
        assert_eq!(own.asked.lock().unwrap().len(), 0, "{name}");
    }
}

#[test]
fn an_option_that_is_listed_or_asks_for_nothing_reaches_the_model() {
    let o = ChatOptions::new;
    for options in [
        o(),
        o().temperature(0.5),
        o().extra("min_p", 0.5),
        o().logprobs(false),
        o().n(1),
        o().tools(Vec::new()).tool_choice("auto"),
        o().stop(Vec::<String>::new()),
        o().without(OptionName::TopP),
    ] {
        let own = Own::default();
        block_on(own.bind(options.clone()).invoke("?")).unwrap();
        assert_eq!(*own.asked.lock().unwrap(), [options]);
    }
}

#[test]
fn what_is_left_out_is_named_in_the_answer_or_not_as_the_policy_is() {
    let bound = ChatOptions::new().temperature(0.5).seed(1).n(2);
    for (policy, warnings) in [(OnUnsupported::Warn, 2), (OnUnsupported::Ignore, 0)] {
        let own = Own::default();
        let llm = own.with_on_unsupported(policy).bind(bound.clone());
        let answers = block_on(async {
            let whole = llm.invoke("?").await.unwrap();
            let streamed = fold::<AIMessage>(llm.stream("?")).await.unwrap().unwrap();
            let choice = llm.generate("?").await.unwrap().first().unwrap().clone();
            let choices = fold::<cadena_core::Choices>(llm.all_choices().stream("?"))
                .await
                .unwrap()
                .unwrap();
            [whole, streamed, choice, choices.first().unwrap().clone()]
        });
        for answer in answers {
            let shown = answer.response_metadata.extra.get("warnings");
            assert_eq!(
                shown.map_or(0, |shown| shown.as_array().unwrap().len()),
                warnings,
                "{policy:?}"
            );
        }
        for asked in own.asked.lock().unwrap().iter() {
            assert_eq!((asked.temperature, asked.seed, asked.n), (Some(0.5), None, None));
        }
    }
}

#[test]
fn a_fallback_takes_over_what_the_first_model_refuses() {
    let second = ScriptedModel::new().say("yes");
    let llm = Own::default()
        .with_fallbacks([second.clone()])
        .bind(ChatOptions::new().seed(1));
    assert_eq!(block_on(llm.invoke("?")).unwrap().text(), "yes");
    assert_eq!(second.requests()[0].options.seed, Some(1));

    let tools = Own::default().with_fallbacks([Own::default()]);
    let bound = tools.bind_tools(()).unwrap();
    assert!(block_on(bound.invoke("?")).is_ok());
}

#[test]
fn a_misspelt_option_is_refused_whichever_model_it_is_given_to() {
    let scripted = ScriptedModel::new()
        .say("yes")
        .bind(ChatOptions::new().extra("max_token", 1));
    let own = Own::default().bind(ChatOptions::new().extra("max_token", 1));
    for error in block_on(async {
        [
            scripted.invoke("?").await.unwrap_err(),
            own.invoke("?").await.unwrap_err(),
        ]
    }) {
        assert_eq!(
            (error.kind(), error.hint()),
            (ErrorKind::InvalidInput, Some("write `max_tokens`"))
        );
    }
}
