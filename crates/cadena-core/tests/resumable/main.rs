//! A batch that goes on from its file: what runs, what is written, what is noticed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod damage;
mod killed;
mod results;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cadena_core::{BatchFile, CancellationToken, Error, ErrorKind, Lambda, Result, RunConfig, RunnableExt, lambda};
use futures::{StreamExt, TryStreamExt};

/// A file that is gone when the test is over.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cadena-resumable-{}-{count}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn with(text: impl AsRef<[u8]>) -> Self {
        let file = Self::new();
        std::fs::write(&file.0, text).unwrap();
        file
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }

    fn lines(&self) -> usize {
        self.text().lines().count()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// Doubles, fails for the inputs in `bad`, and remembers what it was called with.
#[derive(Clone, Default)]
struct Doubler {
    calls: Arc<Mutex<Vec<i32>>>,
    bad: Vec<i32>,
}

impl Doubler {
    fn failing(bad: impl Into<Vec<i32>>) -> Self {
        let bad = bad.into();
        Self { bad, ..Self::default() }
    }

    fn step(&self) -> Lambda<i32, i32> {
        let this = self.clone();
        lambda(move |n: i32| {
            this.calls.lock().unwrap().push(n);
            match this.bad.contains(&n) {
                true => Err(Error::new(ErrorKind::RateLimited, "slow down").with_status(429)),
                false => Ok(n * 2),
            }
        })
    }

    fn calls(&self) -> Vec<i32> {
        self.calls.lock().unwrap().clone()
    }
}

/// Runs a batch to its end: how many inputs were done.
async fn run(
    step: &Lambda<i32, i32>,
    inputs: impl IntoIterator<Item = i32>,
    file: impl Into<BatchFile>,
) -> Result<usize> {
    let inputs: Vec<i32> = inputs.into_iter().collect();
    let done: Vec<_> = step.batch_resumable(inputs, file).try_collect().await?;
    Ok(done.len())
}

/// Place and output of each input that has one, in the order of the places.
fn outputs(path: &Path) -> Vec<(usize, i32)> {
    let results = BatchFile::new(path).results::<i32>().unwrap();
    let mut outputs: Vec<_> = results
        .map(|result| result.unwrap())
        .filter_map(|(index, output)| Some((index, output.ok()?)))
        .collect();
    outputs.sort_unstable();
    outputs
}

#[tokio::test]
async fn the_second_run_does_what_the_first_one_did_not() {
    let (file, first, second) = (Temporary::new(), Doubler::default(), Doubler::default());
    let batch = first.step().batch_resumable(0..10, &file.0).take(4);
    assert_eq!(batch.try_collect::<Vec<_>>().await.unwrap().len(), 4);
    assert_eq!(file.lines(), 4);

    assert_eq!(run(&second.step(), 0..10, &file.0).await.unwrap(), 6);
    assert_eq!(second.calls(), [4, 5, 6, 7, 8, 9]);
    assert_eq!(
        outputs(&file.0),
        (0..10).map(|n| (n as usize, 2 * n)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_finished_batch_runs_nothing_and_more_inputs_may_follow() {
    let (file, step) = (Temporary::new(), Doubler::default());
    run(&step.step(), 0..3, &file.0).await.unwrap();
    assert_eq!(run(&step.step(), 0..3, &file.0).await.unwrap(), 0);
    assert_eq!(run(&step.step(), 0..5, &file.0).await.unwrap(), 2);
    assert_eq!(step.calls(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn an_error_is_tried_again_unless_errors_are_kept() {
    let (file, bad, good) = (Temporary::new(), Doubler::failing([1]), Doubler::default());
    assert_eq!(run(&bad.step(), 0..3, &file.0).await.unwrap(), 3);
    let progress = BatchFile::new(&file.0).progress().unwrap();
    assert_eq!((progress.finished, progress.failed), (2, 1));

    let kept = BatchFile::new(&file.0).keep_errors(true);
    assert_eq!(run(&good.step(), 0..3, kept).await.unwrap(), 0);
    assert_eq!(run(&good.step(), 0..3, &file.0).await.unwrap(), 1);
    assert_eq!(good.calls(), [1]);
    let progress = BatchFile::new(&file.0).progress().unwrap();
    assert_eq!((progress.finished, progress.failed), (3, 0));
}

#[tokio::test]
async fn a_changed_input_is_named_behind_the_calls_in_flight() {
    let (file, step) = (Temporary::new(), Doubler::default());
    run(&step.step(), [0, 1, 2], &file.0).await.unwrap();
    let error = run(&step.step(), [0, 7, 2, 3], &file.0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let named = format!("input 1 is not the one whose result is in `{}`", file.0.display());
    assert_eq!(error.detail(), named);

    // An input that comes before the changed one is done and written.
    std::fs::write(
        &file.0,
        file.text()
            .lines()
            .skip(1)
            .fold(String::new(), |text, line| text + line + "\n"),
    )
    .unwrap();
    let results: Vec<_> = step.step().batch_resumable([0, 7], &file.0).collect().await;
    assert!(matches!(&results[..], [Ok((0, Ok(0))), Err(_)]));
    assert_eq!(file.lines(), 3);
}

#[tokio::test]
async fn a_shorter_list_is_noticed_at_its_end() {
    let (file, step) = (Temporary::new(), Doubler::default());
    run(&step.step(), 0..5, &file.0).await.unwrap();
    let error = run(&step.step(), 0..4, &file.0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error
            .detail()
            .ends_with("has a result of input 4, and there are 4 inputs"),
        "{error}"
    );
}

#[tokio::test]
async fn two_batches_cannot_write_to_one_file() {
    let (file, step) = (Temporary::new(), Doubler::default());
    let mut first = step.step().batch_resumable(0..3, &file.0);
    assert!(first.next().await.unwrap().unwrap().1.is_ok());
    let error = run(&step.step(), 0..3, &file.0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.detail().starts_with("another batch is writing to `"), "{error}");
    drop(first);
    assert_eq!(run(&step.step(), 0..3, &file.0).await.unwrap(), 2);
}

#[tokio::test]
async fn what_was_cancelled_gets_no_line() {
    let (file, token) = (Temporary::new(), CancellationToken::new());
    let stop = token.clone();
    let step = lambda(move |n: i32| {
        let stop = stop.clone();
        async move {
            if n == 2 {
                stop.cancel();
                std::future::pending::<()>().await;
            }
            n
        }
    });
    let config = RunConfig::new().cancellation(token).max_concurrency(1);
    let results: Vec<_> = step
        .batch_resumable_with(0..5, &file.0, config)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(results.iter().filter(|(_, result)| result.is_err()).count(), 3);
    assert_eq!(file.lines(), 2);
}

#[tokio::test]
async fn inputs_are_taken_as_there_is_room() {
    let (file, taken) = (Temporary::new(), Arc::new(AtomicU32::new(0)));
    let count = Arc::clone(&taken);
    let inputs = (0..1000).inspect(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let config = RunConfig::new().max_concurrency(3);
    let mut batch = Doubler::default().step().batch_resumable_with(inputs, &file.0, config);
    assert!(batch.next().await.unwrap().unwrap().1.is_ok());
    assert!(taken.load(Ordering::Relaxed) <= 4);
}
