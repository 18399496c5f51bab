//! Embeddings: whatever the requests, the order of their answers and the form of the numbers, the vectors are the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cadena_core::{Embeddings, ErrorKind, Result, async_trait};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::OpenAIEmbeddings;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Canned, block_on};

/// Embeds a text as numbers that tell it from others, and answers as untidily as the protocol allows.
#[derive(Clone, Debug, Default)]
struct Untidy {
    seed: usize,
    base64: bool,
    requests: Arc<AtomicUsize>,
}

/// The vector of a text.
fn vector(text: &str) -> Vec<f32> {
    let sum = text
        .bytes()
        .zip(1_u32..)
        .map(|(byte, place)| u32::from(byte) * place)
        .sum::<u32>();
    vec![1.0, text.len() as f32, (sum % 1009) as f32]
}

#[async_trait]
impl Transport for Untidy {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        // Later requests are answered sooner, or not.
        tokio::time::sleep(Duration::from_millis(((self.seed + 7) * (number + 3) % 11) as u64)).await;
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut data: Vec<Value> = Vec::new();
        for (index, text) in body["input"].as_array().unwrap().iter().enumerate() {
            let vector = vector(text.as_str().unwrap());
            let embedding = match self.base64 {
                true => json!(
                    BASE64_STANDARD.encode(
                        vector
                            .iter()
                            .flat_map(|number| number.to_le_bytes())
                            .collect::<Vec<_>>()
                    )
                ),
                false => json!(vector),
            };
            data.insert(
                (self.seed * (index + 1)) % (data.len() + 1),
                json!({"index": index, "embedding": embedding}),
            );
        }
        let usage = json!({"prompt_tokens": data.len(), "total_tokens": data.len()});
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(headers)
            .with_body_chunks([json!({"data": data, "usage": usage}).to_string()]))
    }
}

fn embeddings(transport: impl Transport) -> OpenAIEmbeddings {
    OpenAIEmbeddings::new("some-model")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(transport)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_and_any_order_of_answers_gives_the_same_vectors(
        texts in prop::collection::vec("[a-zé今 ]{1,60}", 0..12), limit in prop::option::of(1_usize..20),
        size in 1_usize..6, tokens in 1_usize..60, at_once in 1_usize..5, seed in 0_usize..100, base64: bool,
    ) {
        let cut = |transport: Untidy| embeddings(transport).with_max_tokens(limit);
        let one_request = cut(Untidy::default()).with_batch_size(10_000).with_batch_tokens(1_000_000);
        let expected = block_on(one_request.embed(&texts)).unwrap();
        let split = cut(Untidy { seed, base64, ..Untidy::default() });
        let split = split.with_batch_size(size).with_batch_tokens(tokens).with_max_concurrency(at_once);
        let found = block_on(split.embed(&texts)).unwrap();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(found.vectors.len(), texts.len());
        if limit.is_none() {
            prop_assert_eq!(found.vectors, texts.iter().map(|text| vector(text)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_hundred_thousand_texts_are_embedded_in_time_that_grows_with_them() {
    let texts = |count: usize| (0..count).map(|number| format!("text {number}")).collect::<Vec<_>>();
    let seconds = |count: usize| {
        let begin = std::time::Instant::now();
        let vectors = block_on(embeddings(Untidy::default()).embed_documents(&texts(count))).unwrap();
        assert_eq!(vectors.len(), count);
        begin.elapsed().as_secs_f64()
    };
    let (few, many) = (seconds(5_000), seconds(50_000));
    assert!(
        many < few * 40.0,
        "ten times the texts took {:.0} times as long",
        many / few
    );
}

#[test]
fn what_is_no_vector_is_an_error_that_names_its_texts() {
    for (vector, words) in [
        ("[1,null]", "is no list of embeddings"),
        ("[1,\"2\"]", "is no list of embeddings"),
        ("[1e60]", "is no list of embeddings"),
        ("[]", "is no list of embeddings"),
        ("null", "is no list of embeddings"),
        ("\"AADAfw==\"", "is no list of embeddings"),
    ] {
        let server = Canned::json(format!(r#"{{"data":[{{"index":0,"embedding":{vector}}}]}}"#));
        let error = block_on(embeddings(server).embed_query("hi")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{vector}");
        let shown = error.to_string();
        assert!(
            shown.contains(words) && shown.contains("the request held the text 0"),
            "{shown}"
        );
    }
    let mixed = r#"{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1]}]}"#;
    let texts = ["a".to_owned(), "b".to_owned()];
    let error = block_on(embeddings(Canned::json(mixed)).embed(&texts)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a vector of 1 numbers where 2 were expected"),
        "{error}"
    );
}

#[test]
fn an_option_that_the_server_rejects_is_explained() {
    for (message, hint) in [
        ("Unknown parameter: encoding_format", "with_plain_numbers(true)"),
        (
            "This model does not support specifying dimensions.",
            "leave `with_dimensions` out",
        ),
        ("the input length exceeds the context length", "with_max_tokens"),
    ] {
        let body = json!({"error": {"message": message, "type": "invalid_request_error"}}).to_string();
        let error = block_on(embeddings(Canned::json(body).status(400)).embed_query("hi")).unwrap_err();
        assert!(error.hint().is_some_and(|shown| shown.contains(hint)), "{error}");
    }
}

#[test]
fn answers_are_given_as_they_came_in_the_order_of_the_texts() {
    let texts: Vec<String> = (0..5).map(|number| format!("text {number}")).collect();
    let embeddings = embeddings(Untidy {
        seed: 5,
        ..Untidy::default()
    })
    .with_batch_size(2);
    let (embedded, answers) = block_on(embeddings.embed_raw(&texts)).unwrap();
    assert_eq!(embedded, block_on(embeddings.embed(&texts)).unwrap());
    let held = answers.iter().map(|answer| {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["data"].as_array().unwrap().len()
    });
    assert_eq!(held.collect::<Vec<_>>(), [2, 2, 1]);
    assert!(block_on(embeddings.embed_raw(&[""; 0])).unwrap().1.is_empty());
}
