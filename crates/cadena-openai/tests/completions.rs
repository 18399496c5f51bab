//! The older completions: what is sent, and that a stream adds up to the whole.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{
    AIMessage, Bind, ChatModelExt, ChatOptions, Choices, ErrorKind, Message, Result, RunnableExt, SystemMessage,
    ToolChoice, fold,
};
use cadena_http::RetryPolicy;
use cadena_openai::{OpenAICompletions, OpenAIOptionsExt};
use serde_json::{Value, json};
use support::{Canned, block_on};

const ANSWER: &str = r#"{"id":"cmpl-1","choices":[{"index":0,"text":"ok","logprobs":null,"finish_reason":"stop"}]}"#;

fn completions(server: &Canned) -> OpenAICompletions {
    OpenAICompletions::new("davinci-002")
        .with_api_key("sk-canary-0123456789")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
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
fn what_follows_from_how_the_model_is_called_is_no_option() {
    for key in ["prompt", "stream"] {
        let error = sent(ChatOptions::new().extra(key, true)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(&format!("`{key}`")), "{error}");
    }
}

#[test]
fn options_of_a_stream_are_sent_with_it_alone_and_ask_for_usage() {
    let options = ChatOptions::new().include_obfuscation(false);
    assert_eq!(sent(options.clone()).unwrap().get("stream_options"), None);
    let server = Canned::events("data: [DONE]\n\n".to_owned());
    // What counts is the request, not its answer.
    let _ = block_on(fold::<AIMessage>(completions(&server).bind(options).stream("x")));
    let expect = json!({"include_obfuscation": false, "include_usage": true});
    assert_eq!(server.bodies()[0]["stream_options"], expect);
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

/// An answer with these choices, by index.
fn choices(indexes: &[u32]) -> String {
    let choice = |index: &u32| json!({"index": index, "text": format!("t{index}"), "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7});
    json!({"choices": indexes.iter().map(choice).collect::<Vec<_>>(), "usage": usage}).to_string()
}

fn complete(llm: &OpenAICompletions, texts: &[&str]) -> Result<Vec<Vec<String>>> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let answers = block_on(llm.complete(&texts))?;
    let said = |choices: Choices| choices.iter().map(|message| message.text().into_owned()).collect();
    Ok(answers.into_iter().map(said).collect())
}

#[test]
fn several_texts_go_out_as_one_request_and_choices_go_to_their_texts() {
    let server = Canned::json(choices(&[3, 0, 2, 1]));
    let llm = completions(&server).with_options(ChatOptions::new().n(2).extra("best_of", 3));
    assert_eq!(complete(&llm, &["a", "b"]).unwrap(), [["t0", "t1"], ["t2", "t3"]]);
    assert_eq!(
        server.bodies(),
        [json!({"model": "davinci-002", "prompt": ["a", "b"], "n": 2, "best_of": 3, "stream": false})]
    );
}

#[test]
fn texts_are_grouped_and_each_request_counts_its_usage_once() {
    let server = Canned::json(choices(&[0, 1]));
    let llm = completions(&server).with_batch_size(2);
    let texts: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let answers = block_on(llm.complete(&texts)).unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(
        server
            .bodies()
            .iter()
            .map(|body| body["prompt"].clone())
            .collect::<Vec<_>>(),
        [json!(["a", "b"]), json!(["c", "d"])]
    );
    let used = answers
        .iter()
        .flatten()
        .filter_map(|message| message.usage_metadata.as_ref());
    assert_eq!(used.map(|usage| usage.total_tokens).collect::<Vec<_>>(), [7, 7]);
    assert!(block_on(llm.complete(&[""; 0])).unwrap().is_empty());
    assert_eq!(server.bodies().len(), 2, "nothing is asked about no text");
}

#[test]
fn a_single_text_is_sent_as_a_text() {
    let server = Canned::json(choices(&[0]));
    assert_eq!(
        complete(&completions(&server).with_batch_size(1), &["a"]).unwrap(),
        [["t0"]]
    );
    assert_eq!(server.bodies()[0]["prompt"], "a");
}

#[test]
fn a_choice_that_is_missing_or_too_much_is_an_error_that_names_the_texts() {
    for (indexes, words) in [
        (&[0][..], "1 choices where 2 were expected"),
        (&[0, 0], "1 choices where 2 were expected"),
        (&[0, 1, 2], "`index` 2 of 2"),
        (&[0, 4_000_000_000], "`index` 4000000000 of 2"),
    ] {
        let error = complete(&completions(&Canned::json(choices(indexes))), &["a", "b"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.detail().contains(words), "{error}");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("with_batch_size(1)") && hint.contains("texts 0 to 1")),
            "{error}"
        );
    }
    let refused = Canned::json(r#"{"error":{"message":"no","code":"model_not_found"}}"#).status(404);
    let error = complete(&completions(&refused), &["a", "b", "c"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("the texts 0 to 2 (from 0)"), "{error}");
}

#[test]
fn an_echoed_prompt_has_its_log_probabilities_but_the_first() {
    let logprobs = json!({
        "tokens": ["Once", " upon", " a"], "token_logprobs": [null, -3.5, -0.25], "text_offset": [0, 4, 9],
        "top_logprobs": [null, {" upon": -3.5, " more": -1.0}, {" a": -0.25}]});
    let whole =
        json!({"choices": [{"index": 0, "text": "Once upon a", "logprobs": logprobs, "finish_reason": "length"}]});
    let event = |whole: &Value| format!("data: {whole}\n\ndata: [DONE]\n\n");
    let echo = ChatOptions::new().logprobs(true).top_logprobs(2).extra("echo", true);
    let invoked = completions(&Canned::json(whole.to_string())).bind(echo.clone());
    let invoked = block_on(async { invoked.invoke("Once upon").await }).unwrap();
    let streamed = completions(&Canned::events(event(&whole))).bind(echo);
    let streamed = block_on(fold::<AIMessage>(streamed.stream("Once upon")))
        .unwrap()
        .unwrap();
    for message in [invoked, streamed] {
        let tokens = message.logprobs().unwrap().content.clone().unwrap();
        let said: Vec<_> = tokens
            .iter()
            .map(|token| {
                (
                    token.token.as_str(),
                    token.logprob,
                    token.extra.get("text_offset").cloned(),
                )
            })
            .collect();
        assert_eq!(said, [(" upon", -3.5, Some(json!(4))), (" a", -0.25, Some(json!(9)))]);
        let top: Vec<_> = tokens[0]
            .top_logprobs
            .iter()
            .flatten()
            .map(|top| top.token.as_str())
            .collect();
        assert_eq!(top, [" more", " upon"]);
    }
}
