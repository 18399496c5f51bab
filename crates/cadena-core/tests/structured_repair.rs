//! A structured answer that is asked for again when it cannot be read.

#![cfg(feature = "schemars")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessageChunk, Answer, Bind, ChatModelExt, ChatOptions, Error, ErrorKind, Logprobs, RetryOptions, RunConfig,
    RunnableExt, Structured, StructuredMethod, StructuredOutput, TokenLogprob, ToolCallChunk, UnparsedAnswer,
    UsageMetadata, UsageTracker, fold, schemars,
};
use cadena_testing::ScriptedModel;
use futures::TryStreamExt;
use serde_json::json;

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Offer {
    item: String,
    price: f64,
}

const RIGHT: &str = r#"{"item": "pear", "price": 1.5}"#;
const WRONG: &str = r#"{"item": "pear", "price": "cheap"}"#;
const WORSE: &str = r#"{"item": "pear", "price": "#;
const METHODS: [StructuredMethod; 2] = [StructuredMethod::JsonSchema, StructuredMethod::FunctionCalling];

/// A script with these answers, each of 10 tokens in and 5 out, in three pieces with log probabilities.
fn script(answers: &[&str], method: StructuredMethod) -> ScriptedModel {
    answers.iter().fold(ScriptedModel::new(), |model, answer| {
        model.chunks(chunks(answer, method))
    })
}

fn chunks(answer: &str, method: StructuredMethod) -> Vec<AIMessageChunk> {
    let (begin, end) = answer.split_at(answer.len() / 2);
    let piece = |text: &str| match method {
        StructuredMethod::FunctionCalling => {
            let mut call = ToolCallChunk::new(0).with_args(text);
            if text == begin {
                call = call.with_name("Offer").with_id("call_1");
            }
            AIMessageChunk::new("").with_tool_call_chunk(call)
        }
        _ => {
            let token = TokenLogprob::new(text, -0.25);
            AIMessageChunk::new(text).with_logprobs(Logprobs::content(vec![token]))
        }
    };
    let last = AIMessageChunk::new("").with_finish_reason("stop");
    vec![piece(begin), piece(end), last.with_usage(UsageMetadata::new(10, 5))]
}

fn asking(model: &ScriptedModel, method: StructuredMethod, repairs: u32) -> Structured<Offer> {
    let bound = model.bind(ChatOptions::new().logprobs(true));
    bound
        .with_structured_output::<Offer>()
        .method(method)
        .with_repair(repairs)
}

fn total(usage: Option<&UsageMetadata>) -> Option<u64> {
    usage.map(|usage| usage.total_tokens)
}

#[tokio::test]
async fn a_wrong_answer_is_asked_for_again_with_what_is_wrong_and_the_same_options() {
    for method in METHODS {
        let model = script(&[WRONG, RIGHT], method);
        let answer = asking(&model, method, 2).invoke("An offer?").await.unwrap();
        assert_eq!(answer.price, 1.5);

        let requests = model.requests();
        assert_eq!(requests.len(), 2);
        let (first, second) = (&requests[0].options, &requests[1].options);
        assert_eq!(first, second);
        assert_eq!(second.logprobs, Some(true));
        let kinds: Vec<_> = requests[1].messages.iter().map(|message| message.kind()).collect();
        match method {
            StructuredMethod::FunctionCalling => assert_eq!(kinds, ["human", "ai", "tool"]),
            _ => assert_eq!(kinds, ["human", "ai", "human"]),
        }
        let complaint = requests[1].last_text();
        assert!(complaint.starts_with("This answer could not be read: "), "{complaint}");
        assert!(complaint.contains("read: `/price`: expected f64, got "), "{complaint}");
    }
}

#[tokio::test]
async fn the_confidences_are_those_of_the_answer_that_could_be_read() {
    let model = script(&[WORSE, RIGHT], StructuredMethod::JsonSchema);
    let answer = asking(&model, StructuredMethod::JsonSchema, 1)
        .invoke("?")
        .await
        .unwrap();
    assert_eq!(answer.raw().text(), RIGHT);
    assert_eq!(answer.raw().logprobs().unwrap().tokens().count(), 2);
    assert_eq!(answer.probability("/price"), Some((-0.25_f64).exp()));
}

