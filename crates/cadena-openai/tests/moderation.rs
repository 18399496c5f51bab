//! Moderation and the list of models.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{ErrorKind, RunnableExt};
use cadena_http::RetryPolicy;
use cadena_openai::{OpenAIClient, OpenAIModeration};
use serde_json::{Value, json};
use support::{Canned, block_on};

fn client(server: &Canned) -> OpenAIClient {
    OpenAIClient::new()
        .with_api_key("sk-canary-0123456789")
        .with_base_url("http://test.invalid/v1")
        .with_http_retry(RetryPolicy::none())
        .with_transport(server.clone())
}

fn answer(flags: &[bool]) -> Canned {
    let results = flags.iter().map(|flagged| {
        json!({"flagged": flagged, "categories": {"hate": flagged, "illicit": null}, "category_scores": {"hate": 0.5, "illicit": null}})
    });
    Canned::json(json!({"id": "m", "model": "m", "results": results.collect::<Vec<_>>()}).to_string())
}

fn moderation(server: &Canned) -> OpenAIModeration {
    OpenAIModeration::new("omni-moderation-latest").with_client(client(server))
}

#[test]
fn texts_are_moderated_in_one_request_and_in_their_order() {
    let server = answer(&[false, true]);
    let texts = ["a".to_owned(), "b".to_owned()];
    let found = block_on(moderation(&server).moderate(&texts)).unwrap();
    assert_eq!(
        found.iter().map(|found| found.flagged).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!((found[1].categories.len(), found[1].scores["hate"]), (1, 0.5));
    assert_eq!(
        server.bodies(),
        [json!({"model": "omni-moderation-latest", "input": ["a", "b"]})]
    );

    let error = block_on(moderation(&server).moderate(&texts[..1])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(block_on(moderation(&server).moderate(&[""; 0])).unwrap().is_empty());
    assert_eq!(server.requests().len(), 2, "nothing is asked about no text");
}

#[test]
fn a_gate_ends_a_chain_and_does_not_repeat_the_text() {
    let gate =
        |flagged| moderation(&answer(&[flagged])).gate() | cadena_core::lambda(|text: String| text.to_uppercase());
    assert_eq!(block_on(async { gate(false).invoke("fine").await }).unwrap(), "FINE");
    let error = block_on(async { gate(true).invoke("a secret threat").await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContentFilter);
    assert!(
        error.to_string().contains("hate") && !format!("{error:?} {error}").contains("secret"),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[test]
fn an_answer_that_is_no_moderation_is_an_error() {
    for (body, kind) in [
        ("{}", ErrorKind::Decode),
        ("<html>", ErrorKind::Decode),
        (
            r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
            ErrorKind::NotFound,
        ),
    ] {
        let error = block_on(async { moderation(&Canned::json(body)).invoke("x").await }).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("canary"));
    }
}

#[test]
fn models_are_listed_by_name_with_what_the_server_adds() {
    let server = Canned::json(
        r#"{"object":"list","data":[{"id":"b","meta":{"n_ctx_train":2048}},{"id":"a","created":5,"owned_by":"me"}]}"#,
    );
    let models = block_on(client(&server).list_models()).unwrap();
    assert_eq!(
        (models[0].id.as_str(), models[0].created, models[0].owned_by.as_deref()),
        ("a", Some(5), Some("me"))
    );
    assert_eq!(models[1].extra.get("meta"), Some(&json!({"n_ctx_train": 2048})));
    assert_eq!(models[1].known(), None);
    let request = &server.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.url.as_str(), request.body.len()),
        ("GET", "http://test.invalid/v1/models", 0)
    );
    let _: Value = serde_json::to_value(&models).unwrap();
}
