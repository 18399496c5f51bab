//! Where a stream ends: a whole answer is never lost to what follows it, and one that comes to nothing ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use cadena_core::{
    AIMessage, Bind, ChatModelExt, ChatOptions, ChatRequest, Choices, ErrorKind, Result, RunConfig, RunnableExt,
    async_trait, fold,
};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Timers, Transport};
use cadena_openai::{ChatOpenAI, Endpoint, OpenAICompletions};
use futures::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use support::{Canned, End, block_on, collect, model};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

const HELLO: &str = concat!(
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n",
);
const FINISH: &str = "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";

/// Noise from servers and networks after a whole answer.
const TAILS: [&str; 14] = [
    "",
    "data: [DONE]\n\n",
    "data: [DONE]\n",
    "data: [DONE]",
    "data:[DONE]\r\n",
    "data: [DONE] ",
    "event: done\ndata: [DONE]",
    ": bye\n",
    "data: [DO",
    "da",
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tok",
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tok\n\n",
    "event: x\n",
    "data: bye\n\n",
];

#[test]
fn nothing_that_follows_the_finish_reason_costs_the_answer() {
    for tail in TAILS {
        for end in [End::Clean, End::Reset, End::Open] {
            for asks_usage in [true, false] {
                let server = Canned::events(format!("{HELLO}{FINISH}{tail}")).end(end);
                let llm = model(server).with_stream_usage(asks_usage);
                let (chunks, error) = block_on(collect(&llm, ChatRequest::new("hi")));
                assert!(error.is_none(), "{tail:?} {end:?}: {error:?}");
                let message = support::fold(chunks);
                assert_eq!(message.text(), "Hello", "{tail:?} {end:?}");
                assert_eq!(message.response_metadata.finish_reason.as_deref(), Some("stop"));
            }
        }
    }
}

#[test]
fn every_choice_must_have_its_finish_reason_and_then_nothing_can_be_lost() {
    let second = HELLO.replace("\"index\":0", "\"index\":1");
    let second_finish = FINISH.replace("\"index\":0", "\"index\":1");
    for tail in TAILS {
        let ask = |body: String, end| {
            let llm = model(Canned::events(body).end(end)).bind(ChatOptions::new().n(2));
            block_on(async { fold::<Choices>(llm.all_choices().stream("hi")).await })
        };
        for end in [End::Clean, End::Reset, End::Open] {
            let choices = ask(format!("{HELLO}{second}{FINISH}{second_finish}{tail}"), end);
            let texts: Vec<_> = choices
                .unwrap()
                .unwrap()
                .into_vec()
                .iter()
                .map(|choice| choice.text().into_owned())
                .collect();
            assert_eq!(texts, ["Hello", "Hello"], "{tail:?} {end:?}");
        }
        let error = ask(format!("{HELLO}{second}{FINISH}{tail}"), End::Clean).unwrap_err();
        let garbled = tail.starts_with("data: bye") || tail.ends_with("tok\n\n");
        let kind = if garbled {
            ErrorKind::Decode
        } else {
            ErrorKind::Truncated
        };
        assert_eq!(error.kind(), kind, "{tail:?}");
    }
}

#[test]
fn a_server_that_gives_fewer_choices_ends_by_done_with_or_without_a_blank_line() {
    for tail in ["data: [DONE]\n\n", "data: [DONE]\n", "data: [DONE]"] {
        for end in [End::Clean, End::Reset] {
            let llm = model(Canned::events(format!("{HELLO}{FINISH}{tail}")).end(end)).bind(ChatOptions::new().n(2));
            let message = block_on(async { fold::<AIMessage>(llm.stream("hi")).await });
            assert_eq!(message.unwrap().unwrap().text(), "Hello", "{tail:?} {end:?}");
            let choices = block_on(async { fold::<Choices>(llm.all_choices().stream("hi")).await });
            assert_eq!(choices.unwrap().unwrap().into_vec().len(), 1, "{tail:?} {end:?}");
        }
    }
}

