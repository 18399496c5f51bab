//! The cost of working with a long history: trimming, storing and reading 10,000 messages.
//!
//! `cargo bench -p cadena-core --bench messages` prints the time and the allocations, and for JSON the bytes per second.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use cadena_core::{
    AIMessage, ApproximateCounter, HumanMessage, Message, MessageKind, ToolCall, ToolMessage, TrimMessages,
    count_tokens_approximately, merge_message_runs, messages_from_dict, messages_to_dict, trim_messages,
};
use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher, black_box};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const MESSAGES: usize = 10_000;

fn main() {
    divan::main();
}

/// A conversation with an agent: a question, a call, its answer, the answer.
fn history() -> Vec<Message> {
    let message = |number: usize| -> Message {
        let id = format!("call_{}", number / 4);
        match number % 4 {
            0 => HumanMessage::new(format!("Question {number}: what is the weather like in Madrid today?")).into(),
            1 => {
                let mut message = AIMessage::new("");
                let args = json!({"city": "Madrid", "days": number})
                    .as_object()
                    .cloned()
                    .unwrap_or_default();
                message.tool_calls.push(ToolCall::new("weather", args, id));
                message.response_metadata.finish_reason = Some("tool_calls".to_owned());
                message.into()
            }
            2 => ToolMessage::new("Sunny, 31 degrees, no wind, and hardly a cloud until the evening.", id).into(),
            _ => AIMessage::new("It is sunny and 31 degrees; take water with you when you go out.").into(),
        }
    };
    (0..MESSAGES).map(message).collect()
}

fn trim(bencher: Bencher<'_, '_>, trim: &TrimMessages) {
    let history = history();
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| history.clone())
        .bench_values(|history| trim_messages(history, trim));
}

#[divan::bench]
fn trim_to_the_last_20_messages(bencher: Bencher<'_, '_>) {
    let options = TrimMessages::new(500, ApproximateCounter::new()).start_on([MessageKind::Human]);
    trim(bencher, &options);
}

#[divan::bench]
fn trim_to_the_last_9000_messages(bencher: Bencher<'_, '_>) {
    trim(bencher, &TrimMessages::new(200_000, ApproximateCounter::new()));
}

/// A counter that cannot say that it is additive is asked log n times.
#[divan::bench]
fn trim_by_a_closure_over_the_list(bencher: Bencher<'_, '_>) {
    trim(
        bencher,
        &TrimMessages::new(200_000, |messages: &[Message]| count_tokens_approximately(messages)),
    );
}

#[divan::bench]
fn count_approximately(bencher: Bencher<'_, '_>) {
    let history = history();
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .bench(|| count_tokens_approximately(black_box(&history)));
}

#[divan::bench]
fn merge_runs(bencher: Bencher<'_, '_>) {
    let history: Vec<Message> = (0..MESSAGES)
        .map(|_| "one more line of the same speaker".into())
        .collect();
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| history.clone())
        .bench_values(|history| merge_message_runs(history, &Default::default()));
}

#[divan::bench]
fn json_write(bencher: Bencher<'_, '_>) {
    let history = history();
    let bytes = serde_json::to_vec(&history).unwrap().len();
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| serde_json::to_vec(black_box(&history)));
}

#[divan::bench]
fn json_read(bencher: Bencher<'_, '_>) {
    let text = serde_json::to_vec(&history()).unwrap();
    bencher
        .counter(BytesCount::new(text.len()))
        .bench(|| serde_json::from_slice::<Vec<Message>>(black_box(&text)));
}

/// The parser alone: the same text, as values that nobody has read.
#[divan::bench]
fn json_read_as_values(bencher: Bencher<'_, '_>) {
    let text = serde_json::to_vec(&history()).unwrap();
    bencher
        .counter(BytesCount::new(text.len()))
        .bench(|| serde_json::from_slice::<Vec<Value>>(black_box(&text)));
}

#[divan::bench]
fn json_round_trip(bencher: Bencher<'_, '_>) {
    let history = history();
    let bytes = serde_json::to_vec(&history).unwrap().len();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let text = serde_json::to_vec(black_box(&history)).unwrap();
        serde_json::from_slice::<Vec<Message>>(&text)
    });
}

#[divan::bench]
fn stored_round_trip(bencher: Bencher<'_, '_>) {
    let history = history();
    let bytes = messages_to_dict(&history).to_string().len();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let text = messages_to_dict(black_box(&history)).to_string();
        let value: Value = serde_json::from_str(&text).unwrap();
        messages_from_dict::<Message>(value)
    });
}
