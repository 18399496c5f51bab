//! Answers of a form: every method, every way in which an answer is none, and that a stream adds up to what `invoke` gives.

#![cfg(feature = "schemars")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessageChunk, Answer, AnswerChunk, Bind, ChatModelExt, ChatOptions, Error, ErrorKind, Logprobs, Refusal,
    RunnableExt, Structured, StructuredMethod, StructuredOutput, TokenLogprob, ToolCallChunk, UnparsedAnswer, fold,
    schemars,
};
use cadena_testing::ScriptedModel;
use futures::TryStreamExt;
use proptest::prelude::*;
use serde_json::{Value, json};

/// An offer of a shop.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Offer {
    /// What is sold.
    item: String,
    price: f64,
    #[serde(default)]
    pieces: u8,
    note: Option<String>,
}

const PEAR: &str = r#"{"item": "pear", "price": 1.5, "pieces": 2, "note": null}"#;

fn pear() -> Offer {
    Offer {
        item: "pear".to_owned(),
        price: 1.5,
        pieces: 2,
        note: None,
    }
}

/// Pieces of a text, each a token.
fn tokens(pieces: &[&str]) -> Vec<AIMessageChunk> {
    let token = |(at, piece): (usize, &&str)| {
        let token = TokenLogprob::new(*piece, -0.125 * (at + 1) as f64);
        AIMessageChunk::new(*piece).with_logprobs(Logprobs::content(vec![token]))
    };
    pieces.iter().enumerate().map(token).collect()
}

fn call(name: &str, pieces: &[&str]) -> Vec<AIMessageChunk> {
    let named = ToolCallChunk::new(0).with_name(name).with_id("call_1").with_args("");
    let mut chunks = vec![AIMessageChunk::new("").with_tool_call_chunk(named)];
    let pieces = pieces.iter().map(|piece| ToolCallChunk::new(0).with_args(*piece));
    chunks.extend(pieces.map(|piece| AIMessageChunk::new("").with_tool_call_chunk(piece)));
    chunks.push(AIMessageChunk::new("").with_finish_reason("tool_calls"));
    chunks
}

fn refusal(text: &str) -> AIMessageChunk {
    let mut chunk = AIMessageChunk::new("");
    chunk.additional_kwargs.insert("refusal", text);
    chunk
}

/// The error of a whole answer and of a streamed one, which must be the same.
async fn error_of(chunks: Vec<AIMessageChunk>, method: StructuredMethod) -> Error {
    let model = ScriptedModel::new().chunks(chunks.clone()).chunks(chunks);
    let llm = model.with_structured_output::<Offer>().method(method);
    let error = llm.invoke("An offer?").await.unwrap_err();
    let streamed = fold::<Answer<Offer>>(llm.stream("An offer?")).await.unwrap_err();
    assert_eq!(streamed.kind(), error.kind());
    assert_eq!(streamed.to_string(), error.to_string());
    assert_eq!(
        streamed.partial().map(AIMessageChunk::text),
        error.partial().map(AIMessageChunk::text)
    );
    error
}

