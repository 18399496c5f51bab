//! The Responses API: a stream adds up to what `invoke` returns, whatever the answer holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "support/schema.rs"]
mod schema;
#[path = "support/script.rs"]
mod script;
mod support;

use cadena_core::{AIMessage, AIMessageChunk, Bind, ChatOptions, ChatRequest, ErrorKind, RunnableExt, fold};
use cadena_http::Replay;
use cadena_openai::{ChatOpenAI, Endpoint};
use proptest::prelude::*;
use script::{Script, event, made, response};
use serde_json::{Value, json};
use support::{Canned, block_on, collect, data, model};

#[test]
fn log_probabilities_mean_the_same_as_in_chat_completions() {
    let ask = |file: &str, endpoint| {
        let replay = Replay::from_jsonl(&data(file)).unwrap();
        let llm = ChatOpenAI::new("gpt-4o-mini")
            .with_endpoint(endpoint)
            .with_transport(replay);
        let llm = llm.bind(ChatOptions::new().logprobs(true));
        block_on(async {
            let whole = llm.invoke(("human", "how are you today")).await.unwrap();
            let folded = fold::<AIMessage>(llm.stream(("human", "how are you today")))
                .await
                .unwrap()
                .unwrap();
            let (mut left, mut right) = (whole.clone(), folded);
            // Both are named after their runs, where the server does not name them.
            (left.id, right.id) = (None, None);
            assert_eq!(left, right);
            whole
        })
    };
    let chat = ask("hello.jsonl", Endpoint::ChatCompletions);
    let response = ask("responses.jsonl", Endpoint::Responses);
    assert_eq!(response.id.as_deref(), Some("resp_1"));
    assert_eq!(response.logprobs(), chat.logprobs());
    assert_eq!(response.text(), chat.text());
    let total = |message: &AIMessage| message.usage_metadata.as_ref().map(|usage| usage.total_tokens);
    assert_eq!(total(&response), total(&chat));
    assert_eq!(
        response.response_metadata.finish_reason,
        chat.response_metadata.finish_reason
    );
}

fn asked(transport: Canned) -> ChatOpenAI {
    model(transport).with_endpoint(Endpoint::Responses)
}

fn whole(body: &Value) -> AIMessage {
    block_on(async { asked(Canned::json(body.to_string())).invoke("hi").await }).unwrap()
}

fn streamed(transport: Canned) -> cadena_core::Result<AIMessage> {
    block_on(async { Ok(fold::<AIMessage>(asked(transport).stream("hi")).await?.unwrap()) })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_sum_of_the_pieces_of_a_valid_response_is_the_whole(seed in any::<u64>()) {
        let Script { body, events } = Script::in_order(seed);
        prop_assert_eq!(streamed(Canned::events(events.concat())).unwrap(), whole(&body), "{}", events.concat());
    }

    #[test]
    fn items_whose_pieces_come_mixed_add_up_to_the_whole(seed in any::<u64>()) {
        let Script { body, events } = Script::interleaved(seed);
        prop_assert_eq!(streamed(Canned::events(events.concat())).unwrap(), whole(&body), "{}", events.concat());
    }

    #[test]
    fn a_stream_that_is_cut_fails_with_the_sum_of_what_was_given(seed in any::<u64>(), cut in any::<prop::sample::Index>()) {
        let Script { events, .. } = Script::in_order(seed);
        let events = events[..cut.index(events.len())].concat();
        let (chunks, error) = block_on(collect(&asked(Canned::events(events.clone())), ChatRequest::new("hi")));
        let error = error.unwrap();
        prop_assert_eq!(error.kind(), ErrorKind::Truncated);
        let sum = (!chunks.is_empty()).then(|| {
            let mut sum: AIMessageChunk = chunks.into_iter().sum();
            sum.response_metadata.model_name = Some("gpt-4o-mini".to_owned());
            sum
        });
        prop_assert_eq!(error.partial().cloned(), sum, "{}", events);
    }

    #[test]
    fn valid_events_are_read_whatever_they_say(seed in any::<u64>()) {
        let mut body = String::new();
        for number in 0..6 {
            body += &format!("data: {}\n\n", made("ResponseStreamEvent", seed.wrapping_add(number)));
        }
        body += &event("response.completed", json!({"response": response("completed", &[])}));
        if let Err(error) = streamed(Canned::events(body.clone())) {
            // One of the events may be an error: then it is the server's.
            prop_assert!(!matches!(error.kind(), ErrorKind::Decode | ErrorKind::Truncated), "{error} for {body}");
        }
    }
}
