//! Tools, a JSON schema and several choices of a chat, and its failures.

use cadena::{AIMessage, Bind, ChatModel, ChatModelExt, ChatOptions, Error, ErrorKind, RunnableExt, fold};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::model;

fn weather() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let about = "The weather of a city";
    json!({"type": "function", "function": {"name": "weather", "description": about, "parameters": parameters}})
}

#[tokio::test]
async fn a_request_with_tools_is_accepted_and_answered() {
    // A model as small as this one seldom calls a tool, so only the way there and back is looked at.
    let Some(llm) = model() else { return };
    let llm = llm.bind(ChatOptions::new().tools(vec![weather()]).max_tokens(40));
    let message = llm.invoke("What is the weather in Paris?").await.unwrap();
    assert!(!message.text().is_empty() || !message.tool_calls.is_empty());
    assert!(message.response_metadata.finish_reason.is_some());
    // This server has no log probabilities for a stream with tools, and says so.
    let error = first_error(&llm, "What is the weather in Paris?").await;
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(
        error.detail().contains("logprobs is not supported with tools"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_keeps_to_a_json_schema() {
    let Some(llm) = model() else { return };
    let schema = json!({
        "type": "object",
        "properties": {"capital": {"type": "string", "maxLength": 20}, "large": {"type": "boolean"}},
        "required": ["capital", "large"],
        "additionalProperties": false,
    });
    let format = json!({"type": "json_schema", "json_schema": {"name": "city", "strict": true, "schema": schema}});
    let llm = llm.bind(ChatOptions::new().response_format(format).max_tokens(80));
    let whole = llm.invoke("What is the capital of France?").await.unwrap();
    let folded = fold::<AIMessage>(llm.stream("What is the capital of France?"))
        .await
        .unwrap()
        .unwrap();
    for message in [whole, folded] {
        let city: Value = serde_json::from_str(&message.text()).unwrap();
        assert!(city["capital"].is_string() && city["large"].is_boolean(), "{city}");
        assert!(message.logprobs().unwrap().tokens().count() > 1);
    }
}

#[tokio::test]
async fn two_choices_stay_apart() {
    let Some(llm) = model() else { return };
    let llm = llm.bind(ChatOptions::new().n(2).temperature(1.0));
    let choices = llm.generate("Tell me about the sea.").await.unwrap();
    let texts: Vec<String> = choices.iter().map(|message| message.text().into_owned()).collect();
    assert_eq!(texts.len(), 2);
    for message in choices.iter() {
        let tokens = message.logprobs().unwrap().tokens().map(|token| token.token.as_str());
        assert!(tokens.collect::<String>().starts_with(&*message.text()));
    }
    let streamed = llm.stream("Tell me about the sea.");
    assert!(!fold::<AIMessage>(streamed).await.unwrap().unwrap().text().is_empty());
}

#[tokio::test]
async fn an_unknown_model_is_answered_by_the_one_that_is_there() {
    // llama.cpp serves one model and takes any name; a server with several says `NotFound`.
    let Some(llm) = model() else { return };
    match llm.bind(ChatOptions::new().model("no-such-model")).invoke("hi").await {
        Ok(message) => assert!(message.response_metadata.model_name.is_some()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_overflows_the_context() {
    let Some(llm) = model() else { return };
    let long = "word ".repeat(6_000);
    let by_invoke = llm.invoke(long.as_str()).await.unwrap_err();
    let by_stream = first_error(&llm, &long).await;
    for error in [by_invoke, by_stream] {
        assert_eq!(error.kind(), ErrorKind::ContextOverflow, "{error}");
        assert!(error.hint().unwrap().starts_with("shorten the messages"));
        assert!(!error.is_retryable());
        assert!(!error.to_string().contains("word word"), "the prompt is not repeated");
    }
}

async fn first_error(llm: &(impl ChatModel + Clone), prompt: &str) -> Error {
    let mut stream = llm.stream(prompt);
    stream.next().await.unwrap().unwrap_err()
}