#[test]
fn an_answer_without_its_finish_reason_is_truncated_whatever_follows() {
    let cut = FINISH.trim_end();
    for body in [
        format!("{HELLO}{cut}"),
        format!("{HELLO}{cut}\n"),
        format!("{HELLO}data: [DONE]"),
        format!("{HELLO}data: [DONE]\n"),
        format!("{HELLO}data: [DO"),
        HELLO.to_owned(),
    ] {
        let (chunks, error) = support::stream(Canned::events(body.clone()));
        let error = error.unwrap();
        assert_eq!((error.kind(), chunks.len()), (ErrorKind::Truncated, 2), "{body}");
        assert_eq!(error.partial().unwrap().text(), "Hello");
    }
    // Whoever does not ask for finish reasons takes `[DONE]` as the end in each of its forms.
    for done in ["data: [DONE]\n\n", "data: [DONE]\n", "data: [DONE]"] {
        let llm = model(Canned::events(format!("{HELLO}{done}"))).with_finish_reason_required(false);
        let (chunks, error) = block_on(collect(&llm, ChatRequest::new("hi")));
        assert!(error.is_none(), "{done:?}: {error:?}");
        assert_eq!(support::fold(chunks).text(), "Hello");
    }
}

#[test]
fn what_the_server_reports_after_the_answer_is_heard() {
    let report = "data: {\"error\":{\"message\":\"the account is closed\",\"code\":500}}\n\n";
    let (_, error) = support::stream(Canned::events(format!("{HELLO}{FINISH}{report}")));
    let error = error.unwrap();
    assert_eq!(error.detail(), "the account is closed");
    assert_eq!(error.partial().unwrap().text(), "Hello");
}

/// A server whose body comes in pieces, each after a pause, and stays open after the last one.
#[derive(Clone, Debug)]
struct Paced(Vec<(Duration, Bytes)>);

impl Paced {
    fn new<T: Into<String>>(pieces: impl IntoIterator<Item = (u64, T)>) -> Self {
        let pieces = pieces.into_iter();
        Self(
            pieces
                .map(|(pause, text)| (SECOND * u32::try_from(pause).unwrap(), text.into().into()))
                .collect(),
        )
    }

    fn model(self) -> ChatOpenAI {
        model(Canned::json("")).with_transport(self)
    }
}

#[async_trait]
impl Transport for Paced {
    async fn send(&self, _request: HttpRequest) -> Result<StreamingResponse> {
        let pieces = stream::iter(self.0.clone()).then(|(pause, piece)| async move {
            sleep(pause).await;
            Ok(piece)
        });
        let events = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(events)
            .with_body(pieces.chain(stream::pending()).boxed()))
    }
}

#[test]
fn what_follows_the_finish_reason_gets_five_seconds_whatever_the_timers_are() {
    let whole = format!("{HELLO}{FINISH}");
    let short = Timers::default().idle(SECOND).progress(SECOND);
    for (timers, late, counted, seconds) in [
        (Timers::default(), 3, true, 5),
        (Timers::default(), 6, false, 5),
        (short, 3, true, 5),
        (short, 6, false, 5),
        // Half of what is left of the call.
        (short.total(SECOND * 8), 3, true, 4),
        (short.total(SECOND * 4), 3, false, 2),
        (Timers::default().total(SECOND * 4), 3, false, 2),
    ] {
        block_on(async {
            let started = Instant::now();
            let llm = Paced::new([(0, whole.as_str()), (late, USAGE)])
                .model()
                .with_timers(timers);
            let (chunks, error) = collect(&llm, ChatRequest::new("hi")).await;
            assert!(error.is_none(), "{timers:?}: {error:?}");
            let message = support::fold(chunks);
            assert_eq!(
                (message.text(), message.usage_metadata.is_some()),
                ("Hello".into(), counted),
                "{timers:?}"
            );
            assert_eq!(started.elapsed().as_secs(), seconds, "{timers:?}");
        });
    }
}

