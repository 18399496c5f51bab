//! The cost of an observed run: without an observer, with a limit, with one listener, with a reader of events.
//!
//! `cargo bench -p cadena-core --bench events`. A model answers in chunks with log probabilities, through a parser; the cost is for each chunk.

use std::sync::Arc;

use cadena_core::{
    Bind, BoxRunnable, ChatOptions, EchoModel, EventFilter, Listener, PromptValue, RunConfig, RunEvent, RunnableExt,
    StrOutputParser,
};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use futures::executor::block_on;
use futures::stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

fn main() {
    divan::main();
}

const CHUNKS: &[usize] = &[100, 1000];

fn chain() -> BoxRunnable<PromptValue, String> {
    EchoModel::new()
        .bind(ChatOptions::new().logprobs(true))
        .pipe(StrOutputParser)
        .boxed()
}

fn drained<T>(stream: impl Stream<Item = T> + Unpin) -> usize {
    block_on(stream.map(black_box).count())
}

struct Nothing;

impl Listener for Nothing {
    fn on_event(&self, event: &RunEvent) {
        black_box(event);
    }
}

fn measured<T, S: Stream<Item = T> + Unpin>(
    bencher: Bencher<'_, '_>,
    chunks: usize,
    call: impl Fn(String) -> S + Sync,
) {
    bencher
        .counter(ItemsCount::new(chunks))
        .with_inputs(|| "word ".repeat(chunks))
        .bench_values(|text| drained(call(text)));
}

#[divan::bench(args = CHUNKS)]
fn nobody_listens(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = chain();
    measured(bencher, chunks, |text| chain.stream(text));
}

/// A call that can be cancelled keeps the answer that is arriving, for the error.
#[divan::bench(args = CHUNKS)]
fn one_token(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = chain();
    let config = RunConfig::new().cancellation(CancellationToken::new());
    measured(bencher, chunks, |text| chain.stream_with(text, config.clone()));
}

/// As [`one_token`], of a model without log probabilities: each chunk is a text.
#[divan::bench(args = CHUNKS)]
fn one_token_without_logprobs(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = EchoModel::new().pipe(StrOutputParser);
    let config = RunConfig::new().cancellation(CancellationToken::new());
    measured(bencher, chunks, |text| chain.stream_with(text, config.clone()));
}

#[divan::bench(args = CHUNKS)]
fn nobody_listens_without_logprobs(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = EchoModel::new().pipe(StrOutputParser);
    measured(bencher, chunks, |text| chain.stream(text));
}

#[divan::bench(args = CHUNKS)]
fn one_listener(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = chain();
    let config = RunConfig::new().listener(Arc::new(Nothing));
    measured(bencher, chunks, |text| chain.stream_with(text, config.clone()));
}

#[divan::bench(args = CHUNKS)]
fn stream_events(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = chain();
    measured(bencher, chunks, |text| chain.stream_events(text));
}

/// The events of the parser alone, so that nothing else is written as JSON.
#[divan::bench(args = CHUNKS)]
fn stream_events_of_one_step(bencher: Bencher<'_, '_>, chunks: usize) {
    let chain = chain();
    let parser = EventFilter::new().include_name("StrOutputParser");
    measured(bencher, chunks, |text| chain.stream_events(text).only(parser.clone()));
}