#[tokio::test]
async fn the_usage_of_the_answer_is_the_sum_over_all_tries_and_a_tracker_sees_each() {
    let method = StructuredMethod::JsonSchema;
    let tracker = UsageTracker::new();
    let model = script(&[WRONG, WORSE, RIGHT], method);
    let config = RunConfig::new().listener(tracker.clone());
    let answer = asking(&model, method, 2).invoke_with("?", config).await.unwrap();
    assert_eq!(total(answer.raw().usage_metadata.as_ref()), Some(45));
    assert_eq!((tracker.calls(), tracker.total().total_tokens), (3, 45));
}

#[tokio::test]
async fn without_repairs_the_model_is_asked_once() {
    let model = script(&[WRONG, RIGHT], StructuredMethod::JsonSchema);
    let error = model.with_structured_output::<Offer>().invoke("?").await.unwrap_err();
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Parse, 1));
}

#[tokio::test]
async fn after_the_last_repair_the_error_is_about_the_last_answer_and_carries_it() {
    for method in METHODS {
        let whole = asking(&script(&[WRONG, WRONG, WORSE, RIGHT], method), method, 2);
        let whole = whole.invoke("?").await.unwrap_err();
        let model = script(&[WRONG, WRONG, WORSE, RIGHT], method);
        let streamed = fold::<Answer<Offer>>(asking(&model, method, 2).stream("?"));
        let streamed = streamed.await.unwrap_err();
        assert_eq!(model.remaining(), 1);
        assert_eq!(whole.to_string(), streamed.to_string());
        for error in [whole, streamed] {
            assert_eq!(error.kind(), ErrorKind::Parse);
            assert!(error.detail().ends_with("; asked again 2 times"), "{error}");
            let unparsed = error.downcast_source_ref::<UnparsedAnswer>().unwrap();
            assert_eq!(unparsed.text(), WORSE);
            assert_eq!(total(error.partial().unwrap().usage_metadata.as_ref()), Some(45));
        }
    }
}

