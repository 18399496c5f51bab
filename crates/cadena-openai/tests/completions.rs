//! The older completions: what is sent, and that a stream adds up to the whole.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{
    AIMessage, Bind, ChatModelExt, ChatOptions, ErrorKind, Message, Result, RunnableExt, SystemMessage, ToolChoice,
    fold,
};
use cadena_http::RetryPolicy;
use cadena_openai::OpenAICompletions;
use serde_json::{Value, json};
use support::{Canned, block_on};

const ANSWER: &str = r#"{"id":"cmpl-1","choices":[{"index":0,"text":"ok","logprobs":null,"finish_reason":"stop"}]}"#;

fn completions(server: &Canned) -> OpenAICompletions {
    OpenAICompletions::new("davinci-002")
        .with_api_key("sk-canary-0123456789")
        .with_base_url("http://test.invalid/v1")
        .with_retry(RetryPolicy::none())
        .with_transport(server.clone())
}

fn sent(options: ChatOptions) -> Result<Value> {
    let server = Canned::json(ANSWER);
    let llm = completions(&server).bind(options);
    block_on(async { llm.invoke("Once").await })?;
    assert_eq!(server.requests()[0].url, "http://test.invalid/v1/completions");
    Ok(server.bodies().remove(0))
}

#[test]
fn a_text_goes_out_as_it_stands_and_a_conversation_as_a_transcript() {
    let server = Canned::json(ANSWER);
    let llm = completions(&server);
    let conversation: Vec<Message> = vec![
        SystemMessage::new("Be brief.").into(),
        "hi".into(),
        AIMessage::new("yes").into(),
    ];
    block_on(async {
        llm.invoke("Once upon").await.unwrap();
        llm.invoke(conversation).await.unwrap();
    });
    let bodies = server.bodies();
    assert_eq!(
        bodies[0],
        json!({"model": "davinci-002", "prompt": "Once upon", "stream": false})
    );
    assert_eq!(bodies[1]["prompt"], "System: Be brief.\nHuman: hi\nAI: yes");
}

#[test]
fn options_go_out_in_the_words_of_the_older_endpoint() {
    let options = ChatOptions::new()
        .max_tokens(5)
        .temperature(0.5)
        .seed(7)
        .stop(["."])
        .logprobs(true)
        .extra("echo", true);
    let body = json!({"model": "davinci-002", "prompt": "Once", "max_tokens": 5, "temperature": 0.5, "seed": 7, "stop": ["."],
        "logprobs": 1, "echo": true, "stream": false});
    assert_eq!(sent(options).unwrap(), body);
    assert_eq!(
        sent(ChatOptions::new().logprobs(true).top_logprobs(5)).unwrap()["logprobs"],
        5
    );
    let error = sent(ChatOptions::new().tool_choice(ToolChoice::Auto)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`tool_choice`"), "{error}");
}

#[test]
fn a_stream_adds_up_to_the_whole_with_its_log_probabilities() {
    let lists = |from: usize, to: usize| {
        let of = |list: Vec<Value>| Value::from(list[from..to].to_vec());
        json!({
            "tokens": of(vec![json!(" a"), json!(" time")]), "token_logprobs": of(vec![json!(-0.25), json!(-0.5)]),
            "top_logprobs": of(vec![json!({" a": -0.25, " the": -1.5}), json!({" time": -0.5})]), "text_offset": of(vec![json!(9), json!(11)])})
    };
    let usage = json!({"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4});
    let whole = json!({"id": "c", "model": "m", "usage": usage, "choices": [
        {"index": 0, "text": " a time", "logprobs": lists(0, 2), "finish_reason": "length"}]});
    let events = [
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "text": " a", "logprobs": lists(0, 1), "finish_reason": null}]}),
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "text": " time", "logprobs": lists(1, 2), "finish_reason": "length"}]}),
        json!({"id": "c", "model": "m", "choices": [], "usage": usage}),
    ];
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let plain = |message: &AIMessage| {
        let mut value = serde_json::to_value(message).unwrap();
        value.as_object_mut().unwrap().shift_remove("id");
        value
    };
    let invoked = completions(&Canned::json(whole.to_string()));
    let invoked = block_on(async { invoked.invoke("Once upon").await }).unwrap();
    let server = Canned::events(format!("{events}data: [DONE]\n\n"));
    let streamed = block_on(fold::<AIMessage>(completions(&server).stream("Once upon")))
        .unwrap()
        .unwrap();
    assert_eq!(plain(&streamed), plain(&invoked));
    assert_eq!(invoked.text(), " a time");
    let logprobs = invoked.logprobs().unwrap();
    assert_eq!(logprobs.sum(), -0.75);
    let first = logprobs.tokens().next().unwrap();
    assert_eq!(first.top_logprobs.as_ref().unwrap()[1].token, " the");
    assert_eq!(server.bodies()[0]["stream_options"], json!({"include_usage": true}));

    let cut = completions(&Canned::events(
        events.split_once("\n\n").unwrap().0.to_owned() + "\n\n",
    ));
    let error = block_on(fold::<AIMessage>(cut.stream("Once upon"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(error.partial().unwrap().text(), " a");
}

#[test]
fn every_choice_is_given() {
    let answer =
        r#"{"choices":[{"index":1,"text":"b","finish_reason":"stop"},{"index":0,"text":"a","finish_reason":"stop"}]}"#;
    let llm = completions(&Canned::json(answer)).bind(ChatOptions::new().n(2));
    let choices = block_on(async { llm.generate("x").await }).unwrap();
    let texts: Vec<_> = choices.iter().map(|message| message.text().into_owned()).collect();
    assert_eq!(texts, ["a", "b"]);
}
