//! Runs that fail or are cancelled.

use std::sync::Arc;
use std::time::Duration;

use cadena_core::{ErrorKind, RetryOptions, RunEvent, RunnableExt, StrOutputParser, dict, generator, lambda, parallel};
use futures::{StreamExt, TryStreamExt};

use crate::{Log, config, line, lines, model, prompt};

#[tokio::test]
async fn every_run_that_failed_says_so_and_the_error_comes_last() {
    let chain = lambda(|n: i32| n + 1).named("good") | lambda(|_: i32| Err::<i32, _>("no")).named("bad");
    let items: Vec<_> = chain.stream_events_with(1, config()).collect().await;
    let (error, events) = items.split_last().unwrap();
    let error = error.as_ref().unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::Step, Some("bad")));
    let events: Vec<_> = events.iter().map(|event| event.as_ref().unwrap().clone()).collect();
    insta::assert_snapshot!(lines(&events), @r"
    start RunnableSequence
      start good seq:step:1
      chunk good seq:step:1
      end good seq:step:1
      start bad seq:step:2
      error bad seq:step:2
    error RunnableSequence
    ");
    let end = events.last().unwrap().to_langchain_json();
    assert_eq!(end["event"], "on_chain_error");
    assert_eq!(
        end["data"]["error"],
        "step failed: the function gave an error (in step `bad`)"
    );
}

#[tokio::test]
async fn a_step_behind_a_failed_one_has_no_run() {
    let chain = lambda(|_: i32| Err::<String, _>("no")).named("bad")
        | generator::<String, String, _>(|chunks| chunks).named("behind");
    let items: Vec<_> = chain.stream_events_with(1, config()).collect().await;
    assert!(items.iter().flatten().all(|event| event.run().name != "behind"));
}

#[tokio::test]
async fn a_step_that_fails_before_it_reads_its_input_has_a_run() {
    let broken = generator::<String, String, _>(|input| {
        drop(input);
        futures::stream::iter([Err(ErrorKind::Server.into())])
    });
    let chain = lambda(|text: String| text) | broken.named("broken");
    let items: Vec<_> = chain.stream_events_with("a", config()).collect().await;
    let lines: Vec<_> = items.iter().flatten().map(line).collect();
    assert!(lines.contains(&"  error broken seq:step:2".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn a_branch_beside_a_failed_one_is_cancelled_before_the_whole_fails() {
    let slow = lambda(|_: i32| async { std::future::pending::<i32>().await }).named("slow");
    let bad = lambda(|_: i32| Err::<i32, _>("no")).named("bad");
    let both = parallel! {"slow": slow, "bad": bad};
    let items: Vec<_> = both.stream_events_with(1, config()).collect().await;
    let events: Vec<_> = items.into_iter().filter_map(Result::ok).collect();
    insta::assert_snapshot!(lines(&events), @r"
    start RunnableParallel<slow,bad>
      start slow map:key:slow
      start bad map:key:bad
      error bad map:key:bad
      cancelled slow map:key:slow
    error RunnableParallel<slow,bad>
    ");
}

#[tokio::test]
async fn a_timeout_cancels_the_runs_and_is_the_last_item() {
    tokio::time::pause();
    let slow = lambda(|_: i32| async { std::future::pending::<i32>().await }).named("slow");
    let config = config().timeout(Duration::from_secs(1));
    let items: Vec<_> = slow.stream_events_with(1, config).collect().await;
    assert!(matches!(
        &items[..],
        [Ok(RunEvent::Start { .. }), Ok(RunEvent::Cancelled { .. }), Err(error)] if error.kind() == ErrorKind::Timeout
    ));
}

#[tokio::test]
async fn dropping_the_stream_cancels_the_runs_that_are_open() {
    let log = Arc::new(Log::default());
    let chain = prompt() | model() | StrOutputParser;
    let config = config().listener(Arc::<Log>::clone(&log));
    let mut events = chain.stream_events_with(dict! {"words": "a b c"}, config);
    while !matches!(events.try_next().await.unwrap().unwrap(), RunEvent::Chunk { .. }) {}
    drop(events);
    insta::assert_snapshot!(log.lines(), @r"
    start RunnableSequence
      start ChatPromptTemplate seq:step:1
      end ChatPromptTemplate seq:step:1
      start EchoModel seq:step:2
      chunk EchoModel seq:step:2
      start StrOutputParser seq:step:3
      chunk StrOutputParser seq:step:3
    chunk RunnableSequence
      cancelled EchoModel seq:step:2
      cancelled StrOutputParser seq:step:3
    cancelled RunnableSequence
    ");
}

#[tokio::test]
async fn every_attempt_of_a_retry_has_a_run() {
    let left = std::sync::Mutex::new(1);
    let flaky = lambda(move |n: i32| {
        let mut left = left.lock().unwrap();
        *left -= 1;
        if *left < 0 {
            Ok(n)
        } else {
            Err(cadena_core::Error::from(ErrorKind::Server))
        }
    });
    let step = flaky
        .named("flaky")
        .with_retry(RetryOptions::new().base_pause(Duration::ZERO));
    let events: Vec<_> = step.stream_events_with(1, config()).try_collect().await.unwrap();
    insta::assert_snapshot!(lines(&events), @r"
    start flaky
      start flaky
      error flaky
      start flaky retry:attempt:2
      chunk flaky retry:attempt:2
    chunk flaky
      end flaky retry:attempt:2
    end flaky
    ");
}
