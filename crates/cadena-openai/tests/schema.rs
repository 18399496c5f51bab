//! Requests are valid by OpenAI's own schema, and every answer that is valid by it, somewhat relaxed, is read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "support/schema.rs"]
mod schema;
mod support;
#[path = "support/talk.rs"]
mod talk;

use std::sync::LazyLock;

use cadena_core::{
    AIMessage, Bind, ChatModelExt, ChatOptions, Choices, ErrorKind, FunctionMessage, HumanMessage, Message,
    PromptValue, RunnableExt, SystemMessage, ToolChoice, ToolMessage, fold,
};
use cadena_openai::{AudioOutput, Endpoint, Modality, OpenAIOptionsExt, ServiceTier, Verbosity, WebSearch};
use jsonschema::Validator;
use proptest::prelude::*;
use schema::Maker;
use serde_json::{Map, Value, json};
use support::{Canned, block_on, data, model};

static REQUEST: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&read("CreateChatCompletionRequest")).unwrap());
static CREATE_RESPONSE: LazyLock<Validator> = LazyLock::new(|| {
    // Two of its branches differ in nothing for a message of parts, so that one of them is enough.
    let text = data("schemas/CreateResponse.json").replace("\"oneOf\"", "\"anyOf\"");
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
});
static RESPONSE: LazyLock<Value> = LazyLock::new(|| read("CreateChatCompletionResponse"));
static EVENT: LazyLock<Value> = LazyLock::new(|| read("CreateChatCompletionStreamResponse"));

fn read(name: &str) -> Value {
    serde_json::from_str(&data(&format!("schemas/{name}.json"))).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    "[ -~é\u{1f600}\n]{0,12}"
}

fn name() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-z]{1,8}")
}

/// Parts that a user may send, in LangChain's words and in OpenAI's.
fn user_part() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        text().prop_map(Value::String),
        Just(json!({"type": "image", "url": "https://example.com/a.png"})),
        Just(json!({"type": "image", "base64": "aGk=", "mime_type": "image/png"})),
        Just(json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}})),
        Just(json!({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"})),
        Just(json!({"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "filename": "a.pdf"})),
        Just(json!({"type": "file", "file_id": "file-1"})),
        Just(json!({"type": "tool_use", "id": "1", "name": "f", "input": {}})),
        Just(json!({"type": "thinking", "thinking": "hm"})),
    ]
}

fn user_content() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::String),
        prop::collection::vec(user_part(), 0..4).prop_map(Value::Array),
    ]
}

fn answer() -> impl Strategy<Value = Message> {
    let part = prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text, "index": 0, "annotations": []})),
        text().prop_map(|text| json!({"type": "refusal", "refusal": text})),
        Just(json!({"type": "reasoning", "reasoning": "hm"})),
        Just(json!({"type": "tool_call", "name": "f", "args": {}, "id": "1"})),
    ];
    let content = prop_oneof![
        text().prop_map(Value::String),
        prop::collection::vec(part, 0..3).prop_map(Value::Array),
    ];
    let valid = (0..3_u32).prop_map(|count| -> Vec<Value> {
        let call = |number| json!({"name": "f", "args": {"a": number}, "id": format!("call_{number}")});
        (0..count).map(call).collect()
    });
    let invalid = text().prop_map(|args| json!([{"name": "g", "args": args, "id": "call_9", "error": "cut"}]));
    let kwargs = prop_oneof![
        Just(json!({})),
        text().prop_map(|refusal| json!({"refusal": refusal})),
        Just(json!({"audio": {"id": "audio_1", "data": "AAAA", "expires_at": 1, "transcript": "x"}})),
        Just(json!({"function_call": {"name": "f", "arguments": "{}"}})),
    ];
    (content, valid, prop::option::of(invalid), kwargs, name()).prop_map(|(content, valid, invalid, kwargs, name)| {
        let message = json!({"content": content, "tool_calls": valid, "invalid_tool_calls": invalid.unwrap_or(json!([])),
            "additional_kwargs": kwargs, "name": name});
        Message::from(serde_json::from_value::<AIMessage>(message).unwrap())
    })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        (user_content(), name()).prop_map(|(content, name)| {
            Message::from(serde_json::from_value::<HumanMessage>(json!({"content": content, "name": name})).unwrap())
        }),
        (text(), name()).prop_map(|(text, name)| {
            Message::from(serde_json::from_value::<SystemMessage>(json!({"content": text, "name": name})).unwrap())
        }),
        answer(),
        text().prop_map(|text| Message::from(ToolMessage::new(text, "call_1"))),
        text().prop_map(|text| Message::from(FunctionMessage::new("f", text))),
    ]
}

