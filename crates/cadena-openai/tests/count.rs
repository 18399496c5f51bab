//! Counting tokens without asking: texts, images and tools.
#![cfg(feature = "tiktoken")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{ChatOptions, ChatRequest, ErrorKind, Message};
use cadena_openai::{AzureChatOpenAI, ChatOpenAI};
use serde_json::{Value, json};

fn human(parts: Value) -> Message {
    serde_json::from_value(json!({"type": "human", "content": parts})).unwrap()
}

/// A PNG of 1024 × 1024, of which there is only the head.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQA";

#[test]
fn the_conversation_of_the_cookbook_has_as_many_tokens_as_the_api_counted() {
    let named = |name: &str, text: &str| {
        serde_json::from_value(json!({"type": "system", "name": name, "content": text})).unwrap()
    };
    let messages: Vec<Message> = vec![
        (
            "system",
            "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
        )
            .into(),
        named("example_user", "New synergies will help drive top-line growth."),
        named(
            "example_assistant",
            "Things working well together will increase revenue.",
        ),
        named(
            "example_user",
            "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
        ),
        named(
            "example_assistant",
            "Let's talk later when we're less busy about how to do better.",
        ),
        (
            "human",
            "This late pivot means we don't have time to boil the ocean for the client deliverable.",
        )
            .into(),
    ];
    for (model, counted) in [("gpt-4-0613", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)] {
        assert_eq!(
            ChatOpenAI::new(model).get_num_tokens_from_messages(&messages).unwrap(),
            counted,
            "{model}"
        );
    }
}

#[test]
fn an_image_counts_in_whatever_form_it_is_written() {
    let llm = ChatOpenAI::new("gpt-4o-2024-08-06");
    let url = format!("data:image/png;base64,{PNG}");
    for image in [
        json!({"type": "image_url", "image_url": {"url": url}}),
        json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}}),
        json!({"type": "input_image", "image_url": url, "detail": "auto"}),
        json!({"type": "image", "base64": PNG, "mime_type": "image/png"}),
        json!({"type": "image", "source_type": "base64", "data": PNG, "mime_type": "image/png"}),
    ] {
        let message = human(json!(["hello world", image]));
        assert_eq!(
            llm.get_num_tokens_from_messages(&[message]).unwrap(),
            9 + 765,
            "{image}"
        );
    }
}

#[test]
fn what_has_no_published_count_is_an_error_and_never_zero() {
    let of = |model: &str, part: Value| {
        let error = ChatOpenAI::new(model)
            .get_num_tokens_from_messages(&[human(json!([part]))])
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        error.to_string()
    };
    let image = json!({"type": "image", "base64": PNG, "mime_type": "image/png"});
    assert!(of("gpt-5-mini", image.clone()).contains("how `gpt-5-mini` counts images"));
    assert!(
        of(
            "gpt-4o",
            json!({"type": "image_url", "image_url": {"url": "https://x/y.png"}})
        )
        .contains("`low`")
    );
    assert!(
        of(
            "gpt-4o",
            json!({"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "filename": "a.pdf"})
        )
        .contains("`file`")
    );
    assert!(
        of(
            "gpt-4o",
            json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})
        )
        .contains("`input_audio`")
    );
    assert!(of("smollm2", image).contains("the vocabulary of `smollm2`"));
}

#[test]
fn thoughts_and_calls_in_an_answer_are_no_parts_that_are_sent() {
    let plain: Message = ("ai", "hello world").into();
    let blocks = json!({"type": "ai", "content": [
        {"type": "reasoning", "reasoning": "a long thought"}, {"type": "text", "text": "hello world"}]});
    let blocks: Message = serde_json::from_value(blocks).unwrap();
    let llm = ChatOpenAI::new("gpt-4o");
    let count = |message: Message| llm.get_num_tokens_from_messages(&[message]).unwrap();
    assert_eq!(count(blocks), count(plain));
}

#[test]
fn tools_of_the_model_and_of_the_request_count() {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "description": "Does it."}});
    let llm = ChatOpenAI::new("gpt-4o").with_options(ChatOptions::new().tools(vec![tool("f")]));
    let count = |options: ChatOptions| {
        let mut request = ChatRequest::new("hi");
        request.options = options;
        llm.token_count(&request).unwrap()
    };
    let (own, other) = (
        count(ChatOptions::new()),
        count(ChatOptions::new().tools(vec![tool("f"), tool("g")])),
    );
    assert!(other > own && own > llm.get_num_tokens_from_messages(&["hi".into()]).unwrap());
    let vocabulary = |model: &str| count(ChatOptions::new().model(model).tools(vec![]));
    assert_ne!(vocabulary("gpt-4"), own, "the model of the request counts");
    let azure = AzureChatOpenAI::new("d")
        .with_model("gpt-4o")
        .with_options(ChatOptions::new().tools(vec![tool("f")]));
    assert_eq!(azure.token_count(&ChatRequest::new("hi")).unwrap(), own);
}
