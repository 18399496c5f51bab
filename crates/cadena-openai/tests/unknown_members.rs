//! A server may say more than anybody knows: an unknown member of any type, anywhere in an answer, changes nothing but the metadata that keeps it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{AIMessage, Bind, ChatModelExt, ChatOptions, Choices, RunnableExt, fold};
use cadena_openai::{ChatOpenAI, Endpoint};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{Canned, block_on, data, model};

/// The unknown member.
const NEW: &str = "x_new";

/// Bodies of whole answers that were recorded, and of a made one that has every member.
fn bodies() -> Vec<Value> {
    let recorded = [
        "cumulative_usage",
        "llamacpp",
        "n_two",
        "openai_empty_first",
        "refusal",
        "tool_call_cut",
    ];
    let recorded = recorded
        .into_iter()
        .map(|name| serde_json::from_str(&data(&format!("{name}.json"))).unwrap());
    let made = json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": "f", "service_tier": "default",
        "choices": [
            {"index": 0, "finish_reason": "tool_calls", "logprobs": {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [
                {"token": "a", "logprob": -0.5, "bytes": [97]}]}], "refusal": null},
             "message": {"role": "assistant", "content": "a", "refusal": null, "reasoning_content": "hm", "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
                "tool_calls": [{"id": "k1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]}},
            {"index": 1, "finish_reason": "stop", "message": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "b"}]}},
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}},
    });
    recorded.chain([made]).collect()
}

/// Events of streams that were recorded, and whether they are those of the Responses API.
fn streams() -> Vec<(Vec<Value>, bool)> {
    let names = [
        "azure_first",
        "content_then_refusal",
        "llamacpp",
        "n_two",
        "refusal",
        "tool_calls_null_logprobs",
        "top_logprobs",
    ];
    let chat = names
        .into_iter()
        .map(|name| (events(&data(&format!("{name}.txt"))), false));
    let responses = data("responses.jsonl");
    let responses: String = responses
        .lines()
        .filter_map(|line| {
            Some(
                serde_json::from_str::<Value>(line)
                    .unwrap()
                    .get("chunk")?
                    .as_str()?
                    .to_owned(),
            )
        })
        .filter(|chunk| chunk.starts_with("event: "))
        .collect();
    chat.chain([(events(&responses), true)]).collect()
}

fn events(body: &str) -> Vec<Value> {
    let events = body.lines().filter_map(|line| line.strip_prefix("data:"));
    events.filter_map(|event| serde_json::from_str(event).ok()).collect()
}

/// How many objects there are in a value, in the order in which `add` counts them.
fn objects(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(objects).sum(),
        Value::Object(members) => 1 + members.values().map(objects).sum::<usize>(),
        _ => 0,
    }
}

/// Adds the member to one of the objects, at its start or its end.
fn add(value: &mut Value, at: &mut usize, new: &Value, in_front: bool) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| add(value, at, new, in_front)),
        Value::Object(members) => {
            if *at == 0 {
                let old = std::mem::take(members);
                let new = Map::from_iter([(NEW.to_owned(), new.clone())]);
                let (front, back) = if in_front {
                    (new, old.clone())
                } else {
                    (old.clone(), new)
                };
                members.extend(front.into_iter().chain(back));
                *at = usize::MAX;
                return;
            }
            *at = at.saturating_sub(1);
            members.values_mut().for_each(|value| add(value, at, new, in_front));
        }
        _ => {}
    }
}

/// Takes the member out, wherever it is kept, and every object that is empty, as one may have held nothing else.
fn without(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(without),
        Value::Object(members) => {
            members.values_mut().for_each(without);
            members.retain(|key, value| key != NEW && !value.as_object().is_some_and(Map::is_empty));
        }
        _ => {}
    }
}

fn dump(messages: impl IntoIterator<Item = AIMessage>) -> Value {
    let dump = |mut message: AIMessage| {
        message.id.take_if(|id| id.starts_with("lc_run-"));
        let mut dump = serde_json::to_value(message).unwrap();
        without(&mut dump);
        dump
    };
    messages.into_iter().map(dump).collect()
}

fn choices_of(value: &Value) -> u32 {
    let indices = value["choices"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|choice| choice["index"].as_u64());
    u32::try_from(indices.max().unwrap_or(0) + 1).unwrap()
}

fn invoked(body: &Value) -> Value {
    let llm = model(Canned::json(body.to_string())).bind(ChatOptions::new().n(choices_of(body)));
    dump(block_on(llm.generate("hi")).unwrap().into_vec())
}

