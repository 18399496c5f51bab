//! Steps around a step: config, name, listeners, retry, fallbacks, timeout.

use super::*;

#[tokio::test]
async fn with_config_lies_under_what_the_caller_says() {
    let log = Arc::new(Log::default());
    let step = lambda(|n: i32| n).with_config(RunConfig::new().run_name("fixed").tag("inner"));
    step.invoke_with(1, logged(&log)).await.unwrap();
    step.invoke_with(1, logged(&log).run_name("said").tag("outer"))
        .await
        .unwrap();
    let chain = passthrough() | step;
    chain.invoke_with(1, logged(&log).run_name("chain")).await.unwrap();
    assert_eq!(
        log.starts(),
        [
            "fixed [inner] 0",
            "said [outer,inner] 0",
            "chain [] 0",
            "RunnablePassthrough [seq:step:1] 1",
            "fixed [inner,seq:step:2] 1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_config_fixed_to_a_step_limits_and_cancels_it() {
    let forever = || lambda(|(): ()| std::future::pending::<()>());
    let limited = forever().with_config(RunConfig::new().timeout(Duration::from_secs(1)));
    assert_eq!(limited.invoke(()).await.unwrap_err().kind(), ErrorKind::Timeout);
    let token = CancellationToken::new();
    token.cancel();
    let stopped = forever().with_config(RunConfig::new().cancellation(token));
    assert_eq!(stopped.invoke(()).await.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn named_is_the_name_of_the_run_and_of_the_step_in_errors() {
    let log = Arc::new(Log::default());
    let step = passthrough::<i32>().named("question");
    step.invoke_with(1, logged(&log)).await.unwrap();
    let wrapped = lambda(|n: i32| n).with_config(RunConfig::new().tag("t"));
    RunnableExt::named(wrapped, "outside")
        .invoke_with(1, logged(&log))
        .await
        .unwrap();
    assert_eq!(log.starts(), ["question [] 0", "outside [t] 0"]);
    let pick = pick::<Dict, _>("z").named("z?");
    assert_eq!(pick.invoke(dict! {}).await.unwrap_err().step(), Some("z?"));
}

#[tokio::test]
async fn listeners_of_a_step_hear_the_step_and_not_what_is_inside() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = |what: &'static str| {
        let heard = Arc::clone(&heard);
        move |name: &str| heard.lock().unwrap().push(format!("{what} {name}"))
    };
    let (start, end, error, cancelled) = (hear("start"), hear("end"), hear("error"), hear("cancelled"));
    let listeners = Listeners::new()
        .on_start(move |run, _| start(&run.name))
        .on_end(move |run, _| end(&run.name))
        .on_error(move |run, _, _| error(&run.name))
        .on_cancelled(move |run| cancelled(&run.name));
    let inner = lambda(|n: i32| if n > 0 { Ok(n) } else { Err("no") });
    let chain = (inner | lambda(|n: i32| n)).named("chain").with_listeners(listeners);
    drop(chain.batch([1, 0]).await);
    let mut stream = chain.stream(1);
    stream.next().await.unwrap().unwrap();
    drop(stream);
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "start chain",
            "end chain",
            "start chain",
            "error chain",
            "start chain",
            "cancelled chain"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn retry_waits_longer_each_time_and_tags_its_attempts() {
    let (step, calls) = flaky(2, ErrorKind::Server);
    let retried = step.named("model").with_retry(RetryOptions::new().jitter(|| 1.0));
    let log = Arc::new(Log::default());
    let start = tokio::time::Instant::now();
    assert_eq!(retried.invoke_with(7, logged(&log)).await.unwrap(), 7);
    assert_eq!(start.elapsed(), Duration::from_millis(1500));
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert_eq!(
        log.lines(),
        [
            "start model [] 0",
            "start model [] 1",
            "error model [] 1",
            "start model [retry:attempt:2] 1",
            "error model [retry:attempt:2] 1",
            "start model [retry:attempt:3] 1",
            "end model [retry:attempt:3] 1",
            "end model [] 0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn retry_gives_up_after_its_attempts_and_does_not_try_what_cannot_succeed() {
    let quick = || RetryOptions::new().base_pause(Duration::ZERO);
    let (step, calls) = flaky(9, ErrorKind::Server);
    assert_eq!(
        step.with_retry(quick()).invoke(1).await.unwrap_err().kind(),
        ErrorKind::Server
    );
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    let (step, calls) = flaky(9, ErrorKind::QuotaExhausted);
    drop(step.with_retry(quick()).invoke(1).await);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let (step, calls) = flaky(1, ErrorKind::Parse);
    assert_eq!(
        step.with_retry(quick().retry_kinds([ErrorKind::Parse]))
            .invoke(1)
            .await
            .unwrap(),
        1
    );
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn retry_waits_as_long_as_the_server_asks_within_reason() {
    let asking = |seconds, part| {
        let calls = Arc::new(AtomicU32::new(0));
        lambda(move |n: i32| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::from(ErrorKind::RateLimited).with_retry_after(Duration::from_secs(seconds))),
            _ => Ok(n),
        })
        .with_retry(RetryOptions::new().jitter(move || part).budget(RetryBudget::new(0)))
    };
    let start = tokio::time::Instant::now();
    assert_eq!(asking(30, 0.0).invoke(1).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    assert_eq!(
        asking(3600, 0.0).invoke(1).await.unwrap_err().kind(),
        ErrorKind::RateLimited
    );
    let config = RunConfig::new().timeout(Duration::from_secs(10));
    let early = asking(30, 0.0).invoke_with(1, config).await.unwrap_err();
    assert_eq!(
        (early.kind(), start.elapsed()),
        (ErrorKind::RateLimited, Duration::from_secs(30))
    );
    // A random part of a quarter on top, but not beyond the end of the call.
    let start = tokio::time::Instant::now();
    assert_eq!(asking(20, 1.0).invoke(1).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(25));
    let config = RunConfig::new().timeout(Duration::from_secs(22));
    assert_eq!(asking(20, 1.0).invoke_with(1, config).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(45));
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_retries_of_many() {
    let budget = RetryBudget::new(5);
    let options = RetryOptions::new().base_pause(Duration::ZERO).budget(budget.clone());
    let (step, calls) = flaky(u32::MAX, ErrorKind::Server);
    let results = step.with_retry(options).batch(0..10).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!((calls.load(Ordering::Relaxed), budget.remaining()), (15, 0));
    let last = results[9].as_ref().unwrap_err();
    assert_eq!(
        last.hint(),
        Some("gave up without another try: the budget of retries is spent")
    );
}

#[tokio::test(start_paused = true)]
async fn each_input_of_a_batch_is_retried_on_its_own() {
    let seen = Arc::new(Mutex::new(std::collections::HashSet::new()));
    let step = lambda(move |n: i32| match (n, seen.lock().unwrap().insert(n)) {
        (9, _) | (_, true) => Err(Error::from(ErrorKind::Server)),
        _ => Ok(n),
    });
    let results = step.with_retry(RetryOptions::new()).batch([1, 9, 2]).await;
    assert_eq!(results[0].as_ref().unwrap(), &1);
    assert_eq!(results[1].as_ref().unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(results[2].as_ref().unwrap(), &2);
}

/// Streams `good` chunks and then fails, the first `times` times.
fn breaking(good: usize, times: u32) -> impl Runnable<Input = i32, Output = String> {
    let calls = Arc::new(AtomicU32::new(0));
    stream_fn::<i32, String, _>(move |_| {
        let fails = calls.fetch_add(1, Ordering::Relaxed) < times;
        let chunks = ["a", "b"].into_iter().take(if fails { good } else { 2 });
        let error = fails.then(|| Err(Error::from(ErrorKind::Server)));
        stream::iter(
            chunks
                .map(|chunk| Ok(chunk.to_owned()))
                .chain(error)
                .collect::<Vec<_>>(),
        )
    })
}

#[tokio::test(start_paused = true)]
async fn streams_are_retried_and_fall_back_only_before_the_first_chunk() {
    let retried = breaking(0, 1).with_retry(RetryOptions::new());
    assert_eq!(chunks::<String>(retried.stream(1)).await, [r#""a""#, r#""b""#]);
    let late: Vec<_> = breaking(1, 1).with_retry(RetryOptions::new()).stream(1).collect().await;
    assert_eq!((late.len(), late[1].is_err()), (2, true));

    let other = || [lambda(|n: i32| n.to_string())];
    assert_eq!(
        chunks::<String>(breaking(0, 1).with_fallbacks(other()).stream(1)).await,
        [r#""1""#]
    );
    let late: Vec<_> = breaking(1, 1).with_fallbacks(other()).stream(1).collect().await;
    assert_eq!((late.len(), late[1].is_err()), (2, true));
}

#[tokio::test]
async fn the_first_error_of_many_fallbacks_has_the_others_behind_it() {
    let first = Error::new(ErrorKind::Server, "one").with_source("the cause");
    let first = Mutex::new(Some(first));
    let main = lambda(move |_: i32| Err::<i32, _>(first.lock().unwrap().take().unwrap()));
    let step = main.with_fallbacks([fail(ErrorKind::RateLimited), fail(ErrorKind::Authentication)]);
    let error = step.invoke(1).await.unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Server, "one"));
    let others = error.downcast_source_ref::<FallbackErrors>().unwrap();
    let kinds: Vec<_> = others.errors().iter().map(Error::kind).collect();
    assert_eq!(kinds, [ErrorKind::RateLimited, ErrorKind::Authentication]);
    let behind = std::error::Error::source(others).unwrap();
    assert_eq!(behind.to_string(), "the cause");
}

#[tokio::test]
async fn fallbacks_are_runs_inside_and_some_errors_do_not_fall_back() {
    let log = Arc::new(Log::default());
    let step = fail(ErrorKind::Server).with_fallbacks([lambda(|n: i32| n).named("other")]);
    assert_eq!(step.invoke_with(1, logged(&log)).await.unwrap(), 1);
    assert_eq!(
        log.starts(),
        ["RunnableWithFallbacks [] 0", "RunnableLambda [] 1", "other [] 1"]
    );
    let picky = step.only_kinds([ErrorKind::RateLimited]);
    assert_eq!(picky.invoke(1).await.unwrap_err().kind(), ErrorKind::Server);
    let cancelled = fail(ErrorKind::Cancelled).with_fallbacks([lambda(|n: i32| n)]);
    assert_eq!(cancelled.invoke(1).await.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_can_be_retried_and_limits_streams() {
    let calls = AtomicU32::new(0);
    let slow_once = lambda(move |n: i32| {
        let wait = if calls.fetch_add(1, Ordering::Relaxed) == 0 {
            60
        } else {
            0
        };
        async move {
            tokio::time::sleep(Duration::from_secs(wait)).await;
            n
        }
    });
    let step = slow_once.with_timeout(Duration::from_secs(1));
    assert_eq!(step.with_retry(RetryOptions::new()).invoke(1).await.unwrap(), 1);

    let endless = stream_fn::<i32, i32, _>(|_| {
        stream::repeat(1).then(|n| async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok(n)
        })
    });
    let items: Vec<_> = endless.with_timeout(Duration::from_secs(1)).stream(1).collect().await;
    assert_eq!(items.len(), 3);
    assert_eq!(items[2].as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}
