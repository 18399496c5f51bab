//! Options in JSON and by setter: what is sent, what is taken out again, what is refused when it is bound.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{
    Bind, BindTools, CacheKey, ChatModel, ChatOptions, ChatRequest, ErrorKind, OptionName, RunnableExt, ToolChoice,
    ToolOptions, tool_fn,
};
use cadena_openai::{ChatOpenAI, Endpoint, OpenAICompletions};
use futures::StreamExt;
use serde_json::{Value, json};
use support::{Canned, block_on, model};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}"#;
const RESPONSE: &str = r#"{"id":"r","object":"response","status":"completed","output":[{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"ok"}]}]}"#;

fn endpoint(server: &Canned, endpoint: Endpoint) -> ChatOpenAI {
    model(server.clone())
        .with_base_url("https://api.openai.com/v1")
        .with_endpoint(endpoint)
}

/// The option as it is sent over both endpoints, whatever was set below.
fn sent(name: &str, below: &ChatOptions, bound: &[Value]) -> [Value; 2] {
    [(Endpoint::ChatCompletions, ANSWER), (Endpoint::Responses, RESPONSE)].map(|(of, answer)| {
        let server = Canned::json(answer);
        let llm = endpoint(&server, of).with_options(below.clone());
        let options = bound.iter().fold(ChatOptions::new(), |options, bound| {
            options.merge(ChatOptions::try_from(bound.clone()).unwrap())
        });
        block_on(async { llm.bind(options).invoke("hi").await }).unwrap();
        server.bodies().remove(0)[name].clone()
    })
}