fn tool() -> Value {
    json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}})
}

/// Every option is set or not.
fn options() -> impl Strategy<Value = ChatOptions> {
    type Change = fn(ChatOptions) -> ChatOptions;
    const CHANGES: [Change; 31] = [
        |o| o.temperature(0.5),
        |o| o.top_p(0.9),
        |o| o.max_tokens(9),
        |o| o.stop(["a", "b"]),
        |o| o.stop([""; 0]),
        |o| o.seed(-3),
        |o| o.logprobs(true),
        |o| o.logprobs(true).top_logprobs(20),
        |o| o.n(2),
        |o| o.presence_penalty(-2.0),
        |o| o.frequency_penalty(1.5),
        |o| o.logit_bias(Map::from_iter([("17".to_owned(), (-100).into())])),
        |o| o.tools(vec![tool()]).tool_choice(ToolChoice::Required),
        |o| o.tools(vec![tool()]).tool_choice(ToolChoice::Name("f".to_owned())),
        |o| o.tools(vec![tool()]).tool_choice(ToolChoice::Other("any".into())),
        |o| o.tools(vec![tool()]).parallel_tool_calls(false),
        |o| o.response_format(json!({"type": "json_object"})),
        |o| o.reasoning_effort("low"),
        |o| {
            o.audio(AudioOutput::new("alloy", "wav"))
                .modalities([Modality::Text, Modality::Audio])
        },
        |o| o.metadata([("team", "search")]),
        |o| o.prediction("fn main() {}"),
        |o| o.prompt_cache_key("k"),
        |o| o.prompt_cache_retention("24h"),
        |o| o.safety_identifier("u"),
        |o| o.service_tier(ServiceTier::Flex),
        |o| o.store(true),
        |o| o.user("u"),
        |o| o.verbosity(Verbosity::High),
        |o| o.web_search(WebSearch::new().context_size("low")),
        |o| o.include_obfuscation(false),
        |o| o.model("o3-mini").header("x-trace", "1"),
    ];
    prop::collection::vec(any::<bool>(), CHANGES.len()).prop_map(|set| {
        let mut options = ChatOptions::new();
        for (change, _) in CHANGES.iter().zip(set).filter(|(_, set)| *set) {
            options = change(options);
        }
        options
    })
}