#[tokio::test]
async fn stream_merges_to_what_invoke_returns() {
    let scripts: [&[&str]; 5] = [
        &[RIGHT],
        &[WRONG, RIGHT],
        &[WORSE, RIGHT],
        &["No.", WRONG, RIGHT],
        &["", RIGHT],
    ];
    for method in METHODS {
        for answers in scripts {
            let whole = asking(&script(answers, method), method, 2).invoke("?").await.unwrap();
            let chunks = asking(&script(answers, method), method, 2).stream("?");
            let streamed = fold::<Answer<Offer>>(chunks).await.unwrap().unwrap();
            assert_eq!(streamed, whole, "{method:?} {answers:?}");

            let whole = asking(&script(answers, method), method, 2)
                .include_raw()
                .invoke("?")
                .await;
            let whole = whole.unwrap().into_parsed().unwrap();
            let chunks = asking(&script(answers, method), method, 2).include_raw().stream("?");
            let streamed = fold::<StructuredOutput<Offer>>(chunks).await.unwrap().unwrap();
            assert_eq!(streamed.into_parsed().unwrap(), whole, "raw, {method:?} {answers:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_shows_each_answer_and_numbers_it() {
    let model = script(&[WORSE, RIGHT], StructuredMethod::JsonSchema);
    let chunks = asking(&model, StructuredMethod::JsonSchema, 1).stream("?");
    let chunks: Vec<_> = chunks.try_collect().await.unwrap();
    let attempts: Vec<_> = chunks.iter().map(|chunk| (chunk.attempt(), chunk.is_last())).collect();
    assert_eq!(attempts.first(), Some(&(1, false)));
    assert_eq!(attempts.last(), Some(&(2, true)));
    assert!(attempts.is_sorted(), "{attempts:?}");
    assert_eq!(attempts.iter().filter(|(_, last)| *last).count(), 1);
}

#[tokio::test]
async fn include_raw_keeps_the_error_of_the_last_answer_as_a_value() {
    let method = StructuredMethod::JsonSchema;
    let llm = asking(&script(&[WRONG, WORSE], method), method, 1).include_raw();
    let output = llm.invoke("?").await.unwrap();
    assert_eq!(output.raw().text(), WORSE);
    assert_eq!(total(output.raw().usage_metadata.as_ref()), Some(30));
    let error = output.parsed().unwrap_err();
    assert!(error.detail().ends_with("; asked again once"), "{error}");
}

#[tokio::test]
async fn an_answer_that_was_refused_or_cut_off_is_not_asked_for_again() {
    let mut refused = AIMessageChunk::new("");
    refused.additional_kwargs.insert("refusal", "I had rather not.");
    let cut = AIMessageChunk::new(WORSE).with_finish_reason("length");
    for (chunk, kind) in [(refused, ErrorKind::Refused), (cut, ErrorKind::Truncated)] {
        let model = ScriptedModel::new().chunks([chunk]).say(RIGHT);
        let llm = asking(&model, StructuredMethod::JsonSchema, 2);
        assert_eq!(llm.invoke("?").await.unwrap_err().kind(), kind);
        assert_eq!(model.remaining(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_later_call_keeps_the_last_answer_and_a_retry_begins_anew() {
    let limited = || Error::new(ErrorKind::RateLimited, "slow down");
    let method = StructuredMethod::JsonSchema;
    let model = script(&[WRONG], method).fail(limited);
    let error = asking(&model, method, 2).invoke("?").await.unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::RateLimited, "slow down"));
    let partial = error.partial().unwrap();
    assert_eq!(
        (partial.text().as_ref(), total(partial.usage_metadata.as_ref())),
        (WRONG, Some(15))
    );

    let model = script(&[WRONG], method).fail(limited).say(RIGHT);
    let retries = RetryOptions::new().max_attempts(2);
    let answer = asking(&model, method, 2).with_retry(retries).invoke("?").await.unwrap();
    assert_eq!(answer.price, 1.5);
    assert_eq!(model.requests()[2].messages.len(), 1);
}

#[tokio::test]
async fn a_fallback_answers_when_the_repairs_are_used_up() {
    let method = StructuredMethod::JsonSchema;
    let (first, second) = (script(&[WRONG, WRONG], method), script(&[RIGHT], method));
    let llm = asking(&first, method, 1).with_fallbacks([asking(&second, method, 1)]);
    assert_eq!(llm.invoke("?").await.unwrap().price, 1.5);
    assert_eq!((first.remaining(), second.remaining()), (0, 0));
}

#[tokio::test]
async fn an_answer_that_calls_another_tool_has_each_call_answered() {
    let wandering = ScriptedModel::new().calls([("search", json!({})), ("search", json!("?"))]);
    let model = wandering.chunks(chunks(RIGHT, StructuredMethod::JsonSchema));
    asking(&model, StructuredMethod::JsonSchema, 1)
        .invoke("?")
        .await
        .unwrap();
    let asked = &model.requests()[1].messages;
    let kinds: Vec<_> = asked.iter().map(|message| message.kind()).collect();
    assert_eq!(kinds, ["human", "ai", "tool", "tool"]);
    assert!(asked[3].text().contains("the model called a tool instead of answering"));
}

#[tokio::test]
async fn a_repair_is_kept_by_whatever_is_set_after_it() {
    let method = StructuredMethod::JsonSchema;
    let model = script(&[WRONG, RIGHT], method);
    let llm = model.with_structured_output::<Offer>().with_repair(1);
    let llm = llm
        .method(method)
        .name("offer")
        .strict(false)
        .bind(ChatOptions::new().seed(7));
    assert_eq!(llm.typed::<Offer>().invoke("?").await.unwrap().price, 1.5);
}
