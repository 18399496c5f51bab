//! Composition: what a chain gives whole is the fold of what it streams (law 1), and logprobs survive (law 8).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::{Arc, Mutex};

use cadena_core::{
    AIMessage, Bind, BoxRunnable, CancellationToken, Chain, ChatOptions, ChatPromptTemplate, Dict, EchoModel,
    ErrorKind, IdGenerator, Listener, PromptValue, RunConfig, RunEvent, RunnableExt, SequentialIds, StrOutputParser,
    Streamable, dict, fold, lambda, parallel, passthrough,
};
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;

fn config() -> RunConfig {
    RunConfig::new().ids(Arc::new(SequentialIds::default()))
}

fn model() -> BoxRunnable<PromptValue, AIMessage> {
    EchoModel::new().bind(ChatOptions::new().logprobs(true)).boxed()
}

/// A chain from text to a message, of a shape that the seed chooses.
fn messages(seed: &[u8]) -> Chain<String, AIMessage> {
    let start = lambda(|text: String| PromptValue::from(text)).pipe(model());
    seed.iter().fold(start, |chain, kind| match kind % 3 {
        0 => chain.pipe(passthrough()),
        1 => chain.pipe(lambda(|message: AIMessage| message)),
        _ => chain
            .pipe(parallel((passthrough(), passthrough())))
            .pipe(lambda(|both: (AIMessage, AIMessage)| both.0)),
    })
}

async fn folded<I: Streamable, O: Streamable>(chain: &Chain<I, O>, input: impl Into<I>) -> O {
    fold::<O>(chain.stream_with(input, config())).await.unwrap().unwrap()
}