#[track_caller]
fn check_valid(schema: &Validator, body: &Value) {
    let errors: Vec<_> = schema
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{body:#}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_is_sent_is_valid_by_openais_schema(
        messages in prop::collection::vec(message(), 1..5),
        options in options(),
        stream in any::<bool>(),
    ) {
        // The answer does not matter: what counts is the request that it is the answer to.
        let server = Canned::json("{}");
        // Left out rather than refused, so that every mixture of options is sent as far as it can be.
        let llm = model(server.clone()).with_on_unsupported(cadena_core::OnUnsupported::Ignore).bind(options);
        let prompt = PromptValue::from(messages);
        let _ = if stream {
            block_on(async { futures::TryStreamExt::try_collect::<Vec<_>>(llm.stream(prompt)).await }).map(drop)
        } else {
            block_on(async { llm.invoke(prompt).await }).map(drop)
        };
        check_valid(&REQUEST, &server.bodies()[0]);
    }

    #[test]
    fn what_has_no_valid_form_is_refused_before_it_is_sent(
        messages in talk::conversation(),
        options in options(),
        stream in any::<bool>(),
    ) {
        let server = Canned::json("{}");
        let llm = model(server.clone())
            .with_base_url("https://api.openai.com/v1")
            .with_endpoint(Endpoint::ChatCompletions)
            .with_on_unsupported(cadena_core::OnUnsupported::Ignore)
            .bind(options);
        let prompt = PromptValue::from(messages);
        let result = if stream {
            block_on(async { futures::TryStreamExt::try_collect::<Vec<_>>(llm.stream(prompt)).await }).map(drop)
        } else {
            block_on(async { llm.invoke(prompt).await }).map(drop)
        };
        match server.bodies().first() {
            Some(body) => check_valid(&REQUEST, body),
            None => prop_assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput),
        }
    }

    #[test]
    fn a_request_of_a_response_is_valid_by_openais_schema(
        messages in prop::collection::vec(message(), 1..5),
        options in options(),
        all in any::<bool>(),
    ) {
        let own = if all {
            ChatOptions::new()
                .instructions("be brief")
                .include(["reasoning.encrypted_content"])
                .previous_response_id("resp_0")
                .reasoning_summary("auto")
                .truncation("auto")
                .tools(vec![json!({"type": "web_search"}), json!({"type": "function", "function": {"name": "f"}})])
        } else {
            ChatOptions::new()
        };
        let server = Canned::json("{}");
        let llm = model(server.clone())
            .with_base_url("https://api.openai.com/v1")
            .with_endpoint(Endpoint::Responses)
            .with_on_unsupported(cadena_core::OnUnsupported::Ignore)
            .bind(options)
            .bind(own)
            // It has a least number of tokens.
            .bind(ChatOptions::new().max_tokens(16));
        // Sound, and messages of functions, this endpoint does not know.
        let known = |message: &Message| {
            !matches!(message, Message::Function(_) | Message::Chat(_)) && !format!("{:?}", message.content()).contains("audio")
        };
        let messages: Vec<_> = messages.into_iter().filter(known).collect();
        let _ = block_on(async { llm.invoke(PromptValue::from(messages)).await });
        check_valid(&CREATE_RESPONSE, &server.bodies()[0]);
    }

    #[test]
    fn a_whole_answer_that_is_valid_is_read(seed in any::<u64>()) {
        let mut body = Maker::new(&RESPONSE, seed).value();
        let asked = number_choices(&mut body);
        let llm = model(Canned::json(body.to_string())).bind(ChatOptions::new().n(asked));
        let choices = block_on(async { llm.generate("hi").await });
        match choices {
            Ok(choices) => prop_assert_eq!(choices.len(), asked as usize),
            Err(error) => prop_assert_eq!(asked, 0, "{} for {}", error, body),
        }
    }

    #[test]
    fn a_stream_of_valid_events_is_read(seed in any::<u64>()) {
        let mut body = String::new();
        for number in 0..4 {
            let mut event = Maker::new(&EVENT, seed.wrapping_add(number)).value();
            number_choices(&mut event);
            body += &format!("data: {event}\n\n");
        }
        body += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        let llm = model(Canned::events(body.clone())).with_finish_reason_required(false);
        let sum = block_on(async { fold::<Choices>(llm.all_choices().stream("hi")).await });
        prop_assert!(matches!(&sum, Ok(Some(choices)) if !choices.is_empty()), "{sum:?} for {body}");
    }
}

/// A schema cannot say that choices are numbered from 0.
fn number_choices(body: &mut Value) -> u32 {
    let choices = body["choices"].as_array_mut().unwrap();
    for (index, choice) in choices.iter_mut().enumerate() {
        choice["index"] = index.into();
    }
    u32::try_from(choices.len()).unwrap()
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    for wrong in [
        json!({"model": "m", "messages": []}),
        json!({"model": "m", "messages": [{"role": "user", "content": []}]}),
        json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 0}),
    ] {
        assert!(!REQUEST.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn a_choice_may_have_any_index() {
    for index in [
        json!(-1),
        json!(1e30),
        json!("0"),
        json!(null),
        json!(0.0),
        json!(u64::MAX),
    ] {
        let body = json!({"choices": [{"index": index, "message": {"content": "ok"}, "finish_reason": "stop"}]});
        let message = support::invoke(Canned::json(body.to_string()));
        assert_eq!(message.unwrap().text(), "ok", "{index}");
    }
}