#[test]
fn a_whole_answer_does_not_meet_the_deadline_of_its_call() {
    let server = || Paced::new([(0, format!("{HELLO}{FINISH}"))]).model();
    block_on(async {
        let bound = server().bind(ChatOptions::new().timeout(SECOND * 2));
        assert_eq!(
            fold::<AIMessage>(bound.stream("hi")).await.unwrap().unwrap().text(),
            "Hello"
        );
        let config = RunConfig::new().timeout(SECOND * 2);
        let chunks = server().stream_with("hi", config.clone());
        assert_eq!(fold::<AIMessage>(chunks).await.unwrap().unwrap().text(), "Hello");
        let limited = server().with_timeout(SECOND * 2);
        let chunks = limited.stream("hi");
        assert_eq!(fold::<AIMessage>(chunks).await.unwrap().unwrap().text(), "Hello");
        let invoked = server().with_streaming(true).invoke_with("hi", config).await;
        assert_eq!(invoked.unwrap().text(), "Hello");
    });
}

/// Events that bring nothing, as servers send them to keep a connection alive.
const EMPTY: [&str; 8] = [
    r#"{"choices":[{"index":0,"delta":{}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}"#,
    r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}"#,
    r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":null}]}"#,
    r#"{"id":"c1","choices":[]}"#,
    r#"{"choices":[{"index":1,"delta":{"content":""}}]}"#,
    r#"{"type":"ping"}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"","reasoning_content":"","tool_calls":[]}}]}"#,
];

#[test]
fn a_stream_that_only_keeps_alive_ends_after_ten_minutes_with_what_had_come() {
    for empty in EMPTY {
        for wants_all in [false, true] {
            block_on(async {
                let started = Instant::now();
                let event = format!("data: {empty}\n\n");
                let pieces = std::iter::once((1, HELLO)).chain((0..100).map(|_| (14, event.as_str())));
                let llm = Paced::new(pieces).model().with_http_retry(RetryPolicy::default());
                let error = match wants_all {
                    true => fold::<Choices>(llm.all_choices().stream("hi")).await.unwrap_err(),
                    false => fold::<AIMessage>(llm.stream("hi")).await.unwrap_err(),
                };
                assert_eq!(error.kind(), ErrorKind::Stalled, "{empty}: {error}");
                assert_eq!(
                    error.detail(),
                    "nothing of the answer came within 600 s (timer `progress`), 44 events received"
                );
                assert_eq!(error.partial().unwrap().text(), "Hello", "{empty}");
                assert_eq!(started.elapsed().as_secs(), 601, "{empty}");
            });
        }
    }
}

#[test]
fn the_timer_of_progress_can_be_set_and_switched_off() {
    let pieces = || {
        (0..200)
            .map(|_| (14, format!("data: {}\n\n", EMPTY[0])))
            .chain([(1, format!("{HELLO}{FINISH}"))])
    };
    block_on(async {
        let never = Timers::default().progress(Duration::MAX);
        let (chunks, error) = collect(&Paced::new(pieces()).model().with_timers(never), ChatRequest::new("hi")).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(support::fold(chunks).text(), "Hello");
        let started = Instant::now();
        let short = Timers::default().progress(SECOND * 30);
        let (_, error) = collect(&Paced::new(pieces()).model().with_timers(short), ChatRequest::new("hi")).await;
        assert!(error.unwrap().detail().contains("within 30 s (timer `progress`)"));
        // The first event is there after 14 s; then the timer begins.
        assert_eq!(started.elapsed().as_secs(), 44);
    });
}

