//! JSON as models write it: each file of `cases/answers`, and random answers, by the three parsers of JSON, whole and in pieces.

use cadena_core::{
    AIMessage, AIMessageChunk, Answer, ChatModelExt, Error, JsonOutputParser, Result, RunContext, Runnable,
    RunnableExt, TypedOutputParser, flow_whole, fold,
};
use cadena_testing::ScriptedModel;
use futures::executor::block_on;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::Value;

use crate::case::{Results, check, json};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
struct Any(Value);

flow_whole!(Any);

fn cut(text: &str, size: usize) -> Vec<AIMessageChunk> {
    let chars: Vec<char> = text.chars().collect();
    let pieces = chars.chunks(size.max(1));
    pieces
        .map(|piece| AIMessageChunk::new(piece.iter().collect::<String>()))
        .collect()
}

/// The value of the answer in these pieces, whole and streamed, which must be the same.
fn parse<P: Runnable<Input = AIMessage>>(parser: &P, pieces: &[AIMessageChunk]) -> Result<Value> {
    let text: String = pieces.iter().map(AIMessageChunk::text).collect();
    let whole = block_on(parser.invoke(AIMessage::new(text)));
    let whole = whole.map(|output| serde_json::to_value(output).unwrap());
    let input = stream::iter(pieces.to_vec()).map(Ok).boxed();
    let streamed = block_on(fold::<P::Output>(parser.run_transform(input, RunContext::default())));
    let streamed = streamed.map(|output| serde_json::to_value(output.unwrap()).unwrap());
    same(whole, streamed)
}

fn structured(pieces: &[AIMessageChunk]) -> Result<Value> {
    let model = ScriptedModel::new().chunks(pieces.to_vec()).chunks(pieces.to_vec());
    let llm = model.with_structured_output_schema("any", serde_json::json!({"type": "object"}));
    let whole = block_on(llm.invoke("?")).map(|answer| answer.json().clone());
    let streamed = block_on(fold::<Answer<Value>>(llm.stream("?")));
    same(whole, streamed.map(|answer| answer.unwrap().json().clone()))
}

#[track_caller]
fn same(whole: Result<Value>, streamed: Result<Value>) -> Result<Value> {
    match (&whole, &streamed) {
        (Ok(whole), Ok(streamed)) => assert_eq!(whole, streamed),
        (Err(whole), Err(streamed)) => {
            assert_eq!(whole.detail(), streamed.detail());
            assert_eq!(whole.kind(), streamed.kind());
        }
        _ => panic!("whole {whole:?}, streamed {streamed:?}"),
    }
    whole
}

/// What all three parsers make of an answer.
#[track_caller]
fn read(pieces: &[AIMessageChunk]) -> Result<Value> {
    let value = parse(&JsonOutputParser::new(), pieces);
    let typed = [
        parse(&TypedOutputParser::<Any>::new(), pieces),
        parse(&TypedOutputParser::<Any>::new().streaming(), pieces),
    ];
    for other in typed.into_iter().chain([structured(pieces)]) {
        match (&value, other) {
            (Ok(value), Ok(other)) => assert_eq!(*value, other),
            (Err(error), Err(other)) => assert_eq!(error.detail(), other.detail()),
            (value, other) => panic!("{value:?} {other:?}"),
        }
    }
    value
}

#[test]
fn every_answer_is_read_however_it_is_cut() {
    check("answers", &["value", "error"], |case| {
        let said = case.input("said");
        let whole = result(read(&cut(said, said.len())));
        for size in [1, 2, 3, 5, 8, 13] {
            assert_eq!(
                result(read(&cut(said, size))),
                whole,
                "{} in pieces of {size}",
                case.path.display()
            );
        }
        whole
    });
}

fn result(read: Result<Value>) -> Results {
    match read {
        Ok(value) => vec![("value", json(&value))],
        Err(error) => vec![("error", error.detail().to_owned())],
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~\n]{0,12}".boxed(),
        prop::sample::select(vec![
            "```",
            "```json\n[1]\n```",
            "<think>",
            "</think>",
            "{",
            "\"",
            "é梨"
        ])
        .prop_map(str::to_owned)
        .boxed(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-999..999).prop_map(|n| Value::from(f64::from(n) / 8.0)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object or array that nobody takes for a footnote.
fn any_strong() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_json().prop_map(|value| serde_json::json!({"answer": value})),
        any_json().prop_map(|value| serde_json::json!(["answer", value])),
    ]
}

