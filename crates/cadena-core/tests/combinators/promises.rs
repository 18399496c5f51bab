//! The promises of every step: precedence, modes, Debug, errors, logprobs.

use super::*;

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
        DictLike::into_dict(text.invoke("a b").await.unwrap()).unwrap()["answer"],
        "a b"
    );
}
