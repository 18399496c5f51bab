//! Logarithms that JSON cannot write, on every path by which they come: minus infinity stays minus infinity, and no value is no value.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{
    AIMessage, Bind, ChatModelExt, ChatOptions, Choices, Message, RunnableExt, fold, messages_from_dict,
    messages_to_dict,
};
use cadena_http::RetryPolicy;
use cadena_openai::{Endpoint, OpenAICompletions};
use serde_json::Value;
use support::{Canned, block_on, model};

/// A logarithm as a server writes it, and its value.
const WRITTEN: [(&str, Option<f64>); 18] = [
    ("-0.5", Some(-0.5)),
    (r#""-0.5""#, Some(-0.5)),
    ("0", Some(0.0)),
    ("null", Some(f64::NEG_INFINITY)),
    (r#""-inf""#, Some(f64::NEG_INFINITY)),
    (r#""-Infinity""#, Some(f64::NEG_INFINITY)),
    (r#""-1e400""#, Some(f64::NEG_INFINITY)),
    ("-Infinity", Some(f64::NEG_INFINITY)),
    ("-inf", Some(f64::NEG_INFINITY)),
    ("-1e400", Some(f64::NEG_INFINITY)),
    ("NaN", None),
    ("nan", None),
    ("Infinity", None),
    (r#""NaN""#, None),
    (r#""nan""#, None),
    (r#""inf""#, None),
    (r#""""#, None),
    (r#""unknown""#, None),
];

/// The token of each message, which is its text, and what is known of it.
#[track_caller]
fn check(message: &AIMessage, logprob: Option<f64>, came: &str) {
    assert_eq!(message.text(), "Hi", "{came}");
    let logprobs = message.logprobs().unwrap();
    let [token] = logprobs.content.as_deref().unwrap() else {
        unreachable!("{came}: {logprobs:?}")
    };
    assert_eq!((token.token.as_str(), token.known_logprob()), ("Hi", logprob), "{came}");
    assert!(message.alignment().unwrap().is_exact(), "{came}");
    assert_eq!(logprobs.perplexity(), logprob.map(|logprob| (-logprob).exp()), "{came}");
    assert!(
        !logprobs.sum().is_nan() && !logprobs.joint_probability().is_nan(),
        "{came}"
    );
    // The message is equal to itself, and JSON keeps it, in whatever form.
    assert_eq!(message, &message.clone(), "{came}");
    let stored = messages_to_dict(&[message.clone().into()]).to_string();
    let read: Vec<Message> = messages_from_dict(serde_json::from_str::<Value>(&stored).unwrap()).unwrap();
    assert_eq!(read, [Message::from(message.clone())], "{came}: {stored}");
}

/// Both forms of a choice with one token: a whole one and the event of a stream.
fn answers(member: &str, choice: &str) -> [Canned; 2] {
    let answer = format!(r#"{{"choices":[{choice}]}}"#);
    let event = answer.replace(r#""message""#, &format!("{member:?}"));
    [
        Canned::json(answer),
        Canned::events(format!("data: {event}\n\ndata: [DONE]\n\n")),
    ]
}

fn in_lists(logprob: &str) -> String {
    format!(r#"{{"tokens":["Hi"],"token_logprobs":[{logprob}],"top_logprobs":[{{"Hi":{logprob},"Ho":-2}}]}}"#)
}

fn in_objects(logprob: &str) -> String {
    format!(
        r#"{{"content":[{{"token":"Hi","logprob":{logprob},"top_logprobs":[{{"token":"Hi","logprob":{logprob}}}]}}]}}"#
    )
}

#[test]
fn a_logarithm_is_what_the_server_wrote_whole_streamed_and_in_every_choice() {
    for (written, logprob) in WRITTEN {
        for logprobs in [in_objects(written), in_lists(written)] {
            // In lists, a null is what nobody computed.
            let logprob = logprob.filter(|_| !(written == "null" && logprobs.contains("token_logprobs")));
            let of = |index: u8| {
                format!(
                    r#"{{"index":{index},"message":{{"content":"Hi"}},"logprobs":{logprobs},"finish_reason":"stop"}}"#
                )
            };
            let [whole, streamed] = answers("delta", &of(0));
            let message = block_on(async { model(whole).invoke("hi").await }).unwrap();
            check(&message, logprob, &format!("{logprobs}, whole"));
            let folded = block_on(fold::<AIMessage>(model(streamed).stream("hi")))
                .unwrap()
                .unwrap();
            check(&folded, logprob, &format!("{logprobs}, streamed"));
            let both = format!("{},{}", of(1), of(0));
            let [whole, streamed] = answers("delta", &both);
            let two = ChatOptions::new().n(2);
            let choices = block_on(async { model(whole).bind(two.clone()).generate("hi").await }).unwrap();
            let streamed = block_on(fold::<Choices>(model(streamed).bind(two).all_choices().stream("hi"))).unwrap();
            for choice in choices.into_vec().into_iter().chain(streamed.unwrap().into_vec()) {
                check(&choice, logprob, &format!("{logprobs}, one of two"));
            }
        }
    }
}

#[test]
fn the_older_completions_read_logarithms_the_same_way() {
    for (written, logprob) in WRITTEN.into_iter().filter(|(written, _)| *written != "null") {
        let choice = format!(
            r#"{{"index":0,"text":"Hi","logprobs":{},"finish_reason":"stop"}}"#,
            in_lists(written)
        );
        let [whole, streamed] = answers("text", &choice);
        let llm = |server: Canned| {
            OpenAICompletions::new("davinci-002")
                .with_api_key("sk-canary-0123456789")
                .with_base_url("http://test.invalid/v1")
                .with_http_retry(RetryPolicy::none())
                .with_transport(server)
        };
        let message = block_on(async { llm(whole).invoke("hi").await }).unwrap();
        check(&message, logprob, written);
        let folded = block_on(fold::<AIMessage>(llm(streamed).stream("hi")))
            .unwrap()
            .unwrap();
        check(&folded, logprob, written);
    }
}

#[test]
fn the_responses_api_reads_logarithms_the_same_way() {
    for (written, logprob) in WRITTEN {
        let tokens =
            format!(r#"[{{"token":"Hi","logprob":{written},"top_logprobs":[{{"token":"Hi","logprob":{written}}}]}}]"#);
        let whole = format!(
            r#"{{"id":"r","status":"completed","output":[{{"type":"message","id":"m","content":[{{"type":"output_text","text":"Hi","logprobs":{tokens}}}]}}]}}"#
        );
        let delta = format!(
            r#"{{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"Hi","logprobs":{tokens}}}"#
        );
        let ended = format!(r#"{{"type":"response.completed","response":{whole}}}"#);
        let llm = |server: Canned| model(server).with_endpoint(Endpoint::Responses);
        let message = block_on(async { llm(Canned::json(whole.clone())).invoke("hi").await }).unwrap();
        check(&message, logprob, written);
        let server = Canned::events(format!("data: {delta}\n\ndata: {ended}\n\n"));
        let folded = block_on(fold::<AIMessage>(llm(server).stream("hi"))).unwrap().unwrap();
        check(&folded, logprob, written);
        // What had arrived when the stream breaks.
        let error = block_on(fold::<AIMessage>(
            llm(Canned::events(format!("data: {delta}\n\n"))).stream("hi"),
        ))
        .unwrap_err();
        let partial = error.partial().unwrap().logprobs().unwrap().content.as_ref().unwrap();
        assert_eq!(partial[0].known_logprob(), logprob, "{written}");
    }
}
