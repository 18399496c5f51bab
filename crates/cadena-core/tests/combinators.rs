//! Each combinator: what it gives, what it does with chunks, how it fails, and which runs it opens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{
    BoxRunnable, CancellationToken, ChunkStream, ConfigKey, Dict, EchoModel, Error, ErrorKind, FallbackErrors, Keyed,
    Lambda, Listener, Listeners, PromptValue, RetryBudget, RetryOptions, RunConfig, RunEvent, Runnable, RunnableExt,
    SequentialIds, StrOutputParser, StreamMode, Streamable, ValueChunk, assign, branch, dict, fold, generator, lambda,
    parallel, passthrough, pick, route_fn, router, stream_fn, try_route_fn,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

fn words(text: &str) -> ChunkStream<String> {
    let words: Vec<_> = text.split_inclusive(' ').map(|word| Ok(word.to_owned())).collect();
    stream::iter(words).boxed()
}

fn source(text: &'static str) -> impl Runnable<Input = Dict, Output = String> {
    stream_fn::<Dict, String, _>(move |_| words(text))
}

fn fail(kind: ErrorKind) -> Lambda<i32, i32> {
    lambda(move |_: i32| Err::<i32, _>(Error::from(kind)))
}

/// Fails this often, then gives its input.
fn flaky(times: u32, kind: ErrorKind) -> (Lambda<i32, i32>, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let step = lambda(move |n: i32| match count.fetch_add(1, Ordering::Relaxed) {
        call if call < times => Err(Error::from(kind)),
        _ => Ok(n),
    });
    (step, calls)
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn starts(&self) -> Vec<String> {
        let lines = self.lines();
        lines
            .iter()
            .filter_map(|line| line.strip_prefix("start "))
            .map(str::to_owned)
            .collect()
    }
}

impl Listener for Log {
    fn on_event(&self, event: &RunEvent) {
        let what = match event {
            RunEvent::Start { .. } => "start",
            RunEvent::End { .. } => "end",
            RunEvent::Error { .. } => "error",
            RunEvent::Cancelled { .. } => "cancelled",
            _ => return,
        };
        let run = event.run();
        let line = format!("{what} {} [{}] {}", run.name, run.tags.join(","), run.parents.len());
        self.0.lock().unwrap().push(line);
    }
}

fn logged(log: &Arc<Log>) -> RunConfig {
    RunConfig::new()
        .ids(Arc::new(SequentialIds::default()))
        .listener(Arc::<Log>::clone(log))
}

fn show(chunk: &impl serde::Serialize) -> String {
    serde_json::to_string(chunk).unwrap()
}

async fn chunks<O: Streamable>(stream: ChunkStream<O>) -> Vec<String> {
    stream.map_ok(|chunk| show(&chunk)).try_collect().await.unwrap()
}