fn streamed(events: &[Value], responses: bool) -> Value {
    let lines = events.iter().map(|event| format!("data: {event}\n\n"));
    played(
        lines.chain(["data: [DONE]\n\n".to_owned()]).collect(),
        choices_in(events),
        responses,
    )
}

fn choices_in(events: &[Value]) -> u32 {
    events.iter().map(choices_of).max().unwrap_or(1)
}

fn played(body: String, n: u32, responses: bool) -> Value {
    let asked: ChatOpenAI = model(Canned::events(body));
    if responses {
        let llm = asked.with_endpoint(Endpoint::Responses);
        return dump(block_on(async { fold::<AIMessage>(llm.stream("hi")).await }).unwrap());
    }
    let llm = asked.bind(ChatOptions::new().n(n)).all_choices();
    let choices = block_on(async { fold::<Choices>(llm.stream("hi")).await });
    dump(choices.unwrap().unwrap_or_default().into_vec())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no other", |number| number.is_finite())
            .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        // Words that mean something elsewhere.
        prop::sample::select(vec!["stop", "length", "error", "[DONE]", "tool_calls"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(
                (
                    prop::sample::select(vec!["choices", "error", "usage", "content", "index", "a"]),
                    inner
                ),
                0..4
            )
            .prop_map(|members| Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_whole_answer_with_an_unknown_member_says_the_same(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in json_value(), in_front in any::<bool>(),
    ) {
        let all = bodies();
        let body = &all[which.index(all.len())];
        let mut changed = body.clone();
        add(&mut changed, &mut at.index(objects(body)), &new, in_front);
        prop_assert_eq!(invoked(&changed), invoked(body), "{}", changed);
    }

    #[test]
    fn a_stream_with_an_unknown_member_says_the_same(
        which in any::<prop::sample::Index>(), event in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        new in json_value(), in_front in any::<bool>(),
    ) {
        let all = streams();
        let (events, responses) = &all[which.index(all.len())];
        let mut changed = events.clone();
        let event = &mut changed[event.index(events.len())];
        add(event, &mut at.index(objects(event)), &new, in_front);
        prop_assert_eq!(streamed(&changed, *responses), streamed(events, *responses), "{}", Value::from(changed.clone()));
    }

    #[test]
    fn a_member_that_stands_in_every_event_is_kept_once(which in any::<prop::sample::Index>(), new in json_value()) {
        let all = streams();
        let (events, responses) = &all[which.index(all.len())];
        let mut changed = events.clone();
        changed.iter_mut().for_each(|event| add(event, &mut 0, &new, false));
        prop_assert_eq!(streamed(&changed, *responses), streamed(events, *responses));
        if !responses {
            let kept = kept_beside_choices(&changed);
            prop_assert_eq!(kept, new);
        }
    }
}

/// The member as the metadata of the first choice keeps it.
fn kept_beside_choices(events: &[Value]) -> Value {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let (chunks, error) = support::stream(Canned::events(body));
    assert!(error.is_none(), "{error:?}");
    let message = support::fold(chunks);
    message.response_metadata.extra.get(NEW).cloned().unwrap_or_default()
}

/// JSON that a strict reader refuses, as the value of an unknown member.
#[test]
fn a_broken_member_costs_nothing_else() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let broken = [
        "NaN",
        "-Infinity",
        "-1e400",
        r#""\ud83d""#,
        r#"{"\ude00":1}"#,
        "\"\t\"",
        deep.as_str(),
        r#"[{"a":None}]"#,
    ];
    for (events, responses) in streams() {
        let expected = streamed(&events, responses);
        for broken in broken {
            for at in 0..events.len() {
                let lines = events.iter().enumerate().map(|(place, event)| {
                    let event = event.to_string();
                    match place == at {
                        true => format!("data: {},\"{NEW}\":{broken}}}\n\n", &event[..event.len() - 1]),
                        false => format!("data: {event}\n\n"),
                    }
                });
                let body: String = lines.chain(["data: [DONE]\n\n".to_owned()]).collect();
                assert_eq!(
                    played(body, choices_in(&events), responses),
                    expected,
                    "{broken} in event {at}"
                );
            }
        }
    }
    for body in bodies() {
        let text = body.to_string();
        for broken in broken {
            let changed = format!("{{\"{NEW}\":{broken},{}", &text[1..]);
            let llm = model(Canned::json(changed)).bind(ChatOptions::new().n(choices_of(&body)));
            assert_eq!(
                dump(block_on(llm.generate("hi")).unwrap().into_vec()),
                invoked(&body),
                "{broken}"
            );
        }
    }
}
