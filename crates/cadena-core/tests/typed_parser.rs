//! Typed answers: the values that show while they grow, and their errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;

use cadena_core::{
    AIMessageChunk, Error, JsonOutputParser, Merge, Result, RunnableExt, Streamable, TypedOutputParser, UnparsedAnswer,
    Whole, XmlOutputParser, flow_whole,
};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Order {
    id: u32,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    name: String,
    price: f64,
}

flow_whole!(Order, Item);

fn in_pieces<T>(text: &str, size: usize) -> Vec<Result<T>>
where
    T: Streamable<Chunk = Whole<T>> + DeserializeOwned,
{
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<_> = chars
        .chunks(size)
        .map(|piece| Ok(AIMessageChunk::new(piece.iter().collect::<String>())))
        .collect();
    let parser = TypedOutputParser::<T>::new().streaming();
    let output = parser.transform(stream::iter(pieces).boxed());
    block_on(output.map_ok(|Whole(value)| value).collect())
}

#[track_caller]
fn fails<T: Streamable + DeserializeOwned>(text: &str, detail: &str, pointer: Option<&str>) {
    let error: Error = TypedOutputParser::<T>::new().parse(text).err().unwrap();
    assert_eq!(error.detail(), detail);
    let answer: &UnparsedAnswer = error.downcast_source_ref().unwrap();
    assert_eq!((answer.text(), answer.pointer()), (text, pointer));
    assert!(!format!("{answer:?} {answer}").contains(text));
}

#[test]
fn an_error_names_the_place_and_the_expectation_and_the_value() {
    fails::<Order>(r#"{"id": "opne"}"#, "`/id`: expected u32, got \"opne\"", Some("/id"));
    fails::<Order>(r#"{"id": {"a": 1}}"#, "`/id`: expected u32, got {\"a\":1}", Some("/id"));
    fails::<Order>(
        "{\"items\": [{\"name\": \"a\", \"price\": 1},\n {\"name\": \"tea\"}]}",
        "`/items/1`: expected the key `price`, got {\"name\":\"tea\"}",
        Some("/items/1"),
    );
    fails::<Order>(
        "```json\n{\"id\": true}\n```",
        "`/id`: expected u32, got true",
        Some("/id"),
    );
    fails::<Whole<BTreeMap<String, u8>>>(r#"{"a/b": []}"#, "`/a~1b`: expected u8, got []", Some("/a~1b"));
    fails::<Order>("\"none\"", "expected struct Order, got \"none\"", Some(""));
    fails::<Order>(
        "[1, 2",
        "the text ends at line 1 column 6, where `,` or `]` is expected; the answer begins with \"[1, 2\"",
        None,
    );
    fails::<Order>(
        "Sure: {\"id\": 1,}",
        "expected a key at line 1 column 16, got \"}\"; the answer begins with \"Sure: {\\\"id\\\": 1,}\"",
        None,
    );
}

#[test]
fn a_value_shows_as_soon_as_the_answer_can_be_read_as_it() {
    let shown: Vec<Item> = in_pieces(r#"{"name": "tea", "price": 12.5}"#, 1)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let prices: Vec<f64> = shown.iter().map(|item| item.price).collect();
    assert_eq!(prices, [1.0, 12.0, 12.5]);
    assert!(shown.iter().all(|item| item.name == "tea"));
}

#[test]
fn a_growing_value_of_a_cut_answer_ends_in_an_error() {
    let mut shown = in_pieces::<Order>(r#"{"id": 1, "note": "x"#, 4);
    assert!(shown.pop().unwrap().is_err());
    assert_eq!(shown.pop().unwrap().unwrap().note.as_deref(), Some("x"));
}

fn any_order() -> impl Strategy<Value = Order> {
    let item = ("[a-c\"é]{0,4}", -9..9).prop_map(|(name, price)| Item {
        name,
        price: f64::from(price) / 4.0,
    });
    (
        any::<u32>(),
        proptest::collection::vec(item, 0..4),
        proptest::option::of("[a-c\n]{0,6}"),
    )
        .prop_map(|(id, items, note)| Order { id, items, note })
}

/// The error of a parser, if there is one, is one line and shorter than this, whatever a model wrote.
fn is_short<T>(read: Result<T>) {
    if let Err(error) = read {
        let line = error.to_string();
        assert!(line.len() < 4_000 && !line.chars().any(char::is_control), "{line}");
    }
}

proptest! {
    #[test]
    fn whatever_a_model_writes_an_error_is_one_short_line(
        text in any::<String>(),
        piece in proptest::sample::select(vec!["{\"id\": ", "[", "<a>", "</b>", "&", "{\"items\": [{\"name\": 1}]}", "\"", "\u{202e}", "\n"]),
        times in 1usize..300,
    ) {
        let repeated = format!("{}{text}", piece.repeat(times));
        for text in [&text, &repeated, &format!("{{{repeated:?}: 1, \"id\": {text:?}}}")] {
            is_short(TypedOutputParser::<Order>::new().parse(text));
            is_short(TypedOutputParser::<Vec<Item>>::new().parse(text));
            is_short(TypedOutputParser::<Whole<BTreeMap<String, BTreeMap<String, bool>>>>::new().parse(text));
            is_short(JsonOutputParser::new().parse(text));
            is_short(JsonOutputParser::new().lenient().parse(text));
            is_short(XmlOutputParser::new().parse(text));
        }
    }

    #[test]
    fn a_stream_of_a_type_ends_with_what_invoking_gives(order in any_order(), size in 1usize..12, pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&order) } else { serde_json::to_string(&order) }.unwrap();
        let mut sum: Option<Whole<Order>> = None;
        for shown in in_pieces::<Order>(&text, size) {
            match &mut sum {
                Some(sum) => sum.merge(Whole(shown.unwrap())).unwrap(),
                None => sum = Some(Whole(shown.unwrap())),
            }
        }
        prop_assert_eq!(sum.unwrap().0, TypedOutputParser::<Order>::new().parse(text).unwrap());
    }
}