#[tokio::test]
async fn assign_passes_chunks_on_and_adds_its_own_between_them() {
    let adding = assign(parallel! {"added": source("p q")});
    let input = stream::iter([dict! {"a": "x"}, dict! {"b": "y"}].map(|dict| Ok(dict.into_chunk())));
    let streamed = chunks::<Dict>(adding.transform(input.boxed())).await;
    assert_eq!(
        streamed,
        [r#"{"a":"x"}"#, r#"{"b":"y"}"#, r#"{"added":"p "}"#, r#"{"added":"q"}"#]
    );
    assert_eq!(
        adding.invoke(dict! {"a": 1}).await.unwrap(),
        dict! {"a": 1, "added": "p q"}
    );
}

#[tokio::test(start_paused = true)]
async fn assign_does_not_wait_for_the_end_of_its_input() {
    let slow = stream::iter([("a", 0), ("b", 100)]).then(|(key, wait)| async move {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        Ok(Dict::from([(key, 1)]).into_chunk())
    });
    let count = generator::<Dict, u32, _>(|chunks| chunks.enumerate().map(|(n, chunk)| chunk.map(|_| n as u32)));
    let streamed = chunks::<Dict>(assign(parallel! {"n": count}).transform(slow.boxed())).await;
    assert_eq!(streamed, [r#"{"a":1}"#, r#"{"n":0}"#, r#"{"b":1}"#, r#"{"n":1}"#]);
}

#[tokio::test]
async fn assign_never_shows_the_old_value_of_a_key() {
    let replace = assign(parallel! {"a": lambda(|input: Dict| input.read::<i32>("a").map(|a| a + 1))});
    assert_eq!(
        replace.invoke(dict! {"a": 1, "z": 0}).await.unwrap(),
        dict! {"a": 2, "z": 0}
    );
    let streamed = chunks::<Dict>(replace.stream(dict! {"a": 1})).await;
    assert_eq!(streamed, [r#"{"a":2}"#]);
}

#[tokio::test]
async fn assign_to_what_is_no_object_is_an_error() {
    let step = assign::<Value>(parallel! {"n": lambda(|_: Value| 1)});
    assert_eq!(step.invoke(json!(3)).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(step.invoke(json!({"a": 1})).await.unwrap(), dict! {"a": 1, "n": 1});
    let error = step.stream(json!(3)).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.step()),
        (ErrorKind::InvalidInput, Some("RunnableAssign<n>"))
    );
}

#[tokio::test]
async fn assign_runs_its_mapper_as_a_parallel_step() {
    let log = Arc::new(Log::default());
    let step = passthrough::<Dict>().assign(parallel! {"n": lambda(|_: Dict| 1)});
    step.invoke_with(dict! {}, logged(&log)).await.unwrap();
    assert_eq!(
        log.starts(),
        [
            "RunnableSequence [] 0",
            "RunnablePassthrough [seq:step:1] 1",
            "RunnableAssign<n> [seq:step:2] 1",
            "RunnableParallel<n> [] 2",
            "RunnableLambda [map:key:n] 3",
        ]
    );
}

#[tokio::test]
async fn pick_takes_pieces_of_its_keys_as_they_come() {
    let input = || {
        let pieces = [("a", "x"), ("c", "-"), ("b", "y"), ("a", "z")];
        let pieces = pieces.map(|(key, text)| Ok(cadena_core::DictChunk::of(key, ValueChunk::text(text))));
        stream::iter(pieces).boxed()
    };
    assert_eq!(
        chunks::<Value>(pick::<Dict, _>("a").transform(input())).await,
        [r#""x""#, r#""z""#]
    );
    let two = pick::<Dict, _>(["a", "b"]);
    assert_eq!(
        chunks::<Dict>(two.transform(input())).await,
        [r#"{"a":"x"}"#, r#"{"b":"y"}"#, r#"{"a":"z"}"#]
    );
    assert_eq!(
        fold::<Dict>(two.transform(input())).await.unwrap().unwrap(),
        dict! {"a": "xz", "b": "y"}
    );
}

#[tokio::test]
async fn a_missing_key_is_an_error_that_names_the_others_whole_and_streamed() {
    let step = pick::<Dict, _>(["a", "y", "z"]);
    let input = || dict! {"a": 1, "b": 2};
    let whole = step.invoke(input()).await.unwrap_err();
    assert_eq!(whole.detail(), "the keys `y`, `z` are missing; there are `a`, `b`");
    let streamed = step.stream(input()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(streamed.to_string(), whole.to_string());
    let none = pick::<Dict, _>("z").invoke(dict! {}).await.unwrap_err();
    assert_eq!(none.detail(), "the key `z` is missing; there are none");
}

#[tokio::test]
async fn an_optional_key_is_none_whole_and_streamed() {
    let one = pick::<Dict, _>("z").optional();
    assert_eq!(one.invoke(dict! {"a": 1}).await.unwrap(), None);
    assert_eq!(
        fold::<Option<Value>>(one.stream(dict! {"a": 1})).await.unwrap(),
        Some(None)
    );
    let some = pick::<Value, _>(["a", "z"]).optional();
    let folded = fold::<Option<Dict>>(some.stream(json!({"a": 1})))
        .await
        .unwrap()
        .flatten();
    assert_eq!(folded, some.invoke(json!({"a": 1})).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn map_keeps_the_order_and_gives_each_element_its_run() {
    let slow = lambda(|n: u64| async move {
        tokio::time::sleep(Duration::from_millis(100 - n)).await;
        n * 2
    });
    let log = Arc::new(Log::default());
    let step = slow.map();
    assert_eq!(step.invoke_with(vec![1, 2, 3], logged(&log)).await.unwrap(), [2, 4, 6]);
    assert_eq!(
        log.starts(),
        [
            "RunnableEach<RunnableLambda> [] 0",
            "RunnableLambda [map:item:1] 1",
            "RunnableLambda [map:item:2] 1",
            "RunnableLambda [map:item:3] 1",
        ]
    );
    assert_eq!(chunks::<Vec<u64>>(step.stream(vec![1, 2])).await, ["[2]", "[4]"]);
}

#[tokio::test(start_paused = true)]
async fn map_runs_as_many_at_once_as_the_context_says_and_stops_at_the_first_error() {
    let running = Arc::new(Mutex::new((0, 0, 0)));
    let seen = Arc::clone(&running);
    let step = lambda(move |n: u32| {
        let seen = Arc::clone(&seen);
        async move {
            {
                let mut counts = seen.lock().unwrap();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
                counts.2 += 1;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            seen.lock().unwrap().0 -= 1;
            if n == 4 {
                Err(Error::from(ErrorKind::Tool))
            } else {
                Ok(n)
            }
        }
    });
    let config = RunConfig::new().max_concurrency(2);
    let error = step
        .map()
        .invoke_with((0..20).collect::<Vec<u32>>(), config)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tool);
    let counts = *running.lock().unwrap();
    assert_eq!(counts.1, 2);
    assert!(counts.2 <= 6, "{counts:?}");
}

#[tokio::test]
async fn map_of_an_empty_list_is_an_empty_list_whole_and_streamed() {
    let step = lambda(|n: i32| n).map();
    assert_eq!(step.invoke(Vec::<i32>::new()).await.unwrap(), Vec::<i32>::new());
    assert_eq!(
        fold::<Vec<i32>>(step.stream(Vec::<i32>::new())).await.unwrap(),
        Some(vec![])
    );
    assert_eq!(
        fold::<Vec<i32>>(step.transform(stream::empty().boxed())).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn branch_runs_the_first_match_and_streams_it() {
    let step = branch()
        .when(|text: &String| text.is_empty(), lambda(|_: String| "empty".to_owned()))
        .when_step(
            lambda(|text: String| text.len() > 3),
            stream_fn::<String, String, _>(|text| words(&text)),
        )
        .otherwise(lambda(|text: String| text));
    assert_eq!(step.invoke("").await.unwrap(), "empty");
    assert_eq!(step.invoke("abc").await.unwrap(), "abc");
    assert_eq!(
        chunks::<String>(step.transform(words("long text"))).await,
        [r#""long ""#, r#""text""#]
    );
    let log = Arc::new(Log::default());
    step.invoke_with("long", logged(&log)).await.unwrap();
    assert_eq!(
        log.starts(),
        [
            "RunnableBranch [] 0",
            "RunnableLambda [condition:2] 1",
            "RunnableGenerator [branch:2] 1"
        ]
    );
}

#[tokio::test]
async fn a_branch_without_a_match_is_an_error_whole_and_streamed() {
    let step = branch()
        .when(|n: &i32| *n > 9, lambda(|n: i32| n))
        .when(|n: &i32| *n < 0, lambda(|n: i32| -n));
    let error = step.invoke(5).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid input: none of the 2 conditions holds (in step `RunnableBranch`); give the branch a step for the rest with `.otherwise(…)`"
    );
    let streamed = step.stream(5).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(streamed.to_string(), error.to_string());
}

#[tokio::test]
async fn a_condition_that_fails_fails_the_branch() {
    let step = branch()
        .try_when(|_: &i32| Err("no"), lambda(|n: i32| n))
        .otherwise(lambda(|n: i32| n));
    assert_eq!(step.invoke(1).await.unwrap_err().kind(), ErrorKind::Step);
    let panics = branch().when(|_: &i32| panic!("ouch"), lambda(|n: i32| n));
    assert_eq!(panics.invoke(1).await.unwrap_err().kind(), ErrorKind::Step);
}

#[tokio::test]
async fn a_router_names_its_routes_when_one_is_unknown() {
    let step = router()
        .route("a", lambda(|n: i32| n + 1))
        .route("b", lambda(|n: i32| n * 2));
    assert_eq!(step.invoke(("b", 4)).await.unwrap(), 8);
    let error = step.invoke(("z", 4)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid input: there is no route `z`; there are `a`, `b` (in step `RouterRunnable`)"
    );
    let streamed = step.stream(("z", 4)).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(streamed.to_string(), error.to_string());
    let log = Arc::new(Log::default());
    step.invoke_with(("a", 1), logged(&log)).await.unwrap();
    assert_eq!(log.starts(), ["RunnableLambda [] 0"]);
}

fn forever() -> BoxRunnable<i32, i32> {
    route_fn(|_: &i32| forever()).boxed()
}

#[tokio::test]
async fn an_endless_recursion_ends_at_the_limit() {
    let error = forever().invoke(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(error.detail(), "steps call each other 25 levels deep");
    let config = || RunConfig::new().recursion_limit(3);
    assert_eq!(
        forever().invoke_with(1, config()).await.unwrap_err().detail(),
        "steps call each other 3 levels deep"
    );
    let streamed = forever()
        .stream_with(1, config())
        .try_collect::<Vec<_>>()
        .await
        .unwrap_err();
    assert_eq!(streamed.kind(), ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn a_chosen_step_is_a_run_inside_the_choosing_one_and_streams() {
    let step = try_route_fn(|text: &String| match text.len() {
        0 => Err("nothing"),
        _ => Ok(stream_fn::<String, String, _>(|text| words(&text))),
    })
    .named("choose");
    assert_eq!(chunks::<String>(step.stream("a b")).await, [r#""a ""#, r#""b""#]);
    assert_eq!(step.invoke("").await.unwrap_err().step(), Some("choose"));
    let log = Arc::new(Log::default());
    step.invoke_with("x", logged(&log)).await.unwrap();
    assert_eq!(log.starts(), ["choose [] 0", "RunnableGenerator [] 1"]);
}

#[tokio::test]
async fn an_error_or_a_panic_ends_the_stream_of_a_generator() {
    let bad = generator::<String, String, _>(|chunks| {
        chunks.enumerate().map(|(n, chunk)| match n {
            0 => chunk,
            1 => Err(Error::from(ErrorKind::Tool)),
            _ => panic!("it was polled again"),
        })
    })
    .named("bad");
    let items: Vec<_> = bad.transform(words("a b c")).collect().await;
    assert_eq!(items.len(), 2);
    assert_eq!(items[1].as_ref().unwrap_err().step(), Some("bad"));

    let panics = generator::<String, String, _>(|chunks| chunks.map(|_| panic!("ouch")));
    let items: Vec<_> = panics.transform(words("a b c")).collect().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].as_ref().unwrap_err().detail(), "the function panicked");
}

#[tokio::test]
async fn a_generator_without_chunks_gives_the_empty_value_or_an_error() {
    let text = stream_fn::<i32, String, _>(|_| stream::empty());
    assert_eq!(text.invoke(1).await.unwrap(), "");
    let number = stream_fn::<i32, i32, _>(|_| stream::empty());
    assert_eq!(number.invoke(1).await.unwrap_err().kind(), ErrorKind::Truncated);
}

#[tokio::test]
async fn an_empty_stream_gives_an_empty_stream() {
    let none = || stream::empty().boxed();
    assert!(
        chunks::<usize>(lambda(|text: String| text.len()).transform(none()))
            .await
            .is_empty()
    );
    let chain = passthrough::<String>() | lambda(|text: String| text.len());
    assert!(chunks::<usize>(chain.transform(none())).await.is_empty());
    let retried = lambda(|text: String| text).with_retry(RetryOptions::new());
    assert!(chunks::<String>(retried.transform(none())).await.is_empty());
}

#[tokio::test]
async fn an_empty_batch_is_empty_and_runs_nothing() {
    let log = Arc::new(Log::default());
    let step = lambda(|n: i32| n);
    assert!(step.batch_with(Vec::<i32>::new(), logged(&log)).await.is_empty());
    assert_eq!(
        step.batch_as_completed_with(Vec::<i32>::new(), logged(&log))
            .count()
            .await,
        0
    );
    assert!(log.lines().is_empty());
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_input_and_the_others_go_on() {
    let plain = lambda(|n: i32| if n == 2 { panic!("secret {n}") } else { n });
    let slow = lambda(|n: i32| async move {
        tokio::task::yield_now().await;
        if n == 2 { panic!("secret {n}") } else { n }
    });
    for step in [plain, slow] {
        let results = step.batch([1, 2, 3]).await;
        assert_eq!(results[0].as_ref().unwrap(), &1);
        assert_eq!(results[2].as_ref().unwrap(), &3);
        let error = results[1].as_ref().unwrap_err();
        assert_eq!(
            error.to_string(),
            "step failed: the function panicked (in step `RunnableLambda`)"
        );
        assert!(!format!("{error:?}").contains("secret"));
        assert_eq!(std::error::Error::source(error).unwrap().to_string(), "secret 2");
    }
}

#[tokio::test]
async fn a_list_of_steps_gives_places_and_chunks_keep_theirs() {
    let steps: Vec<BoxRunnable<Dict, String>> = vec![
        source("a b").boxed(),
        source("").boxed(),
        lambda(|_: Dict| "c".to_owned()).boxed(),
    ];
    let step = parallel(steps);
    let whole = step.invoke(dict! {}).await.unwrap();
    assert_eq!(whole.clone().into_vec(), ["a b", "", "c"]);
    assert_eq!(
        fold::<cadena_core::Places<String>>(step.stream(dict! {}))
            .await
            .unwrap(),
        Some(whole)
    );
    let streamed = chunks::<cadena_core::Places<String>>(step.stream(dict! {})).await;
    assert_eq!(streamed, [r#"{"0":"a "}"#, r#"{"2":"c"}"#, r#"{"0":"b"}"#]);
    let none = parallel(Vec::<Lambda<i32, i32>>::new());
    assert!(none.invoke(1).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn batch_as_completed_gives_results_as_they_are_ready() {
    let step = lambda(|wait: u64| async move {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if wait == 20 {
            Err(Error::from(ErrorKind::Tool))
        } else {
            Ok(wait)
        }
    });
    let results: Vec<_> = step.batch_as_completed([30u64, 10, 20]).collect().await;
    let order: Vec<_> = results.iter().map(|(index, result)| (*index, result.is_ok())).collect();
    assert_eq!(order, [(1, true), (2, false), (0, true)]);

    let one_at_a_time = step.batch_as_completed_with([30u64, 10], RunConfig::new().max_concurrency(1));
    let order: Vec<_> = one_at_a_time.map(|(index, _)| index).collect().await;
    assert_eq!(order, [0, 1]);
}

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
    let asking = |seconds| {
        let calls = Arc::new(AtomicU32::new(0));
        lambda(move |n: i32| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::from(ErrorKind::RateLimited).with_retry_after(Duration::from_secs(seconds))),
            _ => Ok(n),
        })
        .with_retry(RetryOptions::new())
    };
    let start = tokio::time::Instant::now();
    assert_eq!(asking(30).invoke(1).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    assert_eq!(asking(3600).invoke(1).await.unwrap_err().kind(), ErrorKind::RateLimited);
    let config = RunConfig::new().timeout(Duration::from_secs(10));
    let early = asking(30).invoke_with(1, config).await.unwrap_err();
    assert_eq!(
        (early.kind(), start.elapsed()),
        (ErrorKind::RateLimited, Duration::from_secs(30))
    );
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_retries_of_many() {
    let budget = RetryBudget::new(5);
    let options = RetryOptions::new().base_pause(Duration::ZERO).budget(budget.clone());
    let (step, calls) = flaky(u32::MAX, ErrorKind::Server);
    let results = step.with_retry(options).batch(0..10).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!((calls.load(Ordering::Relaxed), budget.remaining()), (15, 0));
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

const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");

#[tokio::test]
async fn a_value_of_the_call_wins_over_the_config_over_the_default() {
    let times = |factor: i32| lambda(move |n: i32| n * factor);
    let step = times(2).configurable(FACTOR, move |_, factor| times(*factor));
    assert_eq!(step.invoke(10).await.unwrap(), 20);
    let fixed = step.with_config(RunConfig::new().set(FACTOR, 3));
    assert_eq!(fixed.invoke(10).await.unwrap(), 30);
    assert_eq!(
        fixed.invoke_with(10, RunConfig::new().set(FACTOR, 4)).await.unwrap(),
        40
    );
    // It reaches steps inside, and each call on its own.
    let chain = passthrough() | fixed;
    assert_eq!(
        chain.invoke_with(10, RunConfig::new().set(FACTOR, 5)).await.unwrap(),
        50
    );
    assert_eq!(chain.invoke(10).await.unwrap(), 30);
}

#[test]
fn every_step_says_what_it_does_with_chunks() {
    use StreamMode::{PassesThrough, StreamsOutput, WaitsForAll};
    let model = || lambda(|_: Dict| PromptValue::from("hi")).pipe(EchoModel::new());
    assert_eq!(lambda(|n: i32| n).streaming(), WaitsForAll);
    assert_eq!(EchoModel::new().streaming(), StreamsOutput);
    assert_eq!(model().streaming(), StreamsOutput);
    assert_eq!(
        model().pipe(lambda(|m: cadena_core::AIMessage| m)).streaming(),
        WaitsForAll
    );
    assert_eq!(
        parallel! {"a": lambda(|_: Dict| 1), "b": passthrough::<Dict>()}.streaming(),
        PassesThrough
    );
    assert_eq!(
        assign::<Dict>(parallel! {"a": lambda(|_: Dict| 1)}).streaming(),
        PassesThrough
    );
    assert_eq!(pick::<Dict, _>("a").streaming(), PassesThrough);
    assert_eq!(
        passthrough::<String>().with_retry(RetryOptions::new()).streaming(),
        StreamsOutput
    );
    assert_eq!(
        lambda(|n: i32| n).with_retry(RetryOptions::new()).streaming(),
        WaitsForAll
    );
    assert_eq!(
        passthrough::<String>()
            .named("x")
            .with_timeout(Duration::MAX)
            .boxed()
            .streaming(),
        PassesThrough
    );
    let choice = branch()
        .when(|_: &Dict| true, passthrough::<Dict>())
        .otherwise(lambda(|d: Dict| d));
    assert_eq!(choice.streaming(), StreamsOutput);
}

#[test]
fn debug_prints_names_and_no_values() {
    let step = lambda(|d: Dict| d)
        .named("secretless")
        .with_retry(RetryOptions::new())
        .with_fallbacks([passthrough::<Dict>()]);
    assert_eq!(
        format!("{step:?}"),
        r#"Fallbacks(["secretless", "RunnablePassthrough"])"#
    );
    let chain = assign::<Dict>(parallel! {"a": lambda(|_: Dict| 1)}) | pick("a");
    assert_eq!(format!("{chain:?}"), "Chain(RunnableAssign<a> | RunnablePick<a>)");
    let key = format!("{:?}", RunConfig::new().set(FACTOR, 42));
    assert!(key.contains("factor") && !key.contains("42"));
}

#[tokio::test]
async fn an_error_in_a_stream_names_its_step_as_a_whole_call_does() {
    let bad = lambda(|_: String| Err::<String, _>("no")).named("bad");
    let chain = passthrough::<String>() | bad | passthrough();
    let whole = chain.invoke("x").await.unwrap_err();
    let streamed = chain.stream("x").try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(whole.step(), Some("bad"));
    assert_eq!(streamed.to_string(), whole.to_string());
}

#[tokio::test]
async fn a_message_is_picked_out_of_a_parallel_step_with_its_logprobs() {
    let ask = lambda(|text: String| PromptValue::from(text)) | EchoModel::new();
    let step = parallel! {"answer": ask, "question": passthrough::<String>()}.pick("answer");
    let mut stream = step.stream("a b");
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first.downcast_ref::<cadena_core::AIMessage>().unwrap().text(), "a ");
    let text =
        parallel! {"answer": lambda(|text: String| PromptValue::from(text)) | EchoModel::new() | StrOutputParser};
    assert_eq!(
        Keyed::into_dict(text.invoke("a b").await.unwrap()).unwrap()["answer"],
        "a b"
    );
}
