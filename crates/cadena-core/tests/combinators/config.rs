//! A config on each path: its limit, its tags, its name.

use super::*;

/// How many of these steps ran at once at most.
fn counted() -> (Lambda<i32, i32>, Arc<AtomicU32>) {
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let seen = Arc::clone(&most);
    let step = lambda(move |n: i32| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, Error>(n)
        }
    });
    (step, seen)
}

fn zero() -> RunConfig {
    let mut config = RunConfig::new();
    config.max_concurrency = Some(0);
    config
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_sets_none_on_every_path() {
    for config in [zero, || RunConfig::new().max_concurrency(0), || zero().merge(zero())] {
        let (step, most) = counted();
        assert_eq!(step.batch_with(0..20, config()).await.len(), 20);
        assert_eq!(most.load(Ordering::Relaxed), 16);
        assert_eq!(step.batch_as_completed_with(0..20, config()).count().await, 20);
        let each = (0..20).map(|n| (n, config()));
        assert_eq!(step.batch_with_each(each, config()).await.len(), 20);
        let list: Vec<i32> = (0..20).collect();
        let mapped = step.clone().map();
        assert_eq!(mapped.invoke_with(list.clone(), config()).await.unwrap().len(), 20);
        let chunks = mapped.stream_with(list.clone(), config());
        assert_eq!(chunks.try_collect::<Vec<_>>().await.unwrap().concat().len(), 20);
        let inside = mapped.with_config(config()) | passthrough();
        assert_eq!(inside.invoke(list).await.unwrap().len(), 20);
        assert_eq!(most.load(Ordering::Relaxed), 16);
        let both = parallel((step.clone(), step));
        assert_eq!(both.invoke_with(1, config()).await.unwrap(), (1, 1));
        let model = EchoModel::new();
        assert_eq!(model.batch_with(["a", "b"], config()).await.len(), 2);
        assert_eq!(model.invoke_with("a", config()).await.unwrap().text(), "a");
        assert!(model.stream_with("a", config()).count().await > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_keeps_the_one_that_is_there() {
    assert_eq!(
        RunConfig::new().max_concurrency(3).merge(zero()).max_concurrency,
        Some(3)
    );
    assert_eq!(
        zero().merge(RunConfig::new().max_concurrency(3)).max_concurrency,
        Some(3)
    );
    assert_eq!(zero().merge(zero()).max_concurrency, None);
    let (step, most) = counted();
    let mapped = step.map().with_config(zero());
    let limited = RunConfig::new().max_concurrency(2);
    mapped.invoke_with(vec![1, 2, 3, 4], limited.clone()).await.unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 2);
    // Fixed to the step, and the caller's zero on top.
    let fixed = mapped.with_config(limited);
    fixed.invoke_with(vec![1, 2, 3, 4], zero()).await.unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_tag_that_is_given_twice_stays_once() {
    let mut doubled = RunConfig::new().tag("a").tag("b").tag("a");
    assert_eq!(doubled.tags, ["a", "b"]);
    doubled.tags.push("a".to_owned());
    assert_eq!(
        doubled.clone().merge(RunConfig::new().tag("c").tag("b")).tags,
        ["a", "b", "c"]
    );
    assert_eq!(RunConfig::new().merge(doubled.clone()).tags, ["a", "b"]);
    let log = Arc::new(Log::default());
    let step = lambda(|n: i32| n).with_config(doubled);
    let chain = step | lambda(|n: i32| n);
    let config = logged(&log).tag("b").tag("seq:step:2");
    chain.invoke_with(1, config).await.unwrap();
    assert_eq!(
        log.starts(),
        [
            "RunnableSequence [b,seq:step:2] 0",
            "RunnableLambda [b,seq:step:2,a,seq:step:1] 1",
            "RunnableLambda [b,seq:step:2] 1",
        ]
    );
}

/// The step that the error names, of each way to call.
async fn named<R: Runnable<Input = i32>>(step: &R, config: RunConfig) -> Vec<String> {
    let whole = step.invoke_with(1, config.clone()).await.err();
    let chunks: Vec<_> = step.stream_with(1, config.clone()).collect().await;
    let given = stream::iter([Ok(1)]).boxed();
    let through: Vec<_> = step.transform_with(given, config.clone()).collect().await;
    let batch = step.batch_with([1], config).await.pop().and_then(Result::err);
    let last = |chunks: Vec<Result<_, Error>>| chunks.into_iter().find_map(Result::err);
    let errors = [whole, last(chunks), last(through), batch];
    let names = errors.iter().flatten().map(|error| error.step().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn an_error_names_the_run() {
    let failing = || fail(ErrorKind::InvalidInput);
    let run = || RunConfig::new().run_name("run");
    let inner = || failing().with_config(RunConfig::new().run_name("inner"));
    let generated = generator::<i32, i32, _>(|_| stream::iter([Err(Error::from(ErrorKind::Step))]));
    let other = || lambda(|n: i32| n);
    let retry = RetryOptions::new().base_pause(Duration::ZERO);
    let cases = [
        ("a function", failing().boxed(), "run"),
        ("a generator", generated.boxed(), "run"),
        ("in a box", failing().boxed().boxed(), "run"),
        ("named", failing().named("named").boxed(), "run"),
        ("tried again", failing().with_retry(retry).boxed(), "run"),
        (
            "with a limit of time",
            failing().with_timeout(Duration::from_secs(9)).boxed(),
            "run",
        ),
        ("heard", failing().with_listeners(Listeners::new()).boxed(), "run"),
        ("the caller wins", inner().boxed(), "run"),
        ("a step inside", (other() | inner() | other()).boxed(), "inner"),
        ("the first step", (inner() | other()).boxed(), "inner"),
        (
            "a chain inside",
            (other() | (other() | inner()).with_config(RunConfig::new().run_name("part"))).boxed(),
            "inner",
        ),
        ("no name inside", (other() | failing()).boxed(), "RunnableLambda"),
        ("a name inside", (other() | failing().named("named")).boxed(), "named"),
        (
            "beside",
            (parallel((inner(), other())) | lambda(|both: (i32, i32)| both.0)).boxed(),
            "inner",
        ),
        ("fallbacks", inner().with_fallbacks([failing()]).boxed(), "inner"),
        (
            "wrapped twice",
            (other() | inner().with_retry(retry_never()).with_timeout(Duration::from_secs(9))).boxed(),
            "inner",
        ),
        (
            "a config around a retry",
            (other() | failing().with_retry(retry_never()).with_config(run().run_name("r"))).boxed(),
            "r",
        ),
    ];
    for (case, step, expect) in cases {
        let log = Arc::new(Log::default());
        assert_eq!(named(&step, run()).await, [expect; 4], "{case}");
        assert_eq!(
            named(&step, logged(&log).run_name("run")).await,
            [expect; 4],
            "{case}, heard"
        );
    }
}

fn retry_never() -> RetryOptions {
    RetryOptions::new().max_attempts(1)
}

#[tokio::test]
async fn a_name_is_for_one_run_and_no_other() {
    let chain = lambda(|n: i32| n) | lambda(|_: i32| Err::<i32, _>(Error::from(ErrorKind::Step))).named("last");
    let error = chain
        .invoke_with(1, RunConfig::new().run_name("chain"))
        .await
        .unwrap_err();
    assert_eq!(error.step(), Some("last"));
    let inside = chain.with_config(RunConfig::new().run_name("chain"));
    let step = lambda_in_call(inside);
    assert_eq!(step.invoke(1).await.unwrap_err().step(), Some("last"));
}

/// A step that calls another one with its own context.
fn lambda_in_call(step: impl Runnable<Input = i32, Output = i32>) -> impl Runnable<Input = i32, Output = i32> {
    let step = step.boxed();
    cadena_core::lambda_in(move |n: i32, cx| {
        let step = step.clone();
        async move { step.invoke_in(n, &cx).await }
    })
}
