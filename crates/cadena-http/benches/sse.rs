//! The parser is linear in the bytes: the time per byte is the same for long and short streams, and for long and short events,
//! whatever the chunks. Run: `cargo bench -p cadena-http`.

use bytes::Bytes;
use cadena_http::sse::SseParser;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

/// The sizes of chunks; 0 is the whole stream at once.
const CHUNKS: [usize; 3] = [1, 64, 0];

fn main() {
    divan::main();
}

/// Many events of 300 bytes, as a model streams them: 64 KiB, and 16 times as many.
#[divan::bench(args = CHUNKS, consts = [64, 1024])]
fn short_events<const KIB: usize>(bencher: Bencher<'_, '_>, chunk: usize) {
    let event = format!("data: {}\r\n\r\n", "x".repeat(290));
    run(bencher, event.repeat((KIB << 10) / event.len()), chunk);
}

/// One event of one line: 64 KiB, and 16 times as long.
#[divan::bench(args = CHUNKS, consts = [64, 1024])]
fn one_long_event<const KIB: usize>(bencher: Bencher<'_, '_>, chunk: usize) {
    run(bencher, format!("data: {}\n\n", "x".repeat(KIB << 10)), chunk);
}

/// One event of many short lines.
#[divan::bench(args = CHUNKS, consts = [64, 1024])]
fn one_event_of_many_lines<const KIB: usize>(bencher: Bencher<'_, '_>, chunk: usize) {
    run(bencher, "data: x\n".repeat((KIB << 10) / 8) + "\n", chunk);
}

fn run(bencher: Bencher<'_, '_>, text: String, chunk: usize) {
    let whole = Bytes::from(text);
    let chunk = if chunk == 0 { whole.len() } else { chunk };
    bencher.counter(BytesCount::new(whole.len())).bench(|| {
        let mut parser = SseParser::new();
        let mut rest = whole.clone();
        let mut data = 0;
        while !rest.is_empty() {
            parser.push(rest.split_to(chunk.min(rest.len())));
            while let Ok(Some(event)) = parser.next_event() {
                data += black_box(event.data()).len();
            }
        }
        data
    });
}
