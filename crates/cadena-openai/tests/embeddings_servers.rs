//! Embeddings and lists of models as servers really send them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use cadena_core::{ErrorKind, Result};
use cadena_http::RetryPolicy;
use cadena_openai::{Embedded, OpenAIClient, OpenAIEmbeddings};
use support::{Canned, block_on};

fn client(body: &str) -> OpenAIClient {
    OpenAIClient::new()
        .with_api_key("sk-canary-0123456789")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(Canned::json(body.to_owned()))
}

fn embed(body: &str, texts: usize) -> Result<Embedded> {
    let texts = vec!["text"; texts];
    let embeddings = OpenAIEmbeddings::new("m").with_client(client(body));
    block_on(async { embeddings.embed(&texts).await })
}

#[test]
fn the_vector_of_each_text_is_found_whatever_the_server_leaves_out() {
    for (server, body) in [
        (
            "protobuf",
            r#"{"data":[{"embedding":[1]},{"index":1,"embedding":[2]},{"index":2,"embedding":[3]}]}"#,
        ),
        (
            "protobuf, out of order",
            r#"{"data":[{"index":2,"embedding":[3]},{"index":1,"embedding":[2]},{"embedding":[1]}]}"#,
        ),
        (
            "no index",
            r#"{"data":[{"embedding":[1]},{"embedding":[2]},{"embedding":[3]}]}"#,
        ),
        (
            "null for an index",
            r#"{"data":[{"index":null,"embedding":[1]},{"index":1,"embedding":[2]},{"index":2,"embedding":[3]}]}"#,
        ),
        (
            "texts",
            r#"{"data":[{"index":"2","embedding":[3]},{"index":"0","embedding":[1.0]},{"index":"1","embedding":[2e0]}]}"#,
        ),
        (
            "floats",
            r#"{"data":[{"index":0.0,"embedding":[1]},{"index":2.0,"embedding":[3.0]},{"index":1.0,"embedding":[2]}]}"#,
        ),
        (
            "llama.cpp",
            r#"[{"index":0,"embedding":[[1]]},{"index":1,"embedding":[[2]]},{"index":2,"embedding":[[3]]}]"#,
        ),
        (
            "mixed",
            r#"{"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":[2]},{"index":2,"embedding":"[3]"}],"model":null,"usage":null}"#,
        ),
    ] {
        let embedded = embed(body, 3).unwrap();
        assert_eq!(embedded.vectors, [[1.0], [2.0], [3.0]], "{server}");
    }
}

#[test]
fn vectors_without_a_place_of_their_own_are_an_error() {
    for (body, words) in [
        (
            r#"{"data":[{"index":0,"embedding":[1]},{"embedding":[2]}]}"#,
            "some have none",
        ),
        (
            r#"{"data":[{"index":1,"embedding":[1]},{"index":1,"embedding":[2]}]}"#,
            "two vectors with the `index` 1",
        ),
        (
            r#"{"data":[{"embedding":[1]},{"index":2,"embedding":[2]}]}"#,
            "the `index` 2 for 2 texts",
        ),
        (
            r#"{"data":[{"index":1,"embedding":[1]},{"index":2,"embedding":[2]}]}"#,
            "the `index` 2 for 2 texts",
        ),
        (
            r#"{"data":[{"index":-1,"embedding":[1]},{"index":0,"embedding":[2]}]}"#,
            "no whole number",
        ),
        (r#"{"data":[{"index":0,"embedding":[1]}]}"#, "1 vectors for 2 texts"),
        (r#"{"data":[]}"#, "0 vectors for 2 texts"),
        (r#"{"data":null}"#, "no list of embeddings"),
        (
            r#"{"data":[{"index":0,"embedding":[[1],[2]]},{"index":1,"embedding":[3]}]}"#,
            "no list of embeddings",
        ),
        (
            r#"{"data":[{"index":0,"embedding":[1,null]},{"index":1,"embedding":[3,4]}]}"#,
            "no list of embeddings",
        ),
    ] {
        let error = embed(body, 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(words), "{body}: {error}");
    }
    let error = embed(
        r#"{"data":null,"error":{"message":"no such model","code":"model_not_found"}}"#,
        1,
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn tokens_are_counted_however_the_server_writes_them() {
    for (usage, tokens) in [
        (r#"{"prompt_tokens":2,"total_tokens":3}"#, (2, 3)),
        (r#"{"prompt_tokens":"2","total_tokens":"3.0"}"#, (2, 3)),
        (r#"{"total_tokens":3}"#, (0, 3)),
        (r#"{"prompt_tokens":2}"#, (2, 2)),
        (r#"{"input_tokens":2.0,"total_tokens":null}"#, (2, 2)),
        (r#"{"prompt_tokens":-2,"total_tokens":[]}"#, (0, 0)),
        (r#""2""#, (0, 0)),
        ("null", (0, 0)),
    ] {
        let embedded = embed(&format!(r#"{{"data":[{{"embedding":[1]}}],"usage":{usage}}}"#), 1).unwrap();
        assert_eq!((embedded.prompt_tokens, embedded.total_tokens), tokens, "{usage}");
    }
}

#[test]
fn models_are_listed_however_the_server_writes_them() {
    for (body, expect) in [
        (r#"{"object":"list","data":[{"id":"b"},{"id":"a"}]}"#, &["a", "b"][..]),
        (
            r#"[{"id":"b","created":1.5e9},{"id":"a","created":"2024-05-13"}]"#,
            &["a", "b"],
        ),
        (
            r#"{"data":[{"id":"a","created":null},{"created":1},{"name":"b","created":[]},null]}"#,
            &["a", "b"],
        ),
        (
            r#"{"models":[{"name":"b:latest","size":1},{"model":"a:latest"}]}"#,
            &["a:latest", "b:latest"],
        ),
        (r#"{"data":null}"#, &[]),
        (r#"{"object":"list","data":null}"#, &[]),
        ("[]", &[]),
        (
            r#"{"data":[{"id":"a","created":NaN,"about":"\ud83d"},{"id":"b","created":1e400}]}"#,
            &["a", "b"],
        ),
    ] {
        let models = block_on(client(body).list_models()).unwrap();
        let names: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(names, expect, "{body}");
    }
    for body in ["{}", r#""none""#, "7"] {
        assert_eq!(
            block_on(client(body).list_models()).unwrap_err().kind(),
            ErrorKind::Decode,
            "{body}"
        );
    }
    let refused = r#"{"data":null,"error":{"message":"no","code":"invalid_api_key"}}"#;
    assert_eq!(
        block_on(client(refused).list_models()).unwrap_err().kind(),
        ErrorKind::Authentication
    );
}
