//! How many bytes per second of JSON are read, in pieces as a model writes them and at once.
//!
//! `cargo bench -p cadena-core --bench partial_json`

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use cadena_core::json::{PartialJson, PartialJsonMarkdown, parse_partial_json};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// About 100 KB of what tools are called with: short strings, some numbers, one long text.
fn text() -> String {
    let row = |n: usize| {
        json!({
            "id": n,
            "name": format!("item number {n}"),
            "tags": ["red", "a \"quoted\" one", "café"],
            "score": 0.125 * n as f64,
            "place": {"lat": 40.4168, "lon": -3.7038, "checked": n.is_multiple_of(2), "note": null},
        })
    };
    let rows: Vec<_> = (0..500).map(row).collect();
    json!({"rows": rows, "text": "All work and no play makes a dull boy.\n".repeat(600)}).to_string()
}

fn pieces(text: &str, bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let cut = (bytes..=rest.len())
            .find(|at| rest.is_char_boundary(*at))
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[divan::bench(args = [1, 4, 16, 1024])]
fn pieces_of(bencher: Bencher<'_, '_>, bytes: usize) {
    let text = text();
    let pieces = pieces(&text, bytes);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut json = PartialJson::new();
        for piece in &pieces {
            json.push(piece).unwrap();
            black_box(json.value());
        }
        json
    });
}

/// The text is no JSON at all, and its brackets open and close.
#[divan::bench]
fn prose_in_pieces_of_4(bencher: Bencher<'_, '_>) {
    let text = "no JSON, but [prose] ".repeat(5000);
    let pieces = pieces(&text, 4);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut json = PartialJsonMarkdown::new();
        for piece in &pieces {
            json.push(piece).unwrap();
            black_box(json.value());
        }
        json
    });
}

#[divan::bench]
fn at_once(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| parse_partial_json(&text));
}

#[divan::bench]
fn at_once_by_serde_json(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| serde_json::from_str::<Value>(&text));
}
