//! A test that runs twice gets the same messages and the same events.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;

use cadena_core::{
    AIMessage, ChatModel, EchoModel, Message, RunConfig, RunEvent, Runnable, RunnableExt, SequentialIds, ToolContext,
    agent, tool_fn,
};
use cadena_testing::ScriptedModel;
use futures::TryStreamExt;
use serde_json::{Value, json};

fn weather() -> impl cadena_core::Tool {
    let schema = json!({"type": "object"});
    tool_fn(
        "weather",
        "Tells the weather.",
        schema,
        |_: Value, _: ToolContext| async { Ok("rain") },
    )
}

fn script() -> ScriptedModel {
    let cities = ["Oslo", "Rome"].map(|city| ("weather", json!({"city": city})));
    ScriptedModel::new().calls(cities).say("It rains in both.")
}

#[tokio::test]
async fn a_conversation_has_the_same_ids_every_time() {
    let mut snapshots = Vec::new();
    for _ in 0..2 {
        let output = agent(script(), (weather(),))
            .unwrap()
            .invoke("Where does it rain?")
            .await
            .unwrap();
        let ids = output.messages.iter().filter_map(|message| match message {
            Message::AI(answer) => answer.id.clone(),
            Message::Tool(answer) => Some(answer.tool_call_id.clone()),
            _ => None,
        });
        assert_eq!(
            ids.collect::<Vec<_>>(),
            ["scripted-1", "call_1", "call_2", "scripted-2"]
        );
        snapshots.push(serde_json::to_string(&output).unwrap());
    }
    assert_eq!(snapshots[0], snapshots[1]);
}

#[tokio::test]
async fn events_are_the_same_with_sequential_ids() {
    let mut snapshots = Vec::new();
    for _ in 0..2 {
        let config = RunConfig::new().ids(Arc::new(SequentialIds::default()));
        let agent = agent(script(), (weather(),)).unwrap();
        let events: Vec<_> = agent.stream_events_with("?", config).try_collect().await.unwrap();
        let events: Vec<_> = events.iter().map(RunEvent::to_langchain_json).collect();
        snapshots.push(format!("{events:?}"));
    }
    assert_eq!(snapshots[0], snapshots[1]);
}

async fn whole_and_streamed<M>(model: impl Fn() -> M) -> [String; 2]
where
    M: ChatModel + Runnable<Input = cadena_core::PromptValue, Output = AIMessage>,
{
    let whole = model().invoke("How are you?").await.unwrap();
    let chunks: Vec<_> = model().stream("How are you?").try_collect().await.unwrap();
    assert!(chunks.iter().all(|chunk| chunk.id == whole.id), "each chunk has the id");
    let streamed: AIMessage = chunks.into_iter().sum::<cadena_core::AIMessageChunk>().into();
    [whole, streamed].map(|message| serde_json::to_string(&message).unwrap())
}

#[tokio::test]
async fn an_answer_has_one_id_whole_and_streamed_without_any_config() {
    let [whole, streamed] = whole_and_streamed(EchoModel::new).await;
    assert_eq!(whole, streamed);
    let [whole, streamed] = whole_and_streamed(|| ScriptedModel::new().say("I am well.")).await;
    assert_eq!(whole, streamed);
}

#[tokio::test]
async fn the_answers_of_one_conversation_have_different_ids() {
    let model = EchoModel::new();
    let first = model.invoke("hi").await.unwrap();
    let id = first.id.clone();
    let again = model
        .invoke(vec!["hi".into(), first.into(), "hi".into()])
        .await
        .unwrap();
    assert_ne!(again.id, id);
}
