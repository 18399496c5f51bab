//! Against a real server: `python3 tests/live/server.py run -- cargo test -p cadena-tests --test live`.
//!
//! Without `CADENA_LIVE_URL` every test says in one loud line that it was skipped.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says loudly that it was skipped"
)]

mod chat;
mod completions;
mod embeddings;
mod structured;

use std::time::Duration;

use cadena::openai::Endpoint;
use cadena::{AIMessage, Bind, ChatModel, ChatOpenAI, ChatOptions, ErrorKind, RunnableExt, fold};
use futures::StreamExt;
use tokio::sync::{Mutex, MutexGuard};

/// The address of the live server; `None` when there is none.
fn url() -> Option<String> {
    let url = std::env::var("CADENA_LIVE_URL").ok();
    if url.is_none() {
        eprintln!("LIVE TESTS SKIPPED: CADENA_LIVE_URL is not set; see tests/live/README.md");
    }
    url
}

/// Waits until no other test asks the server: answers to calls made at once may differ from answers to one.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// The model of the live server, answering the same way every time; `None` when there is no server.
fn model() -> Option<impl ChatModel + Clone> {
    let options = ChatOptions::new()
        .temperature(0.0)
        .seed(7)
        .max_tokens(12)
        .logprobs(true)
        .top_logprobs(5);
    Some(
        ChatOpenAI::new("smollm2")
            .with_base_url(url()?)
            .with_api_key("none")
            .bind(options),
    )
}

#[tokio::test]
async fn invoke_gives_a_log_probability_for_every_token() {
    let Some(llm) = model() else { return };
    let _turn = turn().await;
    let message = llm.invoke(("human", "how are you today")).await.unwrap();
    let logprobs = message.logprobs().unwrap();
    let tokens = logprobs.content.as_deref().unwrap();
    assert!(!tokens.is_empty());
    for token in tokens {
        assert!(token.logprob <= 0.0);
        let top = token.top_logprobs.as_deref().unwrap();
        let sum: f64 = top.iter().map(|top| top.probability()).sum();
        assert!(sum <= 1.0 + 1e-3, "the alternatives of {:?} sum to {sum}", token.token);
    }
}

#[tokio::test]
async fn the_fold_of_the_stream_says_what_invoke_says() {
    let Some(llm) = model() else { return };
    let _turn = turn().await;
    let whole = llm.invoke("Say hello.").await.unwrap();
    let folded = fold::<AIMessage>(llm.stream("Say hello.")).await.unwrap().unwrap();
    assert_eq!(folded.text(), whole.text());
    assert_eq!(
        folded.response_metadata.finish_reason,
        whole.response_metadata.finish_reason
    );
    assert_eq!(folded.response_metadata.model_name, whole.response_metadata.model_name);
    let tokens = |message: &AIMessage| {
        let content = message.logprobs().unwrap().content.clone().unwrap();
        content
            .into_iter()
            .map(|token| (token.token, token.bytes, token.logprob))
            .collect::<Vec<_>>()
    };
    let (folded, whole) = (tokens(&folded), tokens(&whole));
    assert_eq!(folded.len(), whole.len());
    for (folded, whole) in folded.iter().zip(&whole) {
        assert_eq!((&folded.0, &folded.1), (&whole.0, &whole.1));
        // The second call finds its prompt in the server's cache and sums in another order: the last digits may differ.
        assert!((folded.2 - whole.2).abs() < 0.05, "{folded:?} {whole:?}");
    }
}

#[tokio::test]
async fn the_responses_api_says_the_same_whole_and_streamed() {
    let Ok(url) = std::env::var("CADENA_LIVE_URL") else {
        eprintln!("LIVE TESTS SKIPPED: CADENA_LIVE_URL is not set; see tests/live/README.md");
        return;
    };
    let llm = ChatOpenAI::new("smollm2")
        .with_base_url(url)
        .with_api_key("none")
        .with_endpoint(Endpoint::Responses)
        .bind(ChatOptions::new().temperature(0.0).max_tokens(12));
    let whole = llm.invoke("Say hello.").await.unwrap();
    let folded = fold::<AIMessage>(llm.stream("Say hello.")).await.unwrap().unwrap();
    assert!(!whole.text().is_empty());
    assert_eq!(folded.text(), whole.text());
    assert_eq!(
        folded.response_metadata.finish_reason,
        whole.response_metadata.finish_reason
    );
    assert_eq!(
        folded.usage_metadata.map(|usage| usage.output_tokens),
        whole.usage_metadata.map(|usage| usage.output_tokens)
    );
    // llama.cpp wants Chat Completions' word for log probabilities here too, and then sends none.
    let asked = llm.bind(
        ChatOptions::new()
            .logprobs(true)
            .top_logprobs(2)
            .extra("logprobs", true),
    );
    let whole = asked.invoke("Say hello.").await.unwrap();
    let folded = fold::<AIMessage>(asked.stream("Say hello.")).await.unwrap().unwrap();
    eprintln!(
        "log probabilities over the Responses API: whole {}, streamed {}",
        whole.logprobs().is_some(),
        folded.logprobs().is_some()
    );
    assert_eq!(folded.text(), whole.text());
}

#[tokio::test]
async fn sixteen_streams_run_at_once() {
    let Some(llm) = model() else { return };
    let _turn = turn().await;
    let streams = (0..16).map(|number| fold::<AIMessage>(llm.stream(format!("Count to {number}."))));
    for message in futures::future::join_all(streams).await {
        let message = message.unwrap().unwrap();
        let text: String = message
            .logprobs()
            .unwrap()
            .tokens()
            .map(|token| token.token.as_str())
            .collect();
        assert!(!message.text().is_empty());
        assert!(message.text().starts_with(text.get(..1).unwrap_or_default()));
    }
}

#[tokio::test]
async fn a_dropped_stream_frees_the_server_for_the_next_call() {
    let Some(llm) = model() else { return };
    let _turn = turn().await;
    let long = llm.bind(ChatOptions::new().max_tokens(400));
    let mut stream = long.stream("Tell me a very long story.");
    stream.next().await.unwrap().unwrap();
    drop(stream);
    tokio::time::timeout(Duration::from_secs(30), llm.invoke("hi"))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_unreachable_server_is_a_connect_error_that_says_what_to_do() {
    let llm = ChatOpenAI::new("any")
        .with_base_url("http://127.0.0.1:9")
        .with_api_key("none");
    let error = llm.invoke("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.hint().is_some());
}