#[tokio::test]
async fn a_type_is_asked_for_by_its_schema_and_comes_back_with_what_is_bound() {
    let model = ScriptedModel::new().say(PEAR).say(PEAR);
    let llm = model
        .bind(ChatOptions::new().logprobs(true))
        .with_structured_output::<Offer>();
    let answer = llm.bind(ChatOptions::new().seed(7)).invoke("An offer?").await.unwrap();
    assert_eq!(*answer, pear());
    assert_eq!(answer.raw().text(), PEAR);
    assert_eq!(answer.json()["price"], 1.5);
    assert_eq!(answer.clone().into_inner(), pear());

    let options = &model.requests()[0].options;
    assert_eq!((options.logprobs, options.seed), (Some(true), Some(7)));
    insta::assert_json_snapshot!(options.response_format, @r#"
    {
      "type": "json_schema",
      "json_schema": {
        "name": "Offer",
        "description": "An offer of a shop.",
        "strict": true,
        "schema": {
          "type": "object",
          "properties": {
            "item": {
              "type": "string",
              "description": "What is sold."
            },
            "price": {
              "type": "number"
            },
            "pieces": {
              "type": "integer",
              "minimum": 0,
              "maximum": 255
            },
            "note": {
              "type": [
                "string",
                "null"
              ]
            }
          },
          "required": [
            "item",
            "price",
            "pieces",
            "note"
          ],
          "additionalProperties": false
        }
      }
    }
    "#);
}

#[tokio::test]
async fn a_function_that_must_be_called_gives_its_arguments() {
    let pieces = [r#"{"item": "pe"#, r#"ar", "price": 1.5, "#, r#""pieces": 2}"#];
    let model = ScriptedModel::new()
        .chunks(call("Offer", &pieces))
        .chunks(call("Offer", &pieces));
    let llm = model
        .with_structured_output::<Offer>()
        .method(StructuredMethod::FunctionCalling);
    assert_eq!(*llm.invoke("An offer?").await.unwrap(), pear());
    let options = &model.requests()[0].options;
    assert_eq!(options.tools.as_ref().unwrap()[0]["function"]["name"], "Offer");
    assert_eq!(
        serde_json::to_value(&options.tool_choice).unwrap(),
        json!({"name": "Offer"})
    );
    assert_eq!(options.parallel_tool_calls, Some(false));

    let chunks: Vec<AnswerChunk<Offer>> = llm.stream("An offer?").try_collect().await.unwrap();
    let growing: Vec<&Value> = chunks.iter().map(AnswerChunk::json).collect();
    assert_eq!(
        growing[..2],
        [&json!({"item": "pe"}), &json!({"item": "pear", "price": 1.5})]
    );
    assert_eq!(chunks.last().and_then(AnswerChunk::value), Some(&pear()));
}

#[tokio::test]
async fn json_mode_asks_for_any_json() {
    let model = ScriptedModel::new().say(PEAR);
    let llm = model
        .with_structured_output::<Offer>()
        .method(StructuredMethod::JsonMode);
    assert_eq!(*llm.invoke("An offer in JSON?").await.unwrap(), pear());
    assert_eq!(
        model.requests()[0].options.response_format,
        Some(json!({"type": "json_object"}))
    );
}

#[tokio::test]
async fn every_value_has_its_probability_through_escapes_and_split_tokens() {
    let pieces = [
        "{\"ite",
        "m\": \"",
        "p\\u00",
        "e9",
        "ar 梨",
        "\", \"price\":",
        " 1",
        ".",
        "5",
        "}",
    ];
    let bytes = "梨".as_bytes();
    let mut chunks = tokens(&pieces);
    // A character that is split over two tokens: the text of neither is the character.
    let halves = [&bytes[..1], &bytes[1..]].map(|half| {
        let mut token = TokenLogprob::new(String::from_utf8_lossy(half), -0.25);
        token.bytes = Some(half.to_vec());
        token
    });
    let mut split = vec![TokenLogprob::new("ar ", -0.5)];
    split.extend(halves);
    chunks[4] = AIMessageChunk::new("ar 梨").with_logprobs(Logprobs::content(split));
    let model = ScriptedModel::new().chunks(chunks);
    let llm = model
        .bind(ChatOptions::new().logprobs(true))
        .with_structured_output::<Offer>();
    let answer = fold::<Answer<Offer>>(llm.stream("An offer?")).await.unwrap().unwrap();
    assert_eq!(answer.item, "péar 梨");
    // `p\u00`, `e9`, then the three tokens of `ar 梨`.
    let item = answer.confidence("/item").unwrap();
    assert_eq!(
        (item.tokens, item.logprob()),
        (5, Some(-0.375 - 0.5 - 0.5 - 0.25 - 0.25))
    );
    assert_eq!(
        answer.probability("/price"),
        Some((-0.125_f64 * (7.0 + 8.0 + 9.0)).exp())
    );
    assert_eq!(answer.confidence("/note"), None);
    assert_eq!(answer.json_confidence().unwrap().values().count(), 3);
}

#[tokio::test]
async fn arguments_of_a_call_have_their_probabilities_where_the_server_gives_the_tokens() {
    let mut chunks = call("Offer", &[PEAR]);
    let before = [r#"<tool_call>{"name": "Offer", "arguments": "#, r#"{"item": ""#, "pear"];
    let text: Vec<TokenLogprob> = before
        .into_iter()
        .chain([
            r#"", "price": "#,
            "1.5",
            r#", "pieces": 2, "note": null}"#,
            "}</tool_call>",
        ])
        .zip(1..)
        .map(|(text, at)| TokenLogprob::new(text, -0.125 * f64::from(at)))
        .collect();
    chunks[1] = chunks[1].clone().with_logprobs(Logprobs::content(text));
    let model = ScriptedModel::new().chunks(chunks);
    let llm = model
        .bind(ChatOptions::new().logprobs(true))
        .with_structured_output::<Offer>();
    let answer = llm.method(StructuredMethod::FunctionCalling).invoke("?").await.unwrap();
    assert_eq!(answer.probability("/item"), Some((-0.375_f64).exp()));
    assert_eq!(answer.probability("/price"), Some((-0.625_f64).exp()));
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_of_its_kind_with_all_that_was_said() {
    let text = StructuredMethod::JsonSchema;
    let error = error_of(tokens(&["I can", " not."]), text).await;
    assert_eq!(error.kind(), ErrorKind::Parse);
    assert_eq!(
        error.downcast_source_ref().map(UnparsedAnswer::text),
        Some("I can not.")
    );
    assert_eq!(error.partial().unwrap().text(), "I can not.");

    let error = error_of(tokens(&[r#"{"item": "pear", "price": "#, r#""a secret"}"#]), text).await;
    assert_eq!(error.kind(), ErrorKind::Parse);
    assert_eq!(
        error.downcast_source_ref().and_then(UnparsedAnswer::pointer),
        Some("/price")
    );
    assert_eq!(error.detail(), "`/price`: expected f64, got \"a secret\"");

    let error = error_of(vec![refusal("I had "), refusal("rather not.")], text).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(
        error.downcast_source_ref().map(Refusal::text),
        Some("I had rather not.")
    );
    assert!(!format!("{error} {error:?}").contains("rather"));

    let cut = tokens(&[r#"{"item": "pe"#]).into_iter();
    let error = error_of(
        cut.chain([AIMessageChunk::new("").with_finish_reason("length")])
            .collect(),
        text,
    )
    .await;
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Truncated, false));
    assert_eq!(error.partial().unwrap().text(), r#"{"item": "pe"#);

    let filtered = AIMessageChunk::new("").with_finish_reason("content_filter");
    assert_eq!(error_of(vec![filtered], text).await.kind(), ErrorKind::ContentFilter);
    assert_eq!(error_of(tokens(&[" "]), text).await.detail(), "the answer is empty");
    let error = error_of(call("search", &["{}"]), text).await;
    assert_eq!(error.detail(), "the model called a tool instead of answering");
}

#[tokio::test]
async fn a_call_that_is_none_is_an_error_and_never_nothing() {
    let method = StructuredMethod::FunctionCalling;
    let error = error_of(tokens(&["No."]), method).await;
    assert_eq!(
        (error.kind(), error.detail()),
        (
            ErrorKind::Parse,
            "the model did not call `Offer`; the answer begins with \"No.\""
        )
    );
    assert_eq!(error.downcast_source_ref().map(UnparsedAnswer::text), Some("No."));

    assert_eq!(error_of(call("Other", &["{}"]), method).await.kind(), ErrorKind::Parse);
    let error = error_of(call("Offer", &[r#"{"item": "pe"#]), method).await;
    assert_eq!(error.kind(), ErrorKind::Parse);
    assert_eq!(
        error.downcast_source_ref().map(UnparsedAnswer::text),
        Some(r#"{"item": "pe"#)
    );
    let error = error_of(call("Offer", &["[1]"]), method).await;
    assert_eq!(error.kind(), ErrorKind::Parse);
    let error = error_of(call("Offer", &[r#"{"item": 1, "price": 2}"#]), method).await;
    assert_eq!(
        error.downcast_source_ref().and_then(UnparsedAnswer::pointer),
        Some("/item")
    );
}

#[tokio::test]
async fn with_the_message_beside_it_an_answer_that_is_none_is_no_error() {
    let model = ScriptedModel::new().say("not json").say("not json").say(PEAR);
    let llm = model.with_structured_output::<Offer>().include_raw();
    let whole = llm.invoke("An offer?").await.unwrap();
    assert_eq!(whole.raw().text(), "not json");
    assert_eq!(whole.parsed().unwrap_err().kind(), ErrorKind::Parse);
    let folded = fold::<StructuredOutput<Offer>>(llm.stream("An offer?"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(folded.raw().text(), "not json");
    let error = folded.into_parsed().unwrap_err();
    assert_eq!(error.downcast_source_ref().map(UnparsedAnswer::text), Some("not json"));
    assert_eq!(error.partial().unwrap().text(), "not json");
    assert_eq!(llm.invoke("An offer?").await.unwrap().parsed().ok(), Some(&pear()));
    let error = llm.invoke("An offer?").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config); // an error of the model stays one
}

#[tokio::test]
async fn a_type_that_strict_mode_cannot_say_is_asked_for_without_it() {
    type Prices = std::collections::HashMap<String, f64>;
    let model = ScriptedModel::new().say(r#"{"pear": 1.5}"#);
    let llm = model.with_structured_output::<Prices>();
    let format = llm.options().unwrap().response_format.unwrap();
    assert_eq!(format["json_schema"]["strict"], false);
    assert_eq!(llm.invoke("?").await.unwrap()["pear"], 1.5);

    let error = llm.strict(true).invoke("?").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn settings_that_cannot_be_are_errors_before_anything_is_sent() {
    let model = ScriptedModel::new();
    let kind = |llm: Structured<Offer>| llm.options().unwrap_err().kind();
    let llm = model.with_structured_output::<Offer>();
    assert_eq!(
        kind(llm.clone().method(StructuredMethod::JsonMode).strict(true)),
        ErrorKind::InvalidInput
    );
    let error = llm.method(StructuredMethod::JsonMode).strict(true).stream("?");
    let error = error.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.step(), Some("StructuredOutput"));
    assert!(model.with_structured_output_schema("x", json!([])).options().is_err());
    assert!(model.requests().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_fold_of_the_stream_is_what_invoke_gives(cuts in prop::collection::vec(0..PEAR.len(), 0..8), as_call: bool, whole: bool) {
        let text = if whole { PEAR } else { &PEAR[..PEAR.len() - 9] };
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
        let chunks = if as_call { call("Offer", &pieces) } else { tokens(&pieces) };
        let model = ScriptedModel::new().chunks(chunks.clone()).chunks(chunks.clone()).chunks(chunks);
        let llm = model.bind(ChatOptions::new().logprobs(true)).with_structured_output::<Offer>();
        let llm = llm.method(if as_call { StructuredMethod::FunctionCalling } else { StructuredMethod::JsonSchema });
        futures::executor::block_on(async {
            let invoked = llm.invoke("?").await;
            let folded = fold::<Answer<Offer>>(llm.stream("?")).await;
            prop_assert_eq!(invoked.is_ok(), whole);
            match (invoked, folded) {
                (Ok(invoked), Ok(Some(folded))) => {
                    prop_assert_eq!(&*invoked, &*folded);
                    prop_assert_eq!(&invoked.raw().content, &folded.raw().content);
                    prop_assert_eq!(&invoked.raw().tool_calls, &folded.raw().tool_calls);
                    prop_assert_eq!(&invoked.raw().response_metadata, &folded.raw().response_metadata);
                    prop_assert_eq!(invoked.json_confidence(), folded.json_confidence());
                }
                (Err(invoked), Err(folded)) => prop_assert_eq!(invoked.to_string(), folded.to_string()),
                (invoked, folded) => prop_assert!(false, "{:?} {:?}", invoked, folded),
            }
            let raw = fold::<StructuredOutput<Offer>>(llm.include_raw().stream("?")).await.unwrap().unwrap();
            prop_assert_eq!(raw.parsed().is_ok(), whole);
            Ok(())
        })?;
    }
}
