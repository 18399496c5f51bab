//! Results are read as they were written.

use cadena_core::{AIMessage, Dict, EchoModel, Streamable, dict};
use serde::de::DeserializeOwned;

use super::*;

async fn read_back<O: Streamable + DeserializeOwned + Sync>(output: O) -> O {
    let file = Temporary::new();
    let step = lambda(move |_: i32| output.clone());
    let given: Vec<_> = step.batch_resumable([1], &file.0).try_collect().await.unwrap();
    assert!(given.into_iter().all(|(_, output)| output.is_ok()));
    let mut results = BatchFile::new(&file.0).results::<O>().unwrap();
    let (index, output) = results.next().unwrap().unwrap();
    assert!((index, results.next().is_none()) == (0, true));
    output.unwrap()
}

#[tokio::test]
async fn an_output_of_every_kind_reads_back() {
    read_back(()).await;
    assert_eq!(read_back(None::<i32>).await, None);
    assert_eq!(
        read_back("two\nlines \u{2028} \0".to_owned()).await,
        "two\nlines \u{2028} \0"
    );
    assert_eq!(read_back((1, "a".to_owned())).await, (1, "a".to_owned()));
    let dict: Dict = dict! {"z": 1, "a": vec![1.5, -0.1]};
    assert_eq!(read_back(dict.clone()).await, dict);
}

#[tokio::test]
async fn a_message_of_a_model_reads_back() {
    let file = Temporary::new();
    let given: Vec<(usize, Result<AIMessage>)> = EchoModel::new()
        .batch_resumable(["hi"], &file.0)
        .try_collect()
        .await
        .unwrap();
    let read = BatchFile::new(&file.0)
        .results::<AIMessage>()
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(read.1.unwrap(), *given[0].1.as_ref().unwrap());
}

#[tokio::test]
async fn an_output_that_does_not_read_back_is_an_error_of_its_input() {
    let file = Temporary::new();
    let step = lambda(|n: i32| if n == 1 { f64::NAN } else { 0.5 });
    let results: Vec<_> = step.batch_resumable([1, 2], &file.0).try_collect().await.unwrap();
    let error = results[0].1.as_ref().unwrap_err();
    assert_eq!(
        error.detail(),
        "the output cannot be kept: it does not read back from its JSON"
    );
    assert!(results[1].1.is_ok());
    assert_eq!(BatchFile::new(&file.0).progress().unwrap().failed, 1);
}

#[tokio::test]
async fn an_error_keeps_its_kind_and_what_a_server_said() {
    let (file, step) = (Temporary::new(), Doubler::failing([1]));
    run(&step.step(), [1], &file.0).await.unwrap();
    let error = BatchFile::new(&file.0)
        .results::<i32>()
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .1
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rate limited: slow down (status 429, in step `RunnableLambda`)"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn an_input_that_failed_twice_has_one_result() {
    let file = Temporary::new();
    for _ in 0..2 {
        run(&Doubler::failing([1]).step(), [0, 1], &file.0).await.unwrap();
    }
    assert_eq!(file.lines(), 3);
    assert_eq!(BatchFile::new(&file.0).results::<i32>().unwrap().count(), 2);
    run(&Doubler::default().step(), [0, 1], &file.0).await.unwrap();
    assert_eq!(BatchFile::new(&file.0).results::<i32>().unwrap().count(), 2);
    assert_eq!(outputs(&file.0), [(0, 0), (1, 2)]);
}

#[tokio::test]
async fn the_lines_are_what_the_page_of_the_file_says() {
    let (file, step) = (Temporary::new(), Doubler::failing([1]));
    run(&step.step(), [0, 1], &file.0).await.unwrap();
    insta::assert_snapshot!(file.text(), @r#"
    {"index":0,"input":"0a362912333025e6","output":0}
    {"index":1,"input":"f8e46110455c6e53","error":{"kind":"rate_limited","detail":"slow down","step":"RunnableLambda","status":429,"retryable":true}}
    "#);
}
