//! The cost of laying tokens over their text: the time per token must not grow with the number of tokens.
//!
//! `cargo bench -p cadena-core --bench alignment` prints tokens per second for a text that is spelt by its tokens, and for
//! tokens of another text.

use cadena_core::{Alignment, TokenLogprob};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const LENGTHS: [usize; 3] = [200, 2_000, 20_000];

fn main() {
    divan::main();
}

fn tokens(length: usize) -> Vec<TokenLogprob> {
    (0..length)
        .map(|n| TokenLogprob::new(format!(" token{}", n % 10), -0.5))
        .collect()
}

fn align(bencher: Bencher<'_, '_>, text: &str, tokens: &[TokenLogprob]) {
    bencher
        .counter(ItemsCount::new(tokens.len()))
        .bench(|| black_box(Alignment::new(text, tokens)).is_complete());
}

#[divan::bench(args = LENGTHS)]
fn the_text_of_the_tokens(bencher: Bencher<'_, '_>, length: usize) {
    let tokens = tokens(length);
    let text: String = tokens.iter().map(|token| token.token.as_str()).collect();
    align(bencher, &text, &tokens);
}

#[divan::bench(args = LENGTHS)]
fn another_text(bencher: Bencher<'_, '_>, length: usize) {
    align(bencher, &" other".repeat(length), &tokens(length));
}