proptest! {
    #[test]
    fn invoke_equals_the_fold_of_the_stream(text in "[a-zé ]{1,12}", seed in proptest::collection::vec(any::<u8>(), 0..6)) {
        futures::executor::block_on(async {
            let chain = messages(&seed);
            let whole = chain.invoke_with(text.as_str(), config()).await.unwrap();
            prop_assert_eq!(&folded(&chain, text.as_str()).await, &whole);
            let words = text.split_inclusive(' ').count();
            prop_assert_eq!(whole.logprobs().map_or(0, |logprobs| logprobs.tokens().count()), words);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_prompt_a_model_and_a_parser_stream_word_by_word() {
    let prompt = ChatPromptTemplate::from_messages([("human", "Tell me about {topic}")]).unwrap();
    let chain = prompt | EchoModel::new() | StrOutputParser;
    assert_eq!(
        chain.invoke(dict! {"topic": "bears"}).await.unwrap(),
        "Tell me about bears"
    );
    let pieces: Vec<_> = chain.stream(dict! {"topic": "bears"}).try_collect().await.unwrap();
    assert_eq!(pieces, ["Tell ", "me ", "about ", "bears", "", ""]);
}

#[tokio::test]
async fn named_branches_keep_messages_with_their_logprobs() {
    let ask = |text: &'static str| lambda(move |_: Dict| PromptValue::from(text)).pipe(model());
    let both = Chain::new(parallel! {"joke": ask("ha ha"), "poem": ask("la la la")});
    let output = both.invoke_with(dict! {}, config()).await.unwrap();
    let poem: AIMessage = output.read("poem").unwrap();
    assert_eq!(poem.logprobs().unwrap().tokens().count(), 3);

    let streamed = folded(&both, dict! {}).await.read::<AIMessage>("poem").unwrap();
    assert_eq!(streamed.response_metadata, poem.response_metadata);
}

#[tokio::test]
async fn branches_stream_in_turns_in_the_order_of_their_declaration() {
    let branch = |text: &'static str| {
        lambda(move |_: ()| PromptValue::from(text))
            .pipe(EchoModel::new())
            .pipe(StrOutputParser)
    };
    let both = parallel! {"a": branch("1 2"), "b": branch("x")};
    let keys: Vec<String> = both
        .stream(())
        .map(|chunk| {
            let (key, piece) = chunk.unwrap().into_iter().next().unwrap();
            format!("{key}:{}", piece.as_text().unwrap().trim())
        })
        .collect()
        .await;
    assert_eq!(keys, ["a:1", "b:x", "a:2", "b:", "a:", "b:", "a:"]);
}

#[tokio::test]
async fn chains_of_chains_are_flat() {
    let inner = lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2);
    let outer = inner.clone() | inner;
    assert_eq!(outer.len(), 4);
    assert_eq!(outer.invoke(1).await.unwrap(), 10);
}

#[tokio::test]
async fn an_error_names_the_step_and_does_not_stop_the_others_of_a_batch() {
    let parse = lambda(|text: String| text.parse::<i32>()).named("parse");
    let results = parse.batch(["1", "x", "3"]).await;
    assert_eq!(results[0].as_ref().unwrap(), &1);
    assert_eq!(results[1].as_ref().unwrap_err().step(), Some("parse"));
    assert_eq!(results[2].as_ref().unwrap(), &3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_runs_at_most_max_concurrency_at_once_and_keeps_the_order() {
    let running = Arc::new(Mutex::new((0, 0)));
    let seen = Arc::clone(&running);
    let slow = lambda(move |n: u64| {
        let seen = Arc::clone(&seen);
        async move {
            {
                let mut counts = seen.lock().unwrap();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100 - n)).await;
            seen.lock().unwrap().0 -= 1;
            n
        }
    });
    let results = slow.batch_with(0..20u64, RunConfig::new().max_concurrency(3)).await;
    let values: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(values, (0..20).collect::<Vec<_>>());
    assert_eq!(running.lock().unwrap().1, 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_stops_at_its_timeout_and_when_it_is_cancelled() {
    let forever = lambda(|(): ()| std::future::pending::<()>());
    let limited = RunConfig::new().timeout(std::time::Duration::from_secs(1));
    assert_eq!(
        forever.invoke_with((), limited.clone()).await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
    let items: Vec<_> = forever.stream_with((), limited).collect().await;
    assert_eq!(items[0].as_ref().unwrap_err().kind(), ErrorKind::Timeout);

    let token = CancellationToken::new();
    token.cancel();
    let cancelled = RunConfig::new().cancellation(token);
    assert_eq!(
        forever.invoke_with((), cancelled).await.unwrap_err().kind(),
        ErrorKind::Cancelled
    );
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Listener for Log {
    fn on_event(&self, event: &RunEvent) {
        let what = match event {
            RunEvent::Start { .. } => "start",
            RunEvent::Chunk { .. } => "chunk",
            RunEvent::End { .. } => "end",
            RunEvent::Error { .. } => "error",
            RunEvent::Cancelled { .. } => "cancelled",
            _ => "?",
        };
        let run = event.run();
        self.0.lock().unwrap().push(format!(
            "{what} {} {} {}",
            run.name,
            run.tags.join(","),
            run.parents.len()
        ));
    }
}

#[tokio::test]
async fn every_run_starts_once_and_ends_once() {
    let chain =
        lambda(|n: i32| n + 1).named("one") | lambda(|_: i32| Err::<i32, _>(ErrorKind::Tool.as_str())).named("two");
    let log = Arc::new(Log::default());
    let error = chain
        .invoke_with(1, config().listener(Arc::<Log>::clone(&log)).tag("t"))
        .await
        .unwrap_err();
    assert_eq!(error.step(), Some("two"));
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "start RunnableSequence t 0",
            "start one t,seq:step:1 1",
            "end one t,seq:step:1 1",
            "start two t,seq:step:2 1",
            "error two t,seq:step:2 1",
            "error RunnableSequence t 0",
        ]
    );
}

#[tokio::test]
async fn a_dropped_stream_cancels_its_runs() {
    let chain = lambda(|text: String| PromptValue::from(text)) | EchoModel::new() | StrOutputParser;
    let log = Arc::new(Log::default());
    let mut stream = chain.stream_with("a b c", config().listener(Arc::<Log>::clone(&log)));
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let log = log.0.lock().unwrap();
    let count = |what: &str| log.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!(count("start"), count("end") + count("cancelled"));
    assert!(count("cancelled") >= 3);
}

#[test]
fn ids_are_deterministic_when_the_caller_says_so() {
    let ids = || SequentialIds::default().next_id().to_string();
    assert_eq!(ids(), ids());
}