fn tools() -> Vec<Value> {
    vec![json!({"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}})]
}

#[test]
fn the_choice_of_a_tool_is_langchains() {
    let below = ChatOptions::new().tools(tools());
    let named = json!({"type": "function", "function": {"name": "add"}});
    let flat = json!({"type": "function", "name": "add"});
    for (choice, chat, responses) in [
        (json!(false), json!(null), json!(null)),
        (json!(null), json!(null), json!(null)),
        (json!(""), json!(null), json!(null)),
        (json!(true), json!("required"), json!("required")),
        (json!("any"), json!("required"), json!("required")),
        (json!("required"), json!("required"), json!("required")),
        (json!("auto"), json!("auto"), json!("auto")),
        (json!("none"), json!("none"), json!("none")),
        (json!("add"), named.clone(), flat.clone()),
        (named.clone(), named.clone(), flat.clone()),
    ] {
        for below in [below.clone(), below.clone().tool_choice("add")] {
            let got = sent("tool_choice", &below, &[json!({"tool_choice": choice})]);
            assert_eq!(got, [chat.clone(), responses.clone()], "{choice}");
        }
    }
    for choice in [json!(5), json!([]), json!(1.5)] {
        let error = ChatOptions::try_from(json!({"tool_choice": choice})).unwrap_err();
        assert!(error.detail().contains("`tool_choice`"), "{error}");
    }
}

#[test]
fn a_typed_choice_of_false_sends_nothing() {
    let add = || {
        tool_fn(
            "add",
            "Adds.",
            json!({"type": "object", "properties": {}}),
            |_: Value, _| async { Ok("3") },
        )
    };
    let choice = |options: ToolOptions| {
        let server = Canned::json(ANSWER);
        let llm = endpoint(&server, Endpoint::ChatCompletions);
        let first = llm
            .bind_tools_with((add(),), ToolOptions::new().tool_choice("add"))
            .unwrap();
        let bound = first.bind_tools_with((add(),), options).unwrap();
        block_on(async { bound.invoke("hi").await }).unwrap();
        server.bodies().remove(0)["tool_choice"].clone()
    };
    assert_eq!(choice(ToolOptions::new().tool_choice(false)), json!(null));
    assert_eq!(choice(ToolOptions::new().tool_choice(true)), "required");
    // Nothing said keeps what was bound.
    assert_eq!(choice(ToolOptions::new())["function"]["name"], "add");
    for options in [
        ChatOptions::new().tools(tools()).tool_choice("add").tool_choice(false),
        ChatOptions::new()
            .tools(tools())
            .tool_choice(ToolChoice::Other(json!(false))),
        ChatOptions::new().tools(tools()).extra("tool_choice", false),
        ChatOptions::new()
            .tools(tools())
            .extra("extra_body", json!({"tool_choice": false})),
    ] {
        let server = Canned::json(ANSWER);
        let llm = endpoint(&server, Endpoint::ChatCompletions).bind(options.clone());
        block_on(async { llm.invoke("hi").await }).unwrap();
        assert_eq!(server.bodies()[0].get("tool_choice"), None, "{options:?}");
    }
}

#[test]
fn an_option_can_be_taken_out_on_every_level() {
    let set = ChatOptions::new().top_p(0.5).max_tokens(5).extra("top_k", 3);
    let none = [json!(null), json!(null)];
    for (name, null) in [
        ("top_p", json!({"top_p": null})),
        ("max_completion_tokens", json!({"max_tokens": null})),
        ("max_completion_tokens", json!({"max_completion_tokens": null})),
        ("max_output_tokens", json!({"max_tokens": null})),
        ("top_k", json!({"top_k": null})),
        ("top_k", json!({"extra_body": {"top_k": null}})),
    ] {
        // Below it by the constructor, or by an earlier bind; a bind of something else changes nothing.
        assert_eq!(sent(name, &set, std::slice::from_ref(&null)), none, "{null}");
        assert_eq!(
            sent(name, &set, &[null.clone(), json!({"seed_of_mine": 1})]),
            none,
            "{null}"
        );
        let earlier = serde_json::to_value(&set).unwrap();
        assert_eq!(
            sent(name, &ChatOptions::new(), &[earlier, null.clone()]),
            none,
            "{null}"
        );
    }
    assert_eq!(
        sent("top_p", &set, &[json!({"top_p": null}), json!({"top_p": 0.9})]),
        [json!(0.9), json!(0.9)]
    );
    assert_eq!(sent("top_p", &set, &[]), [json!(0.5), json!(0.5)]);

    // The request is on top of all, and a stream and another model do the same.
    let server = Canned::json(ANSWER);
    let llm = endpoint(&server, Endpoint::ChatCompletions)
        .with_options(set.clone())
        .bind(ChatOptions::new().seed(1));
    let without = ChatOptions::new().without(OptionName::TopP).without(OptionName::Seed);
    let request = ChatRequest::new("hi").with_options(without.clone());
    block_on(async { llm.chat(request, Default::default()).await }).unwrap();
    let body = &server.bodies()[0];
    assert_eq!(
        (body.get("top_p"), body.get("seed"), body.get("top_k")),
        (None, None, Some(&json!(3)))
    );
    let server = Canned::json(ANSWER);
    let stream = endpoint(&server, Endpoint::ChatCompletions)
        .with_options(set.clone())
        .bind(without.clone())
        .stream("hi");
    block_on(async { stream.collect::<Vec<_>>().await });
    assert_eq!(server.bodies()[0].get("top_p"), None);
    let server = Canned::json(r#"{"choices":[{"text":"ok","finish_reason":"stop"}]}"#);
    let completions = OpenAICompletions::new("m")
        .with_transport(server.clone())
        .with_api_key("k")
        .with_options(set);
    block_on(async { completions.bind(without).invoke("hi").await }).unwrap();
    assert_eq!(server.bodies()[0].get("top_p"), None);
}

#[test]
fn taking_out_merges_in_any_grouping_and_tells_cached_answers_apart() {
    let parts = [
        json!({"top_p": 0.1, "min_p": 1, "timeout": 5, "extra_headers": {"a": "1"}}),
        json!({"top_p": null, "min_p": null, "timeout": null, "extra_headers": null}),
        json!({"top_p": 0.2, "tools": null}),
        json!({"max_completion_tokens": null, "extra_headers": {"b": "2"}}),
        json!({"max_tokens": 7}),
    ];
    let parts = parts.map(|part| ChatOptions::try_from(part).unwrap());
    for [a, b, c] in (0..125).map(|n| [n % 5, n / 5 % 5, n / 25]) {
        let [a, b, c] = [a, b, c].map(|at: usize| parts[at].clone());
        assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.merge(b.merge(c)));
    }
    let all = parts.into_iter().fold(ChatOptions::new(), ChatOptions::merge);
    assert_eq!((all.top_p, all.max_tokens, all.timeout), (Some(0.2), Some(7), None));
    assert_eq!(
        all.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["b"]
    );
    assert_eq!(
        ChatOptions::try_from(serde_json::to_value(&all).unwrap())
            .unwrap()
            .top_p,
        Some(0.2)
    );

    let llm = ChatOpenAI::new("m").with_options(ChatOptions::new().top_p(0.5));
    let key = |options| CacheKey::new(&llm.bind(options), &ChatRequest::new("hi")).unwrap();
    assert_ne!(
        key(ChatOptions::new()),
        key(ChatOptions::new().without(OptionName::TopP))
    );
    assert!(format!("{:?}", ChatOptions::new().without(OptionName::TopP)).contains("top_p"));
}

#[test]
fn an_option_of_a_wrong_type_is_refused_when_it_is_bound() {
    let llm = ChatOpenAI::new("m");
    for (name, value, expect) in [
        ("temperature", json!("hot"), "takes a number, not a text"),
        ("temperature", json!(true), "takes a number, not true or false"),
        ("top_p", json!([0.5]), "takes a number, not this list"),
        (
            "max_tokens",
            json!("5"),
            "takes a whole number that is not negative, not a text",
        ),
        (
            "max_tokens",
            json!(-1),
            "takes a whole number that is not negative, not this number",
        ),
        (
            "max_output_tokens",
            json!("5"),
            "takes a whole number that is not negative, not a text",
        ),
        (
            "n",
            json!(1.5),
            "takes a whole number that is not negative, not a number with a fraction",
        ),
        ("seed", json!({}), "takes a whole number, not this object"),
        ("logprobs", json!("yes"), "takes true or false, not a text"),
        ("logprobs", json!(1), "takes true or false, not this number"),
        ("parallel_tool_calls", json!(0), "takes true or false, not this number"),
        ("stop", json!(5), "takes a text or a list of texts, not this number"),
        (
            "stop",
            json!(["a", 5]),
            "takes a text or a list of texts, not this list",
        ),
        ("tools", json!("add"), "takes a list of objects, not a text"),
        ("tools", json!(["add"]), "takes a list of objects, not this list"),
        (
            "logit_bias",
            json!({"1": "x"}),
            "takes an object of numbers, not a text",
        ),
        ("response_format", json!("json"), "takes an object, not a text"),
        ("reasoning_effort", json!(5), "takes a text, not this number"),
        ("model", json!(5), "takes a text, not this number"),
        ("extra_body", json!([]), "takes an object, not this list"),
        ("extra_headers", json!("a"), "takes an object, not a text"),
        ("timeout", json!("soon"), "takes a number of seconds, not a text"),
        ("timeout", json!(-1), "takes a number of seconds, not this number"),
    ] {
        let error = llm.bind(json!({name: value})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.detail(), format!("the option `{name}` {expect}"));
        assert!(serde_json::from_value::<ChatOptions>(json!({name: value})).is_err());
    }
    for options in [json!([]), json!("temperature"), json!(null)] {
        assert_eq!(llm.bind(options).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn the_names_of_langchains_constructor_are_read() {
    let options = json!({"model_name": "m", "stop_sequences": ["x"], "request_timeout": 2, "model_kwargs": {"top_k": 3}, "max_completion_tokens": 5});
    let options = ChatOptions::try_from(options).unwrap();
    assert_eq!((options.model.as_deref(), options.max_tokens), (Some("m"), Some(5)));
    assert_eq!(options.stop, Some(vec!["x".to_owned()]));
    assert_eq!(options.timeout, Some(std::time::Duration::from_secs(2)));
    assert_eq!(options.extra["top_k"], 3);
}

#[test]
fn words_of_langchains_own_are_refused_with_the_way_to_the_same() {
    for (name, value, hint) in [
        ("output_version", json!("responses/v1"), "content_blocks"),
        ("disable_streaming", json!(true), "invoke"),
        ("disabled_params", json!({"n": null}), "without"),
        ("streaming", json!(true), "with_streaming"),
        ("stream_usage", json!(true), "with_stream_usage"),
        ("max_retries", json!(2), "with_retry"),
        ("use_responses_api", json!(true), "with_endpoint"),
        ("use_previous_response_id", json!(true), "with_use_previous_response_id"),
        ("include_response_headers", json!(true), "with_response_headers"),
        ("config", json!({}), "RunConfig"),
        ("callbacks", json!([]), "listener"),
        ("run_name", json!("x"), "run_name"),
        ("tags", json!(["x"]), "tag"),
        ("max_concurrency", json!(2), "max_concurrency"),
        ("ls_structured_output_format", json!({}), "with_structured_output"),
        ("cache", json!(true), "with_cache"),
        ("strict", json!(true), "strict"),
        ("verbose", json!(true), "listener"),
        ("api_key", json!("sk-secret"), "connection"),
        ("base_url", json!("http://x"), "connection"),
    ] {
        let error = ChatOpenAI::new("m").bind(json!({name: value})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.detail().contains(&format!("`{name}`")), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{error}");
        assert!(!format!("{error:?}{error}").contains("sk-secret"));
        // By hand they get as far as the model, and not to a server.
        for of in [Endpoint::ChatCompletions, Endpoint::Responses] {
            let server = Canned::json(ANSWER);
            let llm = endpoint(&server, of).bind(ChatOptions::new().extra(name, value.clone()));
            let error = block_on(async { llm.invoke("hi").await }).unwrap_err();
            assert!(error.detail().contains(&format!("`{name}`")), "{error}");
            assert_eq!(server.bodies().len(), 0);
        }
    }
    // Names that a server has, too.
    let kept =
        json!({"metadata": {"a": "b"}, "user": "u", "cache": {"no-cache": true}, "name": "x", "stream_options": {}});
    assert!(ChatOptions::try_from(kept).is_ok_and(|options| options.check().is_ok()));
}
