//! Steps that work on keys and lists: assign, pick, map.

use super::*;

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
