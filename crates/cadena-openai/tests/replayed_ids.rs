//! A replayed message has the same id each time, invoked or streamed, in every choice.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cadena_core::{Bind, ChatModelExt, ChatOptions, RunnableExt};
use cadena_http::Replay;
use cadena_openai::{ChatOpenAI, Endpoint};
use futures::TryStreamExt;

fn model(recording: &str) -> ChatOpenAI {
    ChatOpenAI::new("gpt-4o-mini").with_transport(Replay::from_jsonl(recording).unwrap())
}

/// The ids of a message, of the chunks of a stream, and of the choices.
async fn ids(llm: &ChatOpenAI) -> Vec<Option<String>> {
    let llm = llm.bind(ChatOptions::new().logprobs(true));
    let question = ("human", "how are you today");
    let mut ids = vec![llm.invoke(question).await.unwrap().id];
    let chunks: Vec<_> = llm.stream(question).try_collect().await.unwrap();
    ids.extend(chunks.into_iter().map(|chunk| chunk.id));
    ids.extend(
        llm.generate(question)
            .await
            .unwrap()
            .iter()
            .map(|choice| choice.id.clone()),
    );
    ids
}

#[tokio::test]
async fn ids_of_a_replay_are_the_same_each_time() {
    let chat = include_str!("data/hello.jsonl");
    let first = ids(&model(chat)).await;
    assert!(first.iter().all(Option::is_some), "{first:?}");
    assert_eq!(first, ids(&model(chat)).await);
    assert!(first.iter().flatten().all(|id| id.starts_with("lc_run--")));

    // The Responses API has ids of its own, which the first chunk of a stream brings.
    let responses = || model(include_str!("data/responses.jsonl")).with_endpoint(Endpoint::Responses);
    let first = ids(&responses()).await;
    assert_eq!(first, ids(&responses()).await);
    assert_eq!(
        first.iter().filter(|id| id.as_deref() == Some("resp_1")).count(),
        3,
        "{first:?}"
    );
}

#[tokio::test]
async fn ids_of_two_requests_differ() {
    let llm = model(include_str!("data/hello.jsonl")).bind(ChatOptions::new().logprobs(true));
    let invoked = llm.invoke(("human", "how are you today")).await.unwrap().id;
    let streamed: Vec<_> = llm.stream(("human", "how are you today")).try_collect().await.unwrap();
    assert_ne!(invoked, streamed.first().unwrap().id);
}
