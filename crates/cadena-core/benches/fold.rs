//! The cost of adding chunks: the time per chunk must not grow with the number of chunks.
//!
//! `cargo bench -p cadena-core --bench fold` prints chunks per second for each length, and the allocations.

use cadena_core::{AIMessageChunk, Logprobs, TokenLogprob, ToolCallChunk, TopLogprob};
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const LENGTHS: [usize; 3] = [200, 2_000, 20_000];

fn main() {
    divan::main();
}

fn text_chunk(_: usize) -> AIMessageChunk {
    AIMessageChunk::new(" token")
}

fn logprob_chunk(number: usize) -> AIMessageChunk {
    let top = (0..5)
        .map(|rank| TopLogprob::new(" token", -0.5 * f64::from(rank)))
        .collect();
    let token = TokenLogprob::new(" token", -0.001 * (number % 100) as f64).with_top(top);
    text_chunk(number).with_logprobs(Logprobs::content(vec![token]))
}

fn tool_chunk(number: usize) -> AIMessageChunk {
    let piece = ToolCallChunk::new(0);
    let piece = if number == 0 {
        piece.with_name("write").with_id("call_1")
    } else {
        piece.with_args("\"a\": 1, ")
    };
    AIMessageChunk::new("").with_tool_call_chunk(piece)
}

/// Chunks are made one by one, as a stream makes them: prepared ones would measure how fast memory is read.
fn fold(bencher: Bencher<'_, '_>, length: usize, chunk: fn(usize) -> AIMessageChunk) {
    bencher.counter(ItemsCount::new(length)).bench(|| {
        (0..length)
            .map(chunk)
            .fold(AIMessageChunk::default(), |full, chunk| full + chunk)
    });
}

#[divan::bench(args = LENGTHS)]
fn text(bencher: Bencher<'_, '_>, length: usize) {
    fold(bencher, length, text_chunk);
}

#[divan::bench(args = LENGTHS)]
fn logprobs_with_five_alternatives(bencher: Bencher<'_, '_>, length: usize) {
    fold(bencher, length, logprob_chunk);
}

#[divan::bench(args = LENGTHS)]
fn tool_arguments(bencher: Bencher<'_, '_>, length: usize) {
    fold(bencher, length, tool_chunk);
}