fn write(value: &Value, pretty: bool) -> String {
    if pretty {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    }
    .unwrap()
}

const WORDS: &str = "[A-Za-z][A-Za-z ,.:;!?()'*\n-]{0,30}";

fn in_pieces(text: &str, cuts: &[prop::sample::Index]) -> Vec<AIMessageChunk> {
    let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut at: Vec<usize> = cuts.iter().map(|cut| *cut.get(&borders)).collect();
    at.extend([0, text.len()]);
    at.sort_unstable();
    at.windows(2)
        .map(|cut| AIMessageChunk::new(text.get(cut[0]..cut[1]).unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_is_found_in_thoughts_words_and_fences_however_it_is_cut(
        value in any_strong(),
        pretty: bool,
        thoughts in prop::option::of(prop_oneof![
            WORDS.prop_map(|words| format!("<think>{words} {{\"draft\": [1]}} ```\n</think>\n")),
            WORDS.prop_map(|words| format!("{words} {{\"draft\": [1]}} {{ok}} [2]</think>")),
            Just("</think>".to_owned()),
        ]),
        before in prop::option::of(WORDS),
        fence in prop::option::of(prop::sample::select(vec!["```json\n", "```\n", "```JSON ", "```js\n", "```json"])),
        closed: bool,
        after in prop::option::of(WORDS),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut text = thoughts.unwrap_or_default() + &before.unwrap_or_default();
        text += fence.unwrap_or_default();
        text += &write(&value, pretty);
        if fence.is_some() && closed {
            text += "\n```\n";
        }
        text += &after.unwrap_or_default();
        let got = read(&in_pieces(&text, &cuts));
        prop_assert_eq!(got.map_err(|error| error.to_string()), Ok(value));
    }

    #[test]
    fn any_value_alone_or_in_a_closed_fence_is_read(
        value in any_json(),
        pretty: bool,
        around in prop::sample::select(vec![("", ""), (" \n", "\n"), ("`", "`"), ("```json\n", "\n```"), ("Here:\n```\n", "```\nBye."), ("<think>a</think>", "")]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let text = format!("{}{}{}", around.0, write(&value, pretty), around.1);
        let got = read(&in_pieces(&text, &cuts));
        prop_assert_eq!(got.map_err(|error| error.to_string()), Ok(value));
    }

    #[test]
    fn whatever_is_said_a_stream_ends_as_the_whole_does(
        pieces in prop::collection::vec(prop_oneof![
            "[a {}\\[\\]\",:1\n`<>\\\\]{0,6}",
            prop::sample::select(vec!["```", "```json\n", "<think>", "</think>", "{\"a\": ", "[1]", "\"b\"", "true", "NaN", "1e999", "<thi", "é"])
                .prop_map(str::to_owned),
        ], 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let text = pieces.concat();
        for parser in [JsonOutputParser::new(), JsonOutputParser::new().lenient()] {
            if !text.is_empty() {
                drop(parse(&parser, &in_pieces(&text, &cuts)));
            }
        }
        if !text.trim().is_empty() {
            drop(read(&in_pieces(&text, &cuts)));
        }
    }

    #[test]
    fn json_that_is_cut_off_is_an_error_and_never_a_part_of_it(
        value in any_strong(),
        before in prop::sample::select(vec!["", "Sure: ", "```json\n", "Here:\n```\n", "<think>hm</think>"]),
        at: prop::sample::Index,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let json = write(&value, false);
        let borders: Vec<usize> = json.char_indices().map(|(at, _)| at).collect();
        let json = json.get(..*at.get(&borders)).unwrap();
        let text = format!("{before}{json}");
        // A closing tag in a text may also have ended a thought.
        prop_assume!(!json.contains("</think>"));
        prop_assume!(!text.is_empty());
        let got: std::result::Result<Value, Error> = read(&in_pieces(&text, &cuts));
        prop_assert!(got.is_err(), "{:?}", got);
    }
}
