//! Generators, parallel lists, batches, panics, nothing at all.

use super::*;

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
        fold::<cadena_core::Outputs<String>>(step.stream(dict! {}))
            .await
            .unwrap(),
        Some(whole)
    );
    let streamed = chunks::<cadena_core::Outputs<String>>(step.stream(dict! {})).await;
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
