//! Steps that choose: branch, router, route.

use super::*;

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
