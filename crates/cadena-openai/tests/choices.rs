//! Several answers of one call: each by itself, in its own order, whole and in a stream.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{Bind, ChatModelExt, ChatOptions, Choices, ErrorKind, RunnableExt, fold};
use futures::StreamExt;
use support::{Canned, block_on, data, model};

fn generate(body: &str) -> Choices {
    let llm = model(Canned::json(body.to_owned())).bind(ChatOptions::new().n(2).logprobs(true));
    block_on(async { llm.generate("hi").await }).unwrap()
}

fn streamed(body: &str) -> cadena_core::Result<Choices> {
    let llm = model(Canned::events(body.to_owned())).bind(ChatOptions::new().n(2).logprobs(true));
    block_on(async { fold::<Choices>(llm.all_choices().stream("hi")).await }).map(Option::unwrap)
}

#[test]
fn every_choice_has_its_own_text_logprobs_and_metadata() {
    for choices in [generate(&data("n_two.json")), streamed(&data("n_two.txt")).unwrap()] {
        let [first, second] = <[_; 2]>::try_from(choices.into_vec()).unwrap();
        assert_eq!((first.text(), second.text()), ("A0A1".into(), "B0B1B2".into()));
        let (one, two) = (&first.response_metadata, &second.response_metadata);
        assert_eq!(one.finish_reason.as_deref(), Some("stop"));
        assert_eq!(two.finish_reason.as_deref(), Some("length"));
        assert_eq!(
            (&one.model_name, &one.id, &one.service_tier),
            (&two.model_name, &two.id, &two.service_tier)
        );
        let tokens: String = first
            .logprobs()
            .unwrap()
            .tokens()
            .map(|token| token.token.as_str())
            .collect();
        assert_eq!(tokens, "A0A1");
        assert_eq!(first.usage_metadata.as_ref().unwrap().total_tokens, 11);
        assert_eq!(second.usage_metadata, None, "what the call used is counted once");
        let (id, other) = (first.id.unwrap(), second.id.unwrap());
        assert_eq!(other, format!("{id}-1"));
    }
    let streamed = streamed(&data("n_two.txt")).unwrap().into_vec();
    assert_eq!(streamed[1].logprobs().unwrap().tokens().count(), 3);
}

#[test]
fn a_chunk_says_which_choice_it_belongs_to() {
    let llm = model(Canned::events(data("n_two.txt"))).bind(ChatOptions::new().n(2));
    let chunks: Vec<_> = block_on(async { llm.all_choices().stream("hi").collect::<Vec<_>>().await });
    let indexes: Vec<Vec<u32>> = chunks
        .into_iter()
        .map(|chunk| chunk.unwrap().iter().map(|(index, _)| index).collect())
        .collect();
    let expect: [&[u32]; 8] = [&[0], &[1], &[0, 1], &[0], &[1], &[1], &[0], &[0, 1]];
    assert_eq!(indexes, expect);
}

#[test]
fn invoke_gives_the_first_choice_of_all() {
    let llm = model(Canned::json(data("n_two.json"))).bind(ChatOptions::new().n(2));
    let mut message = block_on(async { llm.invoke("hi").await }).unwrap();
    let mut first = generate(&data("n_two.json")).into_vec().remove(0);
    (message.id, first.id) = (None, None);
    assert_eq!(message, first);
}

#[test]
fn a_choice_that_is_cut_is_an_error_also_if_the_first_is_whole() {
    let whole = data("n_two.txt");
    let cut = whole.replace(r#""finish_reason":"length""#, r#""finish_reason":null"#);
    let error = streamed(&cut).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert!(error.to_string().contains("before every choice"), "{error}");
}

#[test]
fn choices_come_in_the_order_of_their_indexes() {
    let body = r#"{"choices":[
        {"index":1,"message":{"content":"b"},"finish_reason":"stop"},
        {"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    let texts: Vec<_> = generate(body)
        .iter()
        .map(|message| message.text().into_owned())
        .collect();
    assert_eq!(texts, ["a", "b"]);
}

#[test]
fn a_server_that_does_not_stream_gives_every_choice_in_one_chunk() {
    let llm = model(Canned::json(data("n_two.json"))).bind(ChatOptions::new().n(2));
    let choices = block_on(async { fold::<Choices>(llm.all_choices().stream("hi")).await });
    assert_eq!(choices.unwrap().unwrap().len(), 2);
}

#[test]
fn an_error_holds_what_had_arrived_of_every_choice() {
    let whole = data("n_two.txt");
    // Nothing behind the last piece of text of the second choice.
    let cut = whole.find(r#""finish_reason":"length""#).unwrap();
    let cut = whole[..cut].rfind("data: ").unwrap();
    let given = streamed(&whole).unwrap().into_vec();
    let error = streamed(&whole[..cut]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    let partial = error.partial_choices().unwrap();
    assert_eq!(partial.iter().count(), 2);
    for (index, whole) in (0..).zip(&given) {
        let partial = partial.get(index).unwrap();
        assert_eq!(partial.text(), whole.text());
        let tokens = |logprobs: Option<&cadena_core::Logprobs>| logprobs.unwrap().content.clone();
        assert_eq!(tokens(partial.logprobs()), tokens(whole.logprobs()));
        let (partial, whole) = (&partial.response_metadata, &whole.response_metadata);
        assert_eq!((&partial.model_name, &partial.id), (&whole.model_name, &whole.id));
    }
    assert_eq!(error.partial(), partial.get(0));
    assert!(!format!("{error:?}").contains("A0"));

    let llm = model(Canned::events(whole[..cut].to_owned())).with_streaming(true);
    let error = block_on(async { llm.bind(ChatOptions::new().n(2)).generate("hi").await }).unwrap_err();
    assert_eq!(error.partial_choices().map(|choices| choices.iter().count()), Some(2));
}

#[test]
fn the_first_choice_keeps_its_piece_of_an_event_in_which_another_one_fails() {
    let events = r#"data: {"id":"c1","choices":[{"index":0,"delta":{"content":"A0"}},{"index":1,"delta":{"content":"B0"}}]}

data: {"id":"c1","choices":[{"index":1,"error":{"message":"boom","code":"server_error"}},{"index":0,"delta":{"content":"A1"}}]}

"#;
    let error = streamed(events).unwrap_err();
    assert!(error.to_string().contains("boom"), "{error}");
    let partial = error.partial_choices().unwrap();
    let texts: Vec<_> = partial.iter().map(|(_, chunk)| chunk.text().into_owned()).collect();
    assert_eq!(texts, ["A0A1", "B0"]);
}