#[test]
fn a_model_that_thinks_for_nine_minutes_is_waited_for() {
    let thought = r#"data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#;
    let silent = |number: usize| (0..number).map(|_| (15, format!("data: {}\n\n", EMPTY[1])));
    let pieces = silent(36)
        .chain([(5, format!("{thought}\n\n"))])
        .chain(silent(36))
        .chain([(5, format!("{HELLO}{FINISH}{USAGE}data: [DONE]\n\n"))]);
    let (chunks, error) = block_on(collect(&Paced::new(pieces).model(), ChatRequest::new("hi")));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(support::fold(chunks).text(), "Hello");
}

#[test]
fn another_choice_that_grows_is_progress_even_if_nobody_wants_it() {
    let other = r#"data: {"choices":[{"index":1,"delta":{"content":"a"}}]}"#;
    let pieces = std::iter::once((1, HELLO.to_owned()))
        .chain((0..100).map(|_| (14, format!("{other}\n\n"))))
        .chain([(1, format!("{FINISH}{}", FINISH.replace("\"index\":0", "\"index\":1")))]);
    let llm = Paced::new(pieces).model().bind(ChatOptions::new().n(2));
    let message = block_on(async { fold::<AIMessage>(llm.stream("hi")).await });
    assert_eq!(message.unwrap().unwrap().text(), "Hello");
}

#[test]
fn the_other_endpoints_end_too() {
    block_on(async {
        let empty = r#"data: {"choices":[{"index":0,"text":"","finish_reason":null}]}"#;
        let llm = OpenAICompletions::new("m")
            .with_api_key("sk-canary-0123456789")
            .with_transport(Paced::new((0..100).map(|_| (14, format!("{empty}\n\n")))));
        let error = fold::<AIMessage>(llm.stream("hi")).await.unwrap_err();
        assert!(error.detail().contains("(timer `progress`)"), "{error}");

        for kind in ["response.in_progress", "keepalive", "response.output_text.delta"] {
            let begun = r#"data: {"type":"response.output_text.delta","item_id":"m1","output_index":0,"content_index":0,"delta":"Hel"}"#;
            let alive = format!(
                r#"data: {{"type":"{kind}","item_id":"m1","output_index":0,"content_index":0,"delta":"","response":{{"id":"r1","status":"in_progress","output":[]}}}}"#
            );
            let pieces =
                std::iter::once((1, format!("{begun}\n\n"))).chain((0..100).map(|_| (14, format!("{alive}\n\n"))));
            let llm = Paced::new(pieces).model().with_endpoint(Endpoint::Responses);
            let error = fold::<AIMessage>(llm.stream("hi")).await.unwrap_err();
            assert!(error.detail().contains("(timer `progress`)"), "{kind}: {error}");
            assert_eq!(error.partial().unwrap().text(), "Hel", "{kind}");
        }
    });
}

#[test]
fn the_content_type_of_a_stream_does_not_matter_and_a_page_is_refused() {
    let body = format!("{HELLO}{FINISH}{USAGE}data: [DONE]\n\n");
    let json = r#"{"choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    for content_type in [
        "text/plain; charset=utf-8",
        "application/octet-stream",
        "application/x-ndjson",
        "application/json",
        "text/event-stream",
        "",
    ] {
        for mark in ["", "\u{feff}", "\r\n\r\n"] {
            for body in [&body, json] {
                let server = Canned::new(content_type, [format!("{mark}{body}")]);
                let (chunks, error) = support::stream(server);
                assert!(error.is_none(), "{content_type} {mark:?}: {error:?}");
                assert_eq!(support::fold(chunks).text(), "Hello", "{content_type} {mark:?}");
            }
            let invoked = support::invoke(Canned::new(content_type, [format!("{mark}{json}")]));
            assert_eq!(invoked.unwrap().text(), "Hello", "{content_type} {mark:?}");
        }
        let (_, error) = support::stream(Canned::new(content_type, ["<html>Sign in</html>"]));
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Decode, "{content_type}");
        assert!(error.to_string().contains("Sign in"), "{error}");
    }
}
