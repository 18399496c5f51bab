//! The laws that hold for every answer: equal on both paths, whatever the borders of the bytes, and never cut in silence.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod support;

use bytes::Bytes;
use cadena_core::{AIMessage, AIMessageChunk, ChatOptions, ChatRequest};
use cadena_http::sse::SseParser;
use proptest::prelude::*;
use serde_json::Value;
use support::{Canned, data, fold, stream_with, streams};

fn request(name: &str) -> ChatRequest {
    ChatRequest::new("hi").with_options(ChatOptions::new().n(if name == "n_two" { 2 } else { 1 }))
}

fn play(name: &str, chunks: Vec<Bytes>) -> (Vec<AIMessageChunk>, Option<String>) {
    let (chunks, error) = stream_with(Canned::new("text/event-stream", chunks), request(name));
    (chunks, error.map(|error| error.to_string()))
}

#[test]
fn law_1_the_sum_of_a_stream_is_what_invoke_returns() {
    let mut paired = 0;
    for (name, body) in streams() {
        let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(format!("{name}.json"));
        if !whole.exists() {
            continue;
        }
        paired += 1;
        let (chunks, error) = play(&name, vec![body.into()]);
        assert_eq!(error, None, "{name}");
        let invoked = support::invoke(Canned::json(data(&format!("{name}.json")))).unwrap();
        assert_eq!(
            without_empty_logprobs(fold(chunks)),
            without_empty_logprobs(invoked),
            "{name}"
        );
    }
    assert!(paired >= 10, "{paired}");
}

/// A stream may say `{"content": null, "refusal": null}` where the whole answer says `null`, and the other way round: the same nothing.
fn without_empty_logprobs(mut message: AIMessage) -> AIMessage {
    let logprobs = &mut message.response_metadata.logprobs;
    logprobs.take_if(|logprobs| logprobs.content.is_none() && logprobs.refusal.is_none());
    message
}

#[test]
fn law_3_every_split_in_two_gives_the_same_chunks() {
    for (name, body) in streams() {
        let body = Bytes::from(body);
        let whole = play(&name, vec![body.clone()]);
        // At every byte where lines, comments and letters of several bytes meet, at every 17th of the bodies that repeat their shape.
        let step = if matches!(name.as_str(), "crlf_and_comments" | "error_event_text" | "no_done") {
            1
        } else {
            17
        };
        for at in (1..body.len()).step_by(step) {
            let split = play(&name, vec![body.slice(..at), body.slice(at..)]);
            assert_eq!(split, whole, "{name} split at {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn law_3_any_split_gives_the_same_chunks(which in any::<prop::sample::Index>(), mut at in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let all = streams();
        let (name, body) = &all[which.index(all.len())];
        let body = Bytes::from(body.clone());
        let mut borders: Vec<usize> = at.drain(..).map(|at| at.index(body.len() + 1)).chain([0, body.len()]).collect();
        borders.sort_unstable();
        let pieces = borders.windows(2).map(|pair| body.slice(pair[0]..pair[1])).collect();
        prop_assert_eq!(play(name, pieces), play(name, vec![body]));
    }
}

/// How many bytes of a body hold the event by which the first choice finishes, the first time if it does so twice.
fn finished_at(body: &str) -> usize {
    let mut parser = SseParser::new();
    for (at, byte) in body.bytes().enumerate() {
        parser.push(Bytes::copy_from_slice(&[byte]));
        while let Some(event) = parser.next_event().unwrap() {
            let event: Value = serde_json::from_slice(event.data()).unwrap_or_default();
            for choice in event["choices"].as_array().into_iter().flatten() {
                if choice["finish_reason"].is_string() && choice["index"].as_u64().unwrap_or_default() == 0 {
                    return at + 1;
                }
            }
        }
    }
    0
}

/// An answer is whole when every choice that is given has its finish reason, which is the first one here. Before, a prefix is an error; from there on it is the answer, without
/// the count of tokens if that was to follow: there are servers that cannot count and servers that forget `[DONE]`, and whoever tries
/// again pays twice for the same text.
#[test]
fn law_4_a_prefix_is_an_error_up_to_the_finish_reason_and_the_answer_from_there_on() {
    let mut whole_bodies = 0;
    for (name, body) in streams() {
        let (chunks, error) = play(&name, vec![body.clone().into()]);
        if error.is_some() {
            continue;
        }
        whole_bodies += 1;
        let whole = fold(chunks);
        let mut without_usage = whole.clone();
        without_usage.usage_metadata = None;
        without_usage.response_metadata.token_usage = None;
        // What a server says beside the choices of that last event.
        without_usage.response_metadata.extra.remove("timings");
        let finished = finished_at(&body);
        assert!(finished > 0, "{name}");
        let borders = body.match_indices('\n').map(|(at, _)| at + 1);
        let around = finished.saturating_sub(3)..body.len();
        for at in (0..body.len())
            .step_by(5)
            .chain(borders.filter(|at| *at < body.len()))
            .chain(around)
        {
            let (chunks, error) = play(&name, vec![Bytes::from(body.clone()).slice(..at)]);
            assert_eq!(
                error.is_some(),
                at < finished,
                "{name} cut at {at} of {finished}: {error:?}"
            );
            if error.is_none() {
                let message = fold(chunks);
                assert!(message == whole || message == without_usage, "{name} cut at {at}");
            }
        }
    }
    assert!(whole_bodies >= 10, "{whole_bodies}");
}
