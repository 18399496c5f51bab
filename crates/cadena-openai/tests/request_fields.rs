//! Every field that OpenAI's schema of a request has can be set, and what is set later wins.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadena_core::{Bind, ChatOptions, ErrorKind, RunnableExt, ToolChoice};
use cadena_openai::{AudioOutput, Endpoint, Modality, OpenAIOptionsExt, ServiceTier, Verbosity, WebSearch};
use serde_json::{Map, Value, json};
use support::{Canned, End, block_on, data, model};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}"#;

/// The body that OpenAI gets.
fn sent(options: ChatOptions) -> Value {
    let server = Canned::json(ANSWER);
    let llm = model(server.clone())
        .with_base_url("https://api.openai.com/v1")
        .with_endpoint(Endpoint::ChatCompletions)
        .bind(options);
    block_on(async { llm.invoke("hi").await }).unwrap();
    server.bodies().remove(0)
}

/// Members that are no options: the way in which the model is called sets them.
const OF_THE_CALL: [&str; 3] = ["messages", "stream", "stream_options"];

/// Fields of the schema without a setter, which are set by their name.
const BY_NAME: [&str; 0] = [];

/// Each field with the options that set it.
fn setters() -> BTreeMap<&'static str, ChatOptions> {
    let o = ChatOptions::new;
    let tool = || json!({"type": "function", "function": {"name": "f"}});
    let both = [Modality::Text, Modality::Audio];
    BTreeMap::from([
        ("audio", o().modalities(both).audio(AudioOutput::new("alloy", "wav"))),
        ("frequency_penalty", o().frequency_penalty(0.5)),
        (
            "function_call",
            o().functions([json!({"name": "f"})]).function_call("auto"),
        ),
        ("functions", o().functions([json!({"name": "f"})])),
        (
            "logit_bias",
            o().logit_bias(Map::from_iter([("1".to_owned(), 1.into())])),
        ),
        ("logprobs", o().logprobs(true)),
        ("max_completion_tokens", o().max_tokens(5)),
        ("max_tokens", o().extra("max_tokens", 5)),
        ("metadata", o().metadata([("k", "v")])),
        ("modalities", o().modalities([Modality::Text])),
        ("model", o().model("gpt-4o")),
        ("moderation", o().moderation(json!({"model": "omni-moderation-latest"}))),
        ("n", o().n(1)),
        (
            "parallel_tool_calls",
            o().tools(vec![tool()]).parallel_tool_calls(false),
        ),
        ("prediction", o().prediction("fn main() {}")),
        ("presence_penalty", o().presence_penalty(0.5)),
        ("prompt_cache_key", o().prompt_cache_key("k")),
        ("prompt_cache_options", o().prompt_cache_options(json!({}))),
        ("prompt_cache_retention", o().prompt_cache_retention("24h")),
        ("reasoning_effort", o().reasoning_effort("low")),
        ("response_format", o().response_format(json!({"type": "json_object"}))),
        ("safety_identifier", o().safety_identifier("u")),
        ("seed", o().seed(1)),
        ("service_tier", o().service_tier(ServiceTier::Flex)),
        ("stop", o().stop(["x"])),
        ("store", o().store(true)),
        ("temperature", o().temperature(0.5)),
        ("tool_choice", o().tools(vec![tool()]).tool_choice(ToolChoice::Required)),
        ("tools", o().tools(vec![tool()])),
        ("top_logprobs", o().logprobs(true).top_logprobs(2)),
        ("top_p", o().top_p(0.5)),
        ("user", o().user("u")),
        ("verbosity", o().verbosity(Verbosity::Low)),
        ("web_search_options", o().web_search(WebSearch::new())),
    ])
}

fn schema() -> Value {
    serde_json::from_str(&data("schemas/CreateChatCompletionRequest.json")).unwrap()
}

/// The names of the fields, also of those that a schema has from others.
fn fields(schema: &Value, part: &Value) -> BTreeSet<String> {
    let part = match part["$ref"].as_str() {
        Some(place) => schema.pointer(place.trim_start_matches('#')).unwrap(),
        None => part,
    };
    let own = part["properties"].as_object().into_iter().flatten();
    let mut names: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
    for other in part["allOf"].as_array().into_iter().flatten() {
        names.extend(fields(schema, other));
    }
    names
}

#[test]
fn every_field_of_openais_schema_has_a_setter_or_is_listed() {
    let schema = schema();
    let names = fields(&schema, &schema);
    let setters = setters();
    let known: BTreeSet<String> = setters
        .keys()
        .chain(&OF_THE_CALL)
        .chain(&BY_NAME)
        .map(|&name| name.to_owned())
        .collect();
    assert_eq!(names, known);

    let validator = jsonschema::validator_for(&schema).unwrap();
    for (field, options) in setters {
        let body = sent(options);
        assert!(body.get(field).is_some(), "{field}: {body}");
        assert!(validator.is_valid(&body), "{field}: {body}");
        // By its name it goes out as well, in place of what was set.
        let raw = ChatOptions::new().extra("logprobs", true).extra("tools", json!([{}]));
        let raw = raw
            .extra("modalities", json!(["audio"]))
            .extra(field, json!({"raw": 1}));
        if field != "modalities" {
            assert_eq!(sent(raw)[field], json!({"raw": 1}));
        }
    }
}

