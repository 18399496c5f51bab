//! Values of a type from a real server, which keeps its answers to the schema.

use cadena::structured::{Answer, StructuredMethod};
use cadena::{Bind, ChatModel, ChatModelExt, ChatOptions, ErrorKind, RunnableExt, fold, schemars};
use futures::TryStreamExt;
use serde_json::json;

use crate::model;

/// How a text sounds.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[schemars(crate = "cadena::schemars")]
struct Verdict {
    mood: Mood,
    /// From 0 to 10.
    #[schemars(range(max = 10))]
    rating: u8,
    sure: bool,
}

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[schemars(crate = "cadena::schemars")]
#[serde(rename_all = "snake_case")]
enum Mood {
    Happy,
    Sad,
}

const QUESTION: &str = "I love this day! How do I sound?";

/// The model with room for an answer.
fn roomy() -> Option<impl ChatModel + Clone> {
    Some(model()?.bind(ChatOptions::new().max_tokens(64)))
}

#[tokio::test]
async fn a_struct_comes_back_with_the_probability_of_each_value_invoked_and_streamed() {
    let Some(llm) = roomy() else { return };
    let llm = llm.with_structured_output::<Verdict>();
    let whole = llm.invoke(QUESTION).await.unwrap();
    assert!(whole.rating <= 10);

    let mut growing = 0;
    let mut chunks = llm.stream(QUESTION);
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        assert!(chunk.json().is_object());
        growing += 1;
    }
    assert!(growing > 3, "the value came in {growing} pieces");

    let folded = fold::<Answer<Verdict>>(llm.stream(QUESTION)).await.unwrap().unwrap();
    assert_eq!(*folded, *whole);
    assert_eq!(folded.raw().text(), whole.raw().text());
    for pointer in ["", "/mood", "/rating", "/sure"] {
        let sure = whole.confidence(pointer).unwrap();
        assert!(sure.is_complete && sure.tokens > 0, "{pointer}: {sure:?}");
        let probability = sure.probability().unwrap();
        assert!((0.0..=1.0).contains(&probability), "{pointer}: {probability}");
        let streamed = folded.confidence(pointer).and_then(|sure| sure.logprob()).unwrap();
        assert!(
            (streamed - sure.logprob().unwrap()).abs() < 0.05,
            "{pointer}: {streamed}"
        );
    }
}

#[tokio::test]
async fn json_mode_gives_json() {
    let Some(llm) = roomy() else { return };
    let llm = llm.with_structured_output_schema("any", json!({"type": "object"}));
    // A small model may not come to an end within its tokens; then that is what the error says.
    match llm
        .method(StructuredMethod::JsonMode)
        .invoke("Say {\"a\": 1} in JSON.")
        .await
    {
        Ok(answer) => assert!(answer.json().is_object()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Truncated),
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_truncated_with_what_was_said() {
    let Some(llm) = roomy() else { return };
    let llm = llm
        .bind(ChatOptions::new().max_tokens(3))
        .with_structured_output::<Verdict>();
    let error = llm.invoke(QUESTION).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert!(error.partial().unwrap().text().starts_with('{'));
}

#[tokio::test]
async fn a_schema_that_the_server_refuses_is_an_error_and_the_next_call_works() {
    let Some(llm) = roomy() else { return };
    let refused = llm.with_structured_output_schema(
        "bad",
        json!({"type": "object", "properties": {"a": {"type": "nonsense"}}}),
    );
    let error = refused.invoke(QUESTION).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::Server),
        "{error}"
    );
    assert!(llm.invoke(QUESTION).await.is_ok());
}
