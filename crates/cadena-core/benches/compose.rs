//! The cost of composing, beside the same work written by hand.
//!
//! `cargo bench -p cadena-core --bench compose`. Aims: a chain of ten steps within twice ten flat boxed calls, three streaming
//! steps within one and a half times three boxed stream adapters.

use std::sync::{Arc, Mutex};

use cadena_core::{
    Chain, ChunkStream, Lambda, Listener, RunConfig, RunEvent, RunnableExt, generator, lambda, stream_fn,
};
use divan::{Bencher, black_box};
use futures::executor::block_on;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt};

fn main() {
    divan::main();
}

const CHUNKS: u64 = 1000;

type Call = Box<dyn Fn(u64) -> BoxFuture<'static, Result<u64, cadena_core::Error>> + Send + Sync>;

fn calls() -> Vec<Call> {
    let call = |n: u64| -> Call { Box::new(move |x| async move { Ok(black_box(x + n)) }.boxed()) };
    (0..10).map(call).collect()
}

fn chain(step: impl Fn(u64) -> Lambda<u64, u64>) -> Chain<u64, u64> {
    (1..10).fold(Chain::new(step(0)), |chain, n| chain.then(step(n)))
}

/// Ten boxed futures, awaited one after the other.
#[divan::bench(sample_size = 64)]
fn ten_boxed_calls_by_hand(bencher: Bencher<'_, '_>) {
    let calls = calls();
    bencher.bench(|| {
        block_on(async {
            let mut x = black_box(1);
            for call in &calls {
                x = call(x).await?;
            }
            Ok::<_, cadena_core::Error>(x)
        })
    });
}

#[divan::bench(sample_size = 64)]
fn ten_steps(bencher: Bencher<'_, '_>) {
    let chain = chain(|n| lambda(move |x: u64| black_box(x + n)));
    bencher.bench(|| block_on(chain.invoke(black_box(1u64))));
}

#[divan::bench(sample_size = 64)]
fn ten_async_steps(bencher: Bencher<'_, '_>) {
    let chain = chain(|n| lambda(move |x: u64| async move { black_box(x + n) }));
    bencher.bench(|| block_on(chain.invoke(black_box(1u64))));
}

#[derive(Default)]
struct Counter(Mutex<u64>);

impl Listener for Counter {
    fn on_event(&self, _: &RunEvent) {
        if let Ok(mut count) = self.0.lock() {
            *count += 1;
        }
    }
}

/// Eleven runs with their start and end.
#[divan::bench(sample_size = 64)]
fn ten_steps_with_a_listener(bencher: Bencher<'_, '_>) {
    let chain = chain(|n| lambda(move |x: u64| black_box(x + n)));
    let counter = Arc::new(Counter::default());
    bencher.bench(|| {
        let config = RunConfig::new().listener(Arc::<Counter>::clone(&counter));
        block_on(chain.invoke_with(black_box(1u64), config))
    });
}

fn source() -> BoxStream<'static, Result<u64, cadena_core::Error>> {
    stream::iter((0..CHUNKS).map(Ok)).boxed()
}

async fn drained(mut chunks: ChunkStream<u64>) -> u64 {
    let mut sum = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        sum += chunk;
    }
    sum
}

/// A source and three adapters, each boxed.
#[divan::bench]
fn three_boxed_adapters_by_hand(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let add = |chunks: ChunkStream<u64>| black_box(chunks.map(|chunk| Ok(black_box(chunk? + 1))).boxed());
        block_on(drained(add(add(add(black_box(source()))))))
    });
}

#[divan::bench]
fn three_streaming_steps(bencher: Bencher<'_, '_>) {
    let add = || generator::<u64, u64, _>(|chunks| chunks.map(|chunk| Ok(black_box(chunk? + 1))));
    let source = stream_fn::<u64, u64, _>(|_| stream::iter((0..CHUNKS).map(Ok)));
    let chain = source | add() | add() | add();
    bencher.bench(|| block_on(drained(chain.stream(black_box(1u64)))));
}

/// Sixteen at once, as a batch does by default.
#[divan::bench]
fn batch_of_1000(bencher: Bencher<'_, '_>) {
    let step = lambda(|x: u64| black_box(x + 1));
    bencher.bench(|| block_on(step.batch(0..1000u64)));
}