#[test]
fn what_is_set_later_wins_by_whatever_way_it_was_set() {
    let o = ChatOptions::new;
    let cases = [
        (
            o().extra("temperature", 0.1).temperature(0.2),
            "temperature",
            json!(0.2),
        ),
        (
            o().temperature(0.2).extra("temperature", 0.1),
            "temperature",
            json!(0.1),
        ),
        (
            o().extra("temperature", 0.1).merge(o().temperature(0.2)),
            "temperature",
            json!(0.2),
        ),
        (
            o().temperature(0.2).merge(o().extra("temperature", 0.1)),
            "temperature",
            json!(0.1),
        ),
        (
            o().extra("max_completion_tokens", 1).max_tokens(2),
            "max_completion_tokens",
            json!(2),
        ),
        (
            o().extra("max_tokens", 1).max_tokens(2),
            "max_completion_tokens",
            json!(2),
        ),
        (o().extra("extra_body", json!({"seed": 1})).seed(2), "seed", json!(2)),
        (o().seed(2).extra("extra_body", json!({"seed": 1})), "seed", json!(1)),
        (o().extra("stop", "a").stop(["b"]), "stop", json!(["b"])),
        (o().extra("n", 2).n(1), "n", json!(1)),
    ];
    for (options, field, expect) in cases {
        let body = sent(options);
        assert_eq!(body[field], expect, "{body}");
        let limits = ["max_tokens", "max_completion_tokens"].into_iter();
        assert!(limits.filter(|key| body.get(key).is_some()).count() <= 1, "{body}");
    }
}

#[test]
fn what_is_bound_later_wins_over_what_the_constructor_and_json_say() {
    let server = Canned::json(ANSWER);
    let llm = model(server.clone()).with_options(ChatOptions::new().extra("top_p", 0.1));
    let llm = llm.bind(json!({"extra_body": {"top_p": 0.2, "top_k": 1}})).unwrap();
    let llm = llm
        .bind(ChatOptions::new().top_p(0.3))
        .bind(ChatOptions::new().extra("top_k", 2));
    block_on(async { llm.invoke("hi").await }).unwrap();
    let body = &server.bodies()[0];
    assert_eq!((&body["top_p"], &body["top_k"]), (&json!(0.3), &json!(2)));
}

#[test]
fn a_named_custom_tool_is_chosen_as_one() {
    let tool = json!({"type": "custom", "custom": {"name": "sql"}});
    for choice in [ToolChoice::Name("sql".to_owned()), ToolChoice::Other("sql".into())] {
        let body = sent(ChatOptions::new().tools(vec![tool.clone()]).tool_choice(choice));
        assert_eq!(
            body["tool_choice"],
            json!({"type": "custom", "custom": {"name": "sql"}})
        );
    }
}

#[test]
fn a_request_has_its_own_query_and_it_is_not_sent_in_the_body() {
    let server = Canned::json(ANSWER);
    let llm = model(server.clone())
        .with_query("api-version", "1")
        .with_query("team", "a");
    let llm = llm.bind(json!({"extra_query": {"api-version": "2"}})).unwrap();
    block_on(async { llm.bind(ChatOptions::new().query("trace", "x y")).invoke("hi").await }).unwrap();
    let request = &server.requests()[0];
    assert_eq!(
        request.url,
        "http://test.invalid/v1/chat/completions?team=a&api-version=2&trace=x%20y"
    );
    assert_eq!(server.bodies()[0].get("extra_query"), None);
}

#[test]
fn a_request_has_its_own_timeout_whole_and_streamed() {
    let options = ChatOptions::try_from(json!({"timeout": 2.5})).unwrap();
    assert_eq!(options.timeout, Some(Duration::from_millis(2500)));
    for stream in [false, true] {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
        let server = match stream {
            true => Canned::events(event),
            false => Canned::json(""),
        };
        let llm = model(server.clone().end(End::Open)).bind(options.clone());
        let (error, took) = block_on(async {
            let begin = tokio::time::Instant::now();
            let result = match stream {
                true => futures::TryStreamExt::try_collect::<Vec<_>>(llm.stream("hi"))
                    .await
                    .map(drop),
                false => llm.invoke("hi").await.map(drop),
            };
            (result.unwrap_err(), begin.elapsed())
        });
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(
            (Duration::from_millis(2500)..Duration::from_millis(2600)).contains(&took),
            "{took:?}"
        );
        assert_eq!(
            error.partial().map(|chunk| chunk.text().into_owned()),
            stream.then(|| "Hi".to_owned())
        );
        assert_eq!(server.bodies()[0].get("timeout"), None);
    }
    assert!(ChatOptions::try_from(json!({"timeout": -1})).is_err());
}
