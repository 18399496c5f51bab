//! How much memory a long batch takes: a few bytes per input, whatever the outputs are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;

use cadena_core::{BatchFile, RunnableExt, lambda};
use futures::StreamExt;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most bytes that were held at once while this ran, beyond those that were held before.
async fn held<T>(work: impl Future<Output = T>) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let value = work.await;
    (value, MEMORY.peak_usage().saturating_sub(before))
}

async fn batch(inputs: u32, path: &Path) -> (usize, usize) {
    let step = lambda(|n: u32| format!("{n:0200}"));
    held(step.batch_resumable(0..inputs, path).count()).await
}

/// One test, since another one beside it would count as its memory.
#[tokio::test]
async fn a_batch_of_100_000_inputs_holds_no_result_and_goes_on_with_four_bytes_per_input() {
    let path = std::env::temp_dir().join(format!("cadena-resumable-memory-{}", std::process::id()));
    let (done, few) = batch(1_000, &path).await;
    assert_eq!(done, 1_000);
    std::fs::remove_file(&path).unwrap();

    let (done, many) = batch(100_000, &path).await;
    assert_eq!(done, 100_000);
    assert!(std::fs::metadata(&path).unwrap().len() > 20_000_000);
    assert!(many <= few + 4096, "{many} bytes for 100,000 inputs, {few} for 1,000");

    let (done, resumed) = batch(100_000, &path).await;
    assert_eq!(done, 0);
    assert!(
        resumed <= few + 1_000_000,
        "{resumed} bytes to go on from 100,000 inputs"
    );

    let read = async { BatchFile::new(&path).results::<String>().unwrap().count() };
    let (results, reading) = held(read).await;
    assert_eq!(results, 100_000);
    assert!(reading <= 2_000_000, "{reading} bytes to read 100,000 results");
    std::fs::remove_file(&path).unwrap();
    println!("new {many} bytes (1,000 inputs: {few}), going on {resumed}, reading {reading}");
}
