//! Embeddings: what is sent, and whose vector is whose.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{Embeddings, ErrorKind, Result, async_trait};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::OpenAIEmbeddings;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use support::{Canned, block_on};

/// Embeds a text as its length and its first byte: the vectors of a request in reverse order, and later requests sooner.
#[derive(Clone, Default)]
struct Lengths {
    bodies: Arc<Mutex<Vec<Value>>>,
    under_way: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl fmt::Debug for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lengths")
    }
}

#[async_trait]
impl Transport for Lengths {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let turn = {
            let mut bodies = self.bodies.lock().unwrap();
            bodies.push(body.clone());
            bodies.len() as u64
        };
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(under_way, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1000 / turn)).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let texts = body["input"].as_array().unwrap();
        let data = texts.iter().enumerate().rev().map(|(index, text)| {
            let text = text.as_str().unwrap();
            json!({"object": "embedding", "index": index, "embedding": [text.len(), text.as_bytes()[0]]})
        });
        let answer = json!({
            "object": "list", "model": "m-1", "data": data.collect::<Vec<_>>(),
            "usage": {"prompt_tokens": texts.len(), "total_tokens": texts.len() + 1},
        });
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        Ok(StreamingResponse::new(StatusCode::OK)
            .with_headers(headers)
            .with_body_chunks([answer.to_string()]))
    }
}

fn embeddings(transport: impl Transport) -> OpenAIEmbeddings {
    OpenAIEmbeddings::new("text-embedding-3-small")
        .with_api_key("sk-canary-0123456789")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(transport)
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| "x".repeat(number + 1)).collect()
}

#[test]
fn vectors_stand_in_the_order_of_the_texts_whatever_the_order_of_answers() {
    let server = Lengths::default();
    let embeddings = embeddings(server.clone()).with_batch_size(3).with_max_concurrency(2);
    let embedded = block_on(embeddings.embed(&texts(10))).unwrap();
    let lengths: Vec<f32> = embedded.vectors.iter().map(|vector| vector[0]).collect();
    assert_eq!(lengths, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
    assert_eq!((embedded.prompt_tokens, embedded.total_tokens), (10, 14));
    assert_eq!(embedded.model.as_deref(), Some("m-1"));
    assert_eq!(server.bodies.lock().unwrap().len(), 4);
    assert_eq!(server.most.load(Ordering::SeqCst), 2, "two requests at once");
}

#[test]
fn a_request_is_valid_by_openais_own_schema() {
    let server = Lengths::default();
    let embeddings = embeddings(server.clone())
        .with_dimensions(2)
        .with_extra("user", "customer-7");
    block_on(embeddings.embed_query("hi")).unwrap();
    let body = server.bodies.lock().unwrap().remove(0);
    assert_eq!(
        body,
        json!({"model": "text-embedding-3-small", "input": ["hi"], "encoding_format": "base64", "dimensions": 2, "user": "customer-7"})
    );
    let schema: Value = serde_json::from_str(&support::data("schemas/CreateEmbeddingRequest.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&body));
}

#[test]
fn plain_numbers_are_asked_for_without_the_word() {
    let server = Lengths::default();
    let plain = embeddings(server.clone()).with_plain_numbers(true);
    block_on(plain.embed_query("hi")).unwrap();
    assert_eq!(server.bodies.lock().unwrap()[0].get("encoding_format"), None);
}

#[test]
fn a_long_text_is_the_mean_of_its_parts_with_length_one() {
    let server = Lengths::default();
    let embeddings = embeddings(server.clone()).with_max_tokens(20);
    let long = "many words that stand apart ".repeat(20);
    let vectors = block_on(embeddings.embed_documents(&["short".to_owned(), long.clone(), "end".to_owned()])).unwrap();
    assert_eq!((&vectors[0], &vectors[2]), (&vec![5.0, 115.0], &vec![3.0, 101.0]));
    let norm: f32 = vectors[1].iter().map(|number| number * number).sum();
    assert!((norm - 1.0).abs() < 1e-5, "{norm}");
    let sent = server.bodies.lock().unwrap()[0]["input"].clone();
    let parts: Vec<&str> = sent
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part.as_str().unwrap())
        .collect();
    assert!(parts.len() > 5);
    assert_eq!(parts.concat(), format!("short{long}end"));

    let whole = embeddings.with_max_tokens(None);
    block_on(whole.embed_query(&long)).unwrap();
    assert_eq!(server.bodies.lock().unwrap()[1]["input"], json!([long]));
}

#[test]
fn requests_are_full_by_tokens_as_well() {
    let server = Lengths::default();
    let embeddings = embeddings(server.clone()).with_batch_tokens(50);
    block_on(embeddings.embed_documents(&vec!["word ".repeat(12); 6])).unwrap();
    let sizes = server
        .bodies
        .lock()
        .unwrap()
        .iter()
        .map(|body| body["input"].as_array().unwrap().len())
        .collect::<Vec<_>>();
    assert_eq!(sizes.iter().sum::<usize>(), 6);
    assert!(sizes.len() > 1, "{sizes:?}");
}

#[test]
fn nothing_is_asked_for_no_texts_and_an_empty_text_is_an_error() {
    let server = Lengths::default();
    let embeddings = embeddings(server.clone());
    assert_eq!(
        block_on(embeddings.embed_documents(&[])).unwrap(),
        Vec::<Vec<f32>>::new()
    );
    let error = block_on(embeddings.embed_documents(&["a".to_owned(), String::new()])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("the text 1 (from 0) is empty"), "{error}");
    assert!(server.bodies.lock().unwrap().is_empty());
}

#[test]
fn an_error_names_the_texts_of_its_request() {
    let refused =
        json!({"error": {"message": "maximum context length is 8192 tokens", "type": "invalid_request_error"}});
    let server = Canned::json(refused.to_string()).status(400);
    let error = block_on(embeddings(server).with_batch_size(2).embed_documents(&texts(3))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextOverflow);
    let shown = error.to_string();
    assert!(
        shown.contains("the texts 0 to 1") && shown.contains("with_max_tokens"),
        "{shown}"
    );
    assert!(!shown.contains("canary"));

    let server = Canned::json(r#"{"object":"list","data":[]}"#);
    let error = block_on(embeddings(server).embed_query("hi")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("0 vectors for 1 texts"), "{error}");

    let server = Canned::json(r#"{"error":{"message":"no embeddings here","code":501}}"#);
    let error = block_on(embeddings(server).embed_query("hi")).unwrap_err();
    assert_eq!(
        (error.kind(), error.detail()),
        (ErrorKind::Server, "no embeddings here")
    );
    assert_eq!(error.request_id(), Some("req_1"));
}

#[test]
fn a_server_that_does_not_know_dimensions_is_found_out() {
    let error = block_on(embeddings(Lengths::default()).with_dimensions(256).embed_query("hi")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error
            .to_string()
            .contains("a vector of 2 numbers where 256 were expected"),
        "{error}"
    );
}
